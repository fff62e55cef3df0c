// Live numbers: puts what the server sends into the cells of the page, in place.
import { refreshTimes } from "./times.js";

const RETRY = 5_000;
const state = document.querySelector("[data-live-state]");
const totals = document.querySelector("[data-totals]");
const companies = new Map(
  [...document.querySelectorAll("[data-company]")].map((element) => [element.dataset.company, element]),
);
let source = null;
let retry = 0;

export function follow() {
  if (!state || (!totals && companies.size === 0)) return;
  state.hidden = false;
  // A page nobody sees asks for nothing; coming back it is told everything at once.
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  addEventListener("pagehide", stop);
  if (!document.hidden) start();
}

function start() {
  stop();
  source = new EventSource(`/owner/events/?ids=${[...companies.keys()].join(",")}`);
  source.addEventListener("open", () => show("on", "Live"));
  source.addEventListener("message", (event) => apply(JSON.parse(event.data)));
  source.addEventListener("signed-out", () => location.reload());
  source.addEventListener("error", () => {
    show("off", "Reconnecting");
    // The browser reconnects by itself after a cut, but not after an error page.
    if (source.readyState === EventSource.CLOSED) retry = setTimeout(start, RETRY);
  });
}

function stop() {
  clearTimeout(retry);
  source?.close();
}

function show(name, words) {
  state.dataset.liveState = name;
  state.querySelector("[role=status]").textContent = words;
}

function apply(update) {
  if (totals) fill(totals, update.totals);
  for (const [id, cells] of Object.entries(update.companies)) {
    if (companies.has(id)) fill(companies.get(id), cells);
  }
  refreshTimes();
  tell(update.notices);
}

function fill(root, cells) {
  for (const element of root.querySelectorAll("[data-cell]")) {
    const value = cells[element.dataset.cell];
    if (value === undefined) continue;
    if (typeof value === "string") {
      write(element, value);
    } else {
      for (const [name, text] of Object.entries(value)) {
        if (element.getAttribute(name) !== text) element.setAttribute(name, text);
      }
    }
  }
}

function write(element, text) {
  if (element.textContent === text) return;
  element.textContent = text;
  element.classList.remove("changed");
  void element.offsetWidth; // lets the animation start again
  element.classList.add("changed");
}

function tell(notices) {
  const box = document.querySelector("[data-notices]");
  const paragraphs = notices.map((notice) => Object.assign(document.createElement("p"), { textContent: notice }));
  if (box.textContent.trim() !== notices.join("").trim()) box.replaceChildren(...paragraphs);
  box.hidden = notices.length === 0;
}
