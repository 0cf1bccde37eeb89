// The middle column's messages: newest at the bottom, earlier ones on scrolling up, live without a jump.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, post } from "./api.js";
import { conversation, keep } from "./conversations.js";
import { Bubble, isAside, isNote, PendingBubble, voice } from "./message.js";
import { icon, may, nameOf } from "./people.js";
import { retry } from "./retry.js";
import { again, forget, pending } from "./sender.js";
import { day, sameDay, t } from "./words.js";

/** @typedef {import("./model.js").Message} Message */
/** @typedef {import("./sender.js").Pending} Pending */

const PAGE = 50;
const RECENT = 30; // messages whose fate may still change
const TOGETHER_MS = 5 * 60_000;
const REMEMBERED = 12;
const NEAR = 90;
const TYPING_MS = 6000;
const POINTED_MS = 1600;
const UNSETTLED = new Set(["queued", "sending", "sent", "unknown", "unconfirmed"]);

/** What was loaded of one conversation. */
class Transcript {
  constructor() {
    /** @type {Map<string, Message>} */
    this.messages = new Map();
    /** @type {Message[]} */
    this.sorted = [];
    this.whole = false; // nothing earlier
    this.loaded = false;
    this.reading = false;
    this.again = false;
    this.climbing = false;
    /** How it was read: an advisor whom it is handed to sees what stood masked before. @type {boolean | null} */
    this.masked = null;
  }

  get last() {
    return this.sorted.at(-1)?.seq ?? 0;
  }

  get first() {
    return this.sorted[0]?.seq ?? 0;
  }

  /** @param {Message[]} messages */
  take(messages) {
    for (const one of messages) this.messages.set(one.id, one);
    this.sorted = [...this.messages.values()].sort((a, b) => a.seq - b.seq);
  }

  /** From where to read again: what is new, and what may have changed its fate. */
  get since() {
    const recent = this.sorted.at(-RECENT)?.seq ?? this.first;
    const open = this.sorted.slice(-PAGE * 2).find((one) => one.direction === "outbound" && UNSETTLED.has(one.status) && Date.now() - Date.parse(one.said_at) < 3_600_000);
    return Math.max(0, Math.min(recent, open?.seq ?? recent) - 1);
  }
}

export class Thread {
  /** @param {{ takeBack: (one: Pending) => void, heard: (one: Message) => void, quote: (one: Message) => void }} to */
  constructor(to) {
    this.to = to;
    this.scroller = byId("thread-scroll", HTMLElement);
    this.box = byId("messages", HTMLElement);
    this.inner = byId("thread-inner", HTMLElement);
    this.earlier = byId("earlier", HTMLElement);
    this.note = byId("thread-note", HTMLElement);
    this.jump = byId("jump", HTMLButtonElement);
    this.typing = byId("typing", HTMLElement);
    this.live = byId("announce", HTMLElement);
    this.id = "";
    /** @type {Map<string, Transcript>} */
    this.kept = new Map();
    /** @type {Map<string, Bubble>} */
    this.bubbles = new Map();
    /** @type {Map<string, PendingBubble>} */
    this.unsent = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.days = new Map();
    this.stuck = true;
    this.missed = 0;
    this.leaving = new AbortController();
    this.typingTimer = 0;
    this.#listen();
  }

  /** Show another conversation. @param {string} id */
  open(id) {
    this.leaving.abort(); // a slow answer for the one before holds up nobody
    this.leaving = new AbortController();
    this.id = id;
    this.bubbles.clear();
    this.unsent.clear();
    this.days.clear();
    this.box.replaceChildren();
    this.live.textContent = "";
    this.earlier.hidden = true;
    this.scroller.removeAttribute("aria-busy");
    this.missed = 0;
    this.stuck = true;
    this.quiet();
    if (!id) return;
    const known = this.#transcript();
    this.#problem(null);
    this.paint();
    this.#bottom();
    void (known.loaded ? this.refresh() : this.#begin());
  }

  /** Read again what is new. One reading at a time; what comes meanwhile is read after it. */
  async refresh() {
    const id = this.id;
    if (!id) return;
    const { signal } = this.leaving;
    const transcript = this.#transcript();
    if (transcript.reading) {
      transcript.again = true;
      return;
    }
    if (!transcript.loaded) return this.#begin();
    transcript.reading = true;
    try {
      for (let more = true; more; ) {
        const page = await get(`/conversations/${id}/messages`, { after: transcript.since, limit: 200, notes: "true" }, signal);
        const last = transcript.last;
        transcript.take(page.items);
        if (signal.aborted || this.kept.get(id) !== transcript) return;
        this.#came(page.items.filter((/** @type {Message} */ one) => one.seq > last));
        more = page.items.length >= 200 && transcript.last > last;
      }
      this.#problem(null);
    } catch {
      // the feed says again when it is back; what is shown stays
    } finally {
      this.#ended(id, transcript);
    }
  }

  /** What came while it was read is read now. @param {string} id @param {Transcript} transcript */
  #ended(id, transcript) {
    transcript.reading = false;
    if (!transcript.again) return;
    transcript.again = false;
    if (id === this.id) void this.refresh();
  }

  /** Look again at what is still on its way, in case nobody tells. */
  settle() {
    const transcript = this.kept.get(this.id);
    const open = transcript?.sorted.slice(-RECENT).some((one) => one.direction === "outbound" && UNSETTLED.has(one.status) && one.status !== "sent");
    if (open) void this.refresh();
  }

  /** A message that the server has just taken. @param {string} id @param {Message} one */
  sent(id, one) {
    const transcript = this.kept.get(id);
    if (!transcript?.loaded) return;
    transcript.take([one]);
    if (id === this.id) {
      this.paint();
      this.#bottom();
    }
  }

  /** The queue of what was not sent yet changed. @param {string} id */
  waiting(id) {
    if (id !== this.id) return;
    const grew = pending(id).length > this.unsent.size;
    this.paint();
    if (grew) this.#bottom();
  }

  /** The customer types. */
  types() {
    clearTimeout(this.typingTimer);
    const near = this.#near();
    this.typing.hidden = false;
    const one = conversation(this.id);
    this.typing.setAttribute("aria-label", t("types", { name: one ? nameOf(one) : "" }));
    if (near) this.#bottom();
    this.typingTimer = window.setTimeout(() => this.quiet(), TYPING_MS);
  }

  quiet() {
    clearTimeout(this.typingTimer);
    this.typing.hidden = true;
  }

  get last() {
    return this.kept.get(this.id)?.last ?? 0;
  }

  /** Everything that was loaded of the open conversation, in order. */
  get messages() {
    return this.kept.get(this.id)?.sorted ?? [];
  }

  // ---- loading

  async #begin() {
    const id = this.id;
    const { signal } = this.leaving;
    const transcript = this.#transcript();
    this.scroller.setAttribute("aria-busy", "true");
    this.#problem(null);
    if (!this.bubbles.size) this.box.replaceChildren(el("p", { class: "sr-only" }, t("loading")), ...Array.from({ length: 4 }, () => el("span", { class: "skeleton", "aria-hidden": "true" })));
    if (transcript.reading) {
      transcript.again = true;
      return;
    }
    transcript.reading = true;
    const masked = conversation(id)?.masked ?? null;
    try {
      const page = await get(`/conversations/${id}/messages`, { before: Number.MAX_SAFE_INTEGER, limit: PAGE, notes: "true" }, signal);
      transcript.masked = masked;
      transcript.take(page.items);
      transcript.whole = page.items.length < PAGE;
      transcript.loaded = true;
      if (!signal.aborted) {
        this.paint();
        this.#bottom();
        this.#seen();
      }
    } catch (error) {
      if (!signal.aborted) {
        this.box.replaceChildren();
        this.#problem(error);
      }
    } finally {
      if (!signal.aborted) this.scroller.removeAttribute("aria-busy");
      this.#ended(id, transcript);
    }
  }

  async #climb() {
    const id = this.id;
    const transcript = this.#transcript();
    if (transcript.climbing || transcript.whole || !transcript.loaded) return;
    const { signal } = this.leaving;
    transcript.climbing = true;
    this.earlier.hidden = false;
    try {
      const page = await get(`/conversations/${id}/messages`, { before: transcript.first, limit: PAGE, notes: "true" }, signal);
      transcript.take(page.items);
      transcript.whole = page.items.length < PAGE;
      if (!signal.aborted) this.#keepPlace(() => this.paint());
    } catch {
      // scrolling on tries again
    } finally {
      transcript.climbing = false;
      if (!signal.aborted) this.earlier.hidden = true;
    }
  }

  #transcript() {
    let found = this.kept.get(this.id);
    if (found) this.kept.delete(this.id);
    else found = new Transcript();
    this.kept.set(this.id, found);
    for (const old of this.kept.keys()) {
      if (this.kept.size <= REMEMBERED) break;
      this.kept.delete(old);
    }
    return found;
  }

  /** @param {unknown} error */
  #problem(error) {
    this.note.hidden = !error;
    if (!error) return;
    const words = error instanceof Failure ? (error.status === 404 ? t("error_gone") : error.words) : t("error_internal");
    this.note.replaceChildren(el("p", {}, words), el("button", { class: "button quiet", type: "button", onclick: () => void this.#begin() }, t("again")));
  }

  // ---- what came

  /** @param {Message[]} fresh */
  #came(fresh) {
    const near = this.#near();
    this.paint();
    const said = fresh.filter((one) => one.direction === "inbound" && !isAside(one));
    if (said.length) this.quiet();
    for (const one of said) {
      this.to.heard(one);
      const whose = conversation(this.id);
      this.live.textContent = t("said", { name: whose ? nameOf(whose) : "", text: one.text || t(`kind_${one.kind}`) });
    }
    if (near) this.#bottom();
    else this.missed += fresh.filter((one) => !isNote(one)).length;
    this.#jumper();
    this.#seen();
  }

  /** Tell that somebody at the desk has read up to here, while he is looking. */
  #seen() {
    const one = conversation(this.id);
    if (!one || one.unread <= 0 || !may("note") || document.visibilityState !== "visible" || !this.#near()) return;
    const last = this.last;
    keep({ ...one, unread: 0 });
    void post(`/conversations/${one.id}/seen`, { seq: last }, { key: "" }).catch(() => {}); // twice is once anyway
  }

  // ---- painting

  paint() {
    const transcript = this.kept.get(this.id);
    const one = conversation(this.id);
    if (!transcript) return;
    if (one && transcript.loaded) {
      transcript.masked ??= one.masked;
      if (transcript.masked !== one.masked) {
        this.kept.delete(this.id); // what is painted stays until it is read anew
        void this.#begin();
        return;
      }
    }
    const customer = one ? nameOf(one) : "";
    /** @type {HTMLElement[]} */
    const wanted = [];
    /** @type {Message | null} */
    let before = null;
    const { shown, signs, byExternal } = woven(transcript.sorted);
    shown.forEach((message, at) => {
      if (!before || !sameDay(before.said_at, message.said_at)) wanted.push(this.#day(message.said_at));
      const bubble = this.#bubble(message, customer, one?.masked ?? true);
      bubble.patch(message, signs.get(message.id), message.ref ? (byExternal.get(message.ref) ?? null) : null);
      const first = !before || !together(before, message);
      const next = shown[at + 1];
      bubble.place(first, !next || !together(message, next));
      wanted.push(bubble.root);
      before = message;
    });
    wanted.push(...this.#pending(transcript));
    this.#order(wanted);
  }

  /** @param {Message} message @param {string} customer @param {boolean} masked */
  #bubble(message, customer, masked) {
    let bubble = this.bubbles.get(message.id);
    if (bubble && bubble.customer === customer && bubble.masked === masked) return bubble;
    bubble?.root.remove();
    bubble = new Bubble(message, customer, masked, {
      retry: (one) => void this.#retry(one),
      quote: (one) => this.to.quote(one),
      jump: (id) => this.#show(id),
    });
    this.bubbles.set(message.id, bubble);
    return bubble;
  }

  /** @param {Transcript} transcript */
  #pending(transcript) {
    const mine = pending(this.id).filter((one) => !covered(one, transcript));
    const keys = new Set(mine.map((one) => one.key));
    for (const [key, bubble] of this.unsent) {
      if (keys.has(key)) continue;
      bubble.root.remove();
      this.unsent.delete(key);
    }
    return mine.map((one) => {
      let bubble = this.unsent.get(one.key);
      if (!bubble) {
        bubble = new PendingBubble(one, { again: () => again(one), back: () => this.#back(one) });
        this.unsent.set(one.key, bubble);
      }
      bubble.patch();
      return bubble.root;
    });
  }

  /** @param {Message} one */
  async #retry(one) {
    const id = this.id;
    const made = await retry(one);
    if (made) this.sent(id, made);
    else void this.refresh();
  }

  /** The message that another one answers. @param {string} id */
  #show(id) {
    const bubble = this.bubbles.get(id);
    if (!bubble?.root.isConnected) return;
    bubble.root.scrollIntoView({ block: "center", behavior: "smooth" });
    bubble.root.classList.add("pointed");
    setTimeout(() => bubble.root.classList.remove("pointed"), POINTED_MS);
  }

  /** More came under the thread: who read the newest goes on reading the newest. */
  grew() {
    if (this.stuck) this.#bottom();
  }

  /** @param {Pending} one */
  #back(one) {
    forget(one);
    this.to.takeBack(one);
  }

  /** @param {string} time */
  #day(time) {
    const words = day(time);
    let found = this.days.get(words);
    if (!found) {
      found = el("h3", { class: "day" }, el("span", {}, words));
      this.days.set(words, found);
    }
    return found;
  }

  /** @param {HTMLElement[]} wanted */
  #order(wanted) {
    const stay = new Set(wanted);
    for (const child of [...this.box.children]) if (!stay.has(/** @type {HTMLElement} */ (child))) child.remove();
    let at = this.box.firstElementChild;
    for (const node of wanted) {
      if (node === at) at = at.nextElementSibling;
      else this.box.insertBefore(node, at);
    }
  }

  // ---- scrolling

  #listen() {
    this.scroller.addEventListener(
      "scroll",
      () => {
        this.stuck = this.#near();
        if (this.stuck && this.missed) {
          this.missed = 0;
          this.#seen();
        }
        this.#jumper();
        if (this.scroller.scrollTop < 400) void this.#climb();
      },
      { passive: true },
    );
    this.jump.addEventListener("click", () => {
      this.#bottom("smooth");
      this.scroller.focus({ preventScroll: true });
    });
    // pictures that load, a composer that grows: who read the newest goes on reading the newest
    const observer = new ResizeObserver(() => {
      if (this.stuck) this.#bottom();
    });
    observer.observe(this.inner);
    observer.observe(this.scroller);
    document.addEventListener("visibilitychange", () => this.#seen());
  }

  #near() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR;
  }

  /** @param {ScrollBehavior} [behavior] */
  #bottom(behavior = "instant") {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior });
    this.stuck = true;
    this.missed = 0;
    this.#jumper();
  }

  #jumper() {
    this.jump.hidden = this.#near();
    const words = this.missed ? t("n_new", { n: this.missed }) : t("to_newest");
    if (this.jump.textContent !== words) this.jump.replaceChildren(icon("web:down"), words);
  }

  /** @param {() => void} change above what is in sight */
  #keepPlace(change) {
    const rest = this.scroller.scrollHeight - this.scroller.scrollTop;
    change();
    this.scroller.scrollTop = this.scroller.scrollHeight - rest;
  }
}

/**
 * Reactions belong to their message: what is shown as a line of its own, the signs by message, messages by the platform's id.
 * @param {Message[]} sorted
 */
function woven(sorted) {
  /** @type {Map<string, Message>} */
  const byExternal = new Map();
  for (const one of sorted) if (one.external_id && one.kind !== "reaction") byExternal.set(one.external_id, one);
  /** @type {Map<string, string[]>} */
  const signs = new Map();
  const shown = sorted.filter((one) => {
    const to = one.kind === "reaction" && one.ref ? byExternal.get(one.ref) : undefined;
    if (!to) return true;
    if (one.reaction) signs.set(to.id, [one.reaction]); // a person has one at a time
    else signs.delete(to.id);
    return false;
  });
  return { shown, signs, byExternal };
}

/** One voice, one moment: no new head between them. @param {Message} a @param {Message} b */
function together(a, b) {
  return voice(a) === voice(b) && Date.parse(b.said_at) - Date.parse(a.said_at) < TOGETHER_MS && sameDay(a.said_at, b.said_at);
}

/** The feed brought it before the answer to our own call did. @param {Pending} one @param {Transcript} transcript */
function covered(one, transcript) {
  return one.state === "sending" && transcript.sorted.some((message) => message.seq > one.after && message.author === "advisor" && message.text.trim() === one.text.trim() && isNote(message) === one.note);
}
