// What the visitor said and the server has not confirmed yet. It survives a reload of the page, not the closing of the
// tab: session storage is this tab's own and is gone with it, so nothing is left on a shared computer.

/** @typedef {import("./wire.js").Outgoing} Frame */
/** @typedef {{ frame: Frame, at: string, acked: boolean }} Waiting */

const KEY = "chat.outgoing";

export class Outgoing {
  /** @type {Waiting[]} */
  #waiting = [];

  constructor() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
      if (Array.isArray(kept)) this.#waiting = kept.filter((item) => typeof item?.frame?.id === "string" && !item.acked);
    } catch {
      // unreadable or forbidden: there is nothing to go on with
    }
  }

  /** Everything that has not come back as a message, oldest first. */
  get all() {
    return [...this.#waiting];
  }

  /** The next frame to send: one at a time, so that the order survives a refusal and a broken line. */
  get next() {
    return this.#waiting.find((item) => !item.acked) ?? null;
  }

  /** @param {Frame} frame */
  add(frame) {
    const item = { frame, at: new Date().toISOString(), acked: false };
    this.#waiting.push(item);
    this.#keep();
    return item;
  }

  /** @param {string} id */
  has(id) {
    return this.#waiting.some((item) => item.frame.id === id && !item.acked);
  }

  /** @param {string} id */
  acked(id) {
    const item = this.#waiting.find((waiting) => waiting.frame.id === id);
    if (item) item.acked = true;
    this.#keep();
  }

  /** @param {string} id */
  drop(id) {
    this.#waiting = this.#waiting.filter((item) => item.frame.id !== id);
    this.#keep();
  }

  clear() {
    this.#waiting = [];
    this.#keep();
  }

  #keep() {
    try {
      const lasting = this.#waiting.filter((item) => !item.acked);
      if (lasting.length) sessionStorage.setItem(KEY, JSON.stringify(lasting));
      else sessionStorage.removeItem(KEY);
    } catch {
      // full or forbidden: the queue lives in memory only
    }
  }
}
