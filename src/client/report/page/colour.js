// SPDX-License-Identifier: Apache-2.0
// Colours: those of the style sheet for what is drawn on canvases, the heat scale, and the theme.
// The heat scale is cividis: people who don't see red or green see the same order, and it prints.

const cividis = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55",
  "#fee838"];
const heatScale = d3.scale.linear().domain(cividis.map((_, i) => i / (cividis.length - 1))).range(cividis).clamp(true);
const heatSteps = Array.from({ length: 256 }, (_, i) => heatScale(i / 255));

// On a light page the other way round, and the little ones fade into the paper.
const lightSteps = heatSteps.map((_, i) => d3.interpolateRgb("#ffffff", heatSteps[255 - i])(0.25 + 0.75 * Math.min(1, i / 96)));

/** Of 0 to 1: little is near the page's own colour. */
export function heatColour(share) {
  const step = Math.round(Math.max(0, Math.min(1, share)) * 255);
  return isDark() ? heatSteps[step] : lightSteps[step];
}

export function styleColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const listeners = new Set();
/** Called when the theme is another: canvases draw themselves again. */
export function onTheme(listener) { listeners.add(listener); }

export function isDark() { return document.documentElement.dataset.theme === "dark"; }

/** Everything that is drawn, once more. */
export function drawAgain() {
  for (const listener of listeners) listener();
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  drawAgain();
}

const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
const themeKey = "rstap-report-theme";
let chosenTheme = null;
try { chosenTheme = localStorage.getItem(themeKey); } catch { /* A browser may keep nothing for files. */ }
const wantedTheme = () => chosenTheme ?? (systemDark.matches ? "dark" : "light");

export function startTheme() {
  setTheme(wantedTheme());
  systemDark.addEventListener("change", () => setTheme(wantedTheme()));
  window.addEventListener("beforeprint", () => setTheme("light"));
  window.addEventListener("afterprint", () => setTheme(wantedTheme()));
}

export function toggleTheme() {
  chosenTheme = isDark() ? "light" : "dark";
  try { localStorage.setItem(themeKey, chosenTheme); } catch { /* As above. */ }
  setTheme(chosenTheme);
}
