// Intake in the right column: by when to be in touch, what a form or a call said, tries, screening, possible doubles.
import { el } from "../../web/static/dom.js";
import { get, post } from "./api.js";
import { keep } from "./conversations.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { dueBy, haste } from "./due.js";
import { channelName, icon, may, productName } from "./people.js";
import { has, moment, phone, setup, span, t, when } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {import("./model.js").Double} Double */
/** @typedef {import("./model.js").Contact} Contact */

const RESULTS = /** @type {const} */ (["reached", "no_answer", "busy", "wrong_number"]);
const OUTCOMES = /** @type {const} */ (["need", "no_need", "spam"]);

/** @param {Conversation} one */
export function lead(one) {
  const told = one.lead ?? {};
  const rows = [
    row(t("slot_name"), told.name),
    row(t("slot_phone"), told.phone ? number(told.phone, one.masked) : told.phone_raw ? t("phone_unread", { value: told.phone_raw }) : null),
    row(t("slot_email"), told.email),
    row(t("slot_product"), told.product ? productName(told.product) : null),
    row(t("slot_need"), told.need ? el("bdi", { class: "need" }, told.need) : null),
    row(t("slot_province"), told.province),
    row(t("slot_callback_time"), told.callback_time ? span(told.callback_time.from, told.callback_time.to) : null),
  ].filter((each) => each !== null);
  return rows.length ? el("section", {}, el("h3", {}, t("lead")), el("dl", { class: "facts" }, ...rows), el("p", { class: "hint" }, t("lead_hint"))) : null;
}

/** @param {Conversation} one */
export function intake(one) {
  const open = one.status !== "closed";
  const tries = (one.attempts ?? []).map((each) =>
    el(
      "li",
      { class: `try ${each.result}` },
      icon(each.result === "reached" ? "web:check" : "ch-hotline"),
      el("span", {}, el("b", {}, each.number ? t("try_n", { n: each.number, result: t(`try_${each.result}`) }) : t(`try_${each.result}`)), el("small", {}, [each.by.name, when(each.at), each.note].filter(Boolean).join(" · "))),
    ),
  );
  const found = one.screening?.record;
  const about = found
    ? el("p", { class: "screened" }, icon("web:check"), el("span", {}, t(`screen_${found.outcome}`), el("small", {}, [found.by?.name ?? t("bot"), moment(found.at)].join(" · "))))
    : el("p", { class: one.screening?.needed ? "missing" : "hint" }, one.screening?.needed ? t("screen_needed") : t("screen_none"));
  const due = one.status === "waiting" && one.handoff?.due_at ? el("p", { class: `due ${haste(one.handoff.due_at)}` }, icon("web:clock"), dueBy(one.handoff.due_at)) : null;
  const acts = [
    open && may("attempt") && button("attempt", t("log_attempt"), () => void trying(one)),
    open && may("screen") && button("screen", t("screen"), () => void screening(one)),
    may("call.log") && button("call", t("log_call"), () => void calling(one)),
  ].filter((each) => each instanceof HTMLElement);
  if (!due && !tries.length && !found && !acts.length) return null;
  return el(
    "section",
    { class: "intake" },
    el("h3", {}, t("intake")),
    due,
    about,
    found && answers(found.answers),
    one.screening?.product_since && el("p", { class: "missing" }, icon("web:info"), el("span", {}, t("screen_since", { product: productName(one.screening.product_since) }))),
    one.next_attempt_at && el("p", { class: "hint" }, t("next_try", { time: moment(one.next_attempt_at) })),
    tries.length > 0 && el("ul", { class: "plain-list" }, ...tries),
    acts.length > 0 && el("div", { class: "intake-acts" }, ...acts),
  );
}

/** @param {string} key @param {string} words @param {() => void} press */
function button(key, words, press) {
  return el("button", { class: "button quiet small", type: "button", "data-key": key, onclick: press }, words);
}

/** @param {Record<string, unknown>} told */
function answers(told) {
  const rows = Object.entries(told).map(([key, value]) => {
    const shown = value === true ? t("answer_yes") : value === false ? t("answer_no") : key === "product" ? productName(String(value)) : key === "time" ? times(String(value)) : String(value);
    return row(has(`answer_${key}`) ? t(`answer_${key}`) : key, shown);
  });
  return el("dl", { class: "facts" }, ...rows.filter((each) => each !== null));
}

/** Two moments of the API, or words of a person. @param {string} value */
function times(value) {
  const [from = "", to = ""] = value.split("/");
  return Number.isNaN(Date.parse(from)) || !to ? value : span(from, to);
}

// ---- doubles

/** What is offered for this person. @param {string} contactId @returns {Promise<Double[]>} */
export async function doublesOf(contactId) {
  return may("contact.merge") ? (await get("/duplicates", { contact: contactId })).items : [];
}

/** @param {Double[]} offered @param {Contact} contact @param {(id: string) => void} open @param {() => void} decided */
export function doubles(offered, contact, open, decided) {
  const items = offered.map((each) => {
    const other = each.contacts.find((side) => side.id !== contact.id) ?? each.contacts[0];
    if (!other) return null;
    const where = other.points[0];
    const id = where?.conversation_id;
    const settle = async (/** @type {"accept" | "dismiss"} */ deed) => {
      try {
        await post(`/duplicates/${each.id}/${deed}`, deed === "accept" ? { into: contact.id } : {});
        toast(t(deed === "accept" ? "double_merged" : "double_dismissed"));
        decided();
      } catch (error) {
        toast(wordsOf(error), "bad");
      }
    };
    return el(
      "li",
      { class: "double" },
      el("b", {}, other.name || t("nameless", { code: other.id.slice(-4) })),
      el("small", {}, [t(`double_${each.reason}`), ...other.phones.map(phone), ...other.points.map((point) => channelName(point.channel))].join(" · ")),
      el(
        "div",
        { class: "intake-acts" },
        id && button(`open-${each.id}`, t("double_open"), () => open(id)),
        button(`same-${each.id}`, t("double_same"), () => void settle("accept")),
        button(`other-${each.id}`, t("double_other"), () => void settle("dismiss")),
      ),
    );
  });
  return items.length ? el("section", { class: "doubles" }, el("h3", {}, t("doubles")), el("p", { class: "hint" }, t("doubles_hint")), el("ul", { class: "plain-list" }, ...items.filter((each) => each !== null))) : null;
}

// ---- what a person writes down

/** @param {string} name @param {readonly string[]} values @param {string} words prefix of their texts @param {string} [chosen] */
function choices(name, values, words, chosen) {
  return values.map((value) => el("label", { class: "choice" }, el("input", { type: "radio", name, value, checked: value === chosen }), el("span", {}, el("b", {}, t(`${words}_${value}`)))));
}

/** @param {Conversation} one */
async function trying(one) {
  const note = el("textarea", { name: "note", rows: 2, maxlength: 2000 });
  const asked = el("fieldset", { class: "choices", hidden: true }, el("legend", {}, t("consent_read")), setup.consent && el("p", { class: "hint read-out" }, setup.consent), ...choices("consent", ["given", "refused"], "consent_state"));
  const results = el("fieldset", { class: "choices" }, el("legend", {}, t("try_result")), ...choices("result", RESULTS, "try"));
  results.addEventListener("change", () => {
    const reached = results.querySelector("input:checked");
    asked.hidden = !(reached instanceof HTMLInputElement && reached.value === "reached" && !consented(one));
  });
  const done = await ask({
    title: t("log_attempt"),
    button: t("save"),
    fields: [results, asked, field(t("close_note"), note)],
    done: async (form) => {
      if (!form.get("result")) throw trouble(t("try_choose"));
      const body = { result: String(form.get("result")), note: note.value.trim(), consent: asked.hidden ? "" : String(form.get("consent") ?? "") };
      keep(await post(`/conversations/${one.id}/attempts`, body));
    },
  });
  if (done) toast(t("saved"));
}

/** C1 was given: its values stand in the slots. @param {Conversation} one */
function consented(one) {
  return Boolean(one.slots.phone || one.slots.name) && !one.lead?.phone;
}

/** @param {Conversation} one */
async function screening(one) {
  const known = /** @type {Record<string, any>} */ ({ ...(one.screening?.prefill ?? {}), ...(one.screening?.record?.answers ?? {}) });
  const real = el("input", { type: "checkbox", name: "real_person", checked: known["real_person"] === true });
  const need = el("textarea", { name: "need", rows: 2, maxlength: 2000 }, known["need"] ?? "");
  const product = el("select", { name: "product" }, ...["", ...Object.keys(setup.products)].map((code) => el("option", { value: code, selected: code === (known["product"] ?? "") }, code ? productName(code) : t("answer_unknown"))));
  const area = el("input", { type: "text", name: "area", maxlength: 200, autocomplete: "off", value: known["area"] ?? "" });
  const time = el("input", { type: "text", name: "time", maxlength: 200, autocomplete: "off", value: known["time"] ? times(known["time"]) : "" });
  const insured = el("select", { name: "existing_policy" }, ...["", "yes", "no"].map((value) => el("option", { value, selected: value !== "" && known["existing_policy"] === (value === "yes") }, value ? t(`answer_${value}`) : t("answer_unknown"))));
  const reason = el("textarea", { name: "reason", rows: 2, maxlength: 2000 });
  const outcome = el("fieldset", { class: "choices" }, el("legend", {}, t("screen_outcome")), ...choices("outcome", OUTCOMES, "screen"));
  const done = await ask({
    title: t("screen"),
    button: t("save"),
    fields: [
      el("label", { class: "choice" }, real, el("span", {}, el("b", {}, t("answer_real_person")))),
      field(t("answer_need"), need),
      field(t("answer_product"), product, one.screening?.product_since ? t("screen_since", { product: productName(one.screening.product_since) }) : ""),
      el("div", { class: "two" }, field(t("answer_area"), area), field(t("answer_time"), time)),
      field(t("answer_existing_policy"), insured),
      outcome,
      field(t("screen_reason"), reason, t("screen_reason_hint")),
    ],
    done: async (form) => {
      const result = String(form.get("outcome") ?? "");
      if (!result) throw trouble(t("screen_choose"));
      if (result === "no_need" && !reason.value.trim()) throw trouble(t("screen_why"));
      if (result === "need" && !real.checked) throw trouble(t("screen_real"));
      if (result === "need" && !need.value.trim() && !product.value) throw trouble(t("screen_what"));
      const told = { real_person: real.checked, need: need.value.trim(), product: product.value, area: area.value.trim(), time: time.value.trim() };
      const body = { outcome: result, reason: reason.value.trim(), answers: { ...told, ...(insured.value ? { existing_policy: insured.value === "yes" } : {}) } };
      keep(await post(`/conversations/${one.id}/screening`, body));
    },
  });
  if (done) toast(t("saved"));
}

/** The fields of a call, and what they say. */
function callFields() {
  const answered = el("fieldset", { class: "choices" }, el("legend", {}, t("call_how")), ...choices("answered", ["yes", "no"], "call_answered", "yes"));
  const direction = el("select", { name: "direction" }, ...["inbound", "outbound"].map((value) => el("option", { value }, t(`call_${value}`))));
  const minutes = el("input", { type: "number", name: "minutes", min: 0, max: 1440, step: 1, inputmode: "numeric", value: "" });
  const note = el("textarea", { name: "note", rows: 2, maxlength: 2000 });
  const said = (/** @type {FormData} */ form) => ({
    direction: direction.value,
    answered: form.get("answered") !== "no",
    duration_s: Math.min(86_400, Math.max(0, Math.round(Number(minutes.value) * 60) || 0)),
    note: note.value.trim(),
  });
  return { fields: [field(t("call_direction"), direction), answered, field(t("call_minutes"), minutes), field(t("close_note"), note)], said };
}

/** @param {Conversation} one */
async function calling(one) {
  const { fields, said } = callFields();
  const done = await ask({
    title: t("log_call"),
    button: t("save"),
    fields,
    done: async (form) => void keep(await post(`/conversations/${one.id}/calls`, said(form))),
  });
  if (done) toast(t("saved"));
}

/** A call of a number that may be new to us. @param {(id: string) => void} open its conversation */
export async function logCaller(open) {
  const { fields, said } = callFields();
  const from = el("input", { name: "phone", type: "tel", maxlength: 40, autocomplete: "off", inputmode: "tel", required: true });
  const name = el("input", { name: "name", type: "text", maxlength: 80, autocomplete: "off" });
  let made = "";
  const done = await ask({
    title: t("log_call"),
    button: t("save"),
    fields: [field(t("slot_phone"), from, t("phone_hint")), field(t("slot_name"), name), ...fields],
    done: async (form) => {
      const called = name.value.trim();
      const one = await post("/calls", { ...said(form), phone: from.value.trim(), ...(called ? { name: called } : {}) });
      keep(one);
      made = one.id;
    },
  });
  if (done) open(made);
}

/** @param {string} label @param {...(Node | string | null | undefined)} values */
function row(label, ...values) {
  const given = values.filter((value) => value !== null && value !== undefined && value !== "");
  return given.length ? el("div", {}, el("dt", {}, label), el("dd", {}, ...given)) : null;
}

/** @param {string} value @param {boolean} masked */
function number(value, masked) {
  return masked || value.includes("*") ? el("span", {}, phone(value)) : el("a", { class: "link", href: `tel:${value}` }, phone(value));
}
