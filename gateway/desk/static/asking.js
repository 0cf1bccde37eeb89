// What is known of a customer: put right, with what stood there before; asked for in the chat or by a form.
import { el } from "../../web/static/dom.js";
import { Failure, get, patch, post } from "./api.js";
import { keep } from "./conversations.js";
import { ask, field, toast, trouble } from "./dialogs.js";
import { icon, may, productName } from "./people.js";
import { has, moment, setup, t } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {{ id: string, field: string, before: unknown, after: unknown, source: "desk" | "form", by: import("./model.js").Person, at: string }} Change */
/** @typedef {{ id: string, kind: "form" | "move", fields: string[], account: string, by: import("./model.js").Person, created_at: string, expires_at: string, opened_at: string | null, used_at: string | null }} Ticket */

const CHAT = /** @type {const} */ (["name", "phone", "email", "need", "time", "province"]);
const FORM = /** @type {const} */ (["dob", "gender", "nationality", "id_number", "id_issue_date", "id_expiry", "residence", "mailing_address", "plate", "chassis_no", "engine_no", "vehicle_kind", "use", "seats", "payload_t", "term_years", "occupation", "email"]);
/** What may be put right by hand. */
export const FIELDS = new Set(["name", "phone", "email", "province", "need", "product", "occupation", "plate", "dob", "gender", "nationality", "id_number", "id_issue_date", "id_expiry", "residence", "mailing_address", "chassis_no", "engine_no", "vehicle_kind", "use", "seats", "payload_t", "term_years"]);

/** @param {string} name */
export const fieldName = (name) => (has(`slot_${name}`) ? t(`slot_${name}`) : has(`field_${name}`) ? t(`field_${name}`) : name);

/** @param {Conversation} one @param {string} name @param {string} value */
export async function correcting(one, name, value) {
  const box =
    name === "product"
      ? el("select", { name: "value" }, ...Object.keys(setup.products).map((code) => el("option", { value: code, selected: code === value }, productName(code))))
      : name === "need"
        ? el("textarea", { name: "value", rows: 3, maxlength: 2000 })
        : el("input", { name: "value", type: "text", maxlength: 300, autocomplete: "off", inputmode: name === "phone" ? "tel" : name === "email" ? "email" : "text" });
  box.value = value;
  const done = await ask({
    title: t("correct_title", { field: fieldName(name) }),
    button: t("save"),
    fields: [field(fieldName(name), box, t("correct_hint"))],
    done: async () => {
      if (!box.value.trim()) throw trouble(t("wrong_empty"));
      try {
        keep(await patch(`/conversations/${one.id}/slots`, { field: name, value: box.value.trim() }));
      } catch (error) {
        const why = error instanceof Failure ? error.fields["value"] : "";
        throw why ? trouble(t(has(`wrong_${why}`) ? `wrong_${why}` : "wrong_value")) : error;
      }
    },
  });
  if (done) toast(t("saved"));
  return done;
}

/** @param {string} words @param {() => void} press @param {string} key */
export function pencil(words, press, key) {
  return el("button", { class: "icon-button small", type: "button", "data-key": key, "aria-label": words, title: words, onclick: press }, icon("pencil"));
}

/** Ask the customer: a question in the chat, or a form for what must not stand there. @param {Conversation} one */
export async function asking(one) {
  const known = /** @type {Record<string, unknown>} */ (one.slots);
  const chat = CHAT.map((name) => el("label", { class: "choice" }, el("input", { type: "radio", name: "what", value: `chat:${name}` }), el("span", {}, el("b", {}, t(`ask_${name}`)), known[name] ? el("small", {}, t("ask_known")) : null)));
  const boxes = FORM.map((name) => el("label", { class: "tick" }, el("input", { type: "checkbox", name: "field", value: name }), el("span", {}, fieldName(name))));
  const form = el("fieldset", { class: "ticks" }, el("legend", {}, t("ask_form")), el("p", { class: "hint" }, t("ask_form_hint")), ...boxes);
  const chats = el("fieldset", { class: "choices" }, el("legend", {}, t("ask_chat")), ...chat);
  let sent = "";
  let asked = ""; // in the chat, and only the form did not go: it is not asked twice
  const done = await ask({
    title: t("askfor"),
    button: t("send"),
    fields: [chats, form],
    done: async (given) => {
      const fields = given.getAll("field").map(String);
      const what = String(given.get("what") ?? "").replace("chat:", "");
      if (!fields.length && !what) throw trouble(t("ask_choose"));
      if (what && what !== asked) keep(await post(`/conversations/${one.id}/ask`, { field: what }));
      asked = what;
      if (fields.length) keep(await post(`/conversations/${one.id}/forms`, { fields }));
      sent = fields.length ? "ask_form_sent" : "ask_sent";
    },
  });
  if (done) toast(t(sent));
}

/** @param {string} conversation @returns {Promise<{ changes: Change[], tickets: Ticket[] }>} */
export async function historyOf(conversation) {
  const [changes, tickets] = await Promise.all([get(`/conversations/${conversation}/changes`), get(`/conversations/${conversation}/tickets`)]);
  return { changes: changes.items, tickets: tickets.items };
}

/** Who put a value right, when, and what stood there before. @param {Change[]} changes @param {Ticket[]} tickets */
export function history(changes, tickets) {
  if (!changes.length && !tickets.length) return null;
  const said = (/** @type {unknown} */ value, /** @type {string} */ name) => (value === null || value === undefined || value === "" ? t("change_nothing") : name === "product" ? productName(String(value)) : String(value));
  const items = changes.map((each) =>
    el("li", { class: "change" }, el("b", {}, fieldName(each.field)), el("span", {}, el("s", {}, said(each.before, each.field)), " → ", el("bdi", {}, said(each.after, each.field))), el("small", {}, `${t(each.source === "form" ? "change_form" : "change_desk", { name: each.by.name })} · ${moment(each.at)}`)),
  );
  const doors = tickets.map((each) => {
    const state = each.used_at ? t("ticket_used", { time: moment(each.used_at) }) : Date.parse(each.expires_at) < Date.now() ? t("ticket_over") : each.opened_at ? t("ticket_opened") : t("ticket_sent");
    const what = each.kind === "form" ? t("ticket_form", { fields: each.fields.map(fieldName).join(", ") }) : t("ticket_move", { account: each.account });
    return el("li", { class: "change" }, el("b", {}, what), el("small", {}, `${each.by.name} · ${state}`));
  });
  return el("section", { class: "changes" }, el("details", { "data-key": "changes" }, el("summary", {}, t("changes")), el("ul", { class: "plain-list" }, ...items, ...doors)));
}

/** @param {Conversation} one */
export const mayCorrect = (one) => may("correct") && !one.masked;
