// The head of the thread: whom it is with, where, and whose he is.
import { byId, el } from "../../web/static/dom.js";
import { conversation } from "./conversations.js";
import { channelName, face, icon, isMine, nameOf, stageName } from "./people.js";
import { blocked } from "./route.js";
import { t } from "./words.js";

let shown = "";
/** @param {string} id of the open conversation, or '' */
export function head(id) {
  const one = conversation(id);
  const print = one ? JSON.stringify([one.id, nameOf(one), one.stage, one.assignee, one.channel, one.account, one.test, blocked(one)]) : "";
  if (print === shown && one) return;
  shown = print;
  const name = byId("thread-name", HTMLElement);
  const about = byId("thread-about", HTMLElement);
  const box = byId("thread-face", HTMLElement);
  if (!one) {
    name.textContent = "";
    about.replaceChildren();
    box.replaceChildren();
    return;
  }
  name.textContent = nameOf(one);
  box.replaceChildren(face(one));
  const whose = one.assignee ? (isMine(one) ? t("yours") : t("held_by", { name: one.assignee.name })) : stageName(one);
  about.replaceChildren(
    el("span", { class: "where" }, `${channelName(one.channel)} · ${one.account}`),
    el("span", { class: `state ${one.status}${isMine(one) ? " own" : ""}` }, whose),
    ...(blocked(one) ? [el("span", { class: "chip chip-urgent" }, icon("ban"), t("is_blocked"))] : []),
    ...(one.test ? [el("span", { class: "chip chip-test" }, t("test"))] : []),
  );
}
