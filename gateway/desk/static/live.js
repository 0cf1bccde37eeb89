// The live feed: one stream a browser. The tab that holds the lock reads it and tells the others; when that tab goes,
// or falls silent, another one takes over where it stopped.
import { serverSays, setup } from "./words.js";

const SILENT_MS = 40_000; // the server's heart beats every 15 s
const LOOK_MS = 5_000;
const AGAIN_MS = [1000, 2000, 5000, 10_000];

/**
 * @typedef {{ id: string, version: number, at: number, kinds: string[] }} Change a conversation that changed
 * @typedef {{ type: "change", items: Change[], others: [string, string][] } | { type: "reset" } | { type: "typing", id: string } | { type: "here", id: string, people: import("./presence.js").Other[] }} News
 * @typedef {{ type: "beat" | "hello", at: number, advisor?: string, open?: number } | { type: "bye", reason: string } | { type: "ask" } | News} Wire
 */

export class Live {
  /**
   * @param {object} to
   * @param {(news: News) => void} to.news
   * @param {(connected: boolean) => void} to.connected
   * @param {() => void} to.beat nothing happened for a while, as far as we were told
   * @param {(reason: string) => void} to.bye the session is over, or somebody else's
   */
  constructor(to) {
    this.to = to;
    this.cursor = setup.cursor;
    this.heard = Date.now();
    this.connected = false;
    this.ended = false;
    /** @type {EventSource | null} */
    this.source = null;
    this.tries = 0;
    this.timer = 0;
    /** @type {BroadcastChannel | null} */
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-live") : null;
    this.channel?.addEventListener("message", (event) => this.#told(event.data));
  }

  start() {
    void this.#stand(false);
    this.channel?.postMessage({ wire: { type: "ask" }, cursor: this.cursor });
    setInterval(() => this.#look(), LOOK_MS);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#look();
    });
    addEventListener("offline", () => {
      this.source?.close(); // opened again when the line is back
      this.#connected(false);
    });
    addEventListener("online", () => this.#reopen());
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.#reopen();
    });
  }

  stop() {
    this.ended = true;
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
    this.channel?.close();
  }

  /** Wait for the lock, then read the stream for every tab. @param {boolean} steal from a tab that fell silent */
  async #stand(steal) {
    if (!navigator.locks || !this.channel) {
      this.#open();
      return;
    }
    try {
      await navigator.locks.request("desk-live", steal ? { steal: true } : {}, () => {
        this.#open();
        return new Promise(() => {}); // held for as long as the tab lives
      });
    } catch {
      this.source?.close(); // somebody took the lock from us
      this.source = null;
      if (!this.ended) void this.#stand(false);
    }
  }

  #open() {
    if (this.ended) return;
    clearTimeout(this.timer);
    this.source?.close();
    const source = new EventSource(`/desk/events?cursor=${encodeURIComponent(this.cursor)}`);
    this.source = source;
    this.heard = Date.now();
    for (const type of /** @type {const} */ (["hello", "beat", "change", "reset", "typing", "here", "bye"])) {
      source.addEventListener(type, (event) => {
        if (event.lastEventId) this.cursor = event.lastEventId;
        this.#said({ type, ...JSON.parse(event.data) }, true);
      });
    }
    source.addEventListener("error", () => this.#lost(source));
  }

  /** @param {EventSource} source */
  #lost(source) {
    if (source !== this.source || this.ended) return;
    this.#connected(false);
    source.close(); // our own pace, and our own cursor
    const wait = AGAIN_MS[Math.min(this.tries, AGAIN_MS.length - 1)] ?? 10_000;
    this.tries += 1;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.#open(), wait * (0.75 + Math.random() / 2));
  }

  /** @param {Wire} wire @param {boolean} first read here, not told by another tab */
  #said(wire, first) {
    this.heard = Date.now();
    if (first) this.channel?.postMessage({ wire, cursor: this.cursor });
    if (wire.type === "bye") {
      this.#bye(wire.reason);
      return;
    }
    this.tries = 0;
    if (wire.type === "hello" && wire.advisor && wire.advisor !== setup.me.id) {
      this.#bye("other");
      return;
    }
    if ("at" in wire && typeof wire.at === "number") serverSays(wire.at);
    this.#connected(true);
    if (wire.type === "beat") this.to.beat();
    if (wire.type === "change" || wire.type === "reset" || wire.type === "typing" || wire.type === "here") this.to.news(wire);
  }

  /** @param {{ wire: Wire, cursor: string }} told by the tab that reads the stream */
  #told({ wire, cursor }) {
    if (this.ended) return;
    if (wire.type === "ask") {
      if (this.source && this.connected) this.channel?.postMessage({ wire: { type: "hello", at: 0 }, cursor: this.cursor });
      return;
    }
    this.cursor = cursor;
    if (wire.type === "hello" && !wire.at) {
      this.heard = Date.now();
      this.#connected(true);
      return;
    }
    this.#said(wire, false);
  }

  /** @param {string} reason */
  #bye(reason) {
    if (reason === "crowded" || reason === "restart") {
      if (this.source) this.#lost(this.source);
      return;
    }
    this.stop();
    this.to.bye(reason);
  }

  /** @param {boolean} yes */
  #connected(yes) {
    if (yes === this.connected) return;
    this.connected = yes;
    this.to.connected(yes);
  }

  #look() {
    if (this.ended || Date.now() - this.heard < SILENT_MS) return;
    if (this.source) this.#reopen();
    else void this.#stand(true);
  }

  #reopen() {
    if (this.source && !this.ended) {
      this.tries = 0;
      this.#open();
    }
  }
}
