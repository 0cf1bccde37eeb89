// The sign-in form: shows the password on demand, sends once, and lets in whoever came by a link from elsewhere.
import { byId } from "../../web/static/dom.js";

const form = byId("login-form", HTMLFormElement);
const password = form.querySelector("#password"); // the second step asks for a code in its place
const reveal = form.querySelector("#reveal");
const go = byId("login-go", HTMLButtonElement);

if (password instanceof HTMLInputElement && reveal instanceof HTMLButtonElement) {
  reveal.hidden = false;
  reveal.addEventListener("click", () => {
    const shown = password.type === "text";
    password.type = shown ? "password" : "text";
    reveal.setAttribute("aria-pressed", String(!shown));
    password.focus();
  });
}
let sent = false;
form.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  if (password instanceof HTMLInputElement) password.type = "password";
  go.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  sent = false;
  go.removeAttribute("aria-busy");
});

// A link in a mail or a chat comes from another site, so the browser kept the session's cookie to itself; asked from
// our own page it is sent, and whoever is signed in goes on at once.
if (password && byId("login-problem", HTMLElement).hidden) {
  void fetch("/desk/login", { cache: "no-store", redirect: "manual" }).then((answer) => {
    const next = form.elements.namedItem("next");
    if (answer.type === "opaqueredirect" && next instanceof HTMLInputElement && !sent) location.replace(next.value);
  }, () => {});
}
