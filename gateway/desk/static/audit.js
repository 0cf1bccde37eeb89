// The audit: who did what to which object. Ids and names of fields, never values.
import { byId, el } from "../../web/static/dom.js";
import { get, whenSignedOut } from "./api.js";
import { fieldWords, sourceWords } from "./auditwords.js";
import { wordsOf } from "./dialogs.js";
import { has, moment, t } from "./words.js";

/**
 * @typedef {object} Line
 * @property {string} id
 * @property {string} at
 * @property {string} actor
 * @property {string} actor_name
 * @property {string} action
 * @property {string} object_type
 * @property {string} object_id
 * @property {string} object_name
 * @property {string[]} fields
 * @property {string} result
 * @property {string} source
 * @property {boolean} chained
 */

const GROUPS = /** @type {const} */ ([
  "sign_in", "session", "second_factor", "user", "token", "reveal", "conversation", "message", "contact", "contact_point", "policy", "file", "document", "task", "later",
  "canned", "filter", "routing", "team", "shift", "holiday", "bot", "account", "webhook", "key", "erasure", "held", "person", "privacy", "export",
]);
const PAGE = 50;
const form = byId("audit-ask", HTMLFormElement);
const who = byId("audit-who", HTMLSelectElement);
const what = byId("audit-what", HTMLSelectElement);
const object = byId("audit-object", HTMLInputElement);
const since = byId("audit-since", HTMLInputElement);
const until = byId("audit-until", HTMLInputElement);
const list = byId("trail", HTMLElement);
const status = byId("trail-status", HTMLElement);
const more = byId("trail-more", HTMLButtonElement);
let cursor = "";
let turn = 0;

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
what.append(...GROUPS.map((each) => el("option", { value: each }, t(`audit_group_${each}`))));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void show();
});
form.addEventListener("reset", () => setTimeout(() => void show()));
more.addEventListener("click", () => void read());
void chain();
void people();
void show();

async function people() {
  try {
    /** @type {{ id: string, name: string }[]} */
    const found = (await get("/advisors")).items;
    who.append(...found.map((each) => el("option", { value: each.id }, each.name)));
  } catch {
    // the list below says what is wrong
  }
}

async function chain() {
  const told = byId("chain", HTMLElement);
  try {
    /** @type {{ held_at: string | null, broken_at: number | null, links: number }} */
    const now = await get("/audit/chain");
    told.classList.add(now.broken_at === null ? "good" : "bad");
    told.textContent = now.broken_at !== null ? t("audit_broken", { seq: String(now.broken_at) }) : now.held_at ? t("audit_held", { time: moment(now.held_at), count: String(now.links) }) : t("audit_not_yet", { count: String(now.links) });
  } catch (error) {
    told.textContent = wordsOf(error);
  }
  told.setAttribute("aria-busy", "false");
}

async function show() {
  cursor = "";
  list.replaceChildren();
  await read();
}

async function read() {
  const mine = (turn += 1);
  list.setAttribute("aria-busy", "true");
  status.textContent = t("audit_reading");
  more.hidden = true;
  try {
    const found = await get("/audit", { actor: who.value, action: what.value, object: object.value.trim(), since: day(since.value, 0), until: day(until.value, 1), limit: PAGE, cursor });
    if (mine !== turn) return;
    list.append(.../** @type {Line[]} */ (found.items).map(row));
    cursor = found.next ?? "";
    more.hidden = !cursor;
    status.textContent = list.childElementCount ? "" : cursor ? t("audit_none_yet") : t("audit_none");
  } catch (error) {
    if (mine === turn) status.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
}

/** The beginning of a day here, so many days on, as RFC 3339. @param {string} value YYYY-MM-DD @param {number} days */
function day(value, days) {
  if (!value) return "";
  const at = new Date(`${value}T00:00:00`);
  at.setDate(at.getDate() + days);
  return at.toISOString();
}

/** @param {Line} one */
function row(one) {
  const name = one.actor_name || (has(`audit_actor_${one.actor}`) ? t(`audit_actor_${one.actor}`) : one.actor);
  const actor = el("button", { class: "who", type: "button", title: t("audit_only", { name }), onclick: () => only(one) }, name);
  const fields = one.fields.map((each) => fieldWords(one.action, each)).filter(Boolean).join(", ");
  const about = [fields, sourceWords(one.source), one.chained ? "" : t("audit_loose")].filter(Boolean).join(" · ");
  return el(
    "li",
    {},
    el("time", { datetime: one.at }, moment(one.at)),
    el(
      "div",
      {},
      el("p", {}, actor, ` · ${actionName(one.action)}`, one.result !== "ok" && el("span", { class: "refused" }, ` · ${t("audit_refused")}`)),
      one.object_id && one.object_id !== one.actor ? el("p", {}, el("small", {}, ...target(one))) : null,
      about ? el("p", {}, el("small", {}, about)) : null,
    ),
  );
}

/** @param {Line} one @returns {(Node | string)[]} */
function target(one) {
  if (one.object_type === "conversation") return [el("a", { class: "link", href: `/desk/c/${one.object_id}` }, `${t("audit_group_conversation")} ${one.object_id}`)];
  if (one.object_name) return [one.object_name];
  const kind = has(`audit_group_${one.object_type}`) ? t(`audit_group_${one.object_type}`) : one.object_type.replaceAll("_", " ");
  return [kind, " ", el("code", {}, one.object_id)];
}

/** Everything that this one did. @param {Line} one */
function only(one) {
  if (![...who.options].some((each) => each.value === one.actor)) who.append(el("option", { value: one.actor }, one.actor_name || one.actor));
  who.value = one.actor;
  void show();
  who.focus();
}

/** @param {string} action */
function actionName(action) {
  const [group = "", ...verbs] = action.split(".");
  const what = has(`audit_group_${group}`) ? t(`audit_group_${group}`) : group.replaceAll("_", " ");
  if (!verbs.length) return what;
  return `${what}: ${verbs.map((verb) => (has(`audit_verb_${verb}`) ? t(`audit_verb_${verb}`) : verb.replaceAll("_", " "))).join(", ")}`;
}
