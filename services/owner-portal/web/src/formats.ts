// Numbers and moments in the reader's language and time zone. The server prints them in a neutral form inside
// <data value data-format> and <time datetime data-format>; what stands there already is right, only plainer.
const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const AGES = [["day", 86_400], ["hour", 3_600], ["minute", 60]] as const;

const locales = navigator.languages;
const plain = new Intl.NumberFormat(locales);
const compactNumber = new Intl.NumberFormat(locales, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(locales, { style: "percent", maximumFractionDigits: 1 });
const change = new Intl.NumberFormat(locales, { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
const date = new Intl.DateTimeFormat(locales, { dateStyle: "medium", timeZone: "UTC" });
const shortDate = new Intl.DateTimeFormat(locales, { day: "numeric", month: "short", timeZone: "UTC" });
const month = new Intl.DateTimeFormat(locales, { month: "short", year: "numeric", timeZone: "UTC" });
const moment = new Intl.DateTimeFormat(locales, { dateStyle: "medium", timeStyle: "short" });
const exactMoment = new Intl.DateTimeFormat(locales, { dateStyle: "full", timeStyle: "long" });
const currencies = new Map<string, Intl.NumberFormat>();

export function formatNumber(value: number): string {
  return plain.format(value);
}

/** 12_300 → 12.3K: for the axes of charts. */
export function formatCompact(value: number): string {
  return compactNumber.format(value);
}

export function formatPercent(value: number): string {
  return percent.format(value / 100);
}

/** Bytes with a decimal unit and at most one digit after the point. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return "0 B";
  const step = Math.min(Math.max(Math.floor(Math.log10(Math.max(Math.abs(bytes), 1)) / 3), 0), SIZES.length - 1);
  const options = { style: "unit", unit: SIZES[step] ?? "byte", unitDisplay: "short", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locales, options).format(bytes / 1000 ** step);
}

/** Minor units of a currency. `compact` leaves out what an axis has no room for. */
export function formatMoney(minor: number, currency: string, compact = false): string {
  const key = `${currency}${compact ? " compact" : ""}`;
  let format = currencies.get(key);
  if (!format) {
    const notation = compact ? ({ notation: "compact", maximumFractionDigits: 1 } as const) : {};
    format = new Intl.NumberFormat(locales, { style: "currency", currency, ...notation });
    currencies.set(key, format);
  }
  return format.format(minor / 100);
}

/** "3 min. ago"; what lies ahead is told as "in 3 days". */
export function formatAge(then: Date, now = Date.now()): string {
  const seconds = (then.getTime() - now) / 1000;
  for (const [unit, length] of AGES) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return "just now";
}

/** Whether a label is a day (2026-05-03) or a month (2026-05). */
export function isCalendar(label: string): boolean {
  return /^\d{4}-\d{2}(-\d{2})?$/.test(label);
}

/** A day or a month as an axis shows it; any other text as it is. */
export function formatLabel(label: string): string {
  if (!isCalendar(label)) return label;
  return (label.length === 10 ? shortDate : month).format(new Date(label));
}

function dataText(element: HTMLDataElement): string {
  if (element.value === "") return "–";
  const value = Number(element.value);
  switch (element.dataset.format) {
    case "size":
      return formatSize(value);
    case "minutes":
      return formatNumber(Math.floor(value / 60));
    case "money":
      return formatMoney(value, element.dataset.currency || "USD"); // nobody pays yet: no currency is known
    case "percent":
      return formatPercent(value);
    case "change":
      return change.format(value / 100);
    default:
      return formatNumber(value);
  }
}

function timeText(element: HTMLTimeElement): string {
  if (!element.dateTime) return element.dataset.none ?? "never";
  const value = new Date(element.dateTime);
  if (element.dataset.format === "day") return date.format(value);
  element.title = exactMoment.format(value);
  return element.dataset.format === "age" ? formatAge(value) : moment.format(value);
}

/** Rewrites one element; true when that changed what it shows. */
export function localise(element: Element): boolean {
  const text = element instanceof HTMLDataElement ? dataText(element) : timeText(element as HTMLTimeElement);
  const changed = element.textContent !== text;
  if (changed) element.textContent = text;
  return changed;
}

/** Rewrites every number and moment below `root`. */
export function localiseAll(root: ParentNode = document): void {
  for (const element of root.querySelectorAll("data, time[data-format]")) localise(element);
}

/** Names the reader's time zone, which moments are told in from now on. */
export function nameZone(): void {
  const zone = moment.resolvedOptions().timeZone;
  for (const element of document.querySelectorAll("[data-zone]")) element.textContent = zone.replaceAll("_", " ");
}

/** Keeps "3 min ago" true while a page stays open. */
export function keepAges(): void {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-format=age]")) localise(element);
  }, 20_000);
}
