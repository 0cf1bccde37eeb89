// What was loaded of conversations, in order; which messages are lines of their own, and which stand together.
import { voice } from "./message.js";
import { sameDay } from "./words.js";

/** @typedef {import("./model.js").Message} Message */

export const PAGE = 50;
const RECENT = 30; // messages whose fate may still change
const TOGETHER_MS = 5 * 60_000;
const REMEMBERED = 12;
const UNSETTLED = new Set(["queued", "sending", "sent", "unknown", "unconfirmed"]);

/** What was loaded of one conversation. */
export class Transcript {
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

  /** Whether something of ours is still on its way. */
  get travels() {
    return this.sorted.slice(-RECENT).some((one) => one.direction === "outbound" && UNSETTLED.has(one.status) && one.status !== "sent");
  }
}

/** Those of the conversations that were open last. */
export class Memory {
  constructor() {
    /** @type {Map<string, Transcript>} */
    this.kept = new Map();
  }

  /** @param {string} id */
  get(id) {
    return this.kept.get(id);
  }

  /** The one of this conversation, which is now the last to be forgotten. @param {string} id */
  of(id) {
    const found = this.kept.get(id) ?? new Transcript();
    this.kept.delete(id);
    this.kept.set(id, found);
    for (const old of this.kept.keys()) {
      if (this.kept.size <= REMEMBERED) break;
      this.kept.delete(old);
    }
    return found;
  }

  /** @param {string} id */
  forget(id) {
    this.kept.delete(id);
  }
}

/**
 * Reactions belong to their message: what is shown as a line of its own, the signs by message, messages by the platform's id.
 * @param {Message[]} sorted
 */
export function woven(sorted) {
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
export function together(a, b) {
  return voice(a) === voice(b) && Date.parse(b.said_at) - Date.parse(a.said_at) < TOGETHER_MS && sameDay(a.said_at, b.said_at);
}
