// Live numbers: puts what the server sends into the cells of the page, in place.
import { localise } from "./formats";

/** The text of a cell, or attributes of its element; the value of <data> and <time> is then formatted again. */
type Cells = Record<string, string | Record<string, string>>;

interface Update {
  totals: Cells;
  companies: Record<string, Cells>;
  notices: string[];
}

const RETRY = 5_000;
const state = document.querySelector<HTMLElement>("[data-live-state]");
const totals = document.querySelector("[data-totals]");
const bell = document.querySelector<HTMLElement>("[data-bell]");
const companies = new Map<string, HTMLElement>();
for (const element of document.querySelectorAll<HTMLElement>("[data-company]")) {
  companies.set(element.dataset.company ?? "", element);
}
let source: EventSource | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

/** Follows the bell, and the numbers of this page. */
export function follow(): void {
  if (!state || !bell) return;
  state.hidden = !totals && companies.size === 0;
  // A page nobody sees asks for nothing; coming back it is told everything at once.
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  addEventListener("pagehide", stop);
  if (!document.hidden) start();
}

function start(): void {
  stop();
  const events = new EventSource(`/owner/events/?ids=${[...companies.keys()].join(",")}`);
  source = events;
  events.addEventListener("open", () => show("on", "Live"));
  events.addEventListener("message", (event: MessageEvent<string>) => apply(JSON.parse(event.data) as Update));
  events.addEventListener("signed-out", () => location.reload());
  events.addEventListener("error", () => {
    show("off", "Reconnecting");
    // The browser reconnects by itself after a cut, but not after an error page.
    if (events.readyState === EventSource.CLOSED) retry = setTimeout(start, RETRY);
  });
}

function stop(): void {
  clearTimeout(retry);
  source?.close();
}

function show(name: string, words: string): void {
  if (!state) return;
  state.dataset.liveState = name;
  const status = state.querySelector("[role=status]");
  if (status) status.textContent = words;
}

function apply(update: Update): void {
  if (totals) fill(totals, update.totals);
  ring(update.totals["alerts-count"]);
  for (const [id, cells] of Object.entries(update.companies)) {
    const root = companies.get(id);
    if (root) fill(root, cells);
  }
  tell(update.notices);
}

/** The number beside the bell; the list of alerts says that it is another one than it shows. */
function ring(count: Cells[string] | undefined): void {
  const shown = bell?.querySelector("[data-cell]");
  if (!bell || !shown || typeof count !== "string" || shown.textContent === count) return;
  shown.textContent = count;
  bell.hidden = count === "0";
  const risen = document.querySelector<HTMLElement>("[data-alerts-risen]");
  if (risen) risen.hidden = false;
}

function fill(root: Element, cells: Cells): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-cell]")) {
    const value = cells[element.dataset.cell ?? ""];
    if (value !== undefined && put(element, value)) flash(element);
  }
}

/** True when the words that the cell shows have changed. */
function put(element: HTMLElement, value: string | Record<string, string>): boolean {
  if (typeof value === "string") {
    if (element.textContent === value) return false;
    element.textContent = value;
    return true;
  }
  let changed = false;
  for (const [name, text] of Object.entries(value)) {
    if (element.getAttribute(name) === text) continue;
    element.setAttribute(name, text);
    changed = true;
  }
  return changed && element.matches("data, time[data-format]") && localise(element);
}

function flash(element: HTMLElement): void {
  element.classList.remove("changed");
  void element.offsetWidth; // lets the animation start again
  element.classList.add("changed");
}

function tell(notices: string[]): void {
  const box = document.querySelector<HTMLElement>("[data-notices]");
  if (!box) return;
  const lines = notices.map((text) => {
    const line = document.createElement("div");
    line.className = "alert alert-warning";
    line.textContent = text;
    return line;
  });
  if ((box.textContent ?? "").trim() !== notices.join("").trim()) box.replaceChildren(...lines);
  box.hidden = notices.length === 0;
}
