// SPDX-License-Identifier: Apache-2.0
// A section for each map: how many hosts stand behind it, its sums, and the hosts beside one another.
import { keyName, numberOf, report } from "./data.js";
import { element, oneLine, sectionOf, whenSeen } from "./dom.js";
import { figure, several } from "./format.js";
import { histogramBars, histogramKeys, hostBars, hostTable, numberBars, spreadBars, statsBars, sumCounts, textGroups } from "./bars.js";
import { flameSection } from "./flame.js";
import { hasMoments, hostHeat, timeHeat } from "./heat.js";
import { HostPicker } from "./hosts.js";
import { hasLines, timeLines } from "./lines.js";

const tableHostsMax = 40;
const kindWords = { count: "count()", sum: "sum()", min: "min()", max: "max()", avg: "avg()", stats: "stats()", hist: "hist()",
  lhist: "lhist()", other: "not merged" };

/** Of a map, or of a picture of it, that can't be shown as it should. */
const faultRemark = (text) => element("p", { class: "coverage partial fault" }, element("b", {}, text), ": it is missing or not whole.");

/** 38 of 40 hosts gave data, and why the others did not. */
function coverage(map) {
  const whole = map.hosts.length === map.asked;
  const words = `${figure(map.hosts.length)} of ${several(map.asked, "host")} gave data`;
  const node = element("p", { class: whole ? "coverage" : "coverage partial" }, element("b", {}, words));
  for (const { why, names, t } of map.missing) {
    node.append(element("span", { class: "missing" }, ` ${oneLine(names, 300)}${t.length > 1 ? ` (${figure(t.length)})` : ""}: `,
      element("span", { class: "why" }, oneLine(why)), ";"));
  }
  if (node.lastChild.lastChild?.data === ";") node.lastChild.lastChild.data = ".";
  if (map.dropped > 0) {
    node.append(element("span", { class: "missing" },
      ` ${several(map.dropped, "key")} beyond the limit ${map.dropped === 1 ? "is" : "are"} not in here.`));
  }
  if (map.byHost !== undefined) {
    map.notes.push(`By host, only the ${several(map.byHost, "key")} with the largest sums are in here, of ` +
      `${figure(map.sums.length)}: the page would be too large. Sums are of all.`);
  }
  if (map.asked === 0) node.replaceChildren("What hosts gave is not in here.");
  const faults = map.faults.map((what) => faultRemark(`rstap itself failed at ${oneLine(what)}`));
  const remarks = map.notes.map((note) => element("p", { class: "remark" }, oneLine(note)));
  return element("div", {}, node, ...faults, ...remarks);
}

/** Hosts as columns; only made when it is opened: it may be large. */
function hostColumns(map, key) {
  let hosts = map.hosts, first = 0;
  const place = element("div"), pages = element("span", { class: "pager" });
  const picker = new HostPicker("Columns", (chosen) => {
    const set = new Set(chosen);
    hosts = map.hosts.filter((host) => set.has(host.t));
    first = 0;
    fill();
  });
  const step = (label, text, by) => element("button", { type: "button", "aria-label": label, title: label, onclick: () => {
    first = Math.max(0, Math.min(first + by, hosts.length - 1));
    fill();
  } }, text);
  const before = step("Hosts before", "‹", -tableHostsMax), next = step("Next hosts", "›", tableHostsMax);
  const where = element("span", { class: "count", role: "status" });
  pages.append(before, where, next);
  function fill() {
    const shown = hosts.slice(first, first + tableHostsMax);
    place.replaceChildren(hostTable(map, shown, key));
    where.textContent = `hosts ${hosts.length ? first + 1 : 0}–${first + shown.length} of ${figure(hosts.length)}`;
    before.disabled = first === 0;
    next.disabled = first + tableHostsMax >= hosts.length;
  }
  const details = element("details", { class: "hosts" }, element("summary", {}, "A column for each host"),
    element("div", { class: "toolbar" }, picker.node, pages), place);
  details.addEventListener("toggle", () => details.open && place.childElementCount === 0 && fill());
  return details;
}

function histogramSection(map) {
  let chosen = map.sums.reduce((best, _, key) => (total(map, key) > total(map, best) ? key : best), 0);
  const bars = element("div", { class: "bars-of-key" }), heat = element("div"), columns = element("div");
  const fill = () => {
    const title = map.keyed ? oneLine(keyName(map, chosen), 120) : "All hosts";
    bars.replaceChildren(element("h4", {}, title), histogramBars(map, chosen));
    if (hasMoments(map)) bars.append(timeHeat(map, chosen));
    heat.replaceChildren(hostHeat(map, chosen));
    columns.replaceChildren(hostColumns(map, chosen));
  };
  fill();
  const keys = map.sums.length > 1 && histogramKeys(map, () => chosen, (key) => { chosen = key; fill(); });
  const left = element("div", {}, keys || "", bars);
  return element("div", {}, element("div", { class: "beside" }, left, heat), columns);
}

const total = (map, key) => sumCounts(map, key).reduce((a, b) => a + b, 0);

function valuesSection(map) {
  const bars = { number: numberBars, stats: statsBars, spread: spreadBars, text: textGroups }[map.shape](map);
  const hasHeat = map.shape === "number" && map.sums.length > 1 && map.hosts.length > 1 &&
    map.sums.some((sum) => numberOf(sum) > 0);
  if (!map.keyed && map.shape !== "text" && map.hosts.length > 1) {
    return element("div", { class: "beside" }, element("div", {}, element("h4", {}, "All hosts"), bars), hostBars(map));
  }
  return element("div", {}, hasHeat ? element("div", { class: "beside" }, element("div", {}, element("h4", {}, "All hosts"), bars),
    hostHeat(map)) : bars, hostColumns(map));
}

function picturesOf(map) {
  if (map.hosts.length === 0) return map.asked === 0 ? [] : [element("p", { class: "remark" }, "No host gave anything.")];
  if (map.shape === "stacks") return [flameSection(map), hostStackRemark(map)];
  if (map.shape === "histogram") return [histogramSection(map)];
  return [...(hasLines(map) ? [timeLines(map)] : []), valuesSection(map)];
}

export function mapSections() {
  return report.maps.map((map, index) => {
    const place = element("div", { class: "lazy" });
    whenSeen(place, () => {
      place.classList.remove("lazy");
      try {
        place.append(...picturesOf(map));
      } catch (error) {
        place.replaceChildren(faultRemark(`This page itself failed at the pictures (${oneLine(String(error), 200)})`));
      }
    });
    const section = sectionOf(`map-${index}`, element("span", {}, element("code", {}, oneLine(map.name, 80)), " ",
      element("span", { class: "kind" }, kindWords[map.kind] ?? map.kind)), coverage(map), place);
    section.classList.add("map");
    return section;
  });
}

function hostStackRemark(map) {
  return element("p", { class: "remark" }, `${several(map.sums.length, "stack")} of ${several(map.hosts.length, "host")}. ` +
    "Offsets and addresses are left out, so that the same function of two hosts is one frame.");
}

