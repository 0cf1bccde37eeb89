// Where an answer goes: channel, account, how long the platform still takes it, and why not when it does not.
import { channelName, may } from "./people.js";
import { has, now, setup, t } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */

const CHIEFS = new Set(["admin", "supervisor"]);
const SHUT = new Set(["template", "later", "never"]);

/** One line above the box. @param {Conversation} one */
export function route(one) {
  const seen = one.window;
  const left = seen?.until && !SHUT.has(seen.advice) ? t("route_left", { time: lasts(seen.until) }) : "";
  const held = seen && seen.held_by !== "us" ? t(seen.may_hold ? `held_${seen.held_by}` : "held_there") : "";
  return [held, t("route_to", { channel: channelName(one.channel), account: one.account }), seen?.advice === "billed" ? t("route_billed") : "", left]
    .filter(Boolean)
    .join(" · ");
}

/** Why the platform takes no words of ours now, and what is lawful instead; '' when it does. @param {Conversation} one */
function shut(one) {
  const seen = one.window;
  return seen && SHUT.has(seen.advice) ? why(seen.why || seen.advice, seen.ways) : "";
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

/** @param {string} reason @param {string[]} ways */
export function why(reason, ways) {
  const named = `window_${reason}`;
  const others = ways.map(way).filter(Boolean).join(", ");
  return [t("error_window_closed"), has(named) ? t(named) : "", others ? t("ways", { ways: others }) : ""].filter(Boolean).join(" ");
}

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
