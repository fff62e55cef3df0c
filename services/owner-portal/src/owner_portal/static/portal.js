// What pages do beyond HTML: live numbers, relative times, copying a key. Every page works without it.
import { refreshTimes } from "./times.js";
import { follow } from "./live.js";

refreshTimes();
setInterval(refreshTimes, 20_000);
follow();

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      // Without TLS there is no clipboard: select it, so that one key press copies it.
      getSelection().selectAllChildren(source);
      button.textContent = "Press Ctrl+C";
    }
  });
}

for (const select of document.querySelectorAll("[data-auto] select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
