// One conversation over a WebSocket that may break at any moment. Nothing that the visitor said is lost: it waits in
// `Outgoing` until the server has committed it. Nothing comes twice: messages have ids, resuming is by number.
import { Busy } from "./visitor.js";

/** @typedef {import("./wire.js").Incoming} Incoming */
/** @typedef {import("./wire.js").Outgoing} Frame */
/** @typedef {"idle" | "connecting" | "open" | "waiting" | "offline" | "elsewhere"} Phase */

const READY_MS = 10_000;
const ACK_MS = 10_000;
const SILENCE_MS = 25_000; // after this much silence we ask whether anybody is there
const ANSWER_MS = 8_000;
const FIRST_MS = 400;
const MOST_MS = 20_000;
const TOO_BIG = 1009;
const UNAUTHORIZED = 4401;
const ELSEWHERE = 4409;

export class Connection {
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Phase} */
  #phase = "idle";
  #after = 0;
  #failures = 0;
  /** @type {number | null} */
  #nextMs = null;
  #heard = 0;
  /** @type {Map<string, number>} */
  #timers = new Map();
  #inFlight = "";
  #wanted = false;
  #visitor;
  #outgoing;
  #listener;

  /**
   * @param {import("./visitor.js").Visitor} visitor
   * @param {import("./outgoing.js").Outgoing} outgoing
   * @param {{ frame: (frame: Incoming) => void, phase: (phase: Phase, detail?: { busy?: number, expired?: boolean }) => void }} listener
   */
  constructor(visitor, outgoing, listener) {
    this.#visitor = visitor;
    this.#outgoing = outgoing;
    this.#listener = listener;
    addEventListener("online", () => this.#hurry());
    addEventListener("offline", () => this.#cut());
    addEventListener("pageshow", (event) => event.persisted && this.#hurry());
    addEventListener("pagehide", () => this.#rest());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#hurry());
  }

  get phase() {
    return this.#phase;
  }

  /** Connect and stay connected. */
  start() {
    if (this.#wanted && this.#phase !== "elsewhere") return;
    this.#wanted = true;
    this.#failures = 0;
    void this.#open();
  }

  /** Hang up; what waits stays in the queue. */
  stop() {
    this.#wanted = false;
    this.#after = 0;
    this.#close();
    this.#show("idle");
  }

  /** Something was put into the queue. */
  flush() {
    if (!this.#wanted) this.start();
    else this.#pump();
  }

  /**
   * Say something that may be lost (seen, typing).
   * @param {Record<string, unknown>} frame
   * @returns {boolean} whether it went out
   */
  whisper(frame) {
    if (this.#phase !== "open" || !this.#socket) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  async #open() {
    this.#clear();
    this.#close();
    if (!this.#wanted) return;
    this.#show("connecting");
    try {
      if (!this.#visitor.known) await this.#visitor.begin();
    } catch (error) {
      if (error instanceof Busy) this.#nextMs = error.seconds * 1000;
      this.#later(error instanceof Busy ? { busy: error.seconds } : {});
      return;
    }
    if (!this.#wanted || this.#socket) return;
    const socket = new WebSocket(new URL("/chat/ws", location.href.replace(/^http/, "ws")));
    this.#socket = socket;
    this.#timer("ready", READY_MS, () => this.#broken(socket));
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", ...this.#visitor.hello, after: this.#after, lang: document.documentElement.lang }));
    socket.onmessage = (event) => socket === this.#socket && this.#receive(String(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#closed(event.code);
  }

  /** @param {string} data */
  #receive(data) {
    /** @type {Incoming} */
    const frame = JSON.parse(data);
    this.#heard = Date.now();
    this.#timers.has("answer") && this.#stop("answer");
    switch (frame.type) {
      case "ready":
        this.#stop("ready");
        this.#failures = 0;
        this.#listen();
        this.#listener.frame(frame);
        this.#show("open");
        this.#pump();
        return;
      case "message":
        this.#after = Math.max(this.#after, frame.resume ?? frame.seq);
        break;
      case "ack":
        this.#outgoing.acked(frame.id);
        this.#settled(frame.id);
        break;
      case "refused":
        if (frame.code === "too_fast") {
          this.#stop("ack"); // it stays first in the queue and goes out when there is room
          this.#timer("pump", frame.retry_in_ms ?? 3000, () => this.#restart());
        } else {
          this.#outgoing.drop(frame.id);
          this.#settled(frame.id);
        }
        break;
      case "reconnect":
        this.#nextMs = frame.in_ms;
        break;
    }
    this.#listener.frame(frame);
  }

  #restart() {
    this.#inFlight = "";
    this.#pump();
  }

  /** @param {string} id */
  #settled(id) {
    if (this.#inFlight !== id) return;
    this.#stop("ack");
    this.#inFlight = "";
    this.#pump();
  }

  #pump() {
    const next = this.#outgoing.next;
    const socket = this.#socket;
    if (!next || this.#inFlight || this.#phase !== "open" || !socket) return;
    this.#inFlight = next.frame.id;
    socket.send(JSON.stringify(next.frame));
    this.#timer("ack", ACK_MS, () => this.#broken(socket));
  }

  /** As long as the line is up, make sure that somebody is at its other end: browsers do not show us pings. */
  #listen() {
    this.#timer("silence", SILENCE_MS, () => {
      if (Date.now() - this.#heard >= SILENCE_MS - 1000) this.#probe();
      this.#listen();
    });
  }

  #probe() {
    const socket = this.#socket;
    if (this.#phase !== "open" || !socket || this.#timers.has("answer")) return;
    this.whisper({ type: "ping" });
    this.#timer("answer", ANSWER_MS, () => this.#broken(socket));
  }

  /** The browser says that there is no network: do not wait until the line is found dead. */
  #cut() {
    if (this.#phase !== "open" && this.#phase !== "connecting") return;
    this.#close();
    this.#later();
  }

  /** The page is put aside; it may be shown again as it is ("back"). */
  #rest() {
    this.#close();
    if (this.#wanted) this.#phase = "waiting";
  }

  /** The network or the visitor is back: no reason to wait. */
  #hurry() {
    if (this.#phase === "open") this.#probe();
    else if (this.#phase === "waiting" || this.#phase === "offline") void this.#open();
  }

  /** @param {WebSocket} socket */
  #broken(socket) {
    if (socket !== this.#socket) return;
    this.#close();
    this.#later();
  }

  /** @param {number} code */
  #closed(code) {
    const inFlight = this.#inFlight;
    this.#socket = null;
    this.#clear();
    if (!this.#wanted) return;
    if (code === ELSEWHERE) {
      this.#wanted = false;
      this.#show("elsewhere");
    } else if (code === UNAUTHORIZED) {
      this.#visitor.lost();
      this.#after = 0;
      if (this.#failures) {
        this.#later(); // refused again: do not run in a circle
      } else if (this.#outgoing.next) {
        this.#failures = 1;
        this.#show("connecting", { expired: true });
        void this.#open();
      } else {
        this.#wanted = false;
        this.#show("idle", { expired: true });
      }
    } else {
      if (code === TOO_BIG && inFlight) this.#giveUp(inFlight);
      this.#later();
    }
  }

  /**
   * A frame that breaks the line each time it is sent must not keep the others back.
   * @param {string} id
   */
  #giveUp(id) {
    this.#outgoing.drop(id);
    this.#listener.frame({ type: "refused", id, code: "too_long", message: "" });
  }

  /**
   * Try again after a while that doubles, with jitter: a thousand visitors do not come back in the same second.
   * @param {{ busy?: number }} [detail]
   */
  #later(detail = {}) {
    const pause = Math.min(MOST_MS, FIRST_MS * 2 ** this.#failures);
    const wait = this.#nextMs ?? pause;
    this.#nextMs = null;
    this.#failures += 1;
    this.#show(navigator.onLine === false ? "offline" : "waiting", detail);
    this.#timer("open", wait * (0.5 + Math.random() / 2) + (detail.busy ? wait / 2 : 0), () => void this.#open());
  }

  #close() {
    const socket = this.#socket;
    this.#socket = null;
    this.#clear();
    socket?.close();
  }

  #clear() {
    for (const name of [...this.#timers.keys()]) this.#stop(name);
    this.#inFlight = "";
  }

  /**
   * @param {string} name
   * @param {number} ms
   * @param {() => void} act
   */
  #timer(name, ms, act) {
    this.#stop(name);
    this.#timers.set(name, window.setTimeout(() => {
      this.#timers.delete(name);
      act();
    }, ms));
  }

  /** @param {string} name */
  #stop(name) {
    window.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  /**
   * @param {Phase} phase
   * @param {{ busy?: number, expired?: boolean }} [detail]
   */
  #show(phase, detail = {}) {
    this.#phase = phase;
    this.#listener.phase(phase, detail);
  }
}
