// SPDX-License-Identifier: Apache-2.0
// Numbers over time: a line for each of the largest keys, and the same as a table.
import { numberOf, report } from "./data.js";
import { element, oneLine } from "./dom.js";
import { figure, rateFigure, seconds, several } from "./format.js";
import { DataTable } from "./table.js";

const linesWidth = 640, linesHeight = 180, linesLeft = 64, linesBelow = 22;

const svgElement = (name, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const isKnown = (value) => value !== null;

/** By how much a number grew, exactly also beyond 2^53, to draw with. */
function growth(before, now) {
  if (typeof before === "number" && typeof now === "number") return now - before;
  return Number(BigInt(now.n ?? now) - BigInt(before.n ?? before));
}

/**
 * What is drawn: a counter that is never cleared as what it grew by in a second, all else as it was printed. null: not
 * known. Keys of which nothing is known have no line. `show` spells a value of a line.
 */
function pointsOf(series) {
  const known = (at, lines, show) => {
    const kept = Array.from(lines.keys()).filter((i) => lines[i].some(isKnown));
    return { at, keys: kept.map((i) => series.keys[i]), lines: kept.map((i) => lines[i]), show };
  };
  if (!series.cumulative) return known(series.at, series.lines, figure);
  const rate = (line, i) => {
    const before = line[i], now = line[i + 1], took = series.at[i + 1] - series.at[i];
    return before === null || now === null || took <= 0 ? null : growth(before, now) / took;
  };
  const at = series.at.slice(1);
  return known(at, series.lines.map((line) => at.map((_, i) => rate(line, i))), rateFigure);
}

/** Of ticks that are never two alike: with as many digits as their distance needs. */
function tickNames(scale, count) {
  const isLarge = scale.domain().some((end) => Math.abs(end) >= 10_000);
  const format = scale.tickFormat(count, isLarge ? "s" : undefined);
  return (value) => (value === 0 ? "0" : format(value).replace("-", "−"));
}

function drawnLines(label, at, values) {
  const lines = values.map((line) => line.map((value) => (isKnown(value) ? numberOf(value) : null)));
  const known = lines.flat().filter(isKnown);
  const x = d3.scale.linear().domain([0, Math.max(report.took, at[at.length - 1])]).range([linesLeft, linesWidth - 6]);
  const y = d3.scale.linear().domain([Math.min(0, ...d3.extent(known)), Math.max(0, ...d3.extent(known)) || 1]).nice(4)
    .range([linesHeight - linesBelow, 8]);
  const svg = svgElement("svg", { class: "lines", role: "img", "aria-label": label, viewBox: `0 0 ${linesWidth} ${linesHeight}` });
  const nameOf = tickNames(y, 4);
  for (const value of y.ticks(4)) {
    svg.append(svgElement("line", { class: "grid", x1: linesLeft, x2: linesWidth - 6, y1: y(value), y2: y(value) }),
      svgElement("text", { x: linesLeft - 6, y: y(value) + 4, "text-anchor": "end" }, nameOf(value)));
  }
  for (const value of x.ticks(6)) {
    const anchor = value === 0 ? "start" : x(value) > linesWidth - 40 ? "end" : "middle";
    svg.append(svgElement("text", { class: "time", x: x(value), y: linesHeight - 6, "text-anchor": anchor }, seconds(value)));
  }
  const path = d3.svg.line().defined(isKnown).x((_, i) => x(at[i])).y((value) => y(value));
  lines.forEach((line, i) => {
    svg.append(svgElement("path", { class: `line line-${i}`, d: path(line) ?? "" }));
    // A point between two moments that are not known has no line.
    line.forEach((value, j) => {
      if (!isKnown(value) || (line[j - 1] ?? null) !== null || (line[j + 1] ?? null) !== null) return;
      svg.append(svgElement("circle", { class: `point line-${i}`, cx: x(at[j]), cy: y(value), r: 2.5 }));
    });
  });
  return svg;
}

export function timeLines(map) {
  const { series } = map;
  const { at, keys, lines, show } = pointsOf(series);
  const nameOf = (i) => oneLine(keys[i] || (map.keyed ? `${map.name}[]` : map.name), 60);
  const what = series.cumulative ? "per second, since the moment before" : "as the program printed it";
  const label = `${map.name} over time, ${what}: ${several(lines.length, "line")} of ${several(at.length, "moment")}, the same as the table below`;
  const legend = element("ul", { class: "legend" }, ...lines.map((_, i) => element("li", {},
    svgElement("svg", { class: "lines", width: 22, height: 10, "aria-hidden": "true" },
      svgElement("path", { class: `line line-${i}`, d: "M0,5H22" })), " ", element("code", {}, nameOf(i)))));
  const table = element("details", {}, element("summary", {}, "The lines as a table"));
  table.addEventListener("toggle", () => table.open && table.childElementCount === 1 && table.append(new DataTable([
    { name: "After", figure: true, value: (i) => at[i], show: (i) => seconds(at[i]) },
    ...lines.map((line, k) => ({ name: nameOf(k), figure: true, value: (i) => (isKnown(line[i]) ? numberOf(line[i]) : null),
      show: (i) => (isKnown(line[i]) ? show(line[i]) : "–") })),
  ], Array.from(at.keys()), { caption: `${map.name} over time`, noun: "moments", sort: [0, 1], pageRows: 25 }).node));
  const whose = series.hosts === map.asked ? "all hosts" : several(series.hosts, "host");
  const subject = map.keyed ? `The largest keys of ${whose}` : whose[0].toUpperCase() + whose.slice(1);
  const gaps = lines.some((line) => line.includes(null));
  return element("div", { class: "over-time" }, element("h4", {}, "Over time"),
    element("p", { class: "remark" }, `${subject}, ${what}.` +
      (gaps ? " Where a line has a gap, its key was not there, or not among the largest." : "") +
      (series.leftOut > 0 ? ` ${several(series.leftOut, "moment")} of other hosts left out.` : "")),
    drawnLines(label, at, lines), map.keyed ? legend : "", table);
}

export const hasLines = (map) => map.series !== undefined && report.took > 0 && pointsOf(map.series).lines.length > 0;
