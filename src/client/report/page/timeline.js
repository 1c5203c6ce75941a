// SPDX-License-Identifier: Apache-2.0
// When each host was at what: a row a host, a colour a phase.
import { hostCount, report, targets } from "./data.js";
import { styleColour } from "./colour.js";
import { choice, element, oneLine, sectionOf } from "./dom.js";
import { byName, seconds } from "./format.js";
import { hostsByOutcome, outcomeClass } from "./outcome.js";
import { RowsCanvas } from "./rows.js";

const phaseColour = (state) => styleColour(`--phase-${report.states[state]}`) || styleColour("--muted");

export function timelineSection() {
  const end = targets.phases.reduce((latest, phases) => Math.max(latest, phases[phases.length - 1] ?? 0), report.took) || 1;
  const scale = d3.scale.linear().domain([0, end]);
  const used = new Set(targets.phases.flatMap((phases) => phases.filter((_, i) => i % 3 === 0)));
  let hosts = hostsByOutcome;
  const rows = new RowsCanvas({
    label: "Timeline of phases by host",
    rows: hostCount,
    rowHeight: hostCount > 200 ? 12 : 16,
    heightMax: 360,
    name: (row) => oneLine(targets.name[hosts[row]], 60),
    columns: (row) => Math.max(1, targets.phases[hosts[row]].length / 3),
    columnAt(row, x, width) {
      const at = x / width * end;
      const phases = targets.phases[hosts[row]];
      for (let i = 0; i < phases.length; i += 3) if (at >= phases[i + 1] && at <= phases[i + 2]) return i / 3;
      return -1;
    },
    draw(context, row, x, y, width, height, cursor) {
      const phases = targets.phases[hosts[row]];
      scale.range([0, width]);
      for (let i = 0; i < phases.length; i += 3) {
        const from = scale(phases[i + 1]);
        context.fillStyle = phaseColour(phases[i]);
        context.fillRect(x + from, y + 2, Math.max(1, scale(phases[i + 2]) - from), height - 4);
        if (i / 3 === cursor) {
          context.strokeStyle = styleColour("--ink");
          context.lineWidth = 1.5;
          context.strokeRect(x + from, y + 1.5, Math.max(2, scale(phases[i + 2]) - from), height - 3);
        }
      }
      const failed = outcomeClass(hosts[row]);
      if (phases.length && (failed === "failed" || failed === "cut")) {
        context.fillStyle = styleColour("--bad");
        const at = x + scale(phases[phases.length - 1]);
        context.fillRect(at, y + 2, 3, height - 4);
      }
    },
    drawHead(context, x, width, head, height) {
      scale.range([0, width]);
      for (const tick of scale.ticks(Math.max(2, Math.floor(width / 110)))) {
        const at = Math.round(x + scale(tick)) + 0.5;
        if (at + 40 < x + width) context.fillText(`${tick} s`, at + 4, head / 2);
        context.globalAlpha = 0.18;
        context.fillRect(at - 0.5, 4, 1, height);
        context.globalAlpha = 1;
      }
    },
    describe(row, column) {
      const host = hosts[row];
      const phases = targets.phases[host].slice(column * 3, column * 3 + 3);
      const name = oneLine(targets.name[host], 100);
      if (column < 0 || phases.length < 3) return `${name}: ${outcomeClass(host)}`;
      return `${name}: ${report.states[phases[0]]} for ${seconds(phases[2] - phases[1])}, from ${seconds(phases[1])} to ` +
        `${seconds(phases[2])}; ${outcomeClass(host)} in the end`;
    },
  });
  const orders = { outcome: hostsByOutcome, name: [...hostsByOutcome].sort((a, b) => byName(targets.name[a], targets.name[b])),
    end: [...hostsByOutcome].sort((a, b) => lastEnd(b) - lastEnd(a)) };
  const order = choice("Order of hosts", [["outcome", "failures first"], ["name", "by name"], ["end", "slowest first"]],
    "outcome", (name) => { hosts = orders[name]; rows.update({}); });
  const legend = element("ul", { class: "legend" }, ...[...used].sort((a, b) => a - b).map((state) =>
    element("li", {}, element("span", { class: `swatch phase-${report.states[state]}`, "aria-hidden": "true" }),
      report.states[state])));
  return sectionOf("timeline", "Timeline", element("div", { class: "toolbar" }, order, legend), rows.node);
}

const lastEnd = (host) => targets.phases[host][targets.phases[host].length - 1] ?? 0;
