// One's own password.
import { byId } from "../../web/static/dom.js";
import { Failure, post, whenSignedOut } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import "./factor.js";
import { sessions } from "./sessions.js";
import { t } from "./words.js";

const form = byId("password-form", HTMLFormElement);
const problem = byId("problem", HTMLElement);
const current = byId("current", HTMLInputElement);
const wanted = byId("new", HTMLInputElement);
const again = byId("again", HTMLInputElement);
const save = byId("save", HTMLButtonElement);
const SHORTEST = 15;

whenSignedOut(() => location.assign("/desk/login?next=/desk/account"));

const list = byId("sessions", HTMLElement);
const listed = byId("sessions-status", HTMLElement);
void sessions(list, "/me/sessions", listed);
byId("sessions-end", HTMLButtonElement).addEventListener("click", async () => {
  try {
    const { ended } = await post("/me/sessions/end");
    toast(ended ? t("sessions_ended", { count: String(ended) }) : t("sessions_none_else"));
    void sessions(list, "/me/sessions", listed);
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (save.hasAttribute("aria-busy")) return;
  const wrong = !current.value ? t("password_current_missing") : Array.from(wanted.value).length < SHORTEST ? t("password_short") : wanted.value !== again.value ? t("password_differs") : "";
  if (wrong) {
    say(wrong, !current.value ? current : wanted.value === again.value ? wanted : again);
    return;
  }
  save.setAttribute("aria-busy", "true");
  problem.hidden = true;
  try {
    await post("/me/password", { current: current.value, new: wanted.value });
    form.reset();
    const onwards = document.getElementById("account-next")?.getAttribute("href") ?? "/desk/";
    if (onwards === "/desk/") toast(t("password_changed"));
    else toast(t("password_changed"), "good", { words: t("go_on"), press: () => location.assign(onwards) }); // to what he came for
    void sessions(list, "/me/sessions", listed);
    document.querySelector(".offer-note")?.remove();
  } catch (error) {
    const fields = error instanceof Failure ? error.fields : {};
    if (fields["current"]) say(t("password_not_right"), current);
    else if (fields["new"]) say(t("password_weak"), wanted);
    else say(wordsOf(error), current);
  } finally {
    save.removeAttribute("aria-busy");
  }
});

/** @param {string} words @param {HTMLInputElement} input */
function say(words, input) {
  problem.textContent = words;
  problem.hidden = false;
  input.focus();
}
