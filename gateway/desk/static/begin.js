// Writing first to somebody whom we know: by which of his ways, and why not by the others.
import { el } from "../../web/static/dom.js";
import { get, post } from "./api.js";
import { keep } from "./conversations.js";
import { ask, field, trouble, wordsOf } from "./dialogs.js";
import { channelName, icon } from "./people.js";
import { has, t, when } from "./words.js";

/** @typedef {{ channel: string, account: string, thread: string, conversation_id: string | null, last_inbound_at: string | null, open: boolean, why: string, until: string | null }} Way */

/** @param {import("./model.js").Contact} contact @param {(id: string) => void} open */
export async function beginning(contact, open) {
  const list = el("fieldset", { class: "choices" }, el("legend", {}, t("begin_by")), el("p", { class: "hint", role: "status" }, t("loading")));
  const words = el("textarea", { name: "words", rows: 3, maxlength: 4000, required: true });
  /** @type {Way[]} */
  let ways = [];
  void get(`/contacts/${contact.id}/ways`).then(
    (found) => {
      ways = found.items;
      const first = ways.findIndex((way) => way.open);
      list.replaceChildren(el("legend", {}, t("begin_by")), ...ways.map((way, at) => choice(way, at, at === first)));
      if (first < 0) list.append(el("p", { class: "problem", role: "status" }, t(found.call ? "begin_none_call" : "begin_none")));
    },
    (error) => list.replaceChildren(el("legend", {}, t("begin_by")), el("p", { class: "problem", role: "alert" }, wordsOf(error))),
  );
  let made = "";
  const done = await ask({
    title: t("begin"),
    button: t("send"),
    fields: [list, field(t("begin_words"), words)],
    done: async (form) => {
      const way = ways[Number(form.get("way") ?? -1)];
      if (!way) throw trouble(t("begin_choose"));
      if (!words.value.trim()) throw trouble(t("begin_empty"));
      const one = await post("/conversations", { point: { channel: way.channel, account: way.account, thread: way.thread }, text: words.value.trim() });
      keep(one);
      made = one.id;
    },
  });
  if (done && made) open(made);
}

/** @param {Way} way @param {number} at @param {boolean} chosen */
function choice(way, at, chosen) {
  const about = way.open ? (way.last_inbound_at ? t("last_wrote", { time: when(way.last_inbound_at) }) : "") : why(way.why);
  return el(
    "label",
    { class: `choice${way.open ? "" : " shut"}` },
    el("input", { type: "radio", name: "way", value: at, checked: chosen, disabled: !way.open }),
    icon(`ch-${way.channel}`),
    el("span", {}, el("b", {}, `${channelName(way.channel)} · ${way.account}`), about && el("small", {}, about)),
  );
}

/** @param {string} reason */
export function why(reason) {
  const named = `window_${reason.replaceAll(/\W/g, "_")}`;
  return has(named) ? t(named) : t("error_window_closed");
}
