// How full each queue is and since when its oldest waits: counted here where everything is here, else asked of the server.
import { byId } from "../../web/static/dom.js";
import { get } from "./api.js";
import { asksSince, feeds } from "./conversations.js";
import { waits as waited } from "./words.js";

/** @typedef {import("./conversations.js").Tab} Tab */
/** @typedef {{ count: number, oldest_at: string | null }} Fill */

const MOST = 1000;
const AGAIN_MS = 3000;

export class Queues {
  /** @param {readonly Tab[]} tabs */
  constructor(tabs) {
    this.tabs = tabs;
    /** @type {Map<string, Fill>} */
    this.told = new Map();
    this.planned = 0;
    void this.#ask();
  }

  /** Something changed: ask again, but not all the time. */
  changed() {
    if (!this.planned) this.planned = window.setTimeout(() => void this.#ask(), AGAIN_MS * (1 + Math.random()));
  }

  async #ask() {
    try {
      const { items } = await get("/queues");
      this.told = new Map(items.map((/** @type {Fill & { name: string }} */ one) => [one.name, one]));
      this.paint();
    } catch {
      // the next change asks again
    } finally {
      this.planned = 0;
    }
  }

  paint() {
    for (const tab of this.tabs) {
      const fill = this.#fill(tab);
      const badge = byId(`count-${tab}`, HTMLElement);
      const oldest = byId(`oldest-${tab}`, HTMLElement);
      const words = fill ? (fill.count >= MOST ? "999+" : String(fill.count)) : "";
      if (badge.textContent !== words) badge.textContent = words;
      badge.classList.toggle("none", fill?.count === 0);
      const waits = fill?.oldest_at ? waited(fill.oldest_at) : "";
      if (oldest.textContent !== waits) oldest.textContent = waits;
    }
  }

  /** @param {Tab} tab @returns {Fill | undefined} */
  #fill(tab) {
    const feed = feeds[tab];
    const told = this.told.get(tab);
    if (tab === "all" || tab === "closed" || !feed.complete) return told;
    const here = feed.matching();
    const waiting = here.map(asksSince).filter((each) => each !== null);
    return { count: here.length, oldest_at: waiting.sort((a, b) => Date.parse(a) - Date.parse(b))[0] ?? null };
  }
}
