// SPDX-License-Identifier: Apache-2.0
// What became of each host: one bar over all of them, and a table with failures first.
import { hostCount, report, targets } from "./data.js";
import { element, oneLine, sectionOf } from "./dom.js";
import { bytes, figure, percent, seconds } from "./format.js";
import { DataTable } from "./table.js";

/** Worst first: the order of the table, of the timeline and of the bar. */
const outcomeClasses = [
  ["failed", "failed"], ["cut", "cut off"], ["code", "ended with an error"], ["left", "left something"],
  ["stopped", "stopped before it ran"], ["ended", "ended well"]];

export function outcomeClass(host) {
  const outcome = targets.outcome[host];
  if (outcome === "failed" || outcome === "cut") return outcome;
  if (targets.failed[host]) return "code";
  if (targets.remains[host] === "left") return "left";
  return outcome;
}

const rankOf = new Map(outcomeClasses.map(([name], rank) => [name, rank]));
export const outcomeRank = (host) => rankOf.get(outcomeClass(host));
/** Hosts, failures first. */
export const hostsByOutcome = Array.from({ length: hostCount }, (_, host) => host)
  .sort((a, b) => outcomeRank(a) - outcomeRank(b) || a - b);

function secondsIn(host, state) {
  const phases = targets.phases[host];
  let sum = null;
  for (let i = 0; i < phases.length; i += 3) {
    if (report.states[phases[i]] === state) sum = (sum ?? 0) + phases[i + 2] - phases[i + 1];
  }
  return sum;
}

function outcomeBar() {
  const counts = new Map();
  for (let host = 0; host < hostCount; ++host) {
    const name = outcomeClass(host);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const bar = element("div", { class: "outcome-bar", "aria-hidden": "true" });
  const legend = element("ul", { class: "legend" });
  for (const [name, words] of outcomeClasses) {
    const count = counts.get(name);
    if (!count) continue;
    const part = element("span", { class: `fill-${name}` });
    part.style.setProperty("flex-grow", count);
    bar.append(part);
    legend.append(element("li", {}, element("span", { class: `swatch fill-${name}`, "aria-hidden": "true" }),
      element("b", {}, figure(count)), ` ${words} `, element("span", { class: "muted" }, percent(count, hostCount))));
  }
  return element("div", {}, bar, legend);
}

const columns = [
  { name: "Host", value: (host) => targets.name[host], class: "host", show: (host) => oneLine(targets.name[host], 60) },
  { name: "Outcome", value: outcomeRank, show: (host) => element("span", { class: `badge badge-${outcomeClass(host)}` },
    outcomeClass(host) === "code" ? "error" : outcomeClass(host)) },
  { name: "Code", title: "Exit code of the runner", figure: true, value: (host) => targets.code[host] },
  { name: "Reason", class: "wide", value: (host) => reasonOf(host) || null,
    show: (host) => element("span", { class: "wrap" }, oneLine(reasonOf(host))) },
  { name: "Remains", title: "What the agent found when it looked, at the end", value: (host) => targets.remains[host],
    show: (host) => remainsOf(host) },
  { name: "Connected", title: "Time until the agent's hello", figure: true,
    value: (host) => secondsIn(host, "connecting"), show: (host) => timeText(secondsIn(host, "connecting")) },
  { name: "Ran", title: "Time in which the runner ran", figure: true, value: (host) => secondsIn(host, "running"),
    show: (host) => timeText(secondsIn(host, "running")) },
  { name: "Output", title: "Bytes on standard output", figure: true, value: (host) => targets.stdout[host],
    show: (host) => bytes(targets.stdout[host]) },
  { name: "Errors", title: "Bytes on standard error", figure: true, value: (host) => targets.stderr[host],
    show: (host) => bytes(targets.stderr[host]) },
  { name: "Kernel", value: (host) => `${targets.kernel[host]} ${targets.machine[host]}`,
    show: (host) => oneLine(`${targets.kernel[host]} ${targets.machine[host]}`, 40).trim() || "–" },
  { name: "Agent", value: (host) => targets.agent[host], show: (host) => oneLine(targets.agent[host], 30) || "–" },
];

const timeText = (value) => (value === null ? "–" : seconds(value));
const reasonOf = (host) => [targets.reason[host], targets.killed[host]].filter(Boolean).join("; ");

function remainsOf(host) {
  const text = targets.left[host];
  if (targets.remains[host] === "left") {
    return element("span", { class: "wrap remains" }, oneLine(text) || "left");
  }
  return element("span", { class: "muted", title: text ? oneLine(text) : undefined }, targets.remains[host]);
}

export function outcomeSection() {
  const table = new DataTable(columns, hostsByOutcome, {
    caption: "Outcome by host", noun: "hosts", sort: [1, 1], pageRows: 20, printedRows: 1000, class: "outcomes",
    filter: (host) => [targets.name[host], targets.uri[host], outcomeClass(host), reasonOf(host), targets.kernel[host],
      targets.agent[host], targets.remains[host]].join(" "),
  });
  return sectionOf("outcome", "Outcome", outcomeBar(), table.node);
}
