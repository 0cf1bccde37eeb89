// Where the reader is: at the end of the log or above it, what came meanwhile, what he has seen.
import { newMessages } from "./thread.js";

const NEAR_PX = 90;
const SEEN_AFTER_MS = 700;
const DELIVERED_AFTER_MS = 1000;

/**
 * @typedef {object} Surroundings
 * @property {HTMLElement} log what scrolls
 * @property {HTMLElement} inside what grows in it
 * @property {HTMLButtonElement} jump to the end, with how much came
 * @property {HTMLElement} jumpText
 * @property {Record<string, string>} words
 * @property {import("./thread.js").Thread} thread
 * @property {(frame: Record<string, unknown>) => boolean} whisper tell the gateway, where there is a line
 * @property {(count: number) => void} unread
 * @property {() => boolean} visible
 */

export class Reader {
  #around;
  #log;
  #unread = 0;
  #seen = 0;
  #seenTimer = 0;
  #delivered = 0;
  #deliveredTimer = 0;
  #stuck = true;

  /** @param {Surroundings} around */
  constructor(around) {
    this.#around = around;
    this.#log = around.log;
    around.jump.addEventListener("click", () => {
      this.settle(true);
      this.#log.focus({ preventScroll: true });
    });
    this.#log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    const sizes = new ResizeObserver(() => this.#stuck && around.visible() && this.toEnd());
    sizes.observe(this.#log);
    sizes.observe(around.inside); // a picture was drawn, a line of trouble came up
    addEventListener("focus", () => this.readSoon());
    document.addEventListener("visibilitychange", () => this.readSoon());
  }

  /** He was at the end when he last looked. */
  get stuck() {
    return this.#stuck;
  }

  /** What comes now is shown at once. */
  get follows() {
    return this.#around.visible() ? this.atEnd : this.#stuck;
  }

  get atEnd() {
    return this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR_PX;
  }

  toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  #scrolled() {
    if (!this.#around.visible()) return; // what is not shown has no end to be at
    this.#stuck = this.atEnd;
    if (this.#stuck && this.#looking()) this.#count(0);
    this.#pill();
    this.readSoon();
  }

  /** @param {boolean} follow */
  settle(follow) {
    if (follow) {
      this.#stuck = true;
      this.toEnd();
      if (this.#looking()) this.#count(0);
    }
    this.#pill();
  }

  #pill() {
    const away = !this.atEnd && !this.#around.thread.empty;
    this.#around.jump.hidden = !away || this.#unread === 0;
    this.#around.jumpText.textContent = newMessages(this.#around.words, this.#unread);
  }

  #looking() {
    return document.visibilityState === "visible" && document.hasFocus() && this.#around.visible();
  }

  /** @param {number} unread */
  #count(unread) {
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#around.unread(unread);
    this.#pill();
  }

  /** Something new was said. @param {boolean} before it was said before the page was opened @param {boolean} followed */
  came(before, followed) {
    const looking = this.#looking();
    if (!before && (!followed || !looking)) this.#count(this.#unread + 1);
    if (!looking) this.#tellDelivered();
  }

  /** Another session: nothing of it was seen. */
  anew() {
    this.#seen = this.#delivered = 0;
  }

  /** Nothing waits for him any more. */
  clear() {
    this.anew();
    this.#count(0);
  }

  /** What stood on the screen for a moment has been read. */
  readSoon() {
    clearTimeout(this.#seenTimer);
    this.#seenTimer = window.setTimeout(() => {
      if (!this.#looking() || !this.atEnd) return;
      this.#count(0);
      const last = this.#around.thread.lastHeard;
      if (last > this.#seen && this.#around.whisper({ type: "seen", seq: last })) this.#seen = last;
    }, SEEN_AFTER_MS);
  }

  /** It is here, though nobody looks; one word for all that came within the second. */
  #tellDelivered() {
    clearTimeout(this.#deliveredTimer);
    this.#deliveredTimer = window.setTimeout(() => {
      const last = this.#around.thread.lastHeard;
      if (last > Math.max(this.#seen, this.#delivered) && this.#around.whisper({ type: "delivered", seq: last })) this.#delivered = last;
    }, DELIVERED_AFTER_MS);
  }
}
