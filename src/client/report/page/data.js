// SPDX-License-Identifier: Apache-2.0
// The report's data, as report_data.cc wrote it: columns, keys and buckets once, stacks as one tree. A value is
//   5 or {n: "digits beyond 2^53"}   a number          {c, t}               a count and a total
//   [bucket, count, …]               a histogram       {min, med, max, hosts}  what is left of averages
//   "text"                           what is no number {why} or null        not added up, and why
import { runningSums } from "./format.js";

export const report = JSON.parse(document.getElementById("data").textContent);
document.getElementById("data").textContent = "";  // It is not needed twice in memory.

export const targets = report.targets;
export const hostCount = targets.name.length;

for (const map of report.maps) {
  for (const column of [...map.hosts, ...map.snapshots]) column.k = runningSums(column.k);
  map.shape = shapeOf(map);
}

function shapeOf(map) {
  const values = map.hosts.flatMap((host) => host.v.slice(0, 4));
  if (map.stacks) return "stacks";
  if (values.some(Array.isArray)) return "histogram";
  if (values.some((value) => value?.c !== undefined)) return "stats";
  if (map.sums.some((sum) => sum?.med !== undefined)) return "spread";
  if (map.sums.some((sum) => typeof sum === "number" || sum?.n !== undefined)) return "number";
  return "text";
}

/** What `host` (of map.hosts) said of the key, or undefined. Keys are in ascending order. */
export function valueAt(host, key) {
  let low = 0, high = host.k.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (host.k[middle] < key) low = middle + 1; else high = middle;
  }
  return host.k[low] === key ? host.v[low] : undefined;
}

/** Counts by bucket of a sparse histogram. */
export function bucketCounts(map, histogram) {
  const counts = new Float64Array(map.buckets.length);
  if (Array.isArray(histogram)) {
    for (let i = 0; i < histogram.length; i += 2) counts[histogram[i]] += numberOf(histogram[i + 1]);
  }
  return counts;
}

/** All counts of a sparse histogram together, exactly. */
export function exactTotal(histogram) {
  let sum = 0n;
  for (let i = 1; i < histogram.length; i += 2) sum += BigInt(histogram[i].n ?? histogram[i]);
  return sum <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sum) : { n: String(sum) };
}

/** The count of a bucket, exactly. */
export function exactCount(histogram, bucket) {
  for (let i = 0; i < histogram.length; i += 2) if (histogram[i] === bucket) return histogram[i + 1];
  return 0;
}

/** As a JavaScript number: to draw with, not to show. */
export function numberOf(value) {
  if (typeof value === "number") return value;
  return value?.n !== undefined ? Number(value.n) : 0;
}

/** What a key is called. Of a stack: its innermost frames. */
export function keyName(map, key) {
  if (!map.stacks) return map.keys[key] || (map.keyed ? `${map.name}[]` : map.name);
  return map.name;
}
