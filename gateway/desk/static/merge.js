// Two records of one person: found, merged with a reason, parted again.
import { el } from "../../web/static/dom.js";
import { get, post } from "./api.js";
import { refresh } from "./conversations.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { channelName, nameOf } from "./people.js";
import { t, when } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {import("./model.js").Contact} Contact */

const SHOWN = 8;
const PAUSE_MS = 250;

/** @param {Conversation} one */
export async function merging(one) {
  const list = el("fieldset", { class: "choices" }, el("legend", {}, t("merge_with")), el("p", { class: "hint", role: "status" }, t("merge_search_hint")));
  const search = el("input", { type: "search", name: "q", maxlength: 200, autocomplete: "off", spellcheck: "false" });
  const why = el("textarea", { name: "why", rows: 2, maxlength: 500 });
  const keep = el("fieldset", { class: "choices" }, el("legend", {}, t("merge_keep")), ...keeps());
  let timer = 0;
  let turn = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), PAUSE_MS);
  });
  const look = async () => {
    const q = search.value.trim();
    const mine = (turn += 1);
    if (!q) return;
    try {
      /** @type {Conversation[]} */
      const found = (await get("/conversations", { q, limit: 40 })).items;
      if (mine !== turn) return;
      const people = new Map(found.filter((each) => each.contact_id !== one.contact_id).map((each) => [each.contact_id, each]));
      const rows = [...people.values()].slice(0, SHOWN).map(choice);
      list.replaceChildren(el("legend", {}, t("merge_with")), ...(rows.length ? rows : [el("p", { class: "hint", role: "status" }, t("merge_none"))]));
    } catch (error) {
      list.replaceChildren(el("legend", {}, t("merge_with")), el("p", { class: "problem", role: "alert" }, wordsOf(error)));
    }
  };
  const done = await ask({
    title: t("merge"),
    button: t("merge_do"),
    fields: [el("p", {}, t("merge_what")), field(t("merge_search"), search), list, keep, field(t("merge_why"), why)],
    done: async (form) => {
      const other = String(form.get("other") ?? "");
      if (!other) throw trouble(t("merge_choose"));
      if (!why.value.trim()) throw trouble(t("merge_reason"));
      const [leaves, stays] = form.get("keep") === "other" ? [one.contact_id, other] : [other, one.contact_id];
      await post(`/contacts/${leaves}/merge`, { into: stays, why: why.value.trim() });
      refresh([one.id]);
    },
  });
  if (done) toast(t("merged_now"));
}

function keeps() {
  return ["this", "other"].map((value) => el("label", { class: "choice" }, el("input", { type: "radio", name: "keep", value, checked: value === "this" }), el("span", {}, el("b", {}, t(`merge_keep_${value}`)))));
}

/** @param {Conversation} each */
function choice(each) {
  return el("label", { class: "choice" }, el("input", { type: "radio", name: "other", value: each.contact_id }), el("span", {}, el("b", {}, nameOf(each)), el("small", {}, [channelName(each.channel), each.preview, when(each.last_message_at)].filter(Boolean).join(" · "))));
}

/** Undo the last merge. @param {Contact} contact @param {Conversation} one @param {() => void} again */
export async function parting(contact, one, again) {
  const done = await ask({ title: t("unmerge"), button: t("unmerge"), fields: [el("p", {}, t("unmerge_what"))], done: () => post(`/contacts/${contact.id}/unmerge`) });
  if (!done) return;
  toast(t("unmerged_now"));
  refresh([one.id]);
  again();
}
