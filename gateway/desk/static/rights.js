// What somebody wants done with his data: logged from the conversation or the page, and shown beside whom it is about.
import { el } from "../../web/static/dom.js";
import { get, post } from "./api.js";
import { ask, field, toast, trouble } from "./dialogs.js";
import { may } from "./people.js";
import { date, now, t } from "./words.js";

/** @typedef {"" | "half" | "near" | "over"} Alarm */
/**
 * @typedef {object} Brief
 * @property {string} id
 * @property {string[]} codes
 * @property {string} kind
 * @property {string} state
 * @property {string} received_at
 * @property {string} due_at
 * @property {Alarm} alarm
 * @property {import("./model.js").Person | null} handler
 */

const KINDS = ["access", "rectify", "delete", "withdraw", "restrict", "object", "protect", "complaint"];
const WAYS = ["phone", "letter", "email", "visit", "chat"];
const DAY_MS = 86_400_000;
const OLDEST_DAYS = 89; // the API refuses 90

/** How it stands with the law's day. @param {{ due_at: string, alarm: Alarm, closed_at?: string | null, state: string }} one */
export function clockOf(one) {
  if (!["received", "verified", "executing"].includes(one.state)) return el("span", { class: `law-clock${one.alarm === "over" ? " over" : " closed"}` }, t(one.alarm === "over" ? "rights_closed_late" : `rights_state_${one.state}`));
  const days = Math.floor((Date.parse(one.due_at) - now()) / DAY_MS);
  const words = one.alarm === "over" ? t("rights_over", { days: String(Math.max(1, -days)) }) : days < 1 ? t("rights_today") : t("rights_left", { days: String(days) });
  return el("span", { class: `law-clock ${one.alarm || "calm"}` }, `${words} · ${t("rights_until", { day: date(one.due_at) })}`);
}

/** @param {string} conversation @returns {Promise<Brief[]>} */
export async function requestsOf(conversation) {
  return (await get(`/conversations/${conversation}/privacy-requests`)).items;
}

/** The panel's section. @param {Brief[]} found @param {string} conversation @param {() => void} again */
export function rights(found, conversation, again) {
  const log = may("request.log") && el("button", { class: "button quiet small", type: "button", "data-key": "rights-log", onclick: () => void logging({ conversation }, again) }, t("rights_log"));
  if (!found.length && !log) return null;
  return el("section", { class: "rights" }, el("h3", {}, t("rights_title")), found.length ? el("ul", { class: "plain-list" }, ...found.map(line)) : null, log);
}

/** @param {Brief} one */
function line(one) {
  const name = t(`rights_kind_${one.kind}`);
  const about = [t(`rights_state_${one.state}`), one.handler ? t("rights_by", { name: one.handler.name }) : "", one.codes.join(", ")].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: "task" },
    el("span", { class: "rights-line" }, may("request.read") ? el("a", { class: "link", "data-key": `rights-${one.id}`, href: `/desk/privacy#${one.id}` }, name) : el("b", {}, name), clockOf(one), el("small", {}, about)),
  );
}

/**
 * A request that came by a call, a letter or in this conversation is written down.
 * @param {{ conversation?: string }} of @param {(id: string) => void} again
 */
export async function logging(of, again) {
  const kind = el("select", { name: "kind" }, ...KINDS.map((each) => el("option", { value: each }, t(`rights_kind_${each}`))));
  const way = el("select", { name: "way" }, ...WAYS.map((each) => el("option", { value: each, selected: each === (of.conversation ? "chat" : "phone") }, t(`rights_way_${each}`))));
  const at = new Date(now());
  const came = el("input", { type: "datetime-local", name: "came", min: local(new Date(at.getTime() - OLDEST_DAYS * DAY_MS)), max: local(at), value: local(at) });
  const who = el("input", { type: "text", name: "who", maxlength: 254, autocomplete: "off" });
  const name = el("input", { type: "text", name: "name", maxlength: 80, autocomplete: "off" });
  const words = el("textarea", { name: "words", rows: 3, maxlength: 4000 });
  const others = el("label", { class: "tick" }, el("input", { type: "checkbox", name: "others" }), el("span", {}, t("rights_others")));
  const person = of.conversation ? [] : [field(t("rights_who"), who, t("rights_who_hint")), field(t("rights_name"), name)];
  let made = "";
  const done = await ask({
    title: t("rights_log"),
    button: t("rights_log_go"),
    fields: [...person, field(t("rights_kind"), kind), field(t("rights_words"), words, t("rights_words_hint")), field(t("rights_way"), way), field(t("rights_came"), came, t("rights_came_hint")), others],
    done: async (form) => {
      if (!of.conversation && !who.value.trim()) throw trouble(t("rights_who_missing"));
      if (!words.value.trim()) throw trouble(t("rights_words_missing"));
      const moment = new Date(came.value);
      if (Number.isNaN(moment.getTime())) throw trouble(t("rights_came_missing"));
      // "now" is the server's: a minute's difference is no letter from the future
      const received = moment.getTime() >= at.getTime() - 60_000 ? {} : { received_at: moment.toISOString() };
      const whose = of.conversation ? { conversation_id: of.conversation } : { who: who.value.trim(), ...(name.value.trim() ? { name: name.value.trim() } : {}) };
      made = (await post("/privacy-requests", { ...whose, kind: kind.value, way: way.value, words: words.value.trim(), processor: form.has("others"), ...received })).id;
    },
  });
  if (!done) return;
  toast(t("rights_logged"));
  again(made);
}

/** @param {Date} at for a datetime-local */
function local(at) {
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
