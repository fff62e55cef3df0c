// A page that says that something does not answer asks again until it does, and then shows it.

const PAUSE = 5_000;

/** Follows the notices marked data-away. Nothing that was typed in is lost: then the notice says that it answers. */
export function recover(): void {
  const notices = document.querySelectorAll<HTMLElement>("[data-away]");
  if (notices.length === 0) return;
  const timer = setInterval(() => {
    if (document.hidden) return;
    void answers().then((yes) => {
      if (!yes) return;
      clearInterval(timer);
      if (!typed()) location.reload();
      else for (const notice of notices) notice.textContent = "It answers again. Reload the page when you are done.";
    });
  }, PAUSE);
}

async function answers(): Promise<boolean> {
  try {
    // Asked by the page itself, not by its reader: that must keep no session alive.
    const answer = await fetch(location.href, { headers: { accept: "text/html", "x-by-itself": "true" } });
    return answer.ok && !(await answer.text()).includes("data-away");
  } catch {
    return false;
  }
}

/** Whether a reload could cost the reader something: a field was changed, or a form was sent and came back. */
function typed(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement>("main input:not([type=hidden]), main textarea");
  return [...fields].some(
    (field) =>
      field.value !== field.defaultValue ||
      field.checked !== field.defaultChecked ||
      (field.form?.method === "post" && field.value !== "" && !["checkbox", "radio"].includes(field.type)),
  );
}
