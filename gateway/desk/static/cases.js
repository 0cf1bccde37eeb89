// The cases of the open conversation: a policy on its way to its issue, what it still lacks, and its next step.
import { el } from "../../web/static/dom.js";
import { Failure, get, post } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { missed } from "./missed.js";
import { icon, isMine, may, productName } from "./people.js";
import { moment, setup, t } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/**
 * @typedef {object} Case
 * @property {string} id
 * @property {string} product
 * @property {string} insurer
 * @property {string} state
 * @property {string[]} missing
 * @property {number | null} premium
 * @property {string} form
 * @property {string} starts_on
 * @property {string} reason
 * @property {string | null} send_by
 * @property {boolean} late
 * @property {string[]} may
 */

const CHIEFS = new Set(["admin", "supervisor"]);
const GRAVE = new Set(["withdraw", "reject", "hold"]);
const WAIT_MS = 400;
const FORMS = ["electronic", "hard_copy", "both"];

const shown = {
  /** @type {HTMLElement | null} */ box: null,
  /** @type {Conversation | null} */ one: null,
  /** @type {Case[] | null} */ cases: null,
  /** @type {unknown} */ problem: null,
  id: "",
  print: "",
  drawn: "",
  turn: 0,
};
let planned = 0;
let acting = false; // a second tap is not a second step

/** The section of the panel; called whenever something of the conversation changed. @param {HTMLElement} box @param {Conversation} one */
export function section(box, one) {
  box.hidden = !may("case.read");
  if (box.hidden) return;
  const other = shown.id !== one.id;
  // what is captured of him fills the checklist, who has him may act; not every word of his asks the server
  const print = JSON.stringify([one.slots, one.assignee, one.status, one.stage, one.masked, one.contact_id]);
  const changed = other || shown.print !== print;
  Object.assign(shown, { box, one, id: one.id, print });
  if (other) Object.assign(shown, { cases: null, problem: null });
  if (changed) void load();
  draw();
}

addEventListener("desk-news", (event) => {
  const heard = /** @type {CustomEvent<[string, string][]>} */ (event).detail;
  if (!shown.id || !heard.some(([kind]) => kind === "case" || kind === "policy")) return;
  clearTimeout(planned);
  planned = window.setTimeout(() => void load(), WAIT_MS);
});

async function load() {
  const turn = (shown.turn += 1);
  try {
    const found = (await get("/cases", { conversation: shown.id, limit: 10 })).items;
    if (turn === shown.turn) Object.assign(shown, { cases: found, problem: null });
  } catch (error) {
    if (turn === shown.turn) shown.problem = error;
  }
  if (turn === shown.turn) draw();
}

/** @param {Conversation} one */
const free = (one) => !one.assignee || isMine(one) || CHIEFS.has(setup.me.role);

function draw() {
  const { box, one, cases, problem } = shown;
  if (!box || !one) return;
  const edits = may("case.edit") && !one.masked && free(one);
  const drawn = JSON.stringify([one.id, edits, one.slots.product, cases, problem && wordsOf(problem)]);
  if (drawn === shown.drawn && box.childElementCount) return;
  shown.drawn = drawn;
  const active = document.activeElement instanceof HTMLElement && box.contains(document.activeElement) ? document.activeElement.dataset["key"] : undefined;
  box.replaceChildren(
    el(
      "div",
      { class: "policies-head" },
      el("h3", {}, t("cases")),
      edits && cases && el("button", { class: "button quiet small", type: "button", "data-key": "add-case", onclick: () => void begin(one) }, icon("plus"), t("case_add")),
    ),
    ...(problem === null ? [] : [missed(problem, () => void load(), "cases-again")]),
    ...(problem !== null && !cases ? [] : [list(cases, edits)]),
  );
  if (active) /** @type {HTMLElement | null} */ (box.querySelector(`[data-key="${CSS.escape(active)}"]`))?.focus({ preventScroll: true });
}

/** @param {Case[] | null} cases null: not read yet @param {boolean} edits */
function list(cases, edits) {
  return cases?.length ? el("ul", { class: "plain-list policy-list" }, ...cases.map((each) => card(each, edits))) : el("p", { class: "hint" }, t(cases ? "cases_none" : "cases_loading"));
}

/** @param {Case} one @param {boolean} edits */
function card(one, edits) {
  const told = [
    one.insurer,
    one.premium === null || !one.premium ? "" : `${new Intl.NumberFormat("vi-VN").format(one.premium)} đ`,
    one.form ? t(`case_form_${one.form}`) : "",
  ].filter(Boolean);
  const early = ["requested", "info_complete", "incomplete"].includes(one.state);
  return el(
    "li",
    { class: "policy", "data-case": one.id },
    el("div", { class: "policy-head" }, el("b", {}, productName(one.product)), el("span", { class: "chip" }, t(`case_state_${one.state}`))),
    told.length > 0 && el("p", { class: "hint" }, told.join(" · ")),
    early && one.missing.length > 0 && el("p", { class: "hint" }, t("case_missing", { fields: one.missing.map((name) => t(`case_field_${name}`)).join(", ") })),
    one.state === "agreed" && one.send_by && el("p", { class: one.late ? "problem" : "hint" }, t(one.late ? "case_late" : "case_send_by", { time: moment(one.send_by) })),
    one.reason && el("p", { class: "hint" }, one.reason),
    edits &&
      one.may.length > 0 &&
      el(
        "div",
        { class: "policy-acts" },
        ...one.may.map((act, at) =>
          el("button", { class: at || GRAVE.has(act) ? "button quiet small" : "button small", type: "button", "data-key": `${act}-${one.id}`, onclick: () => void perform(one, act) }, t(`case_${act}`)),
        ),
      ),
  );
}

/** @param {Conversation} one */
async function begin(one) {
  const wanted = one.slots.product ?? "";
  const product = el("select", { name: "product" }, el("option", { value: "" }, t("case_choose")), ...Object.entries(setup.products).map(([code, name]) => el("option", { value: code, selected: code === wanted }, name)));
  const insurer = el("input", { name: "insurer", type: "text", maxlength: 120, autocomplete: "off" });
  const done = await ask({
    title: t("case_add_title"),
    button: t("case_add"),
    fields: [field(t("case_product"), product), field(t("case_insurer"), insurer)],
    done: async () => {
      if (!product.value) throw trouble(t("case_choose"));
      await post("/cases", { conversation_id: one.id, product: product.value, insurer: insurer.value.trim() });
    },
  });
  if (done) void load();
}

/** @param {Case} one @param {string} act */
async function perform(one, act) {
  if (acting) return;
  acting = true;
  try {
    await taken(one, act);
  } catch (error) {
    toast(wordsOf(error), "bad");
  } finally {
    acting = false;
  }
}

/** @param {Case} one @param {string} act */
async function taken(one, act) {
  const fields = asked(act, act === "issue" ? await issued(one) : []);
  if (!fields.length) {
    try {
      await post(`/cases/${one.id}/${act}`, {});
    } catch (error) {
      toast(why(error), "bad");
    }
    void load();
    return;
  }
  const done = await ask({
    title: t(`case_${act}_title`),
    button: t(`case_${act}`),
    grave: GRAVE.has(act),
    fields: fields.map(({ label, node, hint }) => field(label, node, hint)),
    done: async () => {
      try {
        await post(`/cases/${one.id}/${act}`, Object.fromEntries(fields.map(({ name, read, node }) => [name, read(/** @type {HTMLInputElement} */ (node).value.trim())])));
      } catch (error) {
        throw trouble(why(error));
      }
    },
  });
  if (done) void load();
}

/**
 * What a step needs to be told.
 * @param {string} act @param {{ id: string, number: string }[]} policies
 * @returns {{ name: string, label: string, hint: string, node: HTMLElement, read: (text: string) => unknown }[]}
 */
function asked(act, policies) {
  const line = (/** @type {string} */ name, hint = "") => ({ name, label: t(`case_${name}`), hint, node: el("input", { name, type: "text", maxlength: 300, autocomplete: "off" }), read: (/** @type {string} */ text) => text });
  const evidence = line("evidence", t("case_evidence_hint"));
  switch (act) {
    case "declare":
      return [{ ...line("documents", t("case_documents_hint")), read: (text) => text.split(";").map((each) => each.trim()).filter(Boolean) }, evidence];
    case "agree":
      return [
        { ...line("premium"), node: el("input", { name: "premium", type: "text", inputmode: "numeric", maxlength: 20 }), read: (text) => Number(text.replace(/\D/g, "")) },
        { ...line("form"), node: el("select", { name: "form" }, ...FORMS.map((form) => el("option", { value: form }, t(`case_form_${form}`)))) },
        { ...line("starts_on"), node: el("input", { name: "starts_on", type: "date" }) },
        evidence,
      ];
    case "issue":
      return [{ ...line("policy_id", t("case_policy_hint")), node: el("select", { name: "policy_id" }, ...policies.map(({ id, number }) => el("option", { value: id }, number))) }];
    case "decide":
      return [
        { ...line("decision"), node: el("select", { name: "decision" }, ...["continue", "end_service", "report"].map((one) => el("option", { value: one }, t(`case_decision_${one}`)))) },
        line("reason"),
      ];
    case "more":
    case "reject":
    case "withdraw":
    case "hold":
      return [line("reason")];
    default:
      return [];
  }
}

/** His policies of this product, to be tied to the case. Raises Failure. @param {Case} one */
async function issued(one) {
  const found = (await get("/policies", { conversation: shown.id, limit: 20 })).items;
  return found.filter((/** @type {{ product: string }} */ policy) => policy.product === one.product);
}

/** What is missing, by name, in words. @param {unknown} error */
function why(error) {
  const wrong = error instanceof Failure ? Object.keys(error.fields) : [];
  const named = wrong.map((name) => `case_wrong_${name}`).filter((name) => t(name) !== name).map((name) => t(name));
  const lacking = wrong.map((name) => `case_field_${name}`).filter((name) => t(name) !== name).map((name) => t(name));
  if (named.length) return named.join(" ");
  return lacking.length ? t("case_missing", { fields: lacking.join(", ") }) : wordsOf(error);
}
