// SPDX-License-Identifier: Apache-2.0
// A table that is sorted by any column, filtered, and shown a page at a time: 1,000 hosts or 100,000 keys cost no more than
// one page. Print shows more of it.
import { element, paper } from "./dom.js";
import { byName, figure } from "./format.js";


export class DataTable {
  /**
   * columns: {name, value(row), show(row) (text or node; value() without it), figure, title, class}
   * options: caption, pageRows, printedRows, sort: [column, 1 or -1], filter(row) -> text to look in, noun ("hosts"), onrow(row)
   */
  constructor(columns, rows, options = {}) {
    this.columns = columns;
    this.options = { pageRows: 25, printedRows: 40, noun: "rows", ...options };
    this.sorted = this.options.sort ?? [0, 1];
    this.page = 0;
    this.filterText = "";
    this.body = element("tbody");
    this.headers = columns.map((column, index) => this.makeHeader(column, index));
    this.table = element("table", { class: this.options.class },
      element("caption", { class: "for-readers" }, this.options.caption ?? ""),
      element("thead", {}, element("tr", {}, ...this.headers)), this.body);
    this.scroll = element("div",
      { class: "scroll", role: "region", tabindex: "0", "aria-label": this.options.caption ?? "table" }, this.table);
    this.count = element("span", { class: "count", role: "status" });
    this.pager = element("span", { class: "pager" },
      this.pageButton("First page", "«", () => 0), this.pageButton("Page before", "‹", () => this.page - 1),
      this.pageButton("Next page", "›", () => this.page + 1), this.pageButton("Last page", "»", () => Infinity));
    this.bar = element("div", { class: "table-bar" }, this.options.filter && this.makeFilter(), this.count, this.pager);
    this.node = element("div", { class: "data-table" }, this.bar, this.scroll);
    window.addEventListener("beforeprint", () => this.fill());
    window.addEventListener("afterprint", () => this.fill());
    this.setRows(rows);
  }

  setRows(rows) {
    this.rows = rows;
    this.arrange();
  }

  makeHeader(column, index) {
    if (column.name === "") return element("th", { scope: "col" }, element("span", { class: "for-readers" }, "bar"));
    const button = element("button", { type: "button", title: column.title, onclick: () => this.sortBy(index) },
      column.name);
    return element("th", { scope: "col", class: column.figure ? "figure" : undefined }, button);
  }

  makeFilter() {
    const input = element("input", { type: "search", placeholder: `filter ${this.options.noun}`,
      "aria-label": `Filter ${this.options.noun}: ${this.options.caption ?? ""}` });
    input.addEventListener("input", () => {
      this.filterText = input.value.toLowerCase();
      this.page = 0;
      this.arrange();
    });
    return input;
  }

  pageButton(label, text, page) {
    return element("button", { type: "button", "aria-label": label, title: label, onclick: () => {
      this.page = page();
      this.fill();
    } }, text);
  }

  /** A second time the other way round. Figures begin with the largest. */
  sortBy(index) {
    const first = this.columns[index].figure ? -1 : 1;
    this.sorted = [index, this.sorted[0] === index ? -this.sorted[1] : first];
    this.page = 0;
    this.arrange();
  }

  arrange() {
    const [index, direction] = this.sorted;
    const { value } = this.columns[index];
    const found = this.filterText
      ? this.rows.filter((row) => this.options.filter(row).toLowerCase().includes(this.filterText)) : this.rows;
    // Rows without a value come last, whichever way the table is sorted.
    this.found = found.map((row) => [value(row), row]).sort(([a], [b]) => {
      const none = (a === null || a === undefined) - (b === null || b === undefined);
      if (none !== 0 || a === b) return none;
      return direction * (typeof a === "number" && typeof b === "number" ? a - b : byName(String(a), String(b)));
    }).map(([, row]) => row);
    this.headers.forEach((header, i) => {
      if (i === index) header.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
      else header.removeAttribute("aria-sort");
    });
    this.fill();
  }

  fill() {
    const rowsMax = paper.printing ? this.options.printedRows : this.options.pageRows;
    const pages = Math.max(1, Math.ceil(this.found.length / rowsMax));
    this.page = Math.max(0, Math.min(this.page, pages - 1));
    const begin = this.page * rowsMax;
    const shown = this.found.slice(begin, begin + rowsMax);
    this.body.replaceChildren(...shown.map((row) => this.makeRow(row)));
    const of = this.found.length === this.rows.length ? "" : ` of ${figure(this.rows.length)}`;
    this.count.textContent = pages === 1 ? `${figure(this.found.length)}${of} ${this.options.noun}`
      : `${figure(begin + 1)}–${figure(begin + shown.length)} of ${figure(this.found.length)} ${this.options.noun}`;
    this.pager.hidden = pages === 1;
    const [first, before, next, last] = this.pager.children;
    first.disabled = before.disabled = this.page === 0;
    next.disabled = last.disabled = this.page === pages - 1;
    this.bar.hidden = this.rows.length <= 8 && pages === 1 && !this.filterText;
  }

  makeRow(row) {
    const cells = this.columns.map((column, index) => {
      const shown = column.show ? column.show(row) : column.value(row) ?? "";
      const classes = [column.figure && "figure", column.class].filter(Boolean).join(" ") || undefined;
      const name = index === 0 ? "th" : "td";
      return element(name, { class: classes, scope: index === 0 ? "row" : undefined },
        typeof shown === "number" ? figure(shown) : shown);
    });
    const tr = element("tr", { class: this.options.rowClass?.(row) }, ...cells);
    return tr;
  }
}
