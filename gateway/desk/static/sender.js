// What I wrote and the server has not confirmed: shown at once, sent in order, the same words never twice.
import { Failure, newKey, pause, post } from "./api.js";
import { UNSENT } from "./drafts.js";
import { why } from "./route.js";
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
 */

/** @type {Map<string, Pending[]>} */
const waiting = new Map();
/** @type {Set<string>} */
const busy = new Set();
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
    for (const one of kept) queue(one.conversation).push(one);
  } catch {
    // a page that may not store forgets what it could not send
  }
  for (const id of waiting.keys()) void pump(id);
}

/** @param {string} conversation */
export function pending(conversation) {
  return waiting.get(conversation) ?? [];
}

/** @param {{ conversation: string, text: string, attachments: string[], files: string[], note: boolean, answers?: string, quoted?: string, after: number }} words */
export function send(words) {
  queue(words.conversation).push({ ...words, key: newKey(), state: "sending", problem: "" });
  changed(words.conversation);
  void pump(words.conversation);
}

/** @param {Pending} one */
export function again(one) {
  one.state = "sending";
  changed(one.conversation);
  void pump(one.conversation);
}

/** Do not send it after all. @param {Pending} one */
export function forget(one) {
  const list = queue(one.conversation);
  const at = list.indexOf(one);
  if (at >= 0) list.splice(at, 1);
  changed(one.conversation);
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
  onChange(id);
}

/** One at a time, in order; what failed holds those behind it. @param {string} id */
async function pump(id) {
  if (busy.has(id)) return;
  busy.add(id);
  try {
    for (let one = queue(id)[0]; one && one.state === "sending"; one = queue(id)[0]) {
      const answer = await deliver(one);
      if (answer === null) continue; // tried again, or given up
      forgetQuietly(one);
      onSent(id, answer);
      changed(id);
    }
  } finally {
    busy.delete(id);
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
    one.problem = error instanceof Failure ? reason(error) : t("error_internal");
    if (error instanceof Failure && !error.passing) one.key = newKey(); // refused for good: another try is another act
    changed(one.conversation);
    return null;
  }
}

/** @param {Failure} error */
function reason(error) {
  if (error.code !== "window_closed") return error.words;
  return why(error.fields["reason"] ?? "", (error.fields["ways"] ?? "").split(", "));
}
