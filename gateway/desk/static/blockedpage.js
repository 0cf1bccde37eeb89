// Whom we have blocked.
import { byId, el } from "../../web/static/dom.js";
import { get, post, whenSignedOut } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { channelName, icon } from "./people.js";
import { moment, t } from "./words.js";

/** @typedef {{ channel: string, account: string, conversation_id: string, name: string, at: string, by: import("./model.js").Person, why: string, tried_at: string | null }} Blocked */

const list = byId("blocked-list", HTMLElement);
const status = byId("blocked-status", HTMLElement);

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
void load();

async function load() {
  try {
    /** @type {Blocked[]} */
    const found = (await get("/blocked", { limit: 200 })).items;
    list.replaceChildren(...found.map(row));
    status.textContent = found.length ? "" : t("blocked_none");
  } catch (error) {
    status.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
}

/** @param {Blocked} one */
function row(one) {
  const name = one.name || t("nameless", { code: one.conversation_id.slice(-4) });
  const about = [t(`block_${one.why}`), `${one.by.name}, ${moment(one.at)}`, one.tried_at ? t("blocked_tried", { time: moment(one.tried_at) }) : ""].filter(Boolean).join(" · ");
  return el(
    "li",
    {},
    icon(`ch-${one.channel}`),
    el("span", { class: "user-words" }, el("a", { class: "link", href: `/desk/c/${one.conversation_id}` }, `${name} · ${channelName(one.channel)}`), el("small", {}, about)),
    el("span", { class: "user-acts" }, el("button", { class: "button quiet", type: "button", "aria-label": t("unblock_of", { name }), onclick: () => void free(one) }, t("unblock"))),
  );
}

/** @param {Blocked} one */
async function free(one) {
  try {
    await post(`/conversations/${one.conversation_id}/unblock`);
    toast(t("unblocked"));
    await load();
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
}
