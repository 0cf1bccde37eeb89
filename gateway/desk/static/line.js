// The line to the server, and the session on it: what is said when one of them is gone.
import { byId, el } from "../../web/static/dom.js";
import { get, whenSignedOut } from "./api.js";
import { ask } from "./dialogs.js";
import { movesOn } from "./sender.js";
import { t } from "./words.js";

const PATIENCE_MS = 2500;
const note = byId("connection", HTMLElement);
const lostWords = note.querySelector("span")?.textContent ?? "";
let lost = 0;
let over = false;

/** Say that the line is gone, when it stays so; or take it back. @param {boolean} yes */
export function connected(yes) {
  clearTimeout(lost);
  if (yes) {
    note.hidden = true;
    return;
  }
  lost = window.setTimeout(() => {
    note.hidden = false;
    note.querySelector("span")?.replaceChildren(navigator.onLine ? lostWords : t("connection_none"));
    if (!navigator.onLine) return;
    void get("/me").catch(() => {}); // a session that is over says so
  }, PATIENCE_MS);
}

/** The session is over, or somebody else's. @param {string} reason @param {() => void} stop the feed */
export function bye(reason, stop) {
  if (over) return;
  over = true;
  stop();
  movesOn();
  if (reason === "other") {
    location.reload();
    return;
  }
  const next = encodeURIComponent(location.pathname);
  void ask({
    title: t("session_over"),
    button: t("sign_in_again"),
    fields: [el("p", {}, t("session_over_hint"))],
    done: () => {
      location.assign(`/desk/login?next=${next}`);
      return new Promise(() => {});
    },
  }).then(() => {
    note.hidden = false;
  });
}

/** @param {() => void} stop the feed */
export function listen(stop) {
  whenSignedOut(() => bye("signed_out", stop));
}
