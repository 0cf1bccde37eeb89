// The page of an invitation or a reset: shows what is typed on demand, and sends once.
import { byId } from "../../web/static/dom.js";

const form = document.getElementById("join-form");

if (form instanceof HTMLFormElement) {
  const password = byId("password", HTMLInputElement);
  const again = byId("again", HTMLInputElement);
  const reveal = byId("reveal", HTMLButtonElement);
  const go = byId("join-go", HTMLButtonElement);
  let sent = false;
  reveal.hidden = false;
  reveal.addEventListener("click", () => {
    const shown = password.type === "text";
    password.type = again.type = shown ? "password" : "text";
    reveal.setAttribute("aria-pressed", String(!shown));
    password.focus();
  });
  form.addEventListener("submit", (event) => {
    if (sent) event.preventDefault();
    sent = true;
    password.type = again.type = "password";
    go.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    sent = false;
    go.removeAttribute("aria-busy");
  });
}
