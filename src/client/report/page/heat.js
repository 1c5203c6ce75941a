// SPDX-License-Identifier: Apache-2.0
// Heat maps: a row a host and a column a bucket (or key), and time from left to right with the buckets one above the other.
import { bucketCounts, keyName, numberOf, report, targets, valueAt } from "./data.js";
import { heatColour, onTheme, styleColour } from "./colour.js";
import { choice, element, oneLine } from "./dom.js";
import { bucketName, byName, figure, percent, seconds } from "./format.js";
import { sumCounts } from "./bars.js";
import { cutText, RowsCanvas } from "./rows.js";

const heatKeysMax = 40;

/** How far a host's counts are from the fleet's: earth mover's distance of shares, in buckets. */
function distance(counts, fleet) {
  const total = sumOf(counts), fleetTotal = sumOf(fleet);
  if (total === 0 || fleetTotal === 0) return 0;
  let carried = 0, far = 0;
  for (let i = 0; i < counts.length; ++i) {
    carried += counts[i] / total - fleet[i] / fleetTotal;
    far += Math.abs(carried);
  }
  return far;
}

const sumOf = (counts) => counts.reduce((a, b) => a + b, 0);
const largestCount = (counts) => counts.reduce((a, b) => Math.max(a, b), 0);

/** Two of a few and one of very many must both be seen, so counts are drawn by their logarithm. */
const byLogarithm = (count, largest) => (count > 0 ? 0.08 + 0.92 * Math.log1p(count) / Math.log1p(largest) : 0);

/** Of a column; the last ones may have no room before `end`, and then no name rather than a part of it. */
function drawColumnName(context, name, x, end, head) {
  if (x + context.measureText(name).width <= end) context.fillText(name, x, head / 2);
}

function legendOf(scaleText) {
  const canvas = element("canvas", { width: 96, height: 10, "aria-hidden": "true" });
  const draw = () => {
    const context = canvas.getContext("2d");
    for (let x = 0; x < 96; ++x) {
      context.fillStyle = heatColour(x / 95);
      context.fillRect(x, 0, 1, 10);
    }
  };
  draw();
  onTheme(draw);
  return element("span", { class: "heat-legend" }, "0 ", canvas, " ", scaleText);
}

/** hosts x buckets of one key, or hosts x keys where values are numbers. */
export function hostHeat(map, key) {
  const isHistogram = map.shape === "histogram";
  const topKeys = isHistogram ? [] : Array.from(map.sums.keys())
    .sort((a, b) => numberOf(map.sums[b]) - numberOf(map.sums[a])).slice(0, heatKeysMax);
  const countsOf = (host) => (isHistogram ? bucketCounts(map, valueAt(host, key))
    : Float64Array.from(topKeys, (k) => Math.max(0, numberOf(valueAt(host, k)))));
  let hosts = map.hosts.map((host) => ({ host: host.t, counts: countsOf(host) })).filter(({ counts }) => sumOf(counts) > 0);
  const columns = isHistogram ? map.buckets.length : topKeys.length;
  let fleet = isHistogram ? sumCounts(map, key) : Float64Array.from(topKeys, (k) => numberOf(map.sums[k]));
  if (sumOf(fleet) === 0) {
    fleet = new Float64Array(columns);
    for (const { counts } of hosts) counts.forEach((count, i) => (fleet[i] += count));
  }
  const first = isHistogram ? Math.max(0, fleet.findIndex((count) => count > 0)) : 0;
  const shown = isHistogram ? fleet.findLastIndex((count) => count > 0) - first + 1 : columns;
  for (const host of hosts) host.distance = distance(host.counts, fleet);
  const largest = hosts.reduce((max, { counts }) => Math.max(max, largestCount(counts)), 0);
  const nameOf = (column) => (isHistogram ? bucketName(map.buckets[first + column]) : keyName(map, topKeys[column]));
  let isShare = true;
  const orders = { far: (a, b) => b.distance - a.distance, name: (a, b) => byName(targets.name[a.host], targets.name[b.host]),
    count: (a, b) => sumOf(b.counts) - sumOf(a.counts) };
  hosts.sort(orders.far);
  const rows = new RowsCanvas({
    label: `${map.name}: heat map, a row a host, a column a ${isHistogram ? "bucket" : "key"}`,
    rows: hosts.length,
    rowHeight: hosts.length > 200 ? 12 : 15,
    heightMax: hasMoments(map) ? 640 : 380,
    name: (row) => oneLine(targets.name[hosts[row].host], 60),
    columns: () => shown,
    columnAt: (row, x, width) => Math.floor(x / width * shown),
    draw(context, row, x, y, width, height, cursor) {
      const { counts } = hosts[row];
      const own = isShare ? largestCount(counts) : largest;
      const cell = width / shown;
      for (let i = 0; i < shown; ++i) {
        const count = counts[first + i];
        context.fillStyle = count > 0 ? heatColour(isShare ? 0.05 + 0.95 * count / own : byLogarithm(count, own))
          : styleColour("--empty");
        const left = Math.round(x + i * cell);
        context.fillRect(left, y, Math.max(1, Math.round(x + (i + 1) * cell) - left - 1), height - 1);
        if (i === cursor) {
          context.strokeStyle = styleColour("--focus");
          context.lineWidth = 2;
          context.strokeRect(left, y, cell - 1, height - 1);
        }
      }
    },
    drawHead(context, x, width, head) {
      const cell = width / shown, every = Math.ceil((isHistogram ? 64 : 30) / cell);
      for (let i = 0; i < shown; i += every) {
        drawColumnName(context, cutText(nameOf(i), Math.floor(cell * every / 6.7)), x + i * cell + 1, x + width, head);
      }
    },
    describe(row, column) {
      if (column < 0 || !hosts[row]) return "";
      const { host, counts } = hosts[row];
      return `${oneLine(targets.name[host], 80)}, ${oneLine(nameOf(column), 120)}: ${figure(counts[first + column])}, ` +
        `${percent(counts[first + column], sumOf(counts))} of the host; all hosts ${percent(fleet[first + column], sumOf(fleet))}`;
    },
  });
  const order = choice("Order of hosts", [["far", "differ most"], ["name", "by name"], ["count", "by count"]], "far",
    (name) => { hosts.sort(orders[name]); rows.update({}); });
  const scale = choice("Colours", [["share", "share of host"], ["count", "counts"]], "share",
    (name) => { isShare = name === "share"; rows.draw(); });
  const what = isHistogram ? "Hosts × buckets" : `Hosts × ${shown === map.sums.length ? "" : "largest "}${figure(shown)} keys`;
  return element("div", { class: "heat" }, element("h4", {}, what),
    element("div", { class: "toolbar" }, order, scale, legendOf("largest")), rows.node);
}

/** time x buckets, of the sums over hosts. */
export function timeHeat(map, key) {
  let counts = map.snapshots.map((snapshot) => bucketCounts(map, valueAt(snapshot, key)));
  if (map.cumulative) {
    counts = counts.map((now, i) => (i === 0 ? now : now.map((count, b) => Math.max(0, count - counts[i - 1][b]))));
  }
  const totals = new Float64Array(map.buckets.length);
  for (const moment of counts) moment.forEach((count, b) => (totals[b] += count));
  const first = Math.max(0, totals.findIndex((count) => count > 0)), last = totals.findLastIndex((count) => count > 0);
  const largest = counts.reduce((max, moment) => Math.max(max, largestCount(moment)), 0);
  const bucketOf = (row) => last - row;  // The slowest on top.
  const moments = counts.length;
  const rows = new RowsCanvas({
    label: `${map.name}: heat map over time, a row a bucket`,
    rows: last - first + 1,
    rowHeight: 15,
    heightMax: 380,
    name: (row) => bucketName(map.buckets[bucketOf(row)]),
    columns: () => moments,
    columnAt: (row, x, width) => Math.floor(x / width * moments),
    draw(context, row, x, y, width, height, cursor) {
      const cell = width / moments, gap = cell > 4 ? 1 : 0;
      for (let i = 0; i < moments; ++i) {
        const count = counts[i][bucketOf(row)];
        context.fillStyle = count > 0 ? heatColour(byLogarithm(count, largest)) : styleColour("--empty");
        const left = Math.round(x + i * cell);
        context.fillRect(left, y, Math.max(1, Math.round(x + (i + 1) * cell) - left - gap), height - 1);
        if (i === cursor) {
          context.strokeStyle = styleColour("--focus");
          context.lineWidth = 2;
          context.strokeRect(left, y, cell - gap, height - 1);
        }
      }
    },
    drawHead(context, x, width, head) {
      const cell = width / moments, every = Math.ceil(70 / cell);
      for (let i = 0; i < moments; i += every) {
        drawColumnName(context, seconds(map.snapshots[i].at), x + i * cell + 1, x + width, head);
      }
    },
    describe(row, column) {
      if (column < 0) return "";
      const { at, hosts } = map.snapshots[column];
      return `${seconds(at)} after the start, ${bucketName(map.buckets[bucketOf(row)])}: ` +
        `${figure(counts[column][bucketOf(row)])}, of ${hosts} of ${map.asked} hosts`;
    },
  });
  const remark = map.cumulative ? "what came since the moment before" : "as the program printed it";
  return element("div", { class: "heat" }, element("h4", {}, "Time × buckets"),
    element("div", { class: "toolbar" }, element("span", { class: "muted" }, remark), legendOf(figure(largest))), rows.node);
}

export const hasMoments = (map) => map.shape === "histogram" && map.snapshots.length > 1 && report.took > 0;
