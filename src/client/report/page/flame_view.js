// SPDX-License-Identifier: Apache-2.0
// The flame graph's canvas: what is drawn, what is under the mouse, the frame that keys move. Frames narrower than a pixel
// are not drawn, and counted.
import { onTheme, styleColour } from "./colour.js";
import { element, oneLine } from "./dom.js";
import { figure, percent } from "./format.js";
import { cutText, sizeCanvas } from "./rows.js";

const flameRow = 18, widthMin = 1, rowsMax = 400;
const all = -1;  // In the place of a node: the root of all.

export class FlameView {
  /** options: label, colour(node) -> CSS colour, words(node) -> text, onview() after each drawing */
  constructor(tree, options) {
    this.tree = tree;
    this.options = options;
    this.zoomed = all;
    this.cursor = null;
    this.hovered = null;
    this.upwards = false;
    this.matches = null;
    this.rows = [];
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.box = element("div", { class: "flame", tabindex: "0", role: "application", "aria-roledescription": "flame graph",
      "aria-label": `${options.label}. Arrow keys move between frames, Enter zooms, Backspace goes back, Escape shows all. ` +
        "The table of frames below has the same figures." }, this.canvas);
    this.status = element("output", { class: "readout", "aria-live": "polite" }, "\u00a0");
    this.node = element("div", {}, this.box, this.status);
    this.canvas.addEventListener("pointermove", (event) => this.hover(this.nodeAt(event)));
    this.canvas.addEventListener("pointerleave", () => this.hover(null));
    this.canvas.addEventListener("click", (event) => {
      const node = this.nodeAt(event);
      if (node !== null) this.zoom(node);
    });
    this.box.addEventListener("keydown", (event) => this.press(event));
    this.box.addEventListener("focus", () => { this.moveTo(this.cursor ?? this.zoomed, false); });
    this.box.addEventListener("blur", () => this.draw());
    new ResizeObserver(() => this.box.clientWidth !== this.width && this.draw()).observe(this.box);
    onTheme(() => this.draw());
  }

  setWeights(weights) {
    this.weights = weights;
    if (this.zoomed !== all && weights.total[this.zoomed] === 0) this.zoomed = all;
    if (this.cursor !== null && this.cursor !== all && weights.total[this.cursor] === 0) this.cursor = this.zoomed;
    this.draw();
  }

  totalOf(node) { return node === all ? this.weights.whole : this.weights.total[node]; }
  startOf(node) { return node === all ? 0 : this.weights.start[node]; }
  beginOf(node) { return node === all ? 0 : node; }
  endOf(node) { return node === all ? this.tree.count : this.tree.end[node]; }
  depthOf(node) { return node === all ? 0 : this.tree.depth[node] + 1; }

  zoom(node) {
    this.zoomed = node;
    this.cursor = node;
    this.draw();
    this.tell(node);
  }

  draw() {
    const width = this.box.clientWidth;
    this.width = width;
    if (width === 0 || !this.weights) return;
    this.layOut(width);
    const height = this.rows.length * flameRow + 1;
    const context = sizeCanvas(this.canvas, width, height);
    context.font = `11px ${styleColour("--mono")}`;
    context.textBaseline = "middle";
    const ink = styleColour("--flame-ink"), dimInk = styleColour("--muted"), match = styleColour("--flame-match");
    const others = styleColour("--flame-all");
    const colours = new Map();  // Colours are few, asking for them is slow.
    this.rows.forEach((row, depth) => {
      const y = this.yOf(depth, height);
      for (let i = 0; i < row.nodes.length; ++i) {
        const node = row.nodes[i], x = row.x[i], w = row.w[i];
        const isMatch = node !== all && this.matches?.[this.tree.frame[node]];
        const isAbove = depth < this.depthOf(this.zoomed);
        context.globalAlpha = isAbove ? 0.5 : 1;
        context.fillStyle = isMatch ? match : node === all ? others : this.options.colour(node, colours);
        context.fillRect(x, y, w > 2 ? w - 1 : w, flameRow - 1);
        context.globalAlpha = 1;
        if (w > 26) {
          context.fillStyle = isAbove && !isMatch ? dimInk : ink;
          if (isAbove) context.fillStyle = styleColour("--ink");
          context.fillText(cutText(this.label(node), Math.floor((w - 8) / 6.65)), x + 4, y + flameRow / 2);
        }
      }
    });
    this.outline(context, height);
    this.options.onview?.();
  }

  label(node) { return node === all ? "all" : oneLine(this.tree.name(node), 200); }
  yOf(depth, height) { return this.upwards ? height - (depth + 1) * flameRow : depth * flameRow; }

  layOut(width) {
    const { tree, weights } = this;
    this.rows = [];
    this.undrawn = 0;
    this.tooDeep = 0;
    const put = (node, depth, x, w) => {
      const row = (this.rows[depth] ??= { nodes: [], x: [], w: [] });
      row.nodes.push(node);
      row.x.push(x);
      row.w.push(w);
    };
    const above = [];
    for (let node = this.zoomed; node !== all; node = tree.parent[node]) above.push(node);
    put(all, 0, 0, width);
    while (above.length > 0) {
      const node = above.pop();
      put(node, this.depthOf(node), 0, width);
    }
    const start = this.startOf(this.zoomed), scale = width / (this.totalOf(this.zoomed) || 1);
    const end = this.endOf(this.zoomed);
    for (let i = this.zoomed + 1; i < end;) {
      const w = weights.total[i] * scale;
      if (w < widthMin || tree.depth[i] + 1 >= rowsMax) {
        if (w >= widthMin) this.tooDeep += weights.seen[tree.end[i]] - weights.seen[i];
        else this.undrawn += weights.seen[tree.end[i]] - weights.seen[i];
        i = tree.end[i];
        continue;
      }
      put(i, tree.depth[i] + 1, (weights.start[i] - start) * scale, w);
      ++i;
    }
  }

  outline(context, height) {
    const focused = document.activeElement === this.box;
    for (const node of new Set([this.hovered, focused ? this.cursor : null])) {
      if (node === null) continue;
      const depth = this.depthOf(node), row = this.rows[depth];
      const i = row ? row.nodes.indexOf(node) : -1;
      if (i < 0) continue;
      context.strokeStyle = styleColour(node === this.cursor && focused ? "--focus" : "--ink");
      context.lineWidth = node === this.cursor && focused ? 2 : 1;
      context.strokeRect(row.x[i] + 0.5, this.yOf(depth, height) + 0.5, Math.max(1, row.w[i] - 2), flameRow - 2);
    }
  }

  nodeAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const y = event.clientY - box.top, x = event.clientX - box.left;
    const depth = Math.floor((this.upwards ? box.height - y : y) / flameRow);
    const row = this.rows[depth];
    if (!row) return null;
    const i = d3.bisectRight(row.x, x) - 1;
    return i >= 0 && x < row.x[i] + row.w[i] ? row.nodes[i] : null;
  }

  hover(node) {
    if (node === this.hovered) return;
    this.hovered = node;
    this.canvas.style.setProperty("cursor", node === null ? "default" : "pointer");
    this.draw();
    if (node !== null) this.tell(node);
  }

  tell(node) {
    const { weights, tree } = this;
    const kinds = { l: "", k: "kernel", u: "user", "?": "unresolved" };
    const total = this.totalOf(node);
    const words = node === all ? [] : [kinds[tree.kind(node)], tree.module(node), this.options.words?.(node)].filter(Boolean);
    const shares = `${figure(total)}, ${percent(total, weights.whole)} of all` +
      (this.zoomed === all || node === all ? "" : `, ${percent(total, this.totalOf(this.zoomed))} of what is shown`);
    this.status.textContent = `${this.label(node)}${words.length ? ` (${words.join(", ")})` : ""}: ${shares}` +
      (node === all ? "" : `; itself ${figure(weights.self[node])}`);
  }

  moveTo(node, intoSight = true) {
    this.cursor = node;
    // A cursor on what is not drawn is of no use: show it.
    const row = this.rows[this.depthOf(node)];
    if (intoSight && !row?.nodes.includes(node)) this.zoomed = node === all ? all : this.tree.parent[node];
    this.draw();
    this.tell(node);
  }

  childrenOf(node) {
    const children = [];
    for (let i = node + 1; i < this.endOf(node); i = this.tree.end[i]) if (this.weights.total[i] > 0) children.push(i);
    return children;
  }

  press(event) {
    const at = this.cursor ?? this.zoomed;
    const up = this.upwards ? "ArrowDown" : "ArrowUp", down = this.upwards ? "ArrowUp" : "ArrowDown";
    const parent = at === all ? all : this.tree.parent[at];
    const sideways = (step) => {
      const siblings = at === all ? [all] : this.childrenOf(parent);
      const to = siblings[siblings.indexOf(at) + step];
      if (to !== undefined) this.moveTo(to);
    };
    switch (event.key) {
      case up: this.moveTo(parent); break;
      case down: {
        const children = this.childrenOf(at);
        if (children.length) this.moveTo(children.reduce((a, b) => (this.totalOf(b) > this.totalOf(a) ? b : a)));
        break;
      }
      case "ArrowLeft": sideways(-1); break;
      case "ArrowRight": sideways(1); break;
      case "Enter": case " ": this.zoom(at); break;
      case "Backspace": this.zoom(this.zoomed === all ? all : this.tree.parent[this.zoomed]); break;
      case "Escape": case "Home": this.zoom(all); break;
      default: return;
    }
    event.preventDefault();
  }
}
