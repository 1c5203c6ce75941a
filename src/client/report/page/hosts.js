// SPDX-License-Identifier: Apache-2.0
// Hosts to choose: a group that is seen in their names, kernels and outcomes, or a pattern.
import { hostCount, targets } from "./data.js";
import { element, labelled, selectOf } from "./dom.js";
import { byName, figure } from "./format.js";
import { outcomeClass } from "./outcome.js";

/** name -> hosts; those of two hosts and more, and not of all. */
function groupsBy(nameOf) {
  const groups = new Map();
  for (let host = 0; host < hostCount; ++host) {
    const name = nameOf(host);
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(host);
  }
  return [...groups].filter(([name, hosts]) => name && hosts.length < hostCount).sort(([a], [b]) => byName(a, b));
}

const hostGroups = [
  ["Names", groupsBy((host) => targets.name[host].slice(0, 60).replace(/\d+/g, "*")).filter(([, h]) => h.length > 1)],
  ["Kernels", groupsBy((host) => targets.kernel[host])],
  ["Outcomes", groupsBy(outcomeClass)],
].filter(([, groups]) => groups.length > 0 && groups.length <= 40);

/** web*, web0?,db1: as a shell has it; without a wildcard it may stand anywhere in the name. */
export function matchHosts(pattern) {
  const tests = pattern.split(",").map((part) => part.trim()).filter(Boolean).map((part) => {
    if (!/[*?]/.test(part)) return (name) => name.includes(part);
    const escaped = part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".");
    const whole = new RegExp(`^${escaped}$`);
    return (name) => whole.test(name);
  });
  const hosts = [];
  for (let host = 0; host < hostCount; ++host) {
    if (tests.length === 0 || tests.some((test) => test(targets.name[host]))) hosts.push(host);
  }
  return hosts;
}

/** Calls `onchange(hosts, words)`; all hosts to begin with. */
export class HostPicker {
  constructor(label, onchange) {
    this.onchange = onchange;
    this.count = element("span", { class: "count", role: "status" });
    this.input = element("input", { type: "search", placeholder: "all, or web*,db?", size: 18, spellcheck: "false" });
    this.input.addEventListener("input", () => {
      if (this.groups) this.groups.value = "";
      const pattern = this.input.value.trim();
      this.choose(matchHosts(pattern), pattern || "all hosts");
    });
    this.node = element("span", { class: "control-group" }, labelled(label, this.input));
    if (hostGroups.length > 0) {
      this.groups = selectOf([["", "group…"]], (value) => {
        if (value === "") return;
        const [kind, group] = value.split(" ").map(Number);
        const [name, hosts] = hostGroups[kind][1][group];
        this.input.value = "";
        this.choose(hosts, name);
      }, "");
      this.groups.setAttribute("aria-label", `${label}: a group`);
      hostGroups.forEach(([kind, groups], k) => this.groups.append(element("optgroup", { label: kind },
        ...groups.map(([name, hosts], g) => element("option", { value: `${k} ${g}` }, `${name} (${hosts.length})`)))));
      this.node.append(this.groups);
    }
    this.node.append(this.count);
    this.showCount(hostCount);
  }

  choose(hosts, words) {
    this.showCount(hosts.length);
    this.onchange(hosts, words);
  }

  showCount(count) { this.count.textContent = `${figure(count)} of ${figure(hostCount)} hosts`; }
}
