// The conversations that this tab knows, the newest version of each, and the lists that are made of them.
import { Failure, get } from "./api.js";
import { now, setup } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {"mine" | "waiting" | "team" | "snoozed" | "all" | "closed"} Tab */

/** @type {Map<string, Conversation>} */
const known = new Map();
/** @type {Set<(ids: Set<string>) => void>} */
const listeners = new Set();
const AT_ONCE = 60; // rows that one call reads again
const SOON_MS = 40;
const BREATH = 2; // times as long as the last call took: a busy server is asked less often
const MANY = 25;
const PAGE = 50;
const WHOLE = 200; // the queue and one's own work are read whole, as many at once as the API gives
const PAGES = 25; // beyond 5000 that wait, nobody looks at the end
const HELD = 3000; // conversations that a tab holds; what no list needs is let go
const LEFT = 2400;
const MORE = 600;
let allowed = HELD;

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
    known.delete(one.id);
    known.set(one.id, merged); // the longest untouched stand first
    return !held || JSON.stringify(held) !== JSON.stringify(merged);
  });
  if (known.size > allowed) letGo();
  tell(changed.map((one) => one.id));
}

/** The longest untouched that is on no list: a tab that stays open for a week holds no more than one of this morning. */
function letGo() {
  const lists = Object.values(feeds).filter((feed) => feed.loaded);
  const needed = new Set(lists.flatMap((feed) => (WHOLES.has(feed.tab) ? feed.matching() : feed.shown())).map((one) => one.id));
  const before = known.size;
  for (const id of [...known.keys()].slice(0, -WHOLE)) {
    if (known.size <= LEFT) break;
    if (id !== whole && !needed.has(id)) known.delete(id);
  }
  allowed = Math.max(HELD, known.size + MORE); // where the lists need that many, they are not counted at every word
  if (known.size === before) return;
  for (const feed of lists) if (!WHOLES.has(feed.tab)) void feed.load(true); // what follows the rows that are drawn is gone
}

/** @param {string} id */
function drop(id) {
  if (known.delete(id)) tell([id]);
}

// ---- refreshing what a hint named

/** @type {Set<string>} */
const stale = new Set();
let planned = 0;
let asking = false;
let whole = "";

/** The open one is read with everything that is known of it. @param {string} id */
export function watch(id) {
  whole = id;
}

/** Fetch these again, soon and many at a time. @param {Iterable<string>} ids */
export function refresh(ids) {
  for (const id of ids) {
    if (id === whole) void view(id);
    else stale.add(id);
  }
  plan(SOON_MS);
}

/** @param {number} delay */
function plan(delay) {
  if (stale.size && !planned && !asking) planned = window.setTimeout(() => void pump(), delay);
}

async function pump() {
  planned = 0;
  asking = true;
  const ids = [...stale].slice(0, AT_ONCE);
  for (const id of ids) stale.delete(id);
  const began = performance.now();
  try {
    const { items } = await get("/rows", { ids: ids.join(",") });
    keep(...items);
    const here = new Set(items.map((/** @type {Conversation} */ one) => one.id));
    for (const id of ids) if (!here.has(id)) drop(id);
  } catch (error) {
    if (error instanceof Failure && error.passing) for (const id of ids) stale.add(id);
  } finally {
    asking = false;
    plan(SOON_MS + BREATH * (performance.now() - began));
  }
}

let viewing = false;
let viewAgain = false;
/** One at a time; what comes meanwhile is read after it. @param {string} id */
async function view(id) {
  if (viewing) {
    viewAgain = true;
    return;
  }
  viewing = true;
  try {
    keep(await get(`/conversations/${id}`));
  } catch (error) {
    if (error instanceof Failure && error.status === 404) drop(id);
  } finally {
    viewing = false;
    if (viewAgain) {
      viewAgain = false;
      if (whole) void view(whole);
    }
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
/** What comes back first comes first. @param {Conversation} a @param {Conversation} b */
const soonest = (a, b) => at(a.snoozed_until ?? "") - at(b.snoozed_until ?? "") || (a.id < b.id ? -1 : 1);
/** My teams. */
const ours = new Set(setup.teams);
/** @param {Conversation} one */
export const waitingSince = (one) => one.waiting_since || one.last_message_at;
/** By when a person is to be in touch. @param {Conversation} one */
export const dueAt = (one) => one.handoff?.due_at || waitingSince(one);
/** Who is due first comes first, urgent ones before. @param {Conversation} a @param {Conversation} b */
const longest = (a, b) => (b.handoff?.priority ?? 0) - (a.handoff?.priority ?? 0) || at(dueAt(a)) - at(dueAt(b)) || (a.id < b.id ? -1 : 1);
/** @param {Conversation} one */
export const mine = (one) => one.assignee?.id === setup.me.id && one.status === "with_advisor";
/** Since when the customer waits for a word of ours, null when he does not. @param {Conversation} one */
export const asksSince = (one) => (one.status === "waiting" ? waitingSince(one) : one.status === "with_advisor" && said(one) ? one.last_inbound_at : null);
/** The customer has the last word. @param {Conversation} one */
const said = (one) => one.last_inbound_at !== null && at(one.last_inbound_at) >= at(one.last_message_at);
/** Put off until a moment to come. @param {Conversation} one */
export const later = (one) => (one.status === "with_advisor" && one.snoozed_until && at(one.snoozed_until) > now() ? one.snoozed_until : null);
/** Something was said that nobody at the desk has read, and it is my business. @param {Conversation} one */
export const unread = (one) => one.unread > 0 && (one.status === "waiting" || (mine(one) && said(one)));

/** @type {Record<Tab, { query: Record<string, string>, has: (one: Conversation) => boolean, order: (a: Conversation, b: Conversation) => number }>} */
const TABS = {
  mine: { query: { status: "with_advisor", assignee: setup.me.id }, has: (one) => mine(one) && !later(one), order: newest },
  waiting: { query: { status: "waiting" }, has: (one) => one.status === "waiting", order: longest },
  team: { query: {}, has: (one) => ours.has(one.team ?? "") && one.status !== "closed", order: newest },
  snoozed: { query: { status: "with_advisor", assignee: setup.me.id }, has: (one) => mine(one) && later(one) !== null, order: soonest },
  all: { query: {}, has: () => true, order: newest },
  closed: { query: { status: "closed" }, has: (one) => one.status === "closed", order: newest },
};

const WHOLES = new Set(["mine", "waiting", "team", "snoozed"]);

/**
 * A list to its end, for who waits longest may stand on the last page. `next` -- there is still more.
 * @param {string} path @param {Record<string, string>} query @param {string | null} [cursor]
 * @returns {Promise<{ items: any[], next: string | null }>}
 */
async function entire(path, query, cursor = null) {
  const items = [];
  let next = cursor;
  for (let page = 0; page < PAGES; page += 1) {
    const found = await get(path, { ...query, limit: WHOLE, cursor: next });
    items.push(...found.items);
    next = found.next;
    if (next === null) break;
  }
  return { items, next };
}

/** What waits for one of my teams, and what they have. */
async function team() {
  const pages = await Promise.all(setup.teams.flatMap((id) => ["waiting", "with_advisor"].map((status) => entire("/conversations", { team: id, status }))));
  return { items: pages.flatMap((page) => page.items), next: pages.find((page) => page.next)?.next ?? null };
}

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
    this.room = WHOLES.has(tab) ? WHOLE : PAGE; // rows that are drawn; scrolling down makes more
  }

  /** Everything is here, nothing on another page. */
  get complete() {
    return this.loaded && this.next === null;
  }

  /** Everything of this list that we hold, as far as it was loaded without a gap; of a whole list, all: it is not in the order
   * of its pages, and who waits longest was said last long ago. */
  matching() {
    const { has } = TABS[this.tab];
    return [...known.values()].filter((one) => has(one) && (this.complete || WHOLES.has(this.tab) || at(one.last_message_at) >= this.end));
  }

  /** In order, as many as there is room for. */
  shown() {
    return this.matching().sort(TABS[this.tab].order).slice(0, this.room);
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
      const { query } = TABS[this.tab];
      const cursor = again ? null : this.next;
      const [page, queue] = await Promise.all([
        this.tab === "team" ? team() : WHOLES.has(this.tab) ? entire("/conversations", query, cursor) : get("/conversations", { ...query, limit: PAGE, cursor }),
        this.tab === "waiting" && setup.me.may.includes("handoff.list") ? entire("/handoffs", {}) : null,
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
export const feeds = { mine: new Feed("mine"), waiting: new Feed("waiting"), team: new Feed("team"), snoozed: new Feed("snoozed"), all: new Feed("all"), closed: new Feed("closed") };

/** Everything that was loaded, once more: after a gap in the feed. */
export async function reload() {
  await Promise.all(Object.values(feeds).filter((feed) => feed.loaded).map((feed) => feed.load(true)));
}
