// The token of an invitation is behind the link's #: it goes into the form and out of the address.
export function takeTokenFromHash(): void {
  const field = document.querySelector<HTMLInputElement>("input[data-from-hash]");
  if (!field?.form || location.hash.length < 2) return;
  field.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  field.form.requestSubmit();
}
