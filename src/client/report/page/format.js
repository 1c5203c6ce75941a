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
  if (Math.abs(value) >= 1000 && Math.abs(value) < 1e15) return figure(Math.round(value));
  return String(Number(value.toPrecision(3))).replace("-", "−");
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
  if (value < 0.001) return sign + Math.round(value * 1e6) + " µs";
  if (value < 1) return sign + (value * 1000).toFixed(value < 0.1 ? 1 : 0) + " ms";
  if (value < 100) return sign + value.toFixed(value < 10 ? 2 : 1) + " s";
  if (value < 3600) return sign + Math.floor(value / 60) + " min " + Math.round(value % 60) + " s";
  return sign + Math.floor(value / 3600) + " h " + Math.round(value % 3600 / 60) + " min";
}

export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; ++unit; }
  return (unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)) + " " + units[unit];
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
