// What people write, as text nodes, with the links in it that are safe to follow.
import { el, icon } from "./dom.js";

// A link ends before the punctuation that closes a sentence; a telephone number is one as it is written in Viet Nam. What
// stands before it is taken along: Safari before 16.4 reads no lookbehind, and the whole page would stop at it.
const PATTERN = new RegExp(
  [
    String.raw`(?<url>https?:\/\/[^\s<>"'“”‘’]+)`,
    String.raw`(?<mail>[\w.+-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+)`,
    String.raw`(?<before>^|[^\w+])(?![\w.+-]{1,64}@[a-z0-9-]+\.[a-z0-9])(?<tel>(?:\+84|0)(?:[ .-]?\d){9}|1[89]00(?:[ .-]?\d){4,6})(?!\d)`,
  ].join("|"),
  "giu",
);
const TRAILING = /[.,;:!?…)\]}>»]+$/u;

/**
 * @param {string} text
 * @param {{ external?: string }} [words] `external` -- what a screen reader says of a link that leaves us
 * @returns {DocumentFragment}
 */
export function linked(text, words = {}) {
  const made = document.createDocumentFragment();
  let done = 0;
  for (const match of text.matchAll(PATTERN)) {
    const groups = match.groups ?? {};
    const before = (groups["before"] ?? "").length;
    let shown = match[0].slice(before);
    if (groups["url"]) shown = trimmed(shown);
    const link = groups["url"] ? outside(shown, words.external ?? "") : groups["mail"] ? mail(shown) : telephone(shown);
    if (!link) continue;
    const at = match.index + before;
    made.append(text.slice(done, at), link);
    done = at + shown.length;
  }
  made.append(text.slice(done));
  return made;
}

/** @param {string} url */
function trimmed(url) {
  let shown = url.replace(TRAILING, "");
  // a bracket that the link itself opened belongs to it
  for (const [open, close] of [["(", ")"], ["[", "]"]]) {
    const rest = url.slice(shown.length);
    if (open && close && rest.startsWith(close) && shown.split(open).length > shown.split(close).length) shown += close;
  }
  return shown;
}

/**
 * A link to another site, with the host it really leads to (in ASCII when scripts are mixed in); null when it hides one.
 * @param {string} shown
 * @param {string} external
 */
export function outside(shown, external = "") {
  const url = safe(shown);
  if (!url) return null;
  const host = url.port ? `${url.hostname}:${url.port}` : url.hostname;
  const plain = shown.toLowerCase().replace(/^https?:\/\//, "");
  const named = plain === host || plain.startsWith(`${host}/`) || plain.startsWith(`${host}?`) || plain.startsWith(`${host}#`);
  const link = el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow ugc", class: "link" }, shown);
  if (!named) link.append(" ", el("span", { class: "link-host" }, `(${host})`));
  link.append(icon("out", "icon link-out"));
  if (external) link.append(el("span", { class: "sr-only" }, ` ${external}`));
  return link;
}

/**
 * The address when it is a web address that hides nothing.
 * @param {string} address
 * @returns {URL | null}
 */
export function safe(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const web = url.protocol === "https:" || url.protocol === "http:";
  return web && !url.username && !url.password && url.hostname ? url : null;
}

/** @param {string} shown */
function mail(shown) {
  return el("a", { href: `mailto:${shown}`, class: "link" }, shown);
}

/** @param {string} shown */
function telephone(shown) {
  return el("a", { href: `tel:${shown.replace(/[ .-]/g, "")}`, class: "link" }, shown);
}
