// Who else looks at the open conversation, or writes in it; and telling that I do.
import { byId, el } from "../../web/static/dom.js";
import { mention } from "./api.js";
import { icon } from "./people.js";
import { setup, t } from "./words.js";

const AGAIN_MS = 20_000;
const WRITES_MS = 4000;
const FORGOTTEN_MS = 7000;

/** @typedef {{ id: string, name: string, writes: boolean }} Other */

export class Presence {
  constructor() {
    this.box = byId("presence", HTMLElement);
    this.id = "";
    this.wroteAt = 0;
    this.timer = 0;
    /** @type {Other[]} */
    this.others = [];
    setInterval(() => this.#say("looks"), AGAIN_MS);
    document.addEventListener("visibilitychange", () => this.#say(document.visibilityState === "visible" ? "looks" : "left"));
    addEventListener("pagehide", () => this.#say("left"));
  }

  /** @param {string} id */
  open(id) {
    if (id === this.id) return;
    this.#say("left");
    this.id = id;
    this.#show([]);
    this.#say("looks");
  }

  /** The line is back: they may have forgotten me. */
  again() {
    this.#say("looks");
  }

  /** Called at every key. */
  writes() {
    if (Date.now() - this.wroteAt < WRITES_MS) return;
    this.wroteAt = Date.now();
    this.#say("writes");
  }

  /** @param {string} id @param {Other[]} people */
  heard(id, people) {
    if (id === this.id) this.#show(people.filter((one) => one.id !== setup.me.id));
  }

  /** @param {"looks" | "writes" | "left"} state */
  #say(state) {
    if (this.id && (state === "left" || document.visibilityState === "visible")) mention("/desk/presence", { conversation: this.id, state });
  }

  /** @param {Other[]} others */
  #show(others) {
    clearTimeout(this.timer);
    this.others = others;
    const writer = others.find((one) => one.writes);
    const [first] = others;
    this.box.hidden = !first;
    this.box.classList.toggle("writes", writer !== undefined);
    if (!first) {
      this.box.replaceChildren();
      return;
    }
    const words = writer ? t("other_writes", { name: writer.name }) : others.length > 1 ? t("others_look", { name: first.name, n: others.length - 1 }) : t("other_looks", { name: first.name });
    this.box.replaceChildren(icon(writer ? "pencil" : "people"), el("span", {}, words));
    if (writer) this.timer = window.setTimeout(() => this.#show(this.others.map((one) => ({ ...one, writes: false }))), FORGOTTEN_MS);
  }
}
