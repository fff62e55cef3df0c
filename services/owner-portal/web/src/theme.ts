// Runs before the page is drawn: a classic script in the head, so that no page flashes in the wrong colours.
const THEME_KEY = "theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function applyTheme(): void {
  const chosen = localStorage.getItem(THEME_KEY);
  const dark = chosen ? chosen === "dark" : prefersDark.matches;
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
  document.documentElement.dataset.themeChoice = chosen ?? "auto";
  dispatchEvent(new CustomEvent("themechange"));
}

document.documentElement.classList.add("scripted");
applyTheme();
prefersDark.addEventListener("change", applyTheme);
addEventListener("storage", applyTheme);

addEventListener("click", (event) => {
  const choice = (event.target as Element).closest<HTMLElement>("[data-theme]")?.dataset.theme;
  if (choice === undefined) return;
  if (choice === "auto") localStorage.removeItem(THEME_KEY);
  else localStorage.setItem(THEME_KEY, choice);
  applyTheme();
});
