// SPDX-License-Identifier: Apache-2.0
// Rows that are drawn: a timeline or a heat map of any number of hosts. Only rows in sight are; the others are a scroll bar.
// A cursor of rows and columns is moved by mouse or arrow keys, and a line below says what it is on.
import { element, paper } from "./dom.js";
import { onTheme, styleColour } from "./colour.js";

const printedHeightMax = 860;  // A page of paper: what is drawn is not cut at its end.

/** A canvas of that size in CSS pixels, sharp on any screen. */
export function sizeCanvas(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.setProperty("width", `${width}px`);
    canvas.style.setProperty("height", `${height}px`);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

export function cutText(text, characters) {
  return text.length <= characters ? text : characters < 2 ? "" : text.slice(0, characters - 1) + "…";
}

export class RowsCanvas {
  /**
   * label, rows, rowHeight, name(row), nameWidth, heightMax
   * columns(row) -> how many the cursor can be on; columnAt(row, x, width) -> column or -1
   * draw(context, row, x, y, width, height, cursorColumn or -1); drawHead(context, x, width, height), headHeight
   * describe(row, column) -> text
   */
  constructor(options) {
    this.options = { rowHeight: 16, nameWidth: 110, headHeight: 20, heightMax: 420, ...options };
    this.cursor = null;
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.spacer = element("div", { class: "spacer" }, this.canvas);
    this.box = element("div", { class: "rows-canvas", tabindex: "0", role: "application",
      "aria-roledescription": "drawn table", "aria-label": `${options.label}. Arrow keys move; the line below says what is there.` },
    this.spacer);
    this.status = element("output", { class: "readout", "aria-live": "polite" }, "\u00a0");
    this.node = element("div", {}, this.box, this.status);
    this.box.addEventListener("scroll", () => this.draw());
    this.box.addEventListener("pointermove", (event) => this.pointAt(event));
    this.box.addEventListener("keydown", (event) => this.press(event));
    this.box.addEventListener("focus", () => this.moveTo(this.cursor?.row ?? 0, this.cursor?.column ?? 0));
    new ResizeObserver(() => this.draw()).observe(this.box);
    onTheme(() => this.draw());
    window.addEventListener("beforeprint", () => this.layOut());
    window.addEventListener("afterprint", () => this.layOut());
    this.layOut();
  }

  layOut() {
    const { rows, rowHeight, headHeight, heightMax } = this.options;
    const whole = headHeight + rows * rowHeight;
    this.height = Math.min(whole, paper.printing ? printedHeightMax : heightMax);
    this.box.style.setProperty("height", `${this.height + 2}px`);
    this.spacer.style.setProperty("height", `${whole}px`);
    this.draw();
  }

  update(changes) {
    Object.assign(this.options, changes);
    this.cursor = null;
    this.layOut();
  }

  draw() {
    const { rows, rowHeight, headHeight, nameWidth, name } = this.options;
    const width = this.box.clientWidth;
    if (width === 0) return;
    const context = sizeCanvas(this.canvas, width, this.height);
    const font = styleColour("--mono");
    const x = nameWidth, columnsWidth = width - nameWidth - 8;
    const first = Math.floor(this.box.scrollTop / rowHeight);
    const last = Math.min(rows, first + Math.ceil((this.height - headHeight) / rowHeight) + 1);
    const offset = headHeight - (this.box.scrollTop - first * rowHeight);
    context.textBaseline = "middle";
    context.save();
    context.beginPath();
    context.rect(0, headHeight, width, this.height - headHeight);
    context.clip();
    for (let row = first; row < last; ++row) {
      const y = offset + (row - first) * rowHeight;
      const isCursor = this.cursor?.row === row;
      if (rowHeight >= 11) {
        context.font = `${isCursor ? "bold " : ""}11px ${font}`;
        context.fillStyle = styleColour(isCursor ? "--ink" : "--muted");
        context.fillText(cutText(name(row), Math.floor((nameWidth - 10) / 6.7)), 4, y + rowHeight / 2 + 0.5);
      }
      this.options.draw(context, row, x, y, columnsWidth, rowHeight, isCursor ? this.cursor.column : -1);
    }
    context.restore();
    context.font = `11px ${font}`;
    context.fillStyle = styleColour("--muted");
    this.options.drawHead?.(context, x, columnsWidth, headHeight, this.height);
  }

  pointAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const { rowHeight, headHeight, nameWidth, rows } = this.options;
    const row = Math.floor((event.clientY - box.top - headHeight + this.box.scrollTop) / rowHeight);
    if (event.clientY - box.top < headHeight || row < 0 || row >= rows) return;
    const column = this.options.columnAt(row, event.clientX - box.left - nameWidth, box.width - nameWidth - 8);
    this.moveTo(row, column, false);
  }

  press(event) {
    const page = Math.max(1, Math.floor(this.height / this.options.rowHeight) - 2);
    const rows = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity }[event.key];
    const columns = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (rows === undefined && columns === undefined) return;
    event.preventDefault();
    const at = this.cursor ?? { row: 0, column: 0 };
    this.moveTo(at.row + (rows ?? 0), at.column + (columns ?? 0));
  }

  moveTo(row, column, intoSight = true) {
    const { rows, rowHeight, headHeight } = this.options;
    if (rows === 0) return;
    row = Math.max(0, Math.min(rows - 1, row));
    column = Math.max(0, Math.min(this.options.columns(row) - 1, column));
    this.cursor = { row, column };
    if (intoSight) {
      const top = row * rowHeight;
      const view = this.height - headHeight;
      if (top < this.box.scrollTop) this.box.scrollTop = top;
      if (top + rowHeight > this.box.scrollTop + view) this.box.scrollTop = top + rowHeight - view;
    }
    this.status.textContent = this.options.describe(row, column) || "\u00a0";
    this.draw();
  }
}
