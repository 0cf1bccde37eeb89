// Data-subject requests with the law's clock, and what is done about each.
import { byId, el } from "../../web/static/dom.js";
import { get, post, whenSignedOut } from "./api.js";
import { showAsks } from "./asks.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { download } from "./exports.js";
import { missed } from "./missed.js";
import { may } from "./people.js";
import { proven } from "./proof.js";
import { clockOf, logging } from "./rights.js";
import { has, moment, setup, t } from "./words.js";

/** @typedef {import("./model.js").Person} Person */
/**
 * @typedef {object} Request
 * @property {string} id
 * @property {string[]} codes
 * @property {string} kind
 * @property {string} source
 * @property {string} way
 * @property {{ id: string, name: string, phones: string[], emails: string[] } | null} about
 * @property {string | null} conversation_id
 * @property {string} words
 * @property {string} state
 * @property {string} ground
 * @property {boolean} processor
 * @property {Person | null} handler
 * @property {string} received_at
 * @property {string} ack_due_at
 * @property {string | null} acknowledged_at
 * @property {import("./rights.js").Alarm} ack_alarm
 * @property {string} due_at
 * @property {import("./rights.js").Alarm} alarm
 * @property {string | null} extended_at
 * @property {string | null} verified_at
 * @property {string | null} closed_at
 * @property {string} answer
 * @property {{ id: string, state: string, mine: boolean } | null} erasure
 * @property {string[]} may
 * @property {{ act: string, after: string, by: Person | null, note: Record<string, string>, at: string }[]} [steps]
 */

const PROOFS = ["known_fact", "called_back", "otp", "in_person", "letter"];
const GROUNDS = ["legal_duty", "agreement", "not_verified", "nothing_held", "others_rights", "unclear", "taken_back"];
const WAYS = ["chat", "phone", "email", "letter", "visit"];
/** The acts in the order in which one comes to them. */
const ACTS = ["acknowledge", "verify", "copy", "erase", "withdraw", "start", "done", "partly_done", "extend", "refuse", "note"];
const TOLD = new Set(["acknowledge", "extend", "erase", "done", "partly_done", "refuse"]);
const GRAVE = new Set(["erase", "refuse"]);
const PAGE = 50;

const box = byId("requests-box", HTMLElement);
const list = byId("requests", HTMLElement);
const status = byId("requests-status", HTMLElement);
const counts = byId("requests-counts", HTMLElement);
const more = byId("requests-more", HTMLButtonElement);
const tabs = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("[data-requests]")]);
let state = "open";
let cursor = "";
let turn = 0;

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
byId("log", HTMLButtonElement).addEventListener("click", () => void logging({}, (id) => void (may("request.read") && show(id))));
for (const tab of tabs) {
  tab.addEventListener("click", () => {
    state = tab.dataset["requests"] ?? "open";
    for (const each of tabs) each.setAttribute("aria-pressed", String(each === tab));
    void show();
  });
}
more.addEventListener("click", () => void read(""));
addEventListener("hashchange", () => void reach(location.hash.slice(1)));
box.hidden = !may("request.read");
if (box.hidden) list.setAttribute("aria-busy", "false");
else void show(location.hash.slice(1));
void showAsks();

// ---- the list

/** @param {string} [open] the one to be opened */
async function show(open = "") {
  cursor = "";
  list.replaceChildren();
  await read(open);
}

/** @param {string} open */
async function read(open) {
  const mine = (turn += 1);
  list.setAttribute("aria-busy", "true");
  status.textContent = t("privacy_reading");
  more.hidden = true;
  try {
    /** @type {{ items: Request[], next: string | null, open: number, near: number, over: number }} */
    const found = await get("/privacy-requests", { state, limit: PAGE, cursor });
    if (mine !== turn) return;
    list.append(...found.items.map(row));
    cursor = found.next ?? "";
    more.hidden = !cursor;
    counts.replaceChildren(...[count("over", found.over), count("near", found.near), count("open", found.open)].filter((each) => each !== null));
    status.textContent = list.childElementCount ? "" : t(state === "open" ? "privacy_none" : "privacy_none_closed");
    if (open) await reach(open);
  } catch (error) {
    if (mine !== turn) return;
    status.replaceChildren(missed(error, () => void read(open), "requests-again"));
  }
  if (mine === turn) list.setAttribute("aria-busy", "false");
}

/** @param {"over" | "near" | "open"} name @param {number} many */
function count(name, many) {
  return many || name === "open" ? el("li", { class: name }, el("b", {}, String(many)), ` ${t(`privacy_count_${name}`)}`) : null;
}

/** Open one of them, wherever it is. @param {string} id */
async function reach(id) {
  if (!/^[0-9a-v]{26}$/.test(id)) return;
  let found = document.getElementById(id);
  if (!found) {
    try {
      list.prepend(row(await get(`/privacy-requests/${id}`)));
    } catch (error) {
      toast(wordsOf(error), "bad");
      return;
    }
    status.textContent = "";
    found = document.getElementById(id);
  }
  const opened = found?.querySelector("details");
  if (!found || !opened) return;
  opened.open = true;
  found.scrollIntoView({ block: "start" });
}

/** @param {Request} one */
function row(one) {
  const item = el("li", { id: one.id, class: one.alarm });
  draw(item, one, false);
  return item;
}

/** @param {HTMLElement} item @param {Request} one @param {boolean} open */
function draw(item, one, open) {
  item.className = one.closed_at ? "" : one.alarm;
  const inside = el("div", { class: "request-inside" });
  const opened = el("details", { open }, el("summary", {}, ...heading(one)), inside);
  if (open) fillIn(inside, item, one);
  opened.addEventListener("toggle", () => {
    if (opened.open && !inside.childElementCount) void look(inside, item, one.id);
  });
  item.replaceChildren(opened);
}

/** @param {Request} one */
function heading(one) {
  const name = one.about ? one.about.name || t("privacy_nameless") : t("privacy_erased");
  const first = one.words || (one.about ? t("privacy_no_words") : t("privacy_words_gone"));
  return [
    el("span", { class: "request-what" }, el("b", {}, t(`rights_kind_${one.kind}`)), el("span", {}, ` · ${name}`), el("small", {}, first.length > 140 ? `${first.slice(0, 140)}…` : first)),
    el(
      "span",
      { class: "request-when" },
      clockOf(one),
      one.closed_at ? null : el("span", { class: "chip" }, t(`rights_state_${one.state}`)),
      one.ack_alarm === "over" ? el("span", { class: "chip over" }, t("privacy_unanswered")) : null,
      one.erasure?.state === "asked" ? el("span", { class: "chip near" }, t("privacy_four_eyes")) : null,
      el("small", {}, one.handler ? t("rights_by", { name: one.handler.name }) : t("privacy_nobody")),
    ),
  ];
}

/** @param {HTMLElement} inside @param {HTMLElement} item @param {string} id */
async function look(inside, item, id) {
  inside.setAttribute("aria-busy", "true");
  inside.textContent = t("privacy_reading");
  try {
    fillIn(inside, item, await get(`/privacy-requests/${id}`));
  } catch (error) {
    inside.replaceChildren(missed(error, () => void look(inside, item, id), `again-${id}`));
  }
  inside.setAttribute("aria-busy", "false");
}

// ---- one of them

/** @param {HTMLElement} inside @param {HTMLElement} item @param {Request} one */
function fillIn(inside, item, one) {
  inside.replaceChildren(
    el("blockquote", {}, one.words || (one.about ? t("privacy_no_words") : t("privacy_words_gone"))),
    facts(one),
    acts(item, one),
    el("h3", {}, t("privacy_evidence")),
    el("ol", { class: "evidence" }, ...(one.steps ?? []).map(step)),
  );
}

/** @param {Request} one */
function facts(one) {
  /** @type {[string, Node | string][]} */
  const told = [
    [t("privacy_code"), one.codes.join(", ")],
    [t("privacy_from"), t(`rights_way_${one.way}`)],
    [t("privacy_received"), moment(one.received_at)],
    [t("privacy_answered"), one.acknowledged_at ? moment(one.acknowledged_at) : t("privacy_answer_by", { time: moment(one.ack_due_at) })],
    [t(one.extended_at ? "privacy_due_longer" : "privacy_due"), moment(one.due_at)],
    [t("privacy_known"), one.verified_at ? moment(one.verified_at) : t("privacy_not_yet")],
  ];
  const reached = one.about ? [...one.about.phones, ...one.about.emails].join(", ") : "";
  if (reached) told.push([t("privacy_reached"), reached]);
  if (one.processor) told.push([t("privacy_others"), t("privacy_others_yes")]);
  if (one.ground) told.push([t("privacy_ground"), t(`ground_${one.ground}`)]);
  if (one.conversation_id) told.push([t("privacy_where"), el("a", { class: "link", href: `/desk/c/${one.conversation_id}` }, t("privacy_open_chat"))]);
  return el("dl", { class: "request-facts" }, ...told.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** @param {Request["steps"] extends (infer T)[] | undefined ? T : never} one */
function step(one) {
  const who = one.by ? one.by.name : t(one.act === "receive" || one.act === "again" ? "privacy_customer" : "privacy_system");
  const lines = Object.entries(one.note).map(([name, value]) => noteLine(name, String(value)));
  return el("li", {}, el("time", { datetime: one.at }, moment(one.at)), el("div", {}, el("p", {}, el("b", {}, t(`evidence_${one.act}`)), ` · ${who}`), ...lines));
}

/** @param {string} name @param {string} value */
function noteLine(name, value) {
  const said = name === "way" ? t(`rights_way_${value}`) : name === "how" ? t(`proof_how_${value}`) : name === "ground" ? t(`ground_${value}`) : value;
  return el("p", { class: name === "answer" || name === "words" ? "said" : "" }, el("small", {}, has(`note_${name}`) ? `${t(`note_${name}`)}: ` : "", said));
}

/** @param {HTMLElement} item @param {Request} one */
function acts(item, one) {
  const buttons = ACTS.filter((act) => one.may.includes(act)).map((act) =>
    el("button", { class: `button small${act === next(one) ? "" : " quiet"}`, type: "button", onclick: () => void perform(item, one, act) }, t(`act_${act}`)),
  );
  if (one.may.includes("take") && one.handler?.id !== setup.me.id) buttons.unshift(el("button", { class: "button quiet small", type: "button", onclick: () => void perform(item, one, "take") }, t("act_take")));
  const asked = one.erasure?.state === "asked" ? one.erasure : null;
  const decide = asked
    ? el(
        "div",
        { class: "four-eyes" },
        el("p", {}, t(asked.mine ? "privacy_waits_mine" : "privacy_waits")),
        el(
          "div",
          { class: "request-acts" },
          asked.mine ? null : el("button", { class: "button grave small", type: "button", onclick: () => void decided(item, one, asked.id, true) }, t("privacy_approve")),
          el("button", { class: "button quiet small", type: "button", onclick: () => void decided(item, one, asked.id, false) }, t(asked.mine ? "privacy_take_back" : "privacy_decline")),
        ),
      )
    : null;
  return el("div", {}, decide, buttons.length ? el("div", { class: "request-acts" }, ...buttons) : null);
}

/** What comes next, as a rule: the button that is not quiet. @param {Request} one */
function next(one) {
  const order = one.acknowledged_at ? ["verify", "copy", "erase", "withdraw", "done"] : ["acknowledge"];
  if (one.state === "executing") return "done";
  return order.find((act) => one.may.includes(act)) ?? "";
}

/** @param {HTMLElement} item @param {Request} one @param {string} act */
async function perform(item, one, act) {
  const path = `/privacy-requests/${one.id}/${act.replaceAll("_", "-")}`;
  try {
    if (act === "copy") await proven(() => download(path, {}));
    else if (act === "take") await post(path);
    else if (act === "verify") {
      if (!(await verifying(path))) return;
    } else if (TOLD.has(act)) {
      if (!(await telling(one, act, path))) return;
    } else if (!(await remarking(act, path))) return;
    toast(t(`act_${act}_done`));
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
  await again(item, one.id);
}

/** @param {HTMLElement} item @param {string} id */
async function again(item, id) {
  try {
    draw(item, await get(`/privacy-requests/${id}`), true);
    item.querySelector("summary")?.focus({ preventScroll: true });
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
}

/** @param {string} path */
function verifying(path) {
  const how = el("select", { name: "how" }, ...PROOFS.map((each) => el("option", { value: each }, t(`proof_how_${each}`))));
  const note = el("textarea", { name: "note", rows: 2, maxlength: 1000 });
  return ask({
    title: t("act_verify"),
    button: t("act_verify"),
    fields: [el("p", { class: "hint" }, t("privacy_no_papers")), field(t("privacy_how"), how), field(t("privacy_note"), note)],
    done: async () => void (await post(path, { how: how.value, note: note.value.trim() })),
  });
}

/** @param {string} act @param {string} path */
function remarking(act, path) {
  const note = el("textarea", { name: "note", rows: 3, maxlength: 1000 });
  return ask({
    title: t(`act_${act}`),
    button: t("save"),
    fields: [...(has(`act_${act}_lead`) ? [el("p", { class: "hint" }, t(`act_${act}_lead`))] : []), field(t("privacy_note"), note)],
    done: async () => {
      if (!note.value.trim()) throw trouble(t("privacy_note_missing"));
      await post(path, { note: note.value.trim() });
    },
  });
}

/** What he gets to read is written here, from words of ours to begin with. @param {Request} one @param {string} act @param {string} path */
function telling(one, act, path) {
  const grounds = act === "refuse" || act === "partly_done";
  const ground = el("select", { name: "ground" }, ...GROUNDS.map((each) => el("option", { value: each }, t(`ground_${each}`))));
  const text = el("textarea", { name: "text", rows: 6, maxlength: 4000 });
  const ways = one.conversation_id ? WAYS : WAYS.filter((each) => each !== "chat");
  const usual = one.conversation_id && one.way === "chat" ? "chat" : ways.includes(one.way) ? one.way : ways[0];
  const way = el("select", { name: "way" }, ...ways.map((each) => el("option", { value: each, selected: each === usual }, t(each === "chat" ? "privacy_send_chat" : `rights_way_${each}`))));
  const gaps = el("p", { class: "hint", role: "status" });
  let ours = "";
  const begin = async () => {
    if (text.value !== ours) return; // his own words stay
    try {
      /** @type {{ text: string, fill: string[] }} */
      const found = await get(`/privacy-requests/${one.id}/words`, { act, ground: ground.value });
      if (text.value !== ours) return;
      ours = text.value = found.text;
      gaps.textContent = found.fill.length ? t("privacy_gaps") : "";
    } catch (error) {
      gaps.textContent = wordsOf(error);
    }
  };
  ground.addEventListener("change", () => void begin());
  void begin();
  return ask({
    title: t(`act_${act}`),
    button: t(`act_${act}`),
    grave: GRAVE.has(act),
    fields: [
      ...(has(`act_${act}_lead`) ? [el("p", { class: "hint" }, t(`act_${act}_lead`))] : []),
      ...(grounds ? [field(t("privacy_ground"), ground)] : []),
      field(t("privacy_text"), text),
      gaps,
      field(t("privacy_told_by"), way, t("privacy_told_hint")),
    ],
    done: async () => {
      if (!text.value.trim()) throw trouble(t("privacy_text_missing"));
      if (text.value.includes("…")) throw trouble(t("privacy_gaps"));
      const body = { text: text.value.trim(), way: way.value, ...(grounds ? { ground: ground.value } : {}) };
      await (act === "erase" ? proven(() => post(path, body)) : post(path, body));
    },
  });
}

/** @param {HTMLElement} item @param {Request} one @param {string} erasure @param {boolean} yes */
async function decided(item, one, erasure, yes) {
  const path = `/privacy/erasures/${erasure}/${yes ? "approve" : "decline"}`;
  const said = await ask({
    title: t(yes ? "privacy_approve" : "privacy_decline"),
    button: t(yes ? "privacy_approve" : "privacy_decline"),
    grave: yes,
    fields: [el("p", {}, t(yes ? "privacy_approve_lead" : "privacy_decline_lead"))],
    done: () => proven(() => post(path)),
  });
  if (!said) return;
  toast(t(yes ? "privacy_approved" : "privacy_declined"));
  await again(item, one.id);
}
