// Blocking somebody, and listening to him again.
import { el } from "../../web/static/dom.js";
import { post } from "./api.js";
import { keep } from "./conversations.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { t } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */

const WHYS = /** @type {const} */ (["spam", "abuse", "fraud", "other"]);

/** @param {Conversation} one */
export async function blocking(one) {
  const choices = WHYS.map((why) => el("label", { class: "choice" }, el("input", { type: "radio", name: "why", value: why }), el("span", {}, el("b", {}, t(`block_${why}`)))));
  const note = el("textarea", { name: "note", rows: 2, maxlength: 2000 });
  const done = await ask({
    title: t("block_title"),
    button: t("block"),
    grave: true,
    fields: [el("p", {}, t("block_what")), el("fieldset", { class: "choices" }, el("legend", {}, t("block_why")), ...choices), field(t("close_note"), note)],
    done: async (form) => {
      const why = String(form.get("why") ?? "");
      if (!why) throw trouble(t("block_choose"));
      keep(await post(`/conversations/${one.id}/block`, { why, note: note.value.trim() }));
    },
  });
  if (done) toast(t("blocked_now"));
}

/** @param {Conversation} one */
export async function unblocking(one) {
  try {
    keep(await post(`/conversations/${one.id}/unblock`));
    toast(t("unblocked"));
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
}
