// Open log-ins, one's own or another's: device, network, last use; each can be ended.
import { el } from "../../web/static/dom.js";
import { get, remove } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { icon } from "./people.js";
import { moment, t } from "./words.js";

/** @typedef {{ id: string, device: string, place: string, created_at: string, seen_at: string, current: boolean }} Session */

/**
 * Fill a list. @param {HTMLElement} list @param {string} path of the sessions in the API
 * @param {HTMLElement} status
 */
export async function sessions(list, path, status) {
  try {
    show(list, path, status, (await get(path)).items);
  } catch (error) {
    status.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
}

/** @param {HTMLElement} list @param {string} path @param {HTMLElement} status @param {Session[]} found */
function show(list, path, status, found) {
  list.replaceChildren(...found.map((one) => row(one, () => void end(list, path, status, one))));
  status.textContent = found.length ? "" : t("sessions_nowhere");
}

/** @param {Session} one @param {() => void} act */
function row(one, act) {
  const device = one.device || t("session_unknown");
  const place = one.place === "local" ? t("session_local") : one.place;
  const about = [place, t("session_begun", { time: moment(one.created_at) })].filter(Boolean).join(" · ");
  return el(
    "li",
    {},
    el("span", { class: "user-words" }, el("b", {}, one.current ? `${device} (${t("session_here")})` : device), el("small", {}, about), el("small", {}, t("session_seen", { time: moment(one.seen_at) }))),
    !one.current && el("span", { class: "user-acts" }, el("button", { class: "button quiet", type: "button", "aria-label": t("session_end_of", { device }), onclick: act }, icon("web:lock"), t("session_end"))),
  );
}

/** @param {HTMLElement} list @param {string} path @param {HTMLElement} status @param {Session} one */
async function end(list, path, status, one) {
  try {
    show(list, path, status, (await remove(`${path}/${one.id}`)).items);
    toast(t("session_ended"));
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
}
