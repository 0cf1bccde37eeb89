// What an advisor said, put right or taken back: where the platform lets us, and not for ever.
import { el } from "../../web/static/dom.js";
import { Failure, post } from "./api.js";
import { refresh } from "./conversations.js";
import { ask, field, toast, trouble } from "./dialogs.js";
import { icon, may } from "./people.js";
import { has, now, setup, t } from "./words.js";

/** @typedef {import("./model.js").Message} Message */

const CHIEFS = new Set(["admin", "supervisor"]);

/** Buttons under a message of ours. @param {Message} one */
export function retelling(one) {
  const mine = one.advisor?.id === setup.me.id || CHIEFS.has(setup.me.role);
  if (one.direction !== "outbound" || one.author !== "advisor" || !mine || one.taken_back || !may("retell")) return [];
  if (!one.may_retell || now() >= Date.parse(one.may_retell)) return [];
  const button = (/** @type {string} */ words, /** @type {string} */ sign, /** @type {() => void} */ press) => el("button", { class: "retell", type: "button", "aria-label": words, title: words, onclick: press }, icon(sign));
  return [one.attachments.length ? null : button(t("retell"), "pencil", () => void editing(one)), button(t("unsend"), "web:trash", () => void unsending(one))].filter((each) => each !== null);
}

/** @param {Message} one */
async function editing(one) {
  const box = el("textarea", { name: "text", rows: 4, maxlength: 16_000, required: true });
  box.value = one.text;
  const done = await ask({
    title: t("retell_title"),
    button: t("save"),
    fields: [field(t("retell_words"), box, t("retell_hint"))],
    done: async () => {
      const text = box.value.trim();
      if (!text) throw trouble(t("retell_empty"));
      if (text !== one.text.trim()) await sent(one, "edit", { text });
    },
  });
  if (done) toast(t("retell_done"));
}

/** @param {Message} one */
async function unsending(one) {
  const done = await ask({ title: t("unsend_title"), button: t("unsend"), grave: true, fields: [el("p", {}, t("unsend_what")), el("blockquote", {}, one.text)], done: () => sent(one, "unsend", {}) });
  if (done) toast(t("unsend_done"));
}

/** @param {Message} one @param {"edit" | "unsend"} deed @param {object} body */
async function sent(one, deed, body) {
  try {
    await (deed === "edit" ? post(`/conversations/${one.conversation_id}/messages/${one.id}/edit`, body) : post(`/conversations/${one.conversation_id}/messages/${one.id}/unsend`));
    refresh([one.conversation_id]);
  } catch (error) {
    const why = error instanceof Failure ? error.fields["reason"] : "";
    throw why && has(`retell_${why}`) ? trouble(t(`retell_${why}`)) : error;
  }
}
