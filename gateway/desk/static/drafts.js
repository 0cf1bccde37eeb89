// Words not sent yet, one draft a conversation and mode: in this tab, which keeps them over a reload and until it is closed
// or signed out. Nothing of a customer lies in the browser longer than somebody works there. What is kept bears the name of
// who wrote it: a session may run out, and the next to log in in this tab may be somebody else.
import { setup } from "./words.js";

const ANYBODY = "desk.";
const MINE = `${ANYBODY}${setup.me.id}.`;
const PREFIX = `${MINE}draft.`;
/** Where the words wait that were sent and not confirmed. */
export const UNSENT = `${MINE}unsent`;

/** @typedef {{ reply?: string, note?: string, quote?: { id: string, text: string } }} Draft `quote` -- the message that is answered */

/** @param {string} id @returns {Draft} */
export function draft(id) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + id) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {string} id @param {Draft} words */
export function keepDraft(id, words) {
  try {
    if (words.reply || words.note || words.quote) sessionStorage.setItem(PREFIX + id, JSON.stringify(words));
    else sessionStorage.removeItem(PREFIX + id);
  } catch {
    // a browser without storage keeps what is on the screen only
  }
}

/** Nothing of a customer stays in the browser after signing out. */
export function forgetDrafts() {
  forget(() => true);
}

/** What somebody else left in this tab is neither shown nor sent. */
export function forgetOthers() {
  forget((key) => !key.startsWith(MINE));
}

/** @param {(key: string) => boolean} which */
function forget(which) {
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(ANYBODY) && which(key)) sessionStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
}
