// One message as the thread shows it. Everything a customer wrote becomes text nodes.
import { el } from "../../web/static/dom.js";
import { linked } from "../../web/static/links.js";
import { attachment } from "./files.js";
import { icon, initials, may, tint } from "./people.js";
import { retelling } from "./retell.js";
import { canRetry } from "./retry.js";
import { clock, has, moment, phone, setup, t } from "./words.js";

/** @typedef {import("./model.js").Message} Message */
/** @typedef {import("./sender.js").Pending} Pending */

const HAPPENED = new Set(["follow", "unfollow", "reaction", "system"]);
const SIGNS = /** @type {Record<string, string>} */ ({ "/-heart": "❤️", "/-strong": "👍", ":>": "😆", ":o": "😮", ":-((": "😢", ":-h": "😡", love: "❤️", like: "👍", dislike: "👎", haha: "😆", smile: "😆", wow: "😮", sad: "😢", angry: "😡" }); // prettier-ignore
const TROUBLE = new Set(["failed", "unknown", "unconfirmed", "expired", "cancelled"]);
const ICONS = /** @type {Record<string, string>} */ ({
  queued: "web:clock", sending: "web:clock", sent: "web:check", delivered: "web:checks", read: "web:checks",
  failed: "web:alert", unknown: "web:alert", unconfirmed: "web:alert", expired: "web:alert", cancelled: "web:close",
}); // prettier-ignore

/** Who said it: messages of one voice stand together. @param {Message} one */
export function voice(one) {
  if (isNote(one)) return `note ${one.advisor?.id ?? ""}`;
  if (isAside(one)) return `aside ${one.id}`;
  return `${one.author} ${one.advisor?.id ?? ""}`;
}

/** Never sent to the customer. @param {Message} one */
export function isNote(one) {
  return one.direction === "internal" && one.author === "advisor";
}

/** Something that happened, not something said. @param {Message} one */
export function isAside(one) {
  return (one.direction === "internal" && one.author !== "advisor") || (HAPPENED.has(one.kind) && one.direction !== "outbound" && !isNote(one));
}

/** @typedef {{ retry: (one: Message) => void, quote: (one: Message) => void, jump: (id: string) => void }} Acts */

/** The message and its place in its group are patched in place. */
export class Bubble {
  /**
   * @param {Message} one @param {string} customer @param {boolean} masked his files are not for me
   * @param {Acts} acts
   */
  constructor(one, customer, masked, acts) {
    this.one = one;
    this.acts = acts;
    /** @type {string[]} */
    this.signs = [];
    this.waits = "";
    /** @type {Message | null} */
    this.answers = null;
    this.customer = customer;
    this.masked = masked;
    this.print = "";
    this.mark = "";
    this.root = el("article", { class: "msg", "data-id": one.id, "data-seq": one.seq });
    this.head = el("header", { class: "msg-head" });
    this.body = el("div", { class: "msg-body" });
    this.foot = el("footer", { class: "msg-foot" });
    this.root.append(this.head, this.body, this.foot);
    if (!isNote(one) && !isAside(one) && may("reply")) {
      const words = t("answer_this");
      this.root.append(el("button", { class: "icon-button small answer", type: "button", "aria-label": words, title: words, onclick: () => this.acts.quote(this.one) }, icon("reply")));
    }
    this.patch(one);
  }

  /** @param {Message} one @param {string[]} [signs] reactions to it @param {Message | null} [answers] what the customer refers to
   * @param {string} [waits] why nothing leaves here now */
  patch(one, signs = [], answers = null, waits = "") {
    this.one = one;
    this.waits = one.status === "queued" ? waits : "";
    this.signs = signs;
    this.answers = answers;
    const print = JSON.stringify([one.text, one.attachments, one.edited_at, one.kind, one.buttons, one.taken_back, signs, answers?.text, answers?.id]);
    if (print !== this.print) {
      this.print = print;
      this.#dress();
      this.body.replaceChildren(...this.#said());
      this.mark = "";
    }
    const mark = `${one.status}|${one.error ?? ""}|${one.edited_at ?? ""}|${this.waits}|${one.may_retell ?? ""}`;
    if (mark !== this.mark) {
      this.mark = mark;
      this.foot.replaceChildren(...this.#fate());
      this.root.classList.toggle("trouble", this.#troubled());
    }
  }

  /** @param {boolean} first of its group @param {boolean} last of its group */
  place(first, last) {
    this.root.classList.toggle("first", first);
    this.root.classList.toggle("last", last);
  }

  #troubled() {
    return this.one.direction === "outbound" && TROUBLE.has(this.one.status);
  }

  #dress() {
    const one = this.one;
    const note = isNote(one);
    const aside = isAside(one);
    const whose = note ? "note" : aside ? "aside" : one.direction === "inbound" ? "customer" : one.author;
    this.root.className = `msg ${whose}${whose === "advisor" && one.advisor?.id === setup.me.id ? " mine" : ""}`;
    this.head.replaceChildren(...(aside ? [] : this.#who(note)));
  }

  /** @param {boolean} note */
  #who(note) {
    const one = this.one;
    if (note) return [icon("note"), el("b", {}, one.advisor?.name || t("advisor")), el("span", {}, t("note_not_sent"))];
    if (one.direction === "inbound") return [el("b", {}, this.customer)];
    if (one.author === "bot") return [icon("web:bot"), el("b", {}, t("bot"))];
    if (one.author === "system") return [el("b", {}, t("system"))];
    const name = one.advisor?.name || t("advisor");
    return [el("span", { class: `face tiny tint-${tint(one.advisor?.id ?? "")}`, "aria-hidden": "true" }, initials(name)), el("b", {}, one.advisor?.id === setup.me.id ? t("me", { name }) : name)];
  }

  #said() {
    const one = this.one;
    if (isAside(one)) return [el("p", { class: "aside-text" }, one.text || t(`kind_${one.kind}`), el("time", { datetime: one.said_at, title: moment(one.said_at) }, ` · ${clock(one.said_at)}`))];
    /** @type {Node[]} */
    if (one.taken_back) return [el("p", { class: "bubble empty" }, icon("web:trash"), t(one.direction === "inbound" ? "customer_took_back" : "we_took_back"))];
    const made = [this.#quote(), ...one.attachments.map((file) => attachment(file, this.masked))].filter((each) => each !== null);
    if (one.kind === "button" && one.text) made.push(el("p", { class: "bubble tapped" }, icon("web:check"), el("span", {}, el("span", { class: "sr-only" }, t("tapped")), one.text)));
    else if (one.text) made.push(el("p", { class: "bubble" }, el("bdi", {}, linked(one.text, { external: t("external_link") }))));
    else if (one.location) made.push(this.#location(one.location));
    else if (!one.contact && !made.length) made.push(el("p", { class: "bubble empty" }, t(has(`kind_${one.kind}`) ? `kind_${one.kind}` : "kind_unsupported")));
    if (one.contact) made.push(this.#contact(one.contact));
    if (one.before.length) made.push(el("details", { class: "before" }, el("summary", {}, t("said_before")), ...one.before.map((text) => el("p", {}, text))));
    if (this.signs.length) made.push(el("p", { class: "signs" }, el("span", { class: "sr-only" }, t("reacted")), this.signs.map((each) => SIGNS[each] ?? each).join(" ")));
    if (one.buttons.length) made.push(el("p", { class: "offered" }, el("span", { class: "sr-only" }, t("offered")), ...one.buttons.map((button) => el("span", { class: "offer" }, button.label ?? ""))));
    return made;
  }

  /** What it answers. */
  #quote() {
    const { quote } = this.one;
    const to = quote ?? (this.answers ? { id: this.answers.id, author: this.answers.author, text: this.answers.text || t(`kind_${this.answers.kind}`) } : null);
    if (!to) return null;
    const name = to.author === "customer" ? this.customer : t(has(to.author) ? to.author : "advisor");
    return el("button", { class: "quote", type: "button", onclick: () => this.acts.jump(to.id) }, el("span", { class: "sr-only" }, t("answers")), el("b", {}, name), el("span", {}, to.text || t("kind_file")));
  }

  /** @param {number[]} place */
  #location([north = 0, east = 0]) {
    const words = `${north.toFixed(5)}, ${east.toFixed(5)}`;
    return el("p", { class: "bubble" }, `${t("kind_location")}: `, el("a", { class: "link", href: `https://www.openstreetmap.org/?mlat=${north}&mlon=${east}#map=17/${north}/${east}`, target: "_blank", rel: "noopener noreferrer" }, words));
  }

  /** @param {NonNullable<Message["contact"]>} contact */
  #contact(contact) {
    return el("p", { class: "bubble" }, `${contact.own ? t("own_number") : t("kind_contact")}: `, el("b", {}, [contact.name, phone(contact.phone ?? "")].filter(Boolean).join(", ")));
  }

  #fate() {
    const one = this.one;
    if (isAside(one)) return [];
    const time = el("time", { datetime: one.said_at, title: moment(one.said_at) }, clock(one.said_at));
    const made = /** @type {(Node | string)[]} */ ([time]);
    if (one.edited_at) made.push(el("span", { title: moment(one.edited_at) }, one.location && !one.before.length ? t("moved", { time: clock(one.edited_at) }) : t("edited")));
    if (one.direction !== "outbound") return made;
    made.unshift(...retelling(one));
    const words = this.#troubled() ? this.#trouble() : this.waits ? t("waits_here", { why: this.waits }) : t(`status_${one.status}`);
    made.push(el("span", { class: `fate ${one.status}` }, icon(ICONS[one.status] ?? "web:check"), el("span", { class: "fate-words" }, words)));
    if (canRetry(one) && may("reply")) made.push(el("span", { class: "fate-acts" }, el("button", { type: "button", onclick: () => this.acts.retry(this.one) }, t("send_again"))));
    return made;
  }

  #trouble() {
    const { status, error } = this.one;
    const known = `cause_${(error ?? "").replaceAll(/\W/g, "_")}`;
    const cause = error && has(known) ? ` ${t(known)}` : "";
    return `${t(`status_${status}`)}${cause}`;
  }
}

/** What I sent and the server has not said it took. */
export class PendingBubble {
  /** @param {Pending} one @param {{ again: () => void, back: () => void, held: () => boolean, jump: () => void }} acts held: behind one that did not go */
  constructor(one, acts) {
    this.one = one;
    this.acts = acts;
    this.shown = "";
    this.body = el("div", { class: "msg-body" });
    this.foot = el("footer", { class: "msg-foot" });
    const who = one.note ? [icon("note"), el("b", {}, setup.me.name), el("span", {}, t("note_not_sent"))] : [];
    this.root = el("article", { class: `msg pending first last ${one.note ? "note" : "advisor mine"}` }, el("header", { class: "msg-head" }, ...who), this.body, this.foot);
    if (one.quoted) this.body.append(el("p", { class: "quote" }, one.quoted));
    for (const file of one.files) this.body.append(el("span", { class: "attachment" }, icon("web:file"), el("span", {}, el("b", {}, file))));
    if (one.text) this.body.append(el("p", { class: "bubble" }, el("bdi", {}, linked(one.text))));
    this.patch();
  }

  patch() {
    const { state, problem } = this.one;
    const held = this.acts.held();
    const print = `${state}|${problem}|${held}`;
    if (print === this.shown) return;
    this.shown = print;
    this.root.classList.toggle("trouble", state === "failed");
    if (held) {
      this.foot.replaceChildren(
        el("span", { class: "fate held" }, icon("web:clock"), el("span", { class: "fate-words" }, t("held_behind"))),
        el("span", { class: "fate-acts" }, el("button", { type: "button", onclick: this.acts.jump }, t("held_show")), el("button", { type: "button", onclick: this.acts.back }, t("take_back"))),
      );
      return;
    }
    if (state === "sending") {
      this.foot.replaceChildren(el("span", { class: "fate sending" }, icon("web:clock"), el("span", { class: "fate-words" }, t("status_sending"))));
      return;
    }
    this.foot.replaceChildren(
      el("span", { class: "fate failed", role: "alert" }, icon("web:alert"), el("span", { class: "fate-words" }, problem)),
      el("span", { class: "fate-acts" },
        el("button", { type: "button", onclick: this.acts.again }, t("send_again")),
        el("button", { type: "button", onclick: this.acts.back }, t("take_back")),
      ),
    ); // prettier-ignore
  }
}
