// A page with stale or missing parts asks again until the service responds, and then reloads.

const PAUSE = 5_000;

/** Follows the notices marked data-away. If something was typed in, the notice says that the service responds. */
export function recover(): void {
  const notices = document.querySelectorAll<HTMLElement>("[data-away]");
  if (notices.length === 0) return;
  const timer = setInterval(() => {
    if (document.hidden) return;
    void answers().then((yes) => {
      if (!yes) return;
      clearInterval(timer);
      if (!typed()) location.reload();
      else for (const notice of notices) notice.textContent = "The service responds again. Reload the page when you are done.";
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
