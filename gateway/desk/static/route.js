// Where an answer goes: channel, account, how long the platform still takes it, and why not when it does not.
import { ails } from "./heldaccounts.js";
import { channelName, may } from "./people.js";
import { has, moment, now, setup, t } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {import("./api.js").Failure} Failure */

export const MOST_TEXT = 16_000; // characters of a reply

const CHIEFS = new Set(["admin", "supervisor"]);
const SHUT = new Set(["template", "later", "never"]);

/** One line above the box. @param {Conversation} one */
export function route(one) {
  const seen = one.window;
  const left = seen?.until && !SHUT.has(seen.advice) ? t("route_left", { time: lasts(seen.until) }) : "";
  const held = seen && seen.held_by !== "us" ? t(seen.may_hold ? `held_${seen.held_by}` : "held_there") : "";
  return [held, t("route_to", { channel: channelName(one.channel), account: one.account }), ails(one), seen?.advice === "billed" ? t("route_billed") : "", left]
    .filter(Boolean)
    .join(" · ");
}

/** Why the platform takes no words of ours now, and what is lawful instead; '' when it does. @param {Conversation} one */
function shut(one) {
  const seen = one.window;
  return seen && SHUT.has(seen.advice) ? why({ ...seen, reason: seen.why || seen.advice }) : "";
}

/** Why the customer cannot be answered here, and what would change that. @param {Conversation} one @returns {{ words: string, act: "take" | "reopen" | "unblock" | null } | null} */
export function replyWall(one) {
  if (!may("reply")) return { words: t("may_not_reply"), act: null };
  if (blocked(one)) return { words: t("window_blocked_by_us"), act: may("block") ? "unblock" : null };
  if (one.status === "closed") return { words: t("is_closed"), act: may("reopen") ? "reopen" : null };
  if (one.channel === "hotline" || one.channel === "leads") return { words: t("calls_only"), act: !one.assignee && may("take") ? "take" : null };
  const closed = shut(one);
  if (!one.reachable && !closed) return { words: t("blocked_us"), act: null };
  if (closed) return { words: closed, act: null };
  if (one.assignee && one.assignee.id !== setup.me.id && !CHIEFS.has(setup.me.role)) return { words: t("others", { name: one.assignee.name }), act: null };
  return null;
}

/** We listen to him no more. @param {Conversation} one */
export const blocked = (one) => one.window?.why === "blocked_by_us";

/**
 * What may not be said here now: why, since when, and what would be right.
 * @param {{ reason: string, ways: string[], hours?: number, closed_at?: string | null, templates?: string[] }} told
 */
export function why({ reason, ways, hours, closed_at, templates = [] }) {
  const named = `window_${reason.replaceAll(/\W/g, "_")}`;
  const cause = reason === "window" && hours && closed_at ? t("window_shut", { hours, time: moment(closed_at) }) : has(named) ? t(named) : "";
  const approved = templates.length ? t("window_templates", { purposes: templates.map((each) => (has(`template_${each}`) ? t(`template_${each}`) : each)).join(", ") }) : "";
  const others = ways.map(way).filter(Boolean).join(", ");
  return [t("error_window_closed"), cause, approved, others ? t("ways", { ways: others }) : ""].filter(Boolean).join(" ");
}

/** Why the server did not take a reply, and what would be right. @param {Failure} error */
export function refused(error) {
  const told = error.fields;
  if (error.code === "window_closed") return why({ reason: told["reason"] ?? "", ways: listed(told["ways"]), hours: Number(told["hours"] ?? 0), closed_at: told["closed_at"] ?? null, templates: listed(told["templates"]) });
  if (error.code !== "invalid") return error.words;
  if (told["reason"] === "file_not_carried") return t("reply_file_not_carried");
  const wrong = Object.keys(told);
  if (wrong.some((each) => each.startsWith("attachment_ids"))) return t(told["attachment_ids"] ? "reply_too_many_files" : "reply_file_gone");
  if (wrong.includes("text")) return tooLong();
  if (wrong.includes("reply_to")) return t("reply_answers_nothing");
  return error.words;
}

/** @param {number} [length] of the words, where it is known */
export function tooLong(length) {
  const shown = (/** @type {number} */ count) => count.toLocaleString(setup.lang);
  return length ? t("reply_longer", { length: shown(length), most: shown(MOST_TEXT), over: shown(length - MOST_TEXT) }) : t("reply_too_long", { most: shown(MOST_TEXT) });
}

/** @param {string | undefined} words of the API, with commas */
const listed = (words) => (words ?? "").split(", ").filter(Boolean);

/** `chat:telegram:main`, `email`, `call` in words. @param {string} code */
function way(code) {
  const [kind = "", channel = "", account = ""] = code.split(":");
  if (kind === "chat") return t("way_chat", { account: `${channelName(channel)} · ${account}` });
  return has(`way_${kind}`) ? t(`way_${kind}`) : "";
}

/** How long until then: `45 phút`, `3 giờ 20`, `6 ngày`. @param {string} time */
function lasts(time) {
  const minutes = Math.max(0, Math.floor((Date.parse(time) - now()) / 60_000));
  if (minutes < 60) return t("n_minutes", { n: minutes });
  if (minutes < 48 * 60) return t("n_hours", { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
  return t("n_days", { n: Math.floor(minutes / 1440) });
}
