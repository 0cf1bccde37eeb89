// An account of ours that does not work: who answers customers there sees that what he writes waits, and why.
import { el } from "../../web/static/dom.js";
import { channelName, may } from "./people.js";
import { clock, moment, now, sameDay, t } from "./words.js";

/** @typedef {"throttled" | "down" | "deaf" | "auth_broken"} Trouble */
/** @typedef {{ channel: string, account: string, state: Trouble, since: string }} Held */
/** @typedef {import("./model.js").Conversation} Conversation */

const WAITS = new Set(["throttled", "down", "auth_broken"]); // from one that is deaf, messages leave

/** @param {string} time */
const short = (time) => (sameDay(time, new Date(now()).toISOString()) ? clock(time) : moment(time));

/** `Telegram · main`. @param {{ channel: string, account: string }} one */
export const accountName = (one) => `${channelName(one.channel)} · ${one.account}`;

/** Over the columns, for as long as it lasts. @param {Held[]} accounts */
export function heldBanner(accounts) {
  const here = document.getElementById("held-accounts");
  if (!accounts.length) {
    here?.remove();
    return;
  }
  const words = accounts.map((one) => t(`held_account_${one.state}`, { account: accountName(one), time: short(one.since) })).join(" ");
  if (here?.dataset["print"] === words) return;
  const line = el("p", { class: "banner alarm", id: "held-accounts", role: "alert", "data-print": words }, words, ...(may("switch.set") ? [" ", el("a", { href: "/desk/channels" }, t("held_look"))] : []));
  if (here) here.replaceWith(line);
  else document.querySelector(".banners")?.append(line);
}

/** Why what is written in this conversation does not leave now; '' when it does. @param {Conversation | null} one */
export function waits(one) {
  const seen = one?.window;
  if (!seen || !WAITS.has(seen.account)) return "";
  return seen.account === "throttled" && seen.account_until ? t("waits_until", { time: short(seen.account_until) }) : t(`waits_${seen.account}`);
}

/** In the line above the box: what is the matter with the account. @param {Conversation} one */
export function ails(one) {
  const why = waits(one);
  if (why) return t("route_waits", { why });
  return one.window?.account === "deaf" ? t("route_deaf") : "";
}
