// What I wrote and the server has not confirmed: shown at once, sent in order, the same words never twice.
import { Failure, newKey, pause, post } from "./api.js";
import { refresh } from "./conversations.js";
import { UNSENT } from "./drafts.js";
import { refused } from "./route.js";
import { t } from "./words.js";

const AGAIN_MS = 5000;

/**
 * @typedef {object} Pending
 * @property {string} key names the act for ever: trying again can only do it once
 * @property {string} conversation
 * @property {string} text
 * @property {string[]} attachments
 * @property {string[]} files their names
 * @property {boolean} note
 * @property {string} [answers] id of the message that it answers
 * @property {string} [quoted] its words
 * @property {number} after the last seq that was there when it was written
 * @property {"sending" | "failed"} state
 * @property {string} problem
 * @property {boolean} [signedOut] only the session stood in its way: it goes on after the next sign-in
 */

/** @type {Map<string, Pending[]>} */
const waiting = new Map();
/** Lanes on which something goes just now. @type {Set<string>} */
const busy = new Set();
let moving = false;
/** @type {(conversation: string, answer: any) => void} */
let onSent = () => {};
/** @type {(conversation: string) => void} */
let onChange = () => {};

/**
 * @param {(conversation: string, answer: any) => void} sent `answer`: the Message, or the Conversation after a note
 * @param {(conversation: string) => void} changed
 */
export function start(sent, changed) {
  onSent = sent;
  onChange = changed;
  try {
    /** @type {Pending[]} */
    const kept = JSON.parse(sessionStorage.getItem(UNSENT) ?? "[]");
    for (const one of kept) queue(one.conversation).push(one.signedOut ? { ...one, state: "sending", problem: "", signedOut: false } : one);
  } catch {
    // a page that may not store forgets what it could not send
  }
  guard();
  for (const id of waiting.keys()) pumps(id);
}

/** The page goes elsewhere in this tab and finds the words there again: nobody is asked. */
export function movesOn() {
  moving = true;
}

/** Whether anything is not sent yet, in whichever conversation. */
export function unsent() {
  return [...waiting.values()].some((list) => list.length > 0);
}

/** Whether something of this conversation will not go by itself. @param {string} conversation */
export function stuck(conversation) {
  return pending(conversation).some((one) => one.state === "failed");
}

/** The reply that did not go and that this one waits behind: a customer reads in order. Notes wait for none. @param {Pending} one */
export function heldBy(one) {
  if (one.note || one.state === "failed") return null;
  const lane = queue(one.conversation).filter((each) => !each.note);
  return lane.slice(0, Math.max(0, lane.indexOf(one))).find((each) => each.state === "failed") ?? null;
}

/** Give up all that is left of a conversation. @param {string} conversation */
export function forgetAll(conversation) {
  waiting.delete(conversation);
  changed(conversation);
}

/** @param {string} conversation */
export function pending(conversation) {
  return waiting.get(conversation) ?? [];
}

/** @param {{ conversation: string, text: string, attachments: string[], files: string[], note: boolean, answers?: string, quoted?: string, after: number }} words */
export function send(words) {
  queue(words.conversation).push({ ...words, key: newKey(), state: "sending", problem: "" });
  changed(words.conversation);
  pumps(words.conversation);
}

/** @param {Pending} one */
export function again(one) {
  one.state = "sending";
  changed(one.conversation);
  pumps(one.conversation);
}

/** Do not send it after all; what waited behind it goes. @param {Pending} one */
export function forget(one) {
  forgetQuietly(one);
  changed(one.conversation);
  pumps(one.conversation);
}

/** @param {string} id */
function queue(id) {
  let found = waiting.get(id);
  if (!found) waiting.set(id, (found = []));
  return found;
}

/** @param {string} id */
function changed(id) {
  try {
    const all = [...waiting.values()].flat();
    if (all.length) sessionStorage.setItem(UNSENT, JSON.stringify(all));
    else sessionStorage.removeItem(UNSENT);
  } catch {
    // see above
  }
  guard();
  onChange(id);
}

/** Who would close the tab over words that nobody has is asked. */
function guard() {
  if (unsent()) addEventListener("beforeunload", asks);
  else removeEventListener("beforeunload", asks);
}

/** @param {BeforeUnloadEvent} event */
function asks(event) {
  if (!moving) event.preventDefault();
}

/** Replies and notes go each on a lane of their own. @param {string} id */
function pumps(id) {
  void pump(id, false);
  void pump(id, true);
}

/** One at a time, in order; a reply that failed holds the replies behind it, a note holds nothing. @param {string} id @param {boolean} notes */
async function pump(id, notes) {
  const lane = `${id} ${notes}`;
  if (busy.has(lane)) return;
  busy.add(lane);
  const next = () => queue(id).find((one) => one.note === notes && one.state === "sending" && !heldBy(one));
  try {
    for (let one = next(); one; one = next()) {
      const answer = await deliver(one);
      if (answer === null) continue; // tried again, or given up
      forgetQuietly(one);
      onSent(id, answer);
      changed(id);
    }
  } finally {
    busy.delete(lane);
  }
}

/** @param {Pending} one */
function forgetQuietly(one) {
  const list = queue(one.conversation);
  const at = list.indexOf(one);
  if (at >= 0) list.splice(at, 1);
}

/** @param {Pending} one @returns {Promise<any>} null when it did not go */
async function deliver(one) {
  const path = `/conversations/${one.conversation}/${one.note ? "notes" : "messages"}`;
  const body = one.note ? { text: one.text } : { text: one.text, attachment_ids: one.attachments, ...(one.answers ? { reply_to: one.answers } : {}) };
  try {
    return await post(path, body, { key: one.key });
  } catch (error) {
    if (error instanceof Failure && error.code === "offline" && !navigator.onLine) {
      await pause(AGAIN_MS);
      return null; // the line comes back, and so do we
    }
    one.state = "failed";
    one.signedOut = error instanceof Failure && error.status === 401;
    one.problem = error instanceof Failure ? refused(error) : t("error_internal");
    if (error instanceof Failure && !error.passing && error.status < 500) one.key = newKey(); // refused for good: another try is another act
    if (error instanceof Failure && error.code === "window_closed") refresh([one.conversation]); // the box says so too, not only this bubble
    changed(one.conversation);
    return null;
  }
}
