// SPDX-License-Identifier: Apache-2.0
// Numbers over time: a line for each of the largest keys, and the same as a table.
import { numberOf, report } from "./data.js";
import { element, oneLine } from "./dom.js";
import { figure, seconds, several } from "./format.js";
import { DataTable } from "./table.js";

const linesWidth = 640, linesHeight = 180, linesLeft = 64, linesBelow = 22;

const svgElement = (name, attributes, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

const short = (value) => (Math.abs(value) >= 10_000 ? d3.format(".3s")(value) : figure(Math.round(value * 100) / 100));

/** What is drawn: a counter that only grows as what it grew by in a second, all else as it was printed. null: not known. */
function pointsOf(series) {
  if (!series.cumulative) return { at: series.at, lines: series.lines.map((line) => line.map((v) => (v === null ? null : numberOf(v)))) };
  const rate = (line, i) => {
    const before = line[i], now = line[i + 1], took = series.at[i + 1] - series.at[i];
    return before === null || now === null || took <= 0 ? null : (numberOf(now) - numberOf(before)) / took;
  };
  return { at: series.at.slice(1), lines: series.lines.map((line) => series.at.slice(1).map((_, i) => rate(line, i))) };
}

function drawnLines(label, at, lines) {
  const known = lines.flat().filter((value) => value !== null);
  const x = d3.scale.linear().domain([0, Math.max(report.took, at[at.length - 1])]).range([linesLeft, linesWidth - 6]);
  const y = d3.scale.linear().domain([Math.min(0, ...d3.extent(known)), Math.max(0, ...d3.extent(known)) || 1]).nice(4)
    .range([linesHeight - linesBelow, 8]);
  const svg = svgElement("svg", { class: "lines", role: "img", "aria-label": label, viewBox: `0 0 ${linesWidth} ${linesHeight}` });
  for (const value of y.ticks(4)) {
    svg.append(svgElement("line", { class: "grid", x1: linesLeft, x2: linesWidth - 6, y1: y(value), y2: y(value) }),
      svgElement("text", { x: linesLeft - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
  }
  for (const value of x.ticks(6)) {
    svg.append(svgElement("text", { x: x(value), y: linesHeight - 6, "text-anchor": value === 0 ? "start" : "middle" }, seconds(value)));
  }
  const path = d3.svg.line().defined((value) => value !== null).x((_, i) => x(at[i])).y((value) => y(value));
  lines.forEach((line, i) => {
    svg.append(svgElement("path", { class: `line line-${i}`, d: path(line) ?? "" }));
    // A point between two moments that are not known has no line.
    line.forEach((value, j) => {
      if (value === null || (line[j - 1] ?? null) !== null || (line[j + 1] ?? null) !== null) return;
      svg.append(svgElement("circle", { class: `point line-${i}`, cx: x(at[j]), cy: y(value), r: 2.5 }));
    });
  });
  return svg;
}

export function timeLines(map) {
  const { series } = map;
  const { at, lines } = pointsOf(series);
  const nameOf = (i) => oneLine(series.keys[i] || (map.keyed ? `${map.name}[]` : map.name), 60);
  const what = series.cumulative ? "per second, since the moment before" : "as the program printed it";
  const label = `${map.name} over time, ${what}: ${several(lines.length, "line")} of ${several(at.length, "moment")}, the same as the table below`;
  const legend = element("ul", { class: "legend" }, ...lines.map((_, i) => element("li", {},
    svgElement("svg", { class: "lines", width: 22, height: 10, "aria-hidden": "true" },
      svgElement("path", { class: `line line-${i}`, d: "M0,5H22" })), " ", element("code", {}, nameOf(i)))));
  const table = element("details", {}, element("summary", {}, "The lines as a table"));
  table.addEventListener("toggle", () => table.open && table.childElementCount === 1 && table.append(new DataTable([
    { name: "After", figure: true, value: (i) => at[i], show: (i) => seconds(at[i]) },
    ...lines.map((line, k) => ({ name: nameOf(k), figure: true, value: (i) => line[i],
      show: (i) => (line[i] === null ? "–" : short(line[i])) })),
  ], Array.from(at.keys()), { caption: `${map.name} over time`, noun: "moments", sort: [0, 1], pageRows: 25 }).node));
  const gaps = lines.some((line) => line.includes(null));
  return element("div", { class: "over-time" }, element("h4", {}, "Over time"),
    element("p", { class: "remark" }, `${map.keyed ? "The largest keys" : "All hosts"}, ${what}.` +
      (gaps ? " Where a line has a gap, its key was not among the largest." : "") +
      (series.leftOut > 0 ? ` ${several(series.leftOut, "moment")} with fewer than ${several(series.hosts, "host")} left out.` : "")),
    drawnLines(label, at, lines), map.keyed ? legend : "", table);
}

export const hasLines = (map) => map.series !== undefined && report.took > 0;
