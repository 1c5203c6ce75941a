// SPDX-License-Identifier: Apache-2.0
// What was said beside the answers: notes and lost events; and how to run it again.
import { hostCount, report, targets } from "./data.js";
import { element, oneLine, sectionOf } from "./dom.js";
import { byName, moment, seconds, several } from "./format.js";
import { DataTable } from "./table.js";

export const lostTotal = report.notes.reduce((sum, note) => sum + (note.kind === "lost" ? note.lost : 0), 0);

export function notesSection() {
  if (report.notes.length === 0) {
    return sectionOf("notes", "Notes", element("p", { class: "remark" }, "No warnings, and no lost events."));
  }
  const hostName = (note) => (note.t === undefined ? "" : targets.name[note.t]);
  const ranks = { error: 0, lost: 1, warning: 2, said: 3, info: 4 };
  const table = new DataTable([
    { name: "Kind", value: (note) => ranks[note.kind],
      show: (note) => element("span", { class: `badge badge-${note.kind}` }, note.kind) },
    { name: "Host", value: (note) => hostName(note) || null, show: (note) => oneLine(hostName(note), 80) || "–" },
    { name: "After", figure: true, value: (note) => note.at, show: (note) => seconds(note.at) },
    { name: "Text", class: "wide", value: (note) => note.text,
      show: (note) => element("span", { class: "wrap text" }, note.text.slice(0, 4000) || `lost ${several(note.lost, "event")}`) },
  ], report.notes, { caption: "Notes and lost events", noun: "notes", sort: [0, 1], pageRows: 15,
    filter: (note) => `${note.kind} ${hostName(note)} ${note.text}` });
  const lostHosts = new Set(report.notes.filter((note) => note.kind === "lost").map((note) => note.t)).size;
  const lost = lostTotal > 0 && element("p", { class: "coverage partial" },
    element("b", {}, `${several(lostTotal, "event")} lost`), ` on ${several(lostHosts, "host")}: sums are that much too small.`);
  return sectionOf("notes", "Notes and lost events", lost || "", table.node);
}

function copyButton(text) {
  const button = element("button", { type: "button", class: "copy", onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it and copy";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  } }, "Copy");
  return button;
}

/** Each different value with its number of hosts. */
function countedHosts(values, none) {
  const counts = new Map();
  for (const value of values) counts.set(value || none, (counts.get(value || none) ?? 0) + 1);
  const rows = [...counts].sort(([a], [b]) => byName(a, b)).map(([value, count]) =>
    element("li", {}, element("code", {}, oneLine(value, 120)), count === hostCount && hostCount > 1 ? " on all hosts"
      : ` on ${several(count, "host")}`));
  return element("ul", { class: "plain" }, ...rows);
}

export function againSection() {
  const facts = element("dl", { class: "facts" });
  const fact = (name, ...what) => facts.append(element("dt", {}, name), element("dd", {}, ...what));
  if (report.command) {
    fact("Command", element("div", { class: "command" }, element("pre", { tabindex: "0" }, report.command), copyButton(report.command)));
  }
  fact("Began", `${moment(report.began)}, took ${seconds(report.took)}`);
  fact("rstap", element("code", {}, report.version || "unknown"));
  fact("Agents", countedHosts(targets.agent, "never connected"));
  if (targets.runner.some(Boolean)) fact("Runners", countedHosts(targets.runner, "not known"));
  fact("Kernels", countedHosts(targets.kernel.map((kernel, i) => kernel && `${kernel} ${targets.machine[i]}`), "never connected"));
  fact("Script", element("code", {}, oneLine(report.script)),
    report.sha256 ? element("div", { class: "muted" }, "SHA-256 ", element("code", { class: "break" }, report.sha256)) : null);
  const script = report.text && element("details", { open: report.text.length < 3000 },
    element("summary", {}, `The script, ${several(report.text.split("\n").length, "line")}`),
    element("div", { class: "command" }, element("pre", { class: "script", tabindex: "0" }, report.text), copyButton(report.text)));
  return sectionOf("again", "Run it again", facts, script || "");
}

