// SPDX-License-Identifier: Apache-2.0
// A map's sums: keys with their figures and bars, or one histogram with its buckets and percentiles.
import { bucketCounts, exactCount, exactTotal, keyName, numberOf, targets, valueAt } from "./data.js";
import { barOf, element, oneLine } from "./dom.js";
import { bucketName, figure, percent } from "./format.js";
import { DataTable } from "./table.js";

export const keyCell = (map, key) => element("span", { class: "key" }, oneLine(keyName(map, key)));
const allKeys = (map) => Array.from(map.sums.keys());
const largestOf = (map, of) => allKeys(map).reduce((largest, key) => Math.max(largest, of(key)), 1);
const keyColumn = (map) => ({ name: "Key", class: "wide", value: (key) => keyName(map, key).slice(0, 200),
  show: (key) => keyCell(map, key) });
const tableOptions = (map) => ({ caption: `${map.name}: sums by key`, noun: "keys", pageRows: 20, class: "keys",
  filter: (key) => keyName(map, key) });

/** Numbers: added up, or the smallest or largest. */
export function numberBars(map) {
  const values = map.sums.map(numberOf);
  const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
  const total = values.reduce((a, b) => a + b, 0);
  const isAdded = map.kind === "count" || map.kind === "sum";
  const word = { min: "Smallest", max: "Largest" }[map.kind] ?? "Sum";
  return new DataTable([
    keyColumn(map),
    { name: word, figure: true, value: (key) => values[key], show: (key) => figureOrWhy(map.sums[key]) },
    ...(isAdded ? [{ name: "Share", figure: true, value: (key) => values[key],
      show: (key) => percent(values[key], total) }] : []),
    { name: "Hosts", figure: true, title: "Hosts that gave this key", value: hostsOfKey(map) },
    { name: "", class: "bars", value: (key) => values[key], show: (key) => barOf(Math.abs(values[key]) / largest) },
  ], allKeys(map), { ...tableOptions(map), sort: [1, -1] }).node;
}

export function figureOrWhy(sum) {
  if (typeof sum === "number" || sum?.n !== undefined) return figure(sum);
  return sum?.why ? `not added: ${sum.why}` : "–";
}

/** The hosts of a map without keys, with bars. */
export function hostBars(map) {
  const rows = map.hosts.filter((host) => host.v.length > 0);
  const value = (host) => numberOf(host.v[0]?.c === undefined ? host.v[0]
    : numberOf(host.v[0].c) ? numberOf(host.v[0].t) / numberOf(host.v[0].c) : 0);
  const largest = rows.reduce((max, host) => Math.max(max, Math.abs(value(host))), 0) || 1;
  return element("div", {}, element("h4", {}, "By host"), new DataTable([
    { name: "Host", value: (host) => targets.name[host.t], class: "host", show: (host) => oneLine(targets.name[host.t], 60) },
    { name: map.shape === "stats" ? "Average (count)" : "Value", figure: true, value, show: (host) => valueText(map, host.v[0]) },
    { name: "", class: "bars", value, show: (host) => barOf(Math.abs(value(host)) / largest) },
  ], rows, { caption: `${map.name}: by host`, noun: "hosts", pageRows: 15, sort: [1, -1],
    filter: (host) => targets.name[host.t] }).node);
}

function hostsOfKey(map) {
  const counts = new Uint32Array(map.sums.length);
  for (const host of map.hosts) for (const key of host.k) ++counts[key];
  return (key) => (map.byHost !== undefined && counts[key] === 0 ? null : counts[key]);
}

export function statsBars(map) {
  const count = (key) => numberOf(map.sums[key]?.c), total = (key) => numberOf(map.sums[key]?.t);
  const largest = largestOf(map, count);
  return new DataTable([
    keyColumn(map),
    { name: "Count", figure: true, value: count, show: (key) => figureOrWhy(map.sums[key]?.c) },
    { name: "Average", figure: true, value: (key) => (count(key) ? total(key) / count(key) : null),
      show: (key) => (count(key) ? figure(total(key) / count(key)) : "–") },
    { name: "Total", figure: true, value: total, show: (key) => figureOrWhy(map.sums[key]?.t) },
    { name: "Hosts", figure: true, value: hostsOfKey(map) },
    { name: "", class: "bars", value: count, show: (key) => barOf(count(key) / largest) },
  ], allKeys(map), { ...tableOptions(map), sort: [1, -1] }).node;
}

/** Averages without counts: what hosts said, from the smallest to the largest. */
export function spreadBars(map) {
  const part = (name) => (key) => numberOf(map.sums[key]?.[name]);
  const largest = largestOf(map, part("max"));
  const column = (name, word) => ({ name: word, figure: true, value: part(name),
    show: (key) => figureOrWhy(map.sums[key]?.[name]) });
  return element("div", {},
    element("p", { class: "remark" }, "Averages can't be added up: these are the hosts' smallest, median and largest."),
    new DataTable([keyColumn(map), column("min", "Smallest"), column("med", "Median"), column("max", "Largest"),
      { name: "Hosts", figure: true, value: part("hosts") },
      { name: "", class: "bars", value: part("max"),
        show: (key) => barOf((part("max")(key) - part("min")(key)) / largest + 0.004, part("min")(key) / largest) },
    ], allKeys(map), { ...tableOptions(map), sort: [3, -1] }).node);
}

/** What is not merged: each different value once, with its hosts. */
export function textGroups(map) {
  const groups = new Map();
  for (const host of map.hosts) {
    host.k.forEach((key, i) => {
      const text = valueText(map, host.v[i]);
      const id = `${key} ${text}`;
      if (!groups.has(id)) groups.set(id, { key, text, hosts: [] });
      groups.get(id).hosts.push(host.t);
    });
  }
  const names = ({ hosts }) => hosts.slice(0, 12).map((t) => oneLine(targets.name[t], 60)).join(", ") +
    (hosts.length > 12 ? ` and ${hosts.length - 12} more` : "");
  return element("div", {},
    element("p", { class: "remark" }, "Not added up: the program assigns this map, or makes it in several ways."),
    new DataTable([
      { ...keyColumn(map), value: ({ key }) => keyName(map, key), show: ({ key }) => keyCell(map, key) },
      { name: "Value", class: "wide", value: ({ text }) => text,
        show: ({ text }) => element("span", { class: "key" }, oneLine(text)) },
      { name: "Hosts", figure: true, value: ({ hosts }) => hosts.length },
      { name: "Which", class: "wide", value: names, show: (row) => element("span", { class: "wrap" }, names(row)) },
    ], [...groups.values()], { caption: `${map.name}: values and hosts`, noun: "values", sort: [2, -1],
      filter: (row) => `${keyName(map, row.key)} ${row.text} ${names(row)}` }).node);
}

/** A value of one host in a cell. */
export function valueText(map, value) {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return figure(bucketCounts(map, value).reduce((a, b) => a + b, 0));
  if (value?.c !== undefined) {
    return numberOf(value.c) ? `${figure(numberOf(value.t) / numberOf(value.c))} (${figure(value.c)})` : "0";
  }
  return figureOrWhy(value);
}

/** The fleet's counts for one key: the sum, or of hosts that were not added up, nothing. */
export const sumCounts = (map, key) => bucketCounts(map, map.sums[key]);

/** The bucket in which that share of all counts ends; -1: there are none. */
export function quantileBucket(counts, share) {
  const total = counts.reduce((a, b) => a + b, 0);
  let below = 0;
  if (total === 0) return -1;
  for (let i = 0; i < counts.length; ++i) if ((below += counts[i]) >= share * total) return i;
  return counts.length - 1;
}

const quantileText = (map, counts, share) => {
  const bucket = quantileBucket(counts, share);
  return bucket < 0 ? "–" : bucketName(map.buckets[bucket]);
};

export function histogramBars(map, key) {
  const sum = map.sums[key];
  if (sum?.why || sum === null) {
    return element("p", { class: "remark" }, `Not added up: ${sum?.why || "made in several ways"}. By host it is beside this.`);
  }
  const counts = sumCounts(map, key);
  const total = counts.reduce((a, b) => a + b, 0);
  const largest = counts.reduce((a, b) => Math.max(a, b), 1);
  const first = counts.findIndex((count) => count > 0), last = counts.findLastIndex((count) => count > 0);
  const body = element("tbody");
  let below = 0;
  for (let i = Math.max(0, first); i <= last; ++i) {
    below += counts[i];
    body.append(element("tr", {}, element("th", { scope: "row", class: "figure" }, bucketName(map.buckets[i])),
      element("td", { class: "figure" }, figure(exactCount(sum, i))), element("td", { class: "bars" }, barOf(counts[i] / largest)),
      element("td", { class: "figure muted" }, percent(below, total))));
  }
  const quantile = (share) => element("span", {}, element("b", {}, `p${share}`), ` ${quantileText(map, counts, share / 100)}`);
  const caption = `${map.name}: counts by bucket`;
  return element("div", {},
    element("p", { class: "quantiles" }, element("span", {}, element("b", {}, figure(exactTotal(sum))), " values"),
      quantile(50), quantile(90), quantile(99)),
    element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": caption },
      element("table", { class: "histogram" }, element("caption", { class: "for-readers" }, caption),
        element("thead", {}, element("tr", {}, element("th", { scope: "col", class: "figure" }, "Bucket"),
          element("th", { scope: "col", class: "figure" }, "Count"), element("th", { scope: "col" }, ""),
          element("th", { scope: "col", class: "figure" }, "Up to here"))), body)));
}

/** Keys of a map of histograms, to choose one. */
export function histogramKeys(map, chosen, onchange) {
  const counts = map.sums.map((_, key) => sumCounts(map, key));
  const totals = counts.map((count) => count.reduce((a, b) => a + b, 0));
  const table = new DataTable([
    { name: "Key", class: "wide", value: (key) => keyName(map, key).slice(0, 200), show: (key) => element("button",
      { type: "button", class: "link", "aria-pressed": String(key === chosen()), onclick: () => { onchange(key); table.fill(); } },
      keyCell(map, key)) },
    { name: "Count", figure: true, value: (key) => totals[key],
      show: (key) => (Array.isArray(map.sums[key]) ? figure(exactTotal(map.sums[key])) : "–") },
    ...[50, 99].map((share) => ({ name: `p${share}`, figure: true,
      value: (key) => quantileBucket(counts[key], share / 100),
      show: (key) => quantileText(map, counts[key], share / 100) })),
    { name: "Hosts", figure: true, value: hostsOfKey(map) },
  ], allKeys(map), { ...tableOptions(map), sort: [1, -1], pageRows: 10, rowClass: (key) => key === chosen() && "chosen" });
  return table.node;
}

/** A table with a column a host, for `hosts` of map.hosts. Rows are keys, or buckets of `key`. */
export function hostTable(map, hosts, key) {
  const isHistogram = map.shape === "histogram";
  const rows = isHistogram ? Array.from(map.buckets.keys()) : allKeys(map);
  const counts = isHistogram ? hosts.map((host) => bucketCounts(map, valueAt(host, key))) : [];
  const sums = isHistogram ? sumCounts(map, key) : null;
  const cell = (host, i) => (row) => (isHistogram ? counts[i][row] : valueAt(host, row));
  const sortable = (value) => (typeof value === "string" || value === undefined ? value
    : value?.c !== undefined ? numberOf(value.t) / numberOf(value.c) : numberOf(value));
  return new DataTable([
    isHistogram ? { name: "Bucket", value: (row) => row, show: (row) => bucketName(map.buckets[row]), class: "figure" }
      : keyColumn(map),
    { name: "All", figure: true, title: "Of all hosts, not only of those shown",
      value: (row) => (isHistogram ? sums[row] : sortable(map.sums[row]) ?? null),
      show: (row) => (isHistogram ? figure(sums[row]) : sumText(map.sums[row])) },
    ...hosts.map((host, i) => ({ name: oneLine(targets.name[host.t], 40), figure: true,
      value: (row) => sortable(cell(host, i)(row)), show: (row) => valueText(map, cell(host, i)(row)) })),
  ], rows, { caption: `${map.name}: a column for each host`, noun: isHistogram ? "buckets" : "keys", class: "by-host",
    sort: isHistogram ? [0, 1] : [1, -1], pageRows: isHistogram ? 100 : 25,
    filter: isHistogram ? undefined : (row) => keyName(map, row) }).node;
}

function sumText(sum) {
  if (sum?.c !== undefined) return numberOf(sum.c) ? figure(numberOf(sum.t) / numberOf(sum.c)) + ` (${figure(sum.c)})` : "0";
  if (sum?.med !== undefined) return `${figureOrWhy(sum.min)} … ${figureOrWhy(sum.max)}`;
  return figureOrWhy(sum);
}

