// What is done with a policy: registering it, delivering its certificate, ending it.
import { el, filled } from "../../web/static/dom.js";
import { Failure, newKey, post, upload } from "./api.js";
import { ask, field, toast, trouble } from "./dialogs.js";
import { ACCEPTED, LARGEST } from "./files.js";
import { channelName, icon, nameOf, productName } from "./people.js";
import { w } from "./policywords.js";
import { moment, now, setup } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {import("./model.js").Contact} Contact */
/** @typedef {import("./policies.js").Policy} Policy */
/** @typedef {import("./policies.js").Delivery} Delivery */
/** @typedef {import("./policies.js").Held} Held */

const REASONS = /** @type {const} */ (["customer", "insurer", "replaced", "sold", "death", "mistake", "other"]);

/** Today at the agency, and other days, as a date field has them. @param {number} [ahead] days @param {number} [years] */
function date(ahead = 0, years = 0) {
  const today = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: setup.timezone }).format(now());
  const at = new Date(`${today}T00:00:00Z`);
  at.setUTCFullYear(at.getUTCFullYear() + years);
  at.setUTCDate(at.getUTCDate() + ahead);
  return at.toISOString().slice(0, 10);
}

/** Whether it was registered. @param {Conversation} one @param {Held[]} held what he has already */
export async function register(one, held) {
  const wanted = one.slots.product ?? "";
  const product = el("select", { name: "product", "aria-required": "true" }, el("option", { value: "" }, w("choose")), ...Object.entries(setup.products).map(([code, name]) => el("option", { value: code, selected: code === wanted }, name)));
  const known = [...new Set(held.map((each) => each.policy.insurer))];
  const list = el("datalist", { id: "policy-insurers" }, ...known.map((name) => el("option", { value: name })));
  const insurer = el("input", { name: "insurer", type: "text", maxlength: 120, "aria-required": "true", autocomplete: "off", list: list.id });
  const number = el("input", { name: "number", type: "text", maxlength: 64, "aria-required": "true", autocomplete: "off", autocapitalize: "characters", spellcheck: "false" });
  const starts = el("input", { name: "starts_on", type: "date", "aria-required": "true", value: date() });
  const ends = el("input", { name: "ends_on", type: "date", "aria-required": "true", value: date(-1, 1) });
  const premium = el("input", { name: "premium", type: "text", inputmode: "numeric", maxlength: 20, "aria-required": "true", autocomplete: "off" });
  const earlier = held.filter(({ policy }) => policy.state !== "cancelled").map(({ policy }) => el("option", { value: policy.id }, `${productName(policy.product)} · ${policy.number}`));
  const renews = el("select", { name: "renews" }, el("option", { value: "" }, w("renews_none")), ...earlier);
  const paper = el("input", { name: "file", type: "file", accept: ACCEPTED.split(",").filter((type) => type.endsWith("pdf")).join(","), "aria-required": "true" });
  starts.addEventListener("change", () => {
    if (starts.value && (!ends.value || ends.value < starts.value)) ends.value = starts.value;
  });
  premium.addEventListener("blur", () => {
    const given = amount(premium.value);
    if (given !== null) premium.value = new Intl.NumberFormat("vi-VN").format(given);
  });
  /** @type {{ file: File, id: string } | null} */
  let kept = null;
  let tried = { print: "", key: "" };
  const done = await ask({
    title: w("register_title", { name: nameOf(one) }),
    button: w("register"),
    fields: [
      list,
      field(w("product"), product),
      field(w("insurer"), insurer),
      el("div", { class: "two" }, field(w("number"), number), field(w("premium"), premium, w("premium_hint"))),
      el("div", { class: "two" }, field(w("starts_on"), starts), field(w("ends_on"), ends)),
      field(w("document"), paper, w("document_hint")),
      ...(earlier.length ? [field(w("renews"), renews, w("renews_hint"))] : []),
    ],
    done: async () => {
      const given = amount(premium.value);
      const file = paper.files?.[0];
      if (!product.value) throw trouble(w("wrong_product"));
      if (!insurer.value.trim()) throw trouble(w("wrong_insurer"));
      if (!number.value.trim()) throw trouble(w("wrong_number"));
      if (!starts.value || starts.value < date()) throw trouble(w("wrong_starts_on"));
      if (!ends.value || ends.value < starts.value) throw trouble(w("wrong_ends_on"));
      if (given === null) throw trouble(w("wrong_premium"));
      if (!file) throw trouble(w("wrong_document_id"));
      if (file.size > LARGEST) throw trouble(w("file_too_large"));
      try {
        if (kept?.file !== file) kept = { file, id: await sent(one, file) };
        const body = {
          conversation_id: one.id,
          product: product.value,
          insurer: insurer.value.trim(),
          number: number.value.trim(),
          starts_on: starts.value,
          ends_on: ends.value,
          premium: given,
          document_id: kept.id,
          ...(renews.value ? { renews: renews.value } : {}),
        };
        const print = JSON.stringify(body);
        if (tried.print !== print) tried = { print, key: newKey() };
        await post("/policies", body, { key: tried.key });
      } catch (error) {
        throw trouble(wrong(error));
      }
    },
  });
  if (done) toast(w("registered"));
  return done;
}

/** The PDF goes up; its id. @param {Conversation} one @param {File} file */
async function sent(one, file) {
  const form = new FormData();
  form.set("conversation_id", one.id);
  form.set("file", file, file.name);
  /** @type {string} */
  const id = (await upload("/files", form)).id;
  return id;
}

/** `480.700` is 480700; null for what is no amount. @param {string} text */
function amount(text) {
  const digits = text.replace(/[\s.,đ₫]/gu, "");
  return /^\d{1,13}$/.test(digits) ? Number(digits) : null;
}

/** Whether it is on its way. @param {Conversation} one @param {Policy} policy @param {Delivery[]} before @param {Contact | null} contact */
export async function deliver(one, policy, before, contact) {
  const point = contact?.points.find((each) => each.conversation_id === policy.conversation_id) ?? (policy.conversation_id === one.id ? one : null);
  const via = point ? `${channelName(point.channel)} · ${point.account}` : w("via_its_conversation");
  const again = before.find((way) => way.state !== "failed");
  const [address] = contact?.emails ?? [];
  const means = el("select", { name: "means" }, el("option", { value: "chat" }, via), ...(address ? [el("option", { value: "email" }, w("by_email", { address }))] : []));
  let tried = { means: "", key: "" };
  const done = await ask({
    title: w("deliver_title"),
    button: w("deliver"),
    fields: [
      el("p", {}, w("deliver_to")),
      el("dl", { class: "facts" }, fact(w("recipient"), el("b", {}, nameOf(one))), ...(address ? [] : [fact(w("channel"), via)]), fact(w("product"), productName(policy.product)), fact(w("number"), el("code", {}, policy.number))),
      ...(address ? [field(w("channel"), means)] : []),
      el("p", { class: "hint" }, w("deliver_only")),
      ...(again ? [el("p", { class: "missing" }, icon("web:info"), el("span", {}, w("deliver_twice", { time: moment(again.sent_at ?? again.created_at) })))] : []),
    ],
    done: async () => {
      try {
        if (tried.means !== means.value) tried = { means: means.value, key: newKey() };
        await post(`/policies/${policy.id}/deliver`, { means: means.value }, { key: tried.key });
      } catch (error) {
        throw trouble(wrong(error));
      }
    },
  });
  if (done) toast(w("on_its_way"));
  return done;
}

/** Whether it was cancelled. @param {Policy} policy */
export async function cancel(policy) {
  const why = el("select", { name: "reason" }, ...REASONS.map((code) => el("option", { value: code }, w(`cancel_${code}`))));
  const done = await ask({
    title: w("cancel_title", { number: policy.number }),
    button: w("cancel_policy"),
    grave: true,
    fields: [el("p", {}, w("cancel_about")), field(w("cancel_why"), why)],
    done: async () => {
      try {
        await post(`/policies/${policy.id}/cancel`, { reason: why.value });
      } catch (error) {
        throw trouble(wrong(error));
      }
    },
  });
  if (done) toast(w("cancelled"));
  return done;
}

/** One line of a list of facts. @param {string} label @param {Node | string} value */
export function fact(label, value) {
  return el("div", {}, el("dt", {}, label), el("dd", {}, value));
}

/** What went wrong, for the person at the desk. @param {unknown} error */
export function wrong(error) {
  if (!(error instanceof Failure)) return w("wrong");
  const name = Object.keys(error.fields)[0];
  if (error.code === "invalid" && name) return w(`wrong_${name}`, {}, "") || filled(w("wrong_field"), { field: name });
  return w(`wrong_code_${error.code}`, {}, "") || error.words;
}
