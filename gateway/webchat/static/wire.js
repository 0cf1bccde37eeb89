// The frames of the web chat (docs/architecture.md, "Web chat wire"), and ids that the server de-duplicates by.

/**
 * @typedef {{ id: string, label: string, url?: string }} Choice
 * @typedef {{ id: string, kind: string, name: string, mime: string, size: number, state: string, url?: string }} Attachment
 * @typedef {{ type: "message", seq: number, id: string, author: "customer" | "bot" | "advisor" | "system", name?: string,
 *   kind: string, text: string, attachments: Attachment[], buttons: Choice[], at: string, client_id?: string,
 *   status?: string, resume?: number, changed?: "edited" | "taken_back" }} Message
 * @typedef {{ type: "ready", thread: string, seq: number } & Standing} Ready
 * @typedef {{ stage: string, advisor: { name: string } | null }} Standing
 * @typedef {{ type: "refused", id: string, code: string, message: string, retry_in_ms?: number }} Refused
 * @typedef {{ type: "file", id: string, file: string }} FileFrame
 * @typedef {{ type: "say", id: string, text: string } | { type: "tap", id: string, payload: string, label: string }
 *   | FileFrame} Outgoing
 * @typedef {Message | Ready | Refused | { type: "ack", id: string } | { type: "status", seq: number, status: string }
 *   | ({ type: "state" } & Standing) | { type: "typing", author: string } | { type: "reconnect", in_ms: number }
 *   | { type: "pong" }} Incoming
 */

/** 128 random bits: what the server de-duplicates a message by. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Text as the server keeps it: NFC, so that what macOS types compares equal.
 * @param {string} text
 */
export function tidy(text) {
  return text.normalize("NFC").replace(/\r\n?/g, "\n").replace(/^\s+|\s+$/g, "");
}
