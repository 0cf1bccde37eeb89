// The right column: who this is, what he asked for, what is missing, what he agreed to, where else he writes.
import { byId, el } from "../../web/static/dom.js";
import { get, patch } from "./api.js";
import { FIELDS, correcting, fieldName, history, historyOf, mayCorrect, pencil } from "./asking.js";
import { beginning } from "./begin.js";
import { conversation, later, refresh } from "./conversations.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { haste } from "./due.js";
import { doubles, doublesOf, intake, lead } from "./intake.js";
import { isNote } from "./message.js";
import { missed } from "./missed.js";
import { channelName, face, icon, labelName, may, nameOf, previewOf, productName, reasonName, stageName } from "./people.js";
import { revealed, shownOf, shower } from "./reveal.js";
import { requestsOf, rights } from "./rights.js";
import { blocked } from "./route.js";
import { parting } from "./merge.js";
import { tasks, tasksOf } from "./tasks.js";
import { has, moment, phone, span, t, waits, when } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {import("./model.js").Contact} Contact */
/** @typedef {import("./model.js").Message} Message */

const KNOWN = ["name", "phone", "email", "need", "product", "province", "callback_time"];
const NOTES = 6;
const EARLIER = 20;

/** @typedef {(box: HTMLElement, one: Conversation, contact: Contact | null) => void} Section draws itself again each time */

export class Panel {
  /** @param {{ open: (id: string) => void, notes: () => Message[] }} to */
  constructor(to) {
    this.to = to;
    this.root = byId("panel-body", HTMLElement);
    this.policies = byId("policies", HTMLElement);
    /** @type {Section | null} */
    this.section = null;
    this.id = "";
    this.shown = "";
    this.begun = "";
    this.reading = 0;
    /** @type {Contact | null} */
    this.contact = null;
    /** @type {Conversation[]} */
    this.earlier = [];
    /** @type {import("./model.js").Double[]} */
    this.doubles = [];
    /** @type {import("./tasks.js").Task[]} */
    this.tasks = [];
    /** @type {import("./rights.js").Brief[]} */
    this.rights = [];
    /** @type {{ changes: import("./asking.js").Change[], tickets: import("./asking.js").Ticket[] }} */
    this.history = { changes: [], tickets: [] };
    /** @type {unknown} */
    this.problem = null;
  }

  /** @param {string} id */
  open(id) {
    this.id = id;
    this.contact = null;
    this.earlier = [];
    this.doubles = [];
    this.tasks = [];
    this.rights = [];
    this.history = { changes: [], tickets: [] };
    this.problem = null;
    this.shown = "";
    this.begun = "";
    this.update();
    void this.read();
  }

  /** The conversation is here: read what could not be asked for before, or is another person's now. */
  known() {
    const one = conversation(this.id);
    if (one && this.begun !== sight(one)) void this.read();
  }

  /** A section of another module (`export function section(box, conversation, contact)`), in the place that is kept
   * for it. It is called again after every change and keeps what it needs itself. @param {Section} section */
  mount(section) {
    this.section = section;
    this.shown = "";
    this.update();
  }

  /** The person, and what was said with him before. */
  async read() {
    const one = conversation(this.id);
    if (!one) return;
    this.begun = sight(one);
    const turn = (this.reading += 1);
    const [contact, earlier, offered, promised, past, wished] = await Promise.allSettled([
      get(`/contacts/${one.contact_id}`),
      get("/conversations", { contact: one.contact_id, limit: EARLIER }),
      doublesOf(one.contact_id),
      may("task.read") ? tasksOf(one.id) : [],
      historyOf(one.id),
      requestsOf(one.id),
    ]);
    if (turn !== this.reading || one.id !== this.id) return;
    if (offered.status === "fulfilled") this.doubles = offered.value;
    if (promised.status === "fulfilled") this.tasks = promised.value;
    if (past.status === "fulfilled") this.history = past.value;
    if (wished.status === "fulfilled") this.rights = wished.value;
    if (contact.status === "fulfilled") this.contact = contact.value;
    // what was not read is not nothing: somebody would promise the call, or keep the person, a second time
    this.problem = [contact, earlier, offered, promised, past, wished].find((each) => each.status === "rejected")?.reason ?? null;
    if (earlier.status === "fulfilled") this.earlier = earlier.value.items.filter((/** @type {Conversation} */ each) => each.id !== one.id);
    this.update();
  }

  update() {
    const one = conversation(this.id);
    if (!one) {
      if (this.shown !== "nothing") this.root.replaceChildren();
      this.policies.hidden = true;
      this.shown = "nothing";
      return;
    }
    if (this.begun && this.begun !== sight(one)) {
      if (one.masked) this.contact = null; // what was legible a moment ago is not shown on
      void this.read();
    }
    this.policies.hidden = !this.section;
    this.section?.(this.policies, one, this.contact);
    const notes = this.to.notes().filter((each) => isNote(each)).slice(-NOTES).reverse();
    // what every word of his changes is shown in the thread and the list, not here
    const { version, preview, unread, last_message_at, last_inbound_at, answer_due_at, window: _until, ...told } = one;
    const print = JSON.stringify([told, blocked(one), this.contact, this.earlier.map((each) => [each.id, each.version]), notes.map((each) => each.id), this.doubles.map((each) => each.id), this.tasks, this.rights, this.history, shownOf(this.id), this.problem && wordsOf(this.problem), one.handoff ? haste(one.handoff.due_at) : ""]);
    if (print === this.shown) return;
    this.shown = print;
    const active = document.activeElement instanceof HTMLElement && this.root.contains(document.activeElement) ? document.activeElement.dataset["key"] : undefined;
    const top = this.root.parentElement?.scrollTop ?? 0;
    this.root.replaceChildren(
      this.#who(one),
      ...(this.problem === null ? [] : [missed(this.problem, () => void this.read(), "panel-again")]),
      ...[intake(one), lead(one), this.contact && doubles(this.doubles, this.contact, this.to.open, () => void this.read())].filter((each) => each instanceof HTMLElement),
      ...[tasks(this.tasks, () => void this.read())].filter((each) => each instanceof HTMLElement),
      this.#request(one),
      ...[rights(this.rights, one.id, () => void this.read())].filter((each) => each instanceof HTMLElement),
      ...[history(this.history.changes, this.history.tickets)].filter((each) => each instanceof HTMLElement),
      ...(this.contact ? [this.#consents(this.contact), this.#points(this.contact, one)] : []),
      ...(notes.length ? [this.#notes(notes)] : []),
      ...(this.earlier.length ? [this.#before()] : []),
    );
    if (this.root.parentElement) this.root.parentElement.scrollTop = top;
    if (active) /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-key="${CSS.escape(active)}"]`))?.focus({ preventScroll: true });
  }

  // ---- the sections

  /** @param {Conversation} one */
  #who(one) {
    const contact = this.contact;
    const editable = may("contact.edit") && contact !== null && !contact.masked;
    return el(
      "section",
      { class: "panel-who" },
      face(one),
      el(
        "div",
        {},
        el("h2", {}, contact?.name || nameOf(one)),
        el("p", {}, [contact?.salutation, one.lang === "en" ? t("speaks_english") : ""].filter(Boolean).join(" · ")),
      ),
      editable && el("button", { class: "icon-button", type: "button", "data-key": "edit", "aria-label": t("edit_contact"), title: t("edit_contact"), onclick: () => void this.#edit(contact) }, icon("pencil")),
      one.masked && el("p", { class: "masked" }, icon("web:lock"), t("masked")),
    );
  }

  /** @param {Conversation} one */
  #request(one) {
    const handoff = one.handoff;
    const slots = { ...one.slots, ...(handoff?.captured ?? {}) };
    const look = (/** @type {string} */ name, /** @type {unknown} */ value) => shower(one.id, name, value, () => this.update());
    /** @type {(name: string, values: unknown[]) => string[]} */
    const shownOr = (name, values) => (revealed(one.id, name).length ? revealed(one.id, name) : values.map(String));
    const missing = handoff && one.status !== "closed" ? handoff.missing : [];
    // what people at the desk put right stands in the contact, what was said in the conversation's slots
    const phones = new Set([...(this.contact?.phones.length ? this.contact.phones : [slots.phone]), slots["phone_alt"]].filter((value) => typeof value === "string" && value));
    const emails = new Set(this.contact?.emails.length ? this.contact.emails : [slots.email].filter(Boolean));
    const rows = [
      row(t("slot_phone"), ...shownOr("phone", [...phones]).map((value) => tel(value, value.includes("*"))), look("phone", [...phones][0]), this.#mend(one, "phone", slots.phone)),
      row(t("slot_email"), ...shownOr("email", [...emails]).map((value) => (value.includes("*") ? value : el("a", { class: "link", href: `mailto:${value}` }, value))), look("email", [...emails][0]), this.#mend(one, "email", slots.email)),
      row(t("slot_product"), [slots.product, ...(Array.isArray(slots["other_products"]) ? slots["other_products"] : [])].filter(Boolean).map((code) => (code === "o_to_unspecified" ? t("need_car") : productName(String(code)))).join(", ") || null, this.#mend(one, "product", slots.product)),
      row(t("slot_need"), slots.need ? el("bdi", { class: "need" }, slots.need) : null, this.#mend(one, "need", slots.need)),
      row(t("slot_province"), slots.province, this.#mend(one, "province", slots.province)),
      row(t("slot_callback_time"), slots.callback_time ? span(slots.callback_time.from, slots.callback_time.to) : null),
      ...Object.entries(slots).filter(([key]) => !KNOWN.includes(key) && key !== "phone_alt" && key !== "other_products").map(([key, value]) => row(fieldName(key), revealed(one.id, key)[0] ?? plain(value), look(key, value), this.#mend(one, key, value))),
      row(t("reason"), handoff ? reasonName(handoff.reason) : null),
      row(t("stage"), stageName(one)),
      row(t("request_code"), one.code ? el("code", {}, one.code) : null),
      row(t("asked_at"), handoff ? el("span", { title: moment(handoff.opened_at) }, when(handoff.opened_at), one.status === "waiting" ? ` · ${waits(handoff.opened_at)}` : "") : null),
      row(t("holder"), one.assignee?.name),
      row(t("snoozed_until"), later(one) ? moment(later(one) ?? "") : null),
      row(t("labels"), ...one.labels.map((label) => el("span", { class: "chip chip-label" }, labelName(label)))),
    ];
    return el(
      "section",
      {},
      el("h3", {}, t("request")),
      missing.length > 0 && el("p", { class: "missing" }, icon("web:info"), el("span", {}, t("missing"), " ", el("b", {}, missing.map((slot) => (has(`missing_${slot}`) ? t(`missing_${slot}`) : slot)).join(", ")))),
      el("dl", { class: "facts" }, ...rows.filter((each) => each !== null)),
    );
  }

  /** The way to put a value right. @param {Conversation} one @param {string} name @param {unknown} value */
  #mend(one, name, value) {
    if (!value || typeof value !== "string" || !FIELDS.has(name) || !mayCorrect(one)) return null;
    const shown = value.includes("*") ? "" : name === "phone" ? phone(value) : value;
    return pencil(t("correct_of", { field: fieldName(name) }), () => void correcting(one, name, shown).then((done) => (done ? this.read() : undefined)), `correct-${name}`);
  }

  /** @param {Contact} contact */
  #consents(contact) {
    /** @type {Map<string, Contact["consents"][number]>} */
    const latest = new Map();
    for (const each of contact.consents) if (each.state !== "asked" || !latest.has(each.purpose)) latest.set(each.purpose, each);
    const items = [...latest.values()].map((each) =>
      el(
        "li",
        { class: `consent ${each.state}` },
        icon(each.state === "given" ? "shield" : "web:info"),
        el("span", {}, el("b", {}, has(`consent_${each.purpose}`) ? t(`consent_${each.purpose}`) : each.purpose), el("small", each.text_version ? { title: t("version", { v: each.text_version }) } : {}, `${t(`consent_state_${each.state}`)} · ${moment(each.at)}`)),
      ),
    );
    return el("section", {}, el("h3", {}, t("consents")), items.length ? el("ul", { class: "plain-list" }, ...items) : el("p", { class: "hint" }, t("no_consent")));
  }

  /** @param {Contact} contact @param {Conversation} one */
  #points(contact, one) {
    const items = contact.points.map((point) => {
      const here = point.channel === one.channel && point.account === one.account && point.thread === one.thread;
      const about = [here ? t("this_chat") : "", point.last_inbound_at ? t("last_wrote", { time: when(point.last_inbound_at) }) : "", point.reachable ? "" : t("not_reachable")].filter(Boolean).join(" · ");
      const words = el("span", {}, el("b", {}, `${channelName(point.channel)} · ${point.account}`), el("small", {}, about));
      const id = point.conversation_id;
      if (here || !id) return el("li", { class: "point" }, icon(`ch-${point.channel}`), words);
      return el("li", { class: "point" }, el("a", { class: "point-link", href: `/desk/c/${id}`, "data-key": `point-${id}`, onclick: (/** @type {MouseEvent} */ event) => this.#follow(event, id) }, icon(`ch-${point.channel}`), words));
    });
    const begin = may("conversation.begin") && !blocked(one) && el("div", { class: "point-acts" }, el("button", { class: "button quiet small", type: "button", "data-key": "begin", onclick: () => void beginning(contact, this.to.open) }, t("begin")));
    const merged = contact.merged.length > 0 && el("p", { class: "hint merged" }, t("merged_n", { n: contact.merged.length }), may("contact.merge") && !contact.masked && el("button", { class: "button quiet small", type: "button", "data-key": "unmerge", onclick: () => void parting(contact, one, () => void this.read()) }, t("unmerge")));
    return el("section", {}, el("h3", {}, t("points")), el("ul", { class: "plain-list" }, ...items), merged, begin);
  }

  /** @param {Message[]} notes */
  #notes(notes) {
    const items = notes.map((note) => el("li", { class: "panel-note" }, el("bdi", {}, note.text), el("small", {}, `${note.advisor?.name ?? t("advisor")} · ${when(note.said_at)}`)));
    return el("section", {}, el("h3", {}, t("notes")), el("ul", { class: "plain-list" }, ...items));
  }

  #before() {
    const items = this.earlier.map((each) =>
      el(
        "li",
        {},
        el(
          "a",
          { class: "point-link", href: `/desk/c/${each.id}`, "data-key": `earlier-${each.id}`, onclick: (/** @type {MouseEvent} */ event) => this.#follow(event, each.id) },
          icon(`ch-${each.channel}`),
          el("span", {}, el("b", {}, each.slots.product ? productName(each.slots.product) : previewOf(each) || channelName(each.channel)), el("small", {}, `${when(each.last_message_at)} · ${stageName(each)}`)),
        ),
      ),
    );
    return el("section", {}, el("h3", {}, t("earlier_conversations")), el("ul", { class: "plain-list" }, ...items));
  }

  /** @param {MouseEvent} event @param {string} id */
  #follow(event, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.to.open(id);
  }

  // ---- putting right

  /** @param {Contact} contact */
  async #edit(contact) {
    const name = el("input", { name: "name", type: "text", maxlength: 80, autocomplete: "off", value: contact.name });
    const numbers = el("input", { name: "phone", type: "tel", maxlength: 40, autocomplete: "off", inputmode: "tel", value: contact.phones[0] ? phone(contact.phones[0]) : "" });
    const called = el("select", { name: "salutation" }, ...["", "anh", "chị", "cô", "chú", "bác", "em"].map((value) => el("option", { value, selected: value === contact.salutation }, value || t("salutation_unknown"))));
    const done = await ask({
      title: t("edit_contact"),
      button: t("save"),
      fields: [field(t("slot_name"), name), field(t("slot_phone"), numbers, t("phone_hint")), field(t("salutation"), called)],
      done: async () => {
        const given = name.value.trim();
        const number = numbers.value.replace(/[\s.()-]/g, "");
        if (number && !/^(\+\d{8,15}|0\d{9,10})$/.test(number)) throw trouble(t("error_phone"));
        const changes = {
          ...(given && given !== contact.name ? { name: given } : {}),
          ...(number && number !== contact.phones[0] && phone(number) !== phone(contact.phones[0] ?? "") ? { phones: [number, ...contact.phones.slice(1)] } : {}),
          ...(called.value !== contact.salutation ? { salutation: called.value } : {}),
        };
        if (!Object.keys(changes).length) return;
        this.contact = await patch(`/contacts/${contact.id}`, { ...changes, version: contact.version });
      },
    });
    if (!done) return;
    toast(t("saved"));
    refresh([this.id]);
    this.update();
  }
}

/** Whom it shows, and whether legibly: when that changes, all of it is read anew. @param {Conversation} one */
function sight(one) {
  return `${one.id} ${one.contact_id} ${one.masked}`;
}

/** @param {string} label @param {...(Node | string | null | undefined)} values */
function row(label, ...values) {
  const given = values.filter((value) => value !== null && value !== undefined && value !== "");
  return given.length ? el("div", {}, el("dt", {}, label), el("dd", {}, ...given.flatMap((value, at) => (at && typeof value === "string" ? [", ", value] : [value])))) : null;
}

/** @param {string} value @param {boolean} masked */
function tel(value, masked) {
  if (masked || value.includes("*")) return el("span", { class: "phone" }, phone(value));
  const copy = el("button", { class: "icon-button small", type: "button", "data-key": `copy-${value}`, "aria-label": t("copy_phone"), title: t("copy_phone") }, icon("ch-leads"));
  copy.addEventListener("click", () => void navigator.clipboard?.writeText(phone(value).replaceAll(" ", "")).then(() => toast(t("copied"))));
  return el("span", { class: "phone" }, el("a", { class: "link", href: `tel:${value}` }, phone(value)), copy);
}

/** @param {unknown} value */
function plain(value) {
  if (value === null || value === undefined || value === "") return null;
  if (Array.isArray(value)) return value.map(String).join(", ");
  if (typeof value === "object") return Object.values(value).map(String).join(" – ");
  return String(value);
}
