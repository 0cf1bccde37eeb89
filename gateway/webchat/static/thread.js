// The conversation as it is seen: messages in the server's order, what is still on its way below them.
import { el, filled, icon } from "../../web/static/dom.js";
import { linked } from "../../web/static/links.js";
import { attachments, choices, statusLine } from "./parts.js";

/** @typedef {import("./wire.js").Message} Message */
/** @typedef {import("./wire.js").Choice} Choice */
/** @typedef {"uploading" | "sending" | "sent" | "received" | "seen" | "failed"} Mark */
/**
 * @typedef {object} Entry
 * @property {string} key the server's id, or ours until it has one
 * @property {number} seq Infinity until the server has given it one
 * @property {"customer" | "bot" | "advisor" | "system"} author
 * @property {string} name
 * @property {string} text
 * @property {string} at
 * @property {Choice[]} buttons
 * @property {Mark} mark
 * @property {string} trouble why it failed
 * @property {boolean} final trying again would not help
 * @property {HTMLElement} element
 * @property {HTMLElement | null} quick
 * @property {HTMLElement} status
 */
/**
 * @typedef {object} Actions
 * @property {(choice: Choice) => void} tap
 * @property {(key: string) => void} retry
 * @property {(key: string) => void} drop
 */

const ZONE = "Asia/Ho_Chi_Minh"; // what a customer feels is told in the agency's time
const TOGETHER_MS = 5 * 60_000;

export class Thread {
  /** @type {Entry[]} */
  #entries = [];
  #log;
  #box;
  #words;
  #actions;
  #source;
  #clock;
  #calendar;
  #dates;

  /**
   * @param {HTMLElement} log the live region
   * @param {HTMLElement} box where the turns go
   * @param {Record<string, string>} words
   * @param {Actions} actions
   * @param {import("./parts.js").Source} source
   */
  constructor(log, box, words, actions, source) {
    this.#source = source;
    this.#log = log;
    this.#box = box;
    this.#words = words;
    this.#actions = actions;
    const lang = document.documentElement.lang || "vi";
    this.#clock = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "vi-VN", { hour: "2-digit", minute: "2-digit", timeZone: ZONE });
    this.#calendar = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "vi-VN", { weekday: "long", day: "numeric", month: "numeric", year: "numeric", timeZone: ZONE });
    this.#dates = new Intl.DateTimeFormat("en-CA", { timeZone: ZONE });
  }

  get empty() {
    return this.#entries.length === 0;
  }

  /** The newest message that is not the visitor's own. */
  get lastHeard() {
    return Math.max(0, ...this.#entries.filter((entry) => entry.author !== "customer" && Number.isFinite(entry.seq)).map((entry) => entry.seq));
  }

  /** @param {string} key */
  find(key) {
    return this.#entries.find((entry) => entry.key === key) ?? null;
  }

  /**
   * A message of the server's. Whether it is news: not seen before and not the visitor's own.
   * @param {Message} message
   * @param {boolean} history it was said before this page was opened
   */
  receive(message, history) {
    const known = this.find(message.id);
    if (known) {
      if (message.changed) this.#retold(known, message);
      return false;
    }
    const own = message.client_id ? this.find(message.client_id) : null;
    if (own) {
      own.key = message.id;
      own.seq = message.seq;
      own.at = message.at;
      this.mark(message.id, message.status === "seen" ? "seen" : "received");
      this.#settle(own);
      return false;
    }
    const mine = message.author === "customer";
    const entry = this.#entry({
      key: message.id,
      seq: message.seq,
      author: message.author,
      name: message.name ?? "",
      text: message.text,
      at: message.at,
      buttons: mine ? [] : message.buttons,
      mark: message.status === "seen" ? "seen" : "received",
    }, attachments(message, this.#words, this.#source));
    if (message.changed) this.#retold(entry, message);
    if (!history) entry.element.classList.add("arriving");
    this.#insert(entry);
    return !mine;
  }

  /**
   * It reads otherwise now, or nothing any more.
   * @param {Entry} entry
   * @param {Message} message
   */
  #retold(entry, message) {
    const words = this.#words;
    const gone = message.changed === "taken_back";
    entry.text = message.text;
    const who = el("span", { class: "sr-only" }, `${this.#who(entry.author, entry.name)}: `);
    const said = gone ? el("i", {}, words["taken_back"] ?? "") : el("bdi", {}, linked(message.text, { external: words["external"] ?? "" }));
    const note = gone ? null : el("small", { class: "edited" }, words["edited"] ?? "");
    entry.element.replaceChildren(who, el("div", { class: gone ? "bubble gone" : "bubble" }, said, note));
  }

  /**
   * What the visitor just said, before the server has it.
   * @param {string} key
   * @param {{ text?: string, extra?: HTMLElement | null, mark?: Mark, at?: string }} said
   */
  say(key, { text = "", extra = null, mark = "sending", at = new Date().toISOString() }) {
    const entry = this.#entry({ key, seq: Infinity, author: "customer", name: "", text, at, buttons: [], mark }, extra ? [extra] : []);
    entry.element.classList.add("arriving");
    this.#insert(entry);
    return entry;
  }

  /**
   * @param {string} key
   * @param {Mark} mark
   * @param {string} [trouble]
   * @param {boolean} [final]
   */
  mark(key, mark, trouble = "", final = false) {
    const entry = this.find(key);
    if (!entry || (entry.mark === "seen" && mark !== "failed")) return;
    entry.mark = mark;
    entry.trouble = trouble;
    entry.final = final;
    this.#refresh();
  }

  /**
   * An advisor has read everything of the visitor's up to here.
   * @param {number} seq
   */
  seen(seq) {
    for (const entry of this.#entries) {
      if (entry.author === "customer" && entry.seq <= seq) entry.mark = "seen";
    }
    this.#refresh();
  }

  /**
   * The visitor gave up on it.
   * @param {string} key
   */
  remove(key) {
    const entry = this.find(key);
    if (!entry) return;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#rebuild();
  }

  clear() {
    this.#entries = [];
    this.#box.replaceChildren();
  }

  /**
   * Read nothing aloud while `work` fills in what was said earlier.
   * @param {boolean} quiet
   */
  hush(quiet) {
    this.#log.setAttribute("aria-live", quiet ? "off" : "polite");
    this.#log.setAttribute("aria-busy", String(quiet));
  }

  /**
   * @param {Pick<Entry, "key" | "seq" | "author" | "name" | "text" | "at" | "buttons" | "mark">} facts
   * @param {HTMLElement[]} extras
   * @returns {Entry}
   */
  #entry(facts, extras) {
    const element = el("div", { class: "message" });
    const words = this.#words;
    element.append(el("span", { class: "sr-only" }, `${this.#who(facts.author, facts.name)}: `));
    // the visitor's own words stand as he wrote them; in ours and an advisor's, links can be followed
    const said = facts.author === "customer" ? facts.text : linked(facts.text, { external: words["external"] ?? "" });
    if (facts.text) element.append(el("div", { class: "bubble" }, el("bdi", {}, said)));
    element.append(...extras);
    const status = el("div", { class: "mark-line" });
    const quick = facts.buttons.length ? choices(facts.buttons, words, (choice) => this.#actions.tap(choice)) : null;
    return { ...facts, trouble: "", final: false, element, quick, status };
  }

  /** @param {Entry} entry */
  #insert(entry) {
    const last = this.#entries[this.#entries.length - 1];
    if (!last || last.seq <= entry.seq) {
      this.#entries.push(entry);
      this.#append(entry, last ?? null);
      this.#refresh();
      return;
    }
    let place = this.#entries.findIndex((other) => other.seq > entry.seq);
    if (place < 0) place = this.#entries.length;
    this.#entries.splice(place, 0, entry);
    this.#rebuild();
  }

  /**
   * An entry got its number: move it if others stand in between.
   * @param {Entry} entry
   */
  #settle(entry) {
    const sorted = [...this.#entries].sort((a, b) => (a.seq === b.seq ? 0 : a.seq - b.seq));
    const moved = sorted.some((other, at) => other !== this.#entries[at]);
    entry.element.removeAttribute("data-pending");
    if (!moved) return;
    this.#entries = sorted;
    this.#rebuild();
  }

  /** Lay everything out anew, with the same elements, without reading it aloud again. */
  #rebuild() {
    const busy = this.#log.getAttribute("aria-live") === "off";
    this.hush(true);
    const focused = document.activeElement;
    this.#box.replaceChildren();
    /** @type {Entry | null} */
    let last = null;
    for (const entry of this.#entries) {
      entry.element.classList.remove("arriving");
      this.#append(entry, last);
      last = entry;
    }
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.#box.contains(focused)) focused.focus({ preventScroll: true });
    this.#refresh();
    if (!busy) setTimeout(() => this.hush(false), 50);
  }

  /**
   * @param {Entry} entry
   * @param {Entry | null} last the one above it
   */
  #append(entry, last) {
    const day = this.#day(entry.at);
    if (!last || this.#day(last.at) !== day) this.#box.append(el("div", { class: "day", role: "separator", "aria-label": this.#dayName(entry.at) }, el("span", {}, this.#dayName(entry.at))));
    const joins = last && last.author === entry.author && last.name === entry.name && this.#day(last.at) === day
      && new Date(entry.at).getTime() - new Date(last.at).getTime() < TOGETHER_MS;
    let turn = joins ? this.#box.lastElementChild : null;
    if (!(turn instanceof HTMLElement) || !turn.classList.contains("turn")) {
      turn = el("div", { class: `turn ${entry.author === "customer" ? "mine" : entry.author}` });
      if (entry.author !== "customer") turn.append(this.#head(entry));
      this.#box.append(turn);
    }
    turn.append(entry.element);
    if (entry.author === "customer") turn.append(entry.status);
    if (entry.quick) turn.append(entry.quick);
  }

  /** @param {Entry} entry */
  #head(entry) {
    const advisor = entry.author === "advisor";
    const title = advisor && entry.name ? `${this.#words["advisor"]} ${entry.name}` : this.#who(entry.author, entry.name);
    return el("div", { class: "turn-head", "aria-hidden": "true" }, icon(advisor ? "headset" : "bot"), el("b", {}, title),
      el("time", { datetime: entry.at }, this.#clock.format(new Date(entry.at))));
  }

  /** Marks under the last message of the visitor's (and under every one in trouble); answers to the last question only. */
  #refresh() {
    const mine = this.#entries.filter((entry) => entry.author === "customer");
    const lastMine = mine[mine.length - 1];
    for (const entry of mine) {
      const shown = entry === lastMine || entry.mark === "failed" || entry.mark === "uploading" || entry.mark === "sending";
      const time = this.#clock.format(new Date(entry.at));
      statusLine(entry, shown, time, this.#words, this.#actions);
      entry.element.classList.toggle("unsent", entry.mark === "sending" || entry.mark === "uploading");
      entry.element.classList.toggle("failed", entry.mark === "failed");
    }
    const lastSaid = this.#entries[this.#entries.length - 1];
    for (const entry of this.#entries) {
      if (!entry.quick) continue;
      const past = entry !== lastSaid;
      entry.quick.classList.toggle("past", past);
      for (const button of entry.quick.querySelectorAll("button")) button.disabled = past;
    }
  }

  /**
   * @param {Entry["author"]} author
   * @param {string} name
   */
  #who(author, name) {
    if (author === "customer") return this.#words["you"] ?? "";
    if (author === "advisor") return `${this.#words["advisor"]} ${name}`.trim();
    return this.#words["bot_label"] ?? "";
  }

  /** @param {string} at */
  #day(at) {
    return this.#dates.format(new Date(at));
  }

  /** @param {string} at */
  #dayName(at) {
    const day = this.#day(at);
    if (day === this.#dates.format(new Date())) return this.#words["today"] ?? day;
    if (day === this.#dates.format(new Date(Date.now() - 86_400_000))) return this.#words["yesterday"] ?? day;
    return this.#calendar.format(new Date(at));
  }
}

/**
 * How many messages came, in words.
 * @param {Record<string, string>} words
 * @param {number} count
 */
export function newMessages(words, count) {
  return count > 1 ? filled(words["new_count"] ?? "", { n: count }) : (words["new_messages"] ?? "");
}
