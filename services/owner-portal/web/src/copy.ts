// Buttons that copy the text of another element: data-copy holds its id.
export function offerCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => void copy(button));
  }
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (!source) return;
  const words = button.querySelector("[data-words]") ?? button;
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    words.textContent = "Copied";
  } catch {
    // Without TLS there is no clipboard: select it, so that one key press copies it.
    getSelection()?.selectAllChildren(source);
    words.textContent = "Press Ctrl+C";
  }
}
