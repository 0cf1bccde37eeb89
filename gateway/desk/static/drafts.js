// Words not sent yet, one draft a conversation and mode: in this tab, which keeps them over a reload and until it is closed
// or signed out. Nothing of a customer lies in the browser longer than somebody works there.
const PREFIX = "desk.draft.";

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
  try {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith("desk.")) sessionStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
}
