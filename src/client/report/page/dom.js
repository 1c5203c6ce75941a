// SPDX-License-Identifier: Apache-2.0
// Elements. Whatever a target said gets into the page as a text node or an attribute's value here, never as markup.

import { drawAgain } from "./colour.js";

/** While the page is printed it is as wide as the paper, and what scrolls shows all it has. The first of all listeners. */
export const paper = { printing: false };
for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
  window.addEventListener(event, () => {
    paper.printing = printing;
    document.documentElement.classList.toggle("printing", printing);
  });
}

/** element("td", {class: "figure", onclick: f}, "text", node, …) */
export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

const shownMax = 400;

/** A text in one line of bounded length. */
export function oneLine(text, max = shownMax) {
  const line = text.length > max ? text.slice(0, max) + `… (${text.length} characters)` : text;
  return line.replace(/^\s*\n\s*|\s*\n\s*$/g, "").replace(/\s*\n\s*/g, " ↵ ").replace(/\t/g, " ⇥ ");
}

let labels = 0;
/** A control under its visible label. */
export function labelled(text, control) {
  control.id ||= `control-${++labels}`;
  return element("span", { class: "control" }, element("label", { for: control.id }, text), control);
}

export function selectOf(options, onchange, chosen) {
  const select = element("select", { onchange: () => onchange(select.value) });
  for (const [value, text] of options) {
    select.append(element("option", { value, selected: value === chosen }, text));
  }
  return select;
}

/** Buttons of which one is pressed. */
export function choice(name, options, chosen, onchange) {
  const group = element("span", { class: "choice", role: "group", "aria-label": name });
  for (const [value, text] of options) {
    const button = element("button", { type: "button", "aria-pressed": String(value === chosen) }, text);
    button.addEventListener("click", () => {
      for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
      onchange(value);
    });
    group.append(button);
  }
  return group;
}

/** A bar of `share` (0 to 1) of its cell; a drawing of a figure that stands beside it. */
export function barOf(share, from = 0) {
  const fill = element("span", { class: "bar" });
  fill.style.setProperty("width", `${Math.max(0, Math.min(1, share)) * 100}%`);
  if (from > 0) fill.style.setProperty("margin-left", `${from * 100}%`);
  return element("span", { class: "track", "aria-hidden": "true" }, fill);
}

/** Calls `make` when the element comes near the window, or the page is printed. */
export function whenSeen(node, make) {
  let made = false;
  const once = () => {
    if (made) return;
    made = true;
    observer.disconnect();
    make();
    if (paper.printing) drawAgain();  // Nobody waits until its size is known.
  };
  const observer = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && once(),
    { rootMargin: "600px" });
  observer.observe(node);
  window.addEventListener("beforeprint", once);
}

export function sectionOf(id, title, ...children) {
  return element("section", { id, "aria-labelledby": `${id}-title` },
    element("h2", { id: `${id}-title` }, title), ...children);
}
