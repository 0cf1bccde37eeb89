// Tables with names and numbers that wait for a second person.
import { byId, el } from "../../web/static/dom.js";
import { get, post } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { download } from "./exports.js";
import { missed } from "./missed.js";
import { channelName } from "./people.js";
import { proven } from "./proof.js";
import { has, moment, setup, t } from "./words.js";

/** @typedef {import("./model.js").Person} Person */
/** @typedef {{ id: string, state: string, purpose: string, wanted: Record<string, string>, by: Person, mine: boolean, at: string, decided_by: Person | null, decided_at: string | null, until: string | null }} Ask */

const asks = byId("asks", HTMLElement);
const asksStatus = byId("asks-status", HTMLElement);

export async function showAsks() {
  try {
    /** @type {Ask[]} */
    const found = (await get("/exports/asks")).items;
    asks.replaceChildren(...found.map(askRow));
    asksStatus.textContent = found.length ? "" : t("asks_none");
  } catch (error) {
    asksStatus.replaceChildren(missed(error, () => void showAsks(), "asks-again"));
  }
  asks.setAttribute("aria-busy", "false");
}

/** @param {Ask} one */
function askRow(one) {
  const wanted = Object.entries(one.wanted).map(([name, value]) => `${t(`asks_by_${name}`)}: ${valueOf(name, value)}`).join(", ");
  const about = [t("asks_by", { name: one.by.name, time: moment(one.at) }), one.decided_by && one.decided_at ? t("asks_decided", { name: one.decided_by.name, time: moment(one.decided_at) }) : "", one.until ? t("asks_until", { time: moment(one.until) }) : ""];
  const button = (/** @type {string} */ word, /** @type {() => Promise<unknown>} */ act, quiet = true) =>
    el("button", { class: `button${quiet ? " quiet" : ""}`, type: "button", "aria-label": `${t(word)}: ${one.by.name}, ${moment(one.at)}`, onclick: () => void settle(act) }, t(word));
  return el(
    "li",
    {},
    el("span", { class: "user-words" }, el("b", {}, t(`purpose_${one.purpose}`)), ` · ${wanted || t("asks_all")}`, el("small", {}, about.filter(Boolean).join(" · "))),
    el("span", { class: "chip" }, t(`asks_state_${one.state}`)),
    el(
      "span",
      { class: "user-acts" },
      one.state === "asked" && !one.mine ? button("asks_approve", () => proven(() => post(`/exports/asks/${one.id}/approve`)), false) : null,
      one.state === "asked" ? button(one.mine ? "privacy_take_back" : "privacy_decline", () => post(`/exports/asks/${one.id}/decline`)) : null,
      one.state === "approved" && one.mine ? button("asks_fetch", () => fetched(one), false) : null,
    ),
  );
}

/** What a filter asks for, in words. @param {string} name @param {string} value */
function valueOf(name, value) {
  if (name === "channel") return channelName(value);
  for (const key of [`asks_value_${value}`, `stage_${value}`]) if (has(key)) return t(key);
  return value;
}

/** @param {Ask} one */
function fetched(one) {
  const lang = setup.lang === "en" ? "en" : "vi";
  return proven(() => download("/exports/conversations", { purpose: one.purpose, query: one.wanted, personal: true, ask: one.id, lang, separator: lang === "en" ? "comma" : "semicolon" }));
}

/** @param {() => Promise<unknown>} act */
async function settle(act) {
  try {
    await act();
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
  await showAsks();
}
