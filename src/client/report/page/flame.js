// SPDX-License-Identifier: Apache-2.0
// Stacks of a map: flame graph, search, colours, some hosts against the rest, and the frames as a table.
import { numberOf } from "./data.js";
import { onTheme, styleColour } from "./colour.js";
import { choice, element, labelled, oneLine } from "./dom.js";
import { figure, percent, several } from "./format.js";
import { HostPicker } from "./hosts.js";
import { FlameTree } from "./flame_tree.js";
import { FlameView } from "./flame_view.js";
import { DataTable } from "./table.js";

const kindNames = { l: "process", k: "kernel", u: "user", "?": "unresolved" };
const kindOrder = "luk?";
const moduleColours = 8;
const differenceScale = d3.scale.linear().domain([-1, -0.35, 0, 0.35, 1])
  .range(["#3b7fc4", "#9fc3e6", "#f1efe9", "#f2ab96", "#d6604d"]).clamp(true);

class FlameSection {
  constructor(map) {
    this.map = map;
    this.tree = new FlameTree(map.stacks);
    this.mode = "kind";
    this.compared = false;
    this.hosts = new Set(map.hosts.map((host) => host.t));
    this.words = "all hosts";
    onTheme(() => this.colours.clear());
    this.colours = new Map();
    this.view = new FlameView(this.tree, { label: `${map.name}: flame graph`, colour: (node) => this.colourOf(node),
      words: (node) => this.differenceWords(node), onview: () => this.showLimits() });
    this.limits = element("span", { class: "muted limits", role: "status" });
    this.matched = element("span", { class: "count matched", role: "status" });
    this.legend = element("ul", { class: "legend" });
    this.search = element("input", { type: "search", placeholder: "frame, or /regular expression/", size: 28,
      spellcheck: "false", class: "flame-search" });
    this.search.addEventListener("input", () => this.find());
    this.frames = this.makeTable();
    this.weigh();
    this.node = element("div", { class: "flame-section" }, this.toolbar(), this.legend, this.view.node, this.limits,
      element("h4", {}, "Frames"), this.frames.node);
    this.showLegend();
  }

  toolbar() {
    const picker = new HostPicker("Hosts", (hosts, words) => {
      this.hosts = new Set(hosts);
      this.words = words;
      this.weigh();
    });
    const compare = element("input", { type: "checkbox", class: "compare" });
    compare.addEventListener("change", () => { this.compared = compare.checked; this.weigh(); this.showLegend(); });
    const reset = element("button", { type: "button", onclick: () => this.view.zoom(-1) }, "Show all");
    const colours = choice("Colours", [["kind", "by kind"], ["module", "by module"]], "kind", (mode) => {
      this.mode = mode;
      this.colours.clear();
      this.view.draw();
      this.showLegend();
    });
    const direction = choice("Direction", [["down", "roots on top"], ["up", "flames"]], "down", (name) => {
      this.view.upwards = name === "up";
      this.view.draw();
    });
    return element("div", {},
      element("div", { class: "toolbar" }, labelled("Search", this.search), this.matched, reset, colours, direction),
      element("div", { class: "toolbar" }, picker.node, labelled("against the rest", compare)));
  }

  weigh() {
    const mine = new Float64Array(this.map.sums.length), rest = new Float64Array(this.map.sums.length);
    for (const host of this.map.hosts) {
      const to = this.hosts.has(host.t) ? mine : rest;
      for (let i = 0; i < host.k.length; ++i) to[host.k[i]] += numberOf(host.v[i]);
    }
    // Sums are of all keys, also of those that the page has not by host.
    const fromSums = this.map.byHost !== undefined && this.map.hosts.every((host) => this.hosts.has(host.t));
    this.weights = this.tree.weigh(fromSums ? Float64Array.from(this.map.sums, numberOf) : mine);
    this.sums = this.tree.frameSums(this.weights);
    this.rest = this.compared ? this.tree.weigh(rest) : null;
    this.restSums = this.rest ? this.tree.frameSums(this.rest) : null;
    this.view.setWeights(this.weights);
    this.fillTable();
    this.find();
  }

  // A node's share of the chosen hosts less its share of the rest.
  differenceOf(node) {
    const { whole } = this.weights, others = this.rest.whole;
    return (whole ? this.weights.total[node] / whole : 0) - (others ? this.rest.total[node] / others : 0);
  }

  colourOf(node) {
    if (this.rest) {
      // Differences are small parts of the whole, so the scale is bent: 1 % is seen, 50 % is no more than deep.
      const difference = this.differenceOf(node);
      return differenceScale(Math.sign(difference) * Math.sqrt(Math.abs(difference)) * 1.4);
    }
    const name = this.mode === "kind" || this.tree.kind(node) === "l" ? `--flame-${kindNames[this.tree.kind(node)]}`
      : `--flame-module-${this.tree.stacks.module[this.tree.frame[node]] % moduleColours}`;
    if (!this.colours.has(name)) this.colours.set(name, styleColour(name));
    return this.colours.get(name);
  }

  differenceWords(node) {
    if (!this.rest) return "";
    return `${signedPoints(this.differenceOf(node))} against ${percent(this.rest.total[node], this.rest.whole)} of the rest`;
  }

  showLegend() {
    const item = (name, text) => {
      const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
      swatch.style.setProperty("background", name.startsWith("--") ? `var(${name})` : name);
      return element("li", {}, swatch, text);
    };
    const kinds = [...kindOrder].filter((kind) => this.map.stacks.kind.includes(kind));
    const used = [...new Set(this.map.stacks.module)].sort((a, b) => a - b);
    const items = this.rest
      ? [item(differenceScale(0.7), "more of it on these hosts"), item(differenceScale(-0.7), "less of it than on the rest"),
        item(differenceScale(0), "the same share")]
      : this.mode === "kind" ? kinds.map((kind) => item(`--flame-${kindNames[kind]}`, kindNames[kind]))
        : used.slice(0, 12).map((module) => item(`--flame-module-${module % moduleColours}`,
          oneLine(this.map.stacks.modules[module], 40) || "module not said"));
    this.legend.replaceChildren(...items);
  }

  find() {
    const text = this.search.value.trim();
    const isRegex = text.length > 2 && text.startsWith("/") && text.endsWith("/");
    let test = (name) => name.toLowerCase().includes(text.toLowerCase());
    this.search.setCustomValidity("");
    if (isRegex) {
      try {
        const regex = new RegExp(text.slice(1, -1), "i");
        test = (name) => regex.test(name);
      } catch (error) {
        this.search.setCustomValidity(error.message);
        this.search.reportValidity();
        return;
      }
    }
    this.view.matches = text === "" ? null : Uint8Array.from(this.map.stacks.name, test);
    this.view.draw();
  }

  // After each drawing: what is matched depends on what is shown.
  showLimits() {
    const { view } = this;
    if (!this.limits) return;
    const parts = [];
    if (view.undrawn > 0) parts.push(`${several(view.undrawn, "frame")} narrower than a pixel ${view.undrawn === 1 ? "is" : "are"} not drawn: zoom in to see them`);
    if (view.tooDeep > 0) parts.push(`${several(view.tooDeep, "frame")} too deep to be drawn`);
    if (this.weights?.whole === 0) parts.push("these hosts have no stacks");
    this.limits.textContent = parts.join("; ");
    const begin = view.beginOf(view.zoomed), end = view.endOf(view.zoomed);
    this.matched.textContent = view.matches ? `${percent(this.tree.matchedTotal(view.matches, this.weights, begin, end),
      view.totalOf(view.zoomed))} matched` : "";
  }

  makeTable() {
    const { stacks } = this.map;
    const share = (sums, weights) => (frame) => (weights().whole ? sums()[frame] / weights().whole : 0);
    const mine = share(() => this.sums.total, () => this.weights), rest = share(() => this.restSums.total, () => this.rest);
    this.plainColumns = [
      { name: "Frame", class: "wide", value: (frame) => stacks.name[frame], show: (frame) => element("button",
        { type: "button", class: "link", title: "Search it in the graph", onclick: () => {
          this.search.value = stacks.name[frame];
          this.find();
        } }, element("span", { class: "key" }, oneLine(stacks.name[frame], 160))) },
      { name: "Kind", value: (frame) => kindNames[stacks.kind[frame]] },
      { name: "Module", value: (frame) => stacks.modules[stacks.module[frame]],
        show: (frame) => oneLine(stacks.modules[stacks.module[frame]], 40) || "–" },
      { name: "Itself", title: "Samples in which it is the innermost frame", figure: true,
        value: (frame) => this.sums.self[frame] },
      { name: "%", figure: true, value: (frame) => this.sums.self[frame],
        show: (frame) => percent(this.sums.self[frame], this.weights.whole) },
      { name: "In all", title: "Samples in which it is anywhere in the stack", figure: true,
        value: (frame) => this.sums.total[frame] },
      { name: "%", figure: true, value: (frame) => this.sums.total[frame],
        show: (frame) => percent(this.sums.total[frame], this.weights.whole) },
    ];
    this.differenceColumns = [...this.plainColumns,
      { name: "Rest %", title: "Its share of the other hosts' samples", figure: true, value: (frame) => rest(frame),
        show: (frame) => percent(this.restSums.total[frame], this.rest.whole) },
      { name: "Difference", title: "In percentage points", figure: true, value: (frame) => mine(frame) - rest(frame),
        show: (frame) => signedPoints(mine(frame) - rest(frame)) }];
    return null;
  }

  fillTable() {
    const columns = this.rest ? this.differenceColumns : this.plainColumns;
    if (this.frames?.columns === columns) {
      this.frames.setRows(this.frameRows());
      return;
    }
    const table = new DataTable(columns, this.frameRows(), { caption: `${this.map.name}: frames`, noun: "frames",
      pageRows: 15, sort: this.rest ? [8, -1] : [3, -1], class: "frames",
      filter: (frame) => `${this.map.stacks.name[frame]} ${this.map.stacks.modules[this.map.stacks.module[frame]]}` });
    this.frames?.node.replaceWith(table.node);
    this.frames = table;
  }

  frameRows() {
    const { sums, restSums } = this;
    return Array.from(sums.total.keys()).filter((frame) => sums.total[frame] > 0 || restSums?.total[frame] > 0);
  }
}

function signedPoints(share) {
  const points = share * 100;
  return `${points > 0 ? "+" : points < 0 ? "−" : "±"}${Math.abs(points).toFixed(Math.abs(points) < 1 ? 2 : 1)} points`;
}

export function flameSection(map) { return new FlameSection(map).node; }
