// The policies of the customer: what was issued, where each certificate is, how he answered.
import { el } from "../../web/static/dom.js";
import { get } from "./api.js";
import { section as showCases } from "./cases.js";
import { channelName, icon, isMine, may, productName } from "./people.js";
import { cancel, deliver, fact, register, wrong } from "./policyforms.js";
import { moment, now, setup } from "./words.js";
import { w } from "./policywords.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {import("./model.js").Contact} Contact */

/**
 * @typedef {object} Policy
 * @property {string} id
 * @property {string} number
 * @property {string} insurer
 * @property {string} product
 * @property {string} contact_id
 * @property {string} conversation_id
 * @property {string} starts_on
 * @property {string} ends_on
 * @property {number | null} premium
 * @property {string | null} document_id
 * @property {"issued" | "delivered" | "active" | "expired" | "cancelled"} state
 * @property {string} issued_at
 * @property {string | null} delivered_at
 * @property {boolean} masked
 *
 * @typedef {object} Delivery
 * @property {string} id
 * @property {"to_send" | "sent" | "delivered" | "confirmed" | "failed"} state
 * @property {string} route
 * @property {string} reason
 * @property {string} created_at
 * @property {string | null} sent_at
 * @property {string | null} delivered_at
 * @property {string | null} confirmed_at
 *
 * @typedef {object} Care
 * @property {string} id
 * @property {"received" | "survey" | "cooling_off" | "cooling_off_14" | "midterm" | "renewal_30" | "renewal_15" | "renewal_7" | "renewal_1" | "ended"} kind
 * @property {string} due_at
 * @property {"planned" | "sent" | "answered" | "skipped" | "expired" | "cancelled"} state
 * @property {string | null} reason
 * @property {string | null} answer
 * @property {string | null} comment
 * @property {string | null} sent_at
 * @property {string | null} answered_at
 *
 * @typedef {{ policy: Policy, deliveries: Delivery[], care: Care[] }} Held
 */

const SHOWN = 10;
const WAIT_MS = 400;
const SOON_MS = 45 * 86_400_000; // what is planned for later is not shown yet
const ALIVE = new Set(["issued", "delivered", "active"]);
const CHIEFS = new Set(["admin", "supervisor"]);

/** What is on the screen, of whom. */
const shown = {
  /** @type {HTMLElement | null} */ box: null,
  /** @type {Conversation | null} */ one: null,
  /** @type {Contact | null} */ contact: null,
  /** @type {Held[] | null} */ held: null,
  contactId: "",
  problem: "",
  print: "",
  turn: 0,
};

/**
 * The section of the panel; called whenever something of the conversation changed.
 * @param {HTMLElement} whole cases above, policies below @param {Conversation} one @param {Contact | null} contact
 */
export function section(whole, one, contact) {
  const [cases, box] = /** @type {[HTMLElement, HTMLElement]} */ ([whole.querySelector("#cases"), whole.querySelector("#policy-section")]);
  showCases(cases, one);
  const other = shown.contactId !== one.contact_id;
  Object.assign(shown, { box, one, contact, contactId: one.contact_id });
  if (!may("policy.read")) {
    box.hidden = true;
    return;
  }
  if (other) {
    Object.assign(shown, { held: null, problem: "", print: "" });
    void load();
  }
  draw();
}

let planned = 0;
addEventListener("desk-news", (event) => {
  const heard = /** @type {CustomEvent<[string, string][]>} */ (event).detail;
  if (shown.contactId && heard.some(([kind, id]) => concerns(kind, id))) later();
});

/** @param {string} kind @param {string} id */
function concerns(kind, id) {
  if (kind === "policy") return true; // perhaps a new one of his
  if (kind === "care") return (shown.held ?? []).some((each) => each.care.some((task) => task.id === id));
  return kind === "delivery" && (shown.held ?? []).some((each) => each.deliveries.some((way) => way.id === id));
}

function later() {
  clearTimeout(planned);
  planned = window.setTimeout(() => void load(), WAIT_MS);
}

async function load() {
  const turn = (shown.turn += 1);
  const contact = shown.contactId;
  try {
    /** @type {Policy[]} */
    const policies = (await get("/policies", { contact, limit: SHOWN })).items;
    const held = await Promise.all(
      policies.map(async (policy) => {
        const [deliveries, care] = await Promise.all([get(`/policies/${policy.id}/deliveries`), get("/care", { policy: policy.id })]);
        return { policy, deliveries: deliveries.items, care: care.items };
      }),
    );
    if (turn !== shown.turn) return;
    shown.held = held;
    shown.problem = "";
  } catch (error) {
    if (turn !== shown.turn) return;
    shown.problem = wrong(error);
  }
  draw();
}

function draw() {
  const { box, one, held } = shown;
  if (!box || !one) return;
  const print = JSON.stringify([one.id, one.masked, one.assignee, one.status, one.reachable, held, shown.problem]);
  if (print === shown.print) return;
  shown.print = print;
  const active = document.activeElement instanceof HTMLElement && box.contains(document.activeElement) ? document.activeElement.dataset["key"] : undefined;
  box.hidden = false;
  box.replaceChildren(
    el(
      "div",
      { class: "policies-head" },
      el("h3", {}, w("policies")),
      may("policy.edit") && !one.masked && free(one) && el("button", { class: "button quiet small", type: "button", "data-key": "add", onclick: () => void after(register(one, held ?? [])) }, icon("plus"), w("add")),
    ),
  );
  if (shown.problem) box.append(el("p", { class: "problem", role: "alert" }, shown.problem));
  else if (!held) box.append(el("p", { class: "hint" }, w("loading")));
  else if (!held.length) box.append(el("p", { class: "hint" }, w("none")));
  else box.append(el("ul", { class: "plain-list policy-list" }, ...held.map((each) => card(one, each))));
  if (active) /** @type {HTMLElement | null} */ (box.querySelector(`[data-key="${CSS.escape(active)}"]`))?.focus({ preventScroll: true });
}

/** Once something was done, what there is now. @param {Promise<boolean>} done */
async function after(done) {
  if (await done) void load();
}

/** Nobody has it, or I do, or I oversee. @param {Conversation} one */
function free(one) {
  return !one.assignee || isMine(one) || CHIEFS.has(setup.me.role);
}

// ---- what is seen

/** @param {Conversation} one @param {Held} held */
function card(one, { policy, deliveries, care }) {
  const alive = ALIVE.has(policy.state);
  const soon = care.filter((task) => task.state !== "planned" || Date.parse(task.due_at) - now() < SOON_MS);
  const under = deliveries.some((way) => way.state === "to_send" && !way.reason);
  const acts = may("policy.deliver") && alive && !policy.masked && free(one);
  return el(
    "li",
    { class: "policy", "data-policy": policy.id },
    el("div", { class: "policy-head" }, el("b", {}, productName(policy.product)), el("span", { class: `chip policy-${policy.state}` }, w(`state_${policy.state}`))),
    el(
      "dl",
      { class: "facts" },
      fact(w("number"), el("code", {}, policy.number)),
      fact(w("insurer"), policy.insurer),
      fact(w("term"), `${day(policy.starts_on)} – ${day(policy.ends_on)}`),
      policy.premium === null ? null : fact(w("premium"), money(policy.premium)),
      policy.document_id ? fact(w("document"), el("a", { class: "link", href: `/api/v1/files/${policy.document_id}`, download: "", "data-key": `document-${policy.id}` }, w("document_open"))) : null,
    ),
    el("ol", { class: "policy-steps", "aria-label": w("delivery") }, ...(deliveries.length ? deliveries.flatMap(steps) : [step("web:clock", w("not_sent_yet"), "")])),
    soon.length > 0 && el("ul", { class: "policy-care", "aria-label": w("care") }, ...soon.map(question)),
    acts &&
      el(
        "div",
        { class: "policy-acts" },
        el("button", { class: deliveries.length ? "button quiet small" : "button small", type: "button", disabled: under || !policy.document_id, "data-key": `deliver-${policy.id}`, onclick: () => void after(deliver(one, policy, deliveries, shown.contact)) }, icon("web:send"), w(deliveries.length ? "deliver_again" : "deliver")),
        may("policy.edit") && el("button", { class: "button quiet small", type: "button", "data-key": `cancel-${policy.id}`, onclick: () => void after(cancel(policy)) }, w("cancel_policy")),
      ),
  );
}

/** The way of one delivery, as far as it came. @param {Delivery} way */
function steps(way) {
  const via = channelName(way.route.split(":")[0] ?? "");
  const found = [];
  if (way.sent_at) found.push(step("web:send", w("step_sent", { channel: via }), way.sent_at));
  else if (way.state === "to_send") found.push(step("web:clock", way.reason ? reason(way.reason) : w("step_to_send", { channel: via }), way.created_at));
  if (way.delivered_at && way.delivered_at !== way.confirmed_at) found.push(step("web:check", w("step_delivered"), way.delivered_at));
  if (way.confirmed_at) found.push(step("web:check", w("step_confirmed"), way.confirmed_at));
  if (way.state === "failed") found.push(step("web:alert", w("step_failed", { reason: reason(way.reason) }), way.created_at, "bad"));
  else if (way.reason && way.sent_at) found.push(step("web:alert", reason(way.reason), "", "bad"));
  return found;
}

/** @param {string} sign @param {string} words @param {string} at @param {string} [mood] */
function step(sign, words, at, mood = "") {
  return el("li", { class: mood }, icon(sign), el("span", {}, words, ...(at ? [" ", el("small", {}, `· ${moment(at)}`)] : [])));
}

/** A question of the care plan and what came of it. @param {Care} task */
function question(task) {
  const asked = w(`care_${task.kind}`);
  const answer = task.answer ? (task.kind === "survey" ? w("score", { n: task.answer }) : w(`answer_${task.answer}`)) : "";
  const said = {
    planned: () => w("care_planned", { time: moment(task.due_at) }) + (task.reason ? ` (${reason(task.reason)})` : ""),
    sent: () => w("care_sent", { time: moment(task.sent_at ?? task.due_at) }),
    answered: () => `${answer} · ${moment(task.answered_at ?? task.due_at)}`,
    skipped: () => w("care_skipped", { reason: reason(task.reason ?? "") }),
    expired: () => w("care_skipped", { reason: reason(task.reason ?? "") }),
    cancelled: () => w("care_skipped", { reason: reason(task.reason ?? "") }),
  }[task.state]();
  const low = task.kind === "survey" && (task.answer === "1" || task.answer === "2");
  return el("li", { class: low || task.answer === "not_received" || task.answer === "wrong_info" ? "bad" : "", "data-care": task.kind }, el("b", {}, asked), el("span", {}, said), task.comment ? el("q", {}, el("bdi", {}, task.comment)) : null);
}

/** @param {string} code */
function reason(code) {
  const known = w(`why_${code.replace(/^not sent: /, "").replaceAll(/\W/g, "_")}`, {}, "");
  return known || code || w("why_unknown");
}

/** `2026-11-22` as people write it. @param {string} iso */
function day(iso) {
  return iso.split("-").reverse().join("/");
}

/** @param {number} vnd */
function money(vnd) {
  return `${new Intl.NumberFormat("vi-VN").format(vnd)} đ`;
}

// A style sheet of its own, from beside this module.
document.head.append(el("link", { rel: "stylesheet", href: new URL("policies.css", import.meta.url).href }));
