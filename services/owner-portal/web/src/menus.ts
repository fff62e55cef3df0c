// Menus are <details>, which open without a script; this closes them again, and folds the main menu on small screens.
export function tameMenus(): void {
  addEventListener("click", (event) => closeMenus(event.target as Node));
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector<HTMLDetailsElement>("details.menu[open]");
    closeMenus();
    open?.querySelector("summary")?.focus();
  });
  for (const button of document.querySelectorAll<HTMLElement>("[data-menu]")) {
    const menu = document.getElementById(button.dataset.menu ?? "");
    button.addEventListener("click", () => {
      const shown = menu?.classList.toggle("show") ?? false;
      button.setAttribute("aria-expanded", String(shown));
    });
  }
}

function closeMenus(inside?: Node): void {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) {
    if (!inside || !menu.contains(inside)) menu.open = false;
  }
}
