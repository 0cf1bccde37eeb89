// The middle column's messages: newest at the bottom, earlier ones on scrolling up, live without a jump.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, post } from "./api.js";
import { conversation, keep } from "./conversations.js";
import { Foot } from "./foot.js";
import { waits } from "./heldaccounts.js";
import { Bubble, isAside, isNote, PendingBubble } from "./message.js";
import { may, nameOf } from "./people.js";
import { retry } from "./retry.js";
import { again, forget, heldBy, pending } from "./sender.js";
import { Memory, PAGE, together, woven } from "./transcript.js";
import { day, sameDay, t } from "./words.js";

/** @typedef {import("./model.js").Message} Message */
/** @typedef {import("./sender.js").Pending} Pending */
/** @typedef {import("./transcript.js").Transcript} Transcript */

const TYPING_MS = 6000;
const POINTED_MS = 1600;

export class Thread {
  /** @param {{ takeBack: (one: Pending) => void, heard: (one: Message) => void, quote: (one: Message) => void }} to */
  constructor(to) {
    this.to = to;
    this.scroller = byId("thread-scroll", HTMLElement);
    this.box = byId("messages", HTMLElement);
    this.earlier = byId("earlier", HTMLElement);
    this.note = byId("thread-note", HTMLElement);
    this.typing = byId("typing", HTMLElement);
    this.live = byId("announce", HTMLElement);
    this.id = "";
    this.kept = new Memory();
    /** @type {Map<string, Bubble>} */
    this.bubbles = new Map();
    /** @type {Map<string, PendingBubble>} */
    this.unsent = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.days = new Map();
    this.foot = new Foot(this.scroller, { seen: () => this.#seen(), top: () => void this.#climb() });
    this.leaving = new AbortController();
    this.typingTimer = 0;
    document.addEventListener("visibilitychange", () => this.#seen());
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
    this.foot.anew();
    this.quiet();
    if (!id) return;
    const known = this.kept.of(this.id);
    this.#problem(null);
    this.paint();
    this.foot.bottom();
    void (known.loaded ? this.refresh() : this.#begin());
  }

  /** Read again what is new. One reading at a time; what comes meanwhile is read after it. */
  async refresh() {
    const id = this.id;
    if (!id) return;
    const { signal } = this.leaving;
    const transcript = this.kept.of(this.id);
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
    if (this.kept.get(this.id)?.travels) void this.refresh();
  }

  /** A message that the server has just taken. @param {string} id @param {Message} one */
  sent(id, one) {
    const transcript = this.kept.get(id);
    if (!transcript?.loaded) return;
    transcript.take([one]);
    if (id === this.id) {
      this.paint();
      this.foot.bottom();
    }
  }

  /** The queue of what was not sent yet changed. @param {string} id */
  waiting(id) {
    if (id !== this.id) return;
    const grew = pending(id).length > this.unsent.size;
    this.paint();
    if (grew) this.foot.bottom();
  }

  /** The customer types. */
  types() {
    clearTimeout(this.typingTimer);
    const near = this.foot.near;
    this.typing.hidden = false;
    const one = conversation(this.id);
    this.typing.setAttribute("aria-label", t("types", { name: one ? nameOf(one) : "" }));
    if (near) this.foot.bottom();
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
    const transcript = this.kept.of(this.id);
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
        this.foot.bottom();
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
    const transcript = this.kept.of(this.id);
    if (transcript.climbing || transcript.whole || !transcript.loaded) return;
    const { signal } = this.leaving;
    transcript.climbing = true;
    this.earlier.hidden = false;
    try {
      const page = await get(`/conversations/${id}/messages`, { before: transcript.first, limit: PAGE, notes: "true" }, signal);
      transcript.take(page.items);
      transcript.whole = page.items.length < PAGE;
      if (!signal.aborted) this.foot.keepPlace(() => this.paint());
    } catch {
      // scrolling on tries again
    } finally {
      transcript.climbing = false;
      if (!signal.aborted) this.earlier.hidden = true;
    }
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
    const near = this.foot.near;
    this.paint();
    const said = fresh.filter((one) => one.direction === "inbound" && !isAside(one));
    if (said.length) this.quiet();
    for (const one of said) {
      this.to.heard(one);
      const whose = conversation(this.id);
      this.live.textContent = t("said", { name: whose ? nameOf(whose) : "", text: one.text || t(`kind_${one.kind}`) });
    }
    if (near) this.foot.bottom();
    else this.foot.missed += fresh.filter((one) => !isNote(one)).length;
    this.foot.jumper();
    this.#seen();
  }

  /** Tell that somebody at the desk has read up to here, while he is looking. */
  #seen() {
    const one = conversation(this.id);
    if (!one || one.unread <= 0 || !may("note") || document.visibilityState !== "visible" || !this.foot.near) return;
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
        this.kept.forget(this.id); // what is painted stays until it is read anew
        void this.#begin();
        return;
      }
    }
    const customer = one ? nameOf(one) : "";
    const held = waits(one);
    /** @type {HTMLElement[]} */
    const wanted = [];
    /** @type {Message | null} */
    let before = null;
    const { shown, signs, byExternal } = woven(transcript.sorted);
    shown.forEach((message, at) => {
      if (!before || !sameDay(before.said_at, message.said_at)) wanted.push(this.#day(message.said_at));
      const bubble = this.#bubble(message, customer, one?.masked ?? true);
      bubble.patch(message, signs.get(message.id), message.ref ? (byExternal.get(message.ref) ?? null) : null, held);
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
        bubble = new PendingBubble(one, { again: () => again(one), back: () => this.#back(one), held: () => heldBy(one) !== null, jump: () => this.#point(this.unsent.get(heldBy(one)?.key ?? "")?.root) });
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
    this.#point(this.bubbles.get(id)?.root);
  }

  /** @param {HTMLElement | undefined} root of a bubble */
  #point(root) {
    if (!root?.isConnected) return;
    root.scrollIntoView({ block: "center", behavior: "smooth" });
    root.classList.add("pointed");
    setTimeout(() => root.classList.remove("pointed"), POINTED_MS);
  }

  /** More came under the thread: who read the newest goes on reading the newest. */
  grew() {
    this.foot.grew();
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
}

/** The feed brought it before the answer to our own call did. @param {Pending} one @param {Transcript} transcript */
function covered(one, transcript) {
  return one.state === "sending" && !heldBy(one) && transcript.sorted.some((message) => message.seq > one.after && message.author === "advisor" && message.text.trim() === one.text.trim() && isNote(message) === one.note);
}
