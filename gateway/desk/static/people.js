// How a person, a channel and a state look: names, faces, words.
import { el } from "../../web/static/dom.js";
import { phone, setup, t, has } from "./words.js";

const SPRITE = new URL("icons.svg", import.meta.url).href;
const SHARED = new URL("../../web/static/icons.svg", import.meta.url).href;
const SVG = "http://www.w3.org/2000/svg";
const TINTS = 6;

/**
 * An icon of the desk's own sprite (`web:name` for a shared one); silent for screen readers.
 * @param {string} name
 * @param {string} [className]
 */
export function icon(name, className = "icon") {
  const made = document.createElementNS(SVG, "svg");
  made.setAttribute("class", className);
  made.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", name.startsWith("web:") ? `${SHARED}#${name.slice(4)}` : `${SPRITE}#${name}`);
  made.append(use);
  return made;
}

/** What to call the customer. @param {import("./model.js").Conversation} one */
export function nameOf(one) {
  if (one.name) return one.name;
  if (one.slots.phone) return phone(one.slots.phone);
  return t("nameless", { code: one.thread.slice(-4) });
}

/** One or two letters for a face. Vietnamese given names stand last. @param {string} name */
export function initials(name) {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, "").trim().split(/\s+/);
  const last = words.at(-1) ?? "";
  return (Array.from(last)[0] ?? "?").toLocaleUpperCase("vi");
}

/** What was said last; of a picture or a file, what it is. @param {import("./model.js").Conversation} one */
export function previewOf(one) {
  const kind = `kind_${/^\[([a-z]+)\]$/.exec(one.preview)?.[1] ?? ""}`;
  return has(kind) ? t(kind) : one.preview;
}

/** A stable tint for a face. @param {string} id */
export function tint(id) {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0;
  return sum % TINTS;
}

/** @param {import("./model.js").Conversation} one */
export function face(one) {
  return el(
    "span",
    { class: `face tint-${tint(one.contact_id || one.id)}`, "aria-hidden": "true" },
    initials(nameOf(one)),
    el("span", { class: "face-channel" }, icon(`ch-${one.channel}`)),
  );
}

/** @param {string} channel */
export function channelName(channel) {
  return has(`channel_${channel}`) ? t(`channel_${channel}`) : channel;
}

/** Where the conversation stands, or how it ended, in words. @param {Pick<import("./model.js").Conversation, "stage" | "ending">} one */
export function stageName(one) {
  if (has(`outcome_${one.ending}`)) return t(`outcome_${one.ending}`);
  return has(`stage_${one.stage}`) ? t(`stage_${one.stage}`) : one.stage;
}

/** @param {string | null | undefined} code */
export function productName(code) {
  return code ? (setup.products[code] ?? code) : "";
}

/** @param {string} reason of a handoff */
export function reasonName(reason) {
  return has(`reason_${reason}`) ? t(`reason_${reason}`) : reason;
}

/** A label as people read it; those that the house gives itself are codes. @param {string} label */
export function labelName(label) {
  const [kind = "", rest = ""] = label.split(":");
  if (kind === "csat" && rest) return t("tag_csat", { n: rest });
  if (kind === "team" && rest) return t("tag_team", { name: rest });
  const name = `tag_${label.replace(":", "_")}`;
  return has(name) ? t(name) : label;
}

/** @param {string} action of gateway/api/allow.py */
export function may(action) {
  return setup.me.may.includes(action);
}

/** Nobody has it, or I do, or I oversee. @param {import("./model.js").Conversation} one */
export function isMine(one) {
  return one.assignee?.id === setup.me.id;
}
