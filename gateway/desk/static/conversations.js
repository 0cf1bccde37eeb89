// The conversations that this tab knows, the newest version of each, and the lists that are made of them.
import { get } from "./api.js";
import { now, setup } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {"waiting" | "mine" | "all" | "closed"} Tab */

/** @type {Map<string, Conversation>} */
const known = new Map();
/** @type {Set<(ids: Set<string>) => void>} */
const listeners = new Set();
const AT_ONCE = 4;
const MANY = 25;
const PAGE = 50;
const WHOLE = 200; // the queue and one's own work are read whole

/** @param {string} id */
export function conversation(id) {
  return known.get(id) ?? null;
}

export function all() {
  return known.values();
}

/** Called after conversations changed, with their ids. @param {(ids: Set<string>) => void} listener */
export function onChange(listener) {
  listeners.add(listener);
}

/** @param {Iterable<string>} ids */
function tell(ids) {
  const changed = new Set(ids);
  if (changed.size) for (const listener of listeners) listener(changed);
}

/** Take what the API answered; an older version than the one we hold changes nothing. @param {Conversation[]} given */
export function keep(...given) {
  const changed = given.filter((one) => {
    const held = known.get(one.id);
    if (held && held.version > one.version) return false;
    const merged = held ? { ...held, ...one } : one; // lists come without the request for a person
    known.set(one.id, merged);
    return !held || JSON.stringify(held) !== JSON.stringify(merged);
  });
  tell(changed.map((one) => one.id));
}

/** @param {string} id */
function drop(id) {
  if (known.delete(id)) tell([id]);
}

// ---- refreshing what a hint named

/** @type {Set<string>} */
const stale = new Set();
/** @type {Set<string>} */
const running = new Set();

/** Fetch these again, soon and a few at a time. @param {Iterable<string>} ids */
export function refresh(ids) {
  for (const id of ids) stale.add(id);
  if (stale.size > MANY) {
    stale.clear();
    void reload();
    return;
  }
  pump();
}

function pump() {
  for (const id of stale) {
    if (running.size >= AT_ONCE) return;
    if (running.has(id)) continue;
    stale.delete(id);
    running.add(id);
    void get(`/conversations/${id}`)
      .then(keep, (error) => {
        if (error.status === 404) drop(id);
      })
      .finally(() => {
        running.delete(id);
        pump();
      });
  }
}

/** Whether a hint says something new. @param {string} id @param {number} version */
export function isNews(id, version) {
  const held = known.get(id);
  return !held || held.version < version;
}

// ---- lists

/** @param {string} value */
const at = (value) => Date.parse(value);
/** @param {Conversation} a @param {Conversation} b */
const newest = (a, b) => at(b.last_message_at) - at(a.last_message_at) || (a.id < b.id ? 1 : -1);
/** @param {Conversation} one */
export const waitingSince = (one) => one.waiting_since || one.last_message_at;
/** By when a person is to be in touch. @param {Conversation} one */
export const dueAt = (one) => one.handoff?.due_at || waitingSince(one);
/** Who is due first comes first, urgent ones before. @param {Conversation} a @param {Conversation} b */
const longest = (a, b) => (b.handoff?.priority ?? 0) - (a.handoff?.priority ?? 0) || at(dueAt(a)) - at(dueAt(b)) || (a.id < b.id ? -1 : 1);
/** @param {Conversation} one */
export const mine = (one) => one.assignee?.id === setup.me.id && one.status === "with_advisor";
/** The customer has the last word. @param {Conversation} one */
const said = (one) => one.last_inbound_at !== null && at(one.last_inbound_at) >= at(one.last_message_at);
/** Put off until a moment to come. @param {Conversation} one */
export const later = (one) => (one.snoozed_until && at(one.snoozed_until) > now() ? one.snoozed_until : null);
/** Something was said that nobody at the desk has read, and it is my business. @param {Conversation} one */
export const unread = (one) => one.unread > 0 && (one.status === "waiting" || (mine(one) && said(one)));

/** @type {Record<Tab, { query: Record<string, string>, has: (one: Conversation) => boolean, order: (a: Conversation, b: Conversation) => number }>} */
const TABS = {
  waiting: { query: { status: "waiting" }, has: (one) => one.status === "waiting", order: longest },
  mine: { query: { status: "with_advisor", assignee: setup.me.id }, has: mine, order: newest },
  all: { query: {}, has: () => true, order: newest },
  closed: { query: { status: "closed" }, has: (one) => one.status === "closed", order: newest },
};

/** A list that is loaded page by page and kept right by what comes in. */
export class Feed {
  /** @param {Tab} tab */
  constructor(tab) {
    this.tab = tab;
    /** @type {string | null} */
    this.next = null;
    this.loaded = false;
    this.loading = false;
    /** @type {unknown} */
    this.problem = null;
    this.end = Infinity; // messages older than this are on pages that were not loaded
    this.room = PAGE; // rows that are drawn; scrolling down makes more
  }

  /** Everything is here, nothing on another page. */
  get complete() {
    return this.loaded && this.next === null;
  }

  /** Everything of this list that we hold, as far as it was loaded without a gap. */
  matching() {
    const { has } = TABS[this.tab];
    return [...known.values()].filter((one) => has(one) && (this.complete || at(one.last_message_at) >= this.end));
  }

  /** In order, as many as there is room for. */
  shown() {
    return this.matching().sort(TABS[this.tab].order).slice(0, this.tab === "all" || this.tab === "closed" ? this.room : WHOLE);
  }

  /** Room for another page, loaded when it is not here yet. */
  grow() {
    if (this.matching().length > this.room) {
      this.room += PAGE;
      tell([""]);
    } else if (this.next !== null && !this.loading) {
      this.room += PAGE;
      void this.load();
    }
  }

  /** @param {boolean} again from the beginning */
  async load(again = false) {
    if (this.loading || (!again && this.complete)) return;
    this.loading = true;
    this.problem = null;
    try {
      const wanted = this.tab === "waiting" || this.tab === "mine" ? WHOLE : PAGE;
      const [page, queue] = await Promise.all([
        get("/conversations", { ...TABS[this.tab].query, limit: wanted, cursor: again ? null : this.next }),
        this.tab === "waiting" && setup.me.may.includes("handoff.list") ? get("/handoffs", { limit: wanted }) : null,
      ]);
      for (const one of queue?.items ?? []) keep({ ...one.conversation, handoff: one.handoff });
      if (again) this.#prune(page.items, page.next);
      this.next = page.next;
      this.loaded = true;
      const last = page.items.at(-1);
      this.end = page.next && last ? at(last.last_message_at) : -Infinity;
      keep(...page.items);
    } catch (error) {
      this.problem = error;
    } finally {
      this.loading = false;
      tell([""]);
    }
  }

  /** What we hold for this list but the server no longer has there changed while we did not hear. @param {Conversation[]} items @param {string | null} next */
  #prune(items, next) {
    const here = new Set(items.map((one) => one.id));
    const last = items.at(-1);
    const end = next && last ? at(last.last_message_at) : -Infinity;
    refresh(this.matching().filter((one) => !here.has(one.id) && at(one.last_message_at) >= end).slice(0, MANY).map((one) => one.id));
  }
}

/** @type {Record<Tab, Feed>} */
export const feeds = { waiting: new Feed("waiting"), mine: new Feed("mine"), all: new Feed("all"), closed: new Feed("closed") };

/** Everything that was loaded, once more: after a gap in the feed. */
export async function reload() {
  await Promise.all(Object.values(feeds).filter((feed) => feed.loaded).map((feed) => feed.load(true)));
}

/**
 * What words find. @param {string} q @param {AbortSignal} signal @returns {Promise<Conversation[]>}
 */
export async function search(q, signal) {
  const page = await get("/conversations", { q, limit: PAGE }, signal);
  keep(...page.items);
  return page.items;
}
