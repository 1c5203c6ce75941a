// SPDX-License-Identifier: Apache-2.0
// Puts the page together. What is seen first is made first; the maps when they come near the window.
import { hostCount, report, targets } from "./data.js";
import { isDark, onTheme, startTheme, toggleTheme } from "./colour.js";
import { element, oneLine } from "./dom.js";
import { figure, moment, seconds, several } from "./format.js";
import { outcomeSection } from "./outcome.js";
import { timelineSection } from "./timeline.js";
import { mapSections } from "./maps.js";
import { againSection, lostTotal, notesSection } from "./notes.js";

function makeHeader() {
  const failed = targets.failed.filter(Boolean).length;
  const left = targets.remains.filter((word) => word === "left").length;
  const parts = [several(hostCount, "host"), failed ? `${figure(failed)} failed` : "none failed"];
  if (left) parts.push(`something left on ${figure(left)}`);
  if (lostTotal) parts.push(`${several(lostTotal, "event")} lost`);
  parts.push(moment(report.began), `took ${seconds(report.took)}`,
    report.code === null ? "the run was cut" : `exit code ${report.code}`);
  const toggle = element("button", { type: "button", id: "theme", onclick: toggleTheme });
  const name = () => { toggle.textContent = isDark() ? "Light" : "Dark"; toggle.setAttribute("aria-label", `${toggle.textContent} theme`); };
  onTheme(name);
  name();
  document.getElementById("top").append(
    element("div", {}, element("h1", {}, oneLine(report.script || "a run", 120)),
      element("p", { class: "summary" }, ...parts.flatMap((part, i) => (i ? [element("span", { class: "dot", "aria-hidden": "true" }, " · "),
        element("span", {}, part)] : [element("span", {}, part)])))),
    toggle);
}

function makeNavigation(sections) {
  const links = element("ul");
  for (const section of sections) {
    const title = section.querySelector("h2");
    links.append(element("li", {}, element("a", { href: `#${section.id}` }, (title.querySelector("code") ?? title).textContent)));
  }
  document.getElementById("nav").append(links);
}

function start() {
  startTheme();
  makeHeader();
  const sections = [outcomeSection(), ...mapSections(), timelineSection(), notesSection(), againSection()];
  makeNavigation(sections);
  document.getElementById("main").replaceChildren(...sections);
  document.documentElement.dataset.ready = "yes";
}

start();
