// Forms: choices that take effect at once, and buttons that cannot be pressed twice by accident.
export function enhanceForms(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-auto]")) {
    form.addEventListener("change", (event) => {
      if (event.target instanceof HTMLSelectElement) form.requestSubmit();
    });
  }
  for (const form of document.querySelectorAll<HTMLFormElement>("form[method=post]")) {
    form.addEventListener("submit", () => lock(form));
  }
  // Coming back with the browser's button shows the page as it was left, locks included, and with filters that its
  // address does not have.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const button of document.querySelectorAll("button[data-locked]")) unlock(button);
    for (const form of document.querySelectorAll<HTMLFormElement>("form[method=get]")) form.reset();
  });
}

function lock(form: HTMLFormElement): void {
  // After the submission: a disabled button's own name and value would not be sent.
  setTimeout(() => {
    for (const button of form.querySelectorAll("button:not([type=button])")) {
      button.setAttribute("disabled", "");
      button.setAttribute("data-locked", "");
    }
  });
}

function unlock(button: Element): void {
  button.removeAttribute("disabled");
  button.removeAttribute("data-locked");
}
