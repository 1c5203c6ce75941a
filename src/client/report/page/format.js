// SPDX-License-Identifier: Apache-2.0
// Figures as people read them. Nothing here depends on the reader's locale, so that two people see the same page.

export function runningSums(differences) {
  let sum = 0;
  return differences.map((difference) => (sum += difference));
}

function grouped(digits) {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** All digits of a whole number that is known exactly: 12,034. Others: three significant ones. */
export function figure(value) {
  const text = value?.n ?? (Number.isSafeInteger(value) ? String(value) : undefined);
  if (text !== undefined) {
    return text.startsWith("-") ? "−" + grouped(text.slice(1)) : grouped(text);
  }
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(rounded) >= 1000 && Math.abs(value) < 1e15) return figure(Math.round(value));
  return String(rounded).replace("-", "−");
}

/** What is no whole number, to the hundredth: 12,034.57. Below one it has three significant digits: 0.00417. */
export function rateFigure(value) {
  if (Math.abs(value) < 1 || Math.abs(value) >= 1e15) return figure(value);
  const [whole, hundredths] = Math.abs(value).toFixed(2).split(".");
  return (value < 0 ? "−" : "") + grouped(whole) + (hundredths === "00" ? "" : "." + hundredths);
}

export function percent(part, whole) {
  if (!(whole > 0)) return "–";
  const share = 100 * part / whole;
  if (share === 0 || share === 100) return share + " %";
  if (share < 0.01) return "<0.01 %";
  if (share > 99.94) return ">99.9 %";
  return share.toFixed(share < 1 ? 2 : 1) + " %";
}

/** 1, 2, 4, … 512, 1K, 2K, …: powers of two where they are whole, as bpftrace writes them. */
function bound(value) {
  const number = typeof value === "number" ? value : Number(value.n);
  const units = ["", "K", "M", "G", "T", "P", "E"];
  let unit = 0, rest = number;
  while (Math.abs(rest) >= 1024 && rest % 1024 === 0 && unit < units.length - 1) { rest /= 1024; ++unit; }
  return rest.toLocaleString("en", { useGrouping: false, maximumFractionDigits: 0 }) + units[unit];
}

/** Bounds are inclusive in the data; [4, 8) is what people know. */
export function bucketName([min, max]) {
  const plusOne = (value) => (typeof value === "number" ? value + 1 : { n: String(BigInt(value.n) + 1n) });
  if (min === null && max === null) return "all";
  if (min === null) return "< " + bound(plusOne(max));
  if (max === null) return "≥ " + bound(min);
  if (JSON.stringify(min) === JSON.stringify(max)) return bound(min);
  return `[${bound(min)}, ${bound(plusOne(max))})`;
}

export function seconds(value) {
  const sign = value < 0 ? "−" : "";
  value = Math.abs(value);
  if (value === 0) return "0 s";
  // Rounded first: what comes to a whole one of the next unit is written in that. 119.6 is 2 min 0 s.
  for (const [unit, perSecond, decimals, end] of [["µs", 1e6, 0, 1000], ["ms", 1e3, 1, 100], ["ms", 1e3, 0, 1000],
    ["s", 1, 2, 10], ["s", 1, 1, 100]]) {
    const text = (value * perSecond).toFixed(decimals);
    if (Number(text) < end) return `${sign}${text} ${unit}`;
  }
  const whole = Math.round(value), minutes = Math.round(value / 60);
  if (whole < 3600) return `${sign}${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${sign}${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (Math.round(value) >= 1024 && unit < units.length - 1) { value /= 1024; ++unit; }
  const isWhole = unit === 0 || Number(value.toFixed(1)) >= 100;
  return (isWhole ? Math.round(value) : value.toFixed(1)) + " " + units[unit];
}

/** 2026-11-27 03:04:05 UTC */
export function moment(secondsSince1970) {
  return new Date(secondsSince1970 * 1000).toISOString().slice(0, 19).replace("T", " ") + " UTC";
}

/** "3 hosts", "1 host" */
export function several(count, word) {
  return `${figure(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** Names are compared as people do: web2 before web10. */
export const byName = new Intl.Collator("en", { numeric: true }).compare;
