// The code stands behind the link's #: it goes into the form and out of the address.
const code = document.getElementById("code");
if (code && location.hash.length > 1) {
  code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  document.getElementById("new")?.focus();
}
