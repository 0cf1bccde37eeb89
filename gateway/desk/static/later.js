// Messages that wait for their moment: shown under the thread, changed or taken back until they go; those that could not
// go stay in sight, in the thread and in the list.
import { byId, el } from "../../web/static/dom.js";
import { get, patch, post, remove } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { icon, may } from "./people.js";
import { has, moment, now, setup, t } from "./words.js";

/**
 * @typedef {object} Later
 * @property {string} id
 * @property {string} conversation_id
 * @property {import("./model.js").Person} advisor
 * @property {string} at
 * @property {string} text
 * @property {{id: string, name: string}[]} files
 * @property {{id: string, author: string, text: string} | null} quote
 * @property {"waiting" | "sent" | "expired" | "cancelled"} state
 * @property {string} reason
 */

const QUARTER_MS = 15 * 60_000;
/** Conversations in which something of mine could not go. @type {Set<string>} */
let lost = new Set();

/** @param {string} id of a conversation */
export function missed(id) {
  return lost.has(id);
}

export class LaterList {
  /** @param {{ changed: () => void, grew: () => void }} to `changed` -- the list should be painted again */
  constructor(to) {
    this.to = to;
    this.box = byId("later", HTMLElement);
    this.id = "";
    /** @type {Later[]} */
    this.items = [];
    if (may("reply")) void this.mine();
  }

  /** @param {string} id */
  open(id) {
    this.id = id;
    this.items = [];
    this.#paint();
    if (id) void this.read();
  }

  /** Something changed in this conversation. @param {string[]} ids */
  heard(ids) {
    if (ids.includes(this.id)) void this.read();
    if (may("reply")) void this.mine();
  }

  /** What of mine could not go, anywhere. */
  async mine() {
    try {
      const { items } = await get("/later");
      const found = new Set(items.filter((/** @type {Later} */ one) => one.state === "expired").map((/** @type {Later} */ one) => one.conversation_id));
      if (found.size !== lost.size || [...found].some((id) => !lost.has(id))) {
        lost = found;
        this.to.changed();
      }
    } catch {
      // the next word of it tries again
    }
  }

  async read() {
    const id = this.id;
    try {
      const { items } = await get(`/conversations/${id}/later`);
      if (id !== this.id) return;
      const grew = items.length > this.items.length;
      this.items = items;
      this.#paint();
      if (grew) this.to.grew();
    } catch {
      // what is shown stays
    }
  }

  #paint() {
    const focused = document.activeElement instanceof HTMLElement && this.box.contains(document.activeElement) ? (document.activeElement.dataset["key"] ?? "") : "";
    this.box.replaceChildren(...this.items.map((one) => this.#card(one)));
    this.box.hidden = !this.items.length;
    if (focused) /** @type {HTMLElement | null} */ (this.box.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
  }

  /** @param {Later} one */
  #card(one) {
    const expired = one.state === "expired";
    const key = `later_why_${one.reason}`;
    const why = expired ? [t("later_expired", { time: moment(one.at) }), t(has(key) ? key : "later_why_internal")].join(" ") : t("later_goes", { time: moment(one.at) });
    const who = one.advisor.id === setup.me.id ? "" : one.advisor.name;
    return el(
      "article",
      { class: `later-one${expired ? " expired" : ""}`, "data-later": one.id },
      el("header", {}, icon(expired ? "web:alert" : "web:clock"), el("b", expired ? { role: "alert" } : {}, why), who && el("span", {}, who)),
      one.quote && el("p", { class: "quote" }, one.quote.text),
      one.text && el("p", { class: "bubble" }, el("bdi", {}, one.text)),
      ...one.files.map((file) => el("span", { class: "attachment" }, icon("web:file"), el("span", {}, el("b", {}, file.name)))),
      may("reply") &&
        el(
          "footer",
          { class: "fate-acts" },
          one.advisor.id === setup.me.id && el("button", { type: "button", "data-key": `edit-${one.id}`, onclick: () => void this.#change(one) }, t(expired ? "later_again" : "later_change")),
          el("button", { type: "button", "data-key": `drop-${one.id}`, onclick: () => void this.#drop(one) }, t(expired ? "later_remove" : "later_cancel")),
        ),
    );
  }

  /** @param {Later} one */
  async #change(one) {
    const words = el("textarea", { name: "text", rows: 4, maxlength: 16000 });
    words.value = one.text;
    const when = moments(one.state === "expired" ? "" : one.at);
    await ask({
      title: t("later_title"),
      button: t("later_save"),
      fields: [field(t("later_words"), words), ...when.fields],
      done: async () => {
        await patch(`/later/${one.id}`, { text: words.value.trim(), at: when.read() });
        await this.read();
      },
    });
  }

  /** @param {Later} one */
  async #drop(one) {
    try {
      await remove(`/later/${one.id}`);
      toast(t(one.state === "expired" ? "later_removed" : "later_cancelled"));
    } catch (error) {
      toast(wordsOf(error), "bad");
    }
    await this.read();
    void this.mine();
  }
}

/**
 * Ask when it is to go, and keep it for then.
 * @param {string} id of the conversation @param {{ text: string, attachment_ids: string[], reply_to: string | null }} words
 */
export function sendLater(id, words) {
  const when = moments("");
  return ask({
    title: t("later_title"),
    button: t("later_keep"),
    fields: [el("p", { class: "quote" }, words.text || t("kind_file")), ...when.fields, el("p", { class: "hint" }, t("later_hint"))],
    done: () => post(`/conversations/${id}/later`, { ...words, at: when.read() }),
  });
}

/** The usual moments as buttons, and any other. @param {string} chosen */
function moments(chosen) {
  const first = chosen ? Date.parse(chosen) : Math.ceil((now() + QUARTER_MS) / QUARTER_MS) * QUARTER_MS;
  const input = el("input", { type: "datetime-local", name: "at", required: true, value: local(first) });
  const usual = /** @type {[string, number][]} */ ([
    ["later_in_1h", now() + 3_600_000],
    ["later_tonight", at(0, 19)],
    ["later_morning", at(1, 8)],
    ["later_noon", at(1, 14)],
  ]);
  const quick = usual
    .filter(([, time]) => time > now() + 60_000)
    .map(([name, time]) => el("button", { type: "button", class: "chip-button", onclick: () => (input.value = local(time)) }, t(name)));
  return {
    fields: [field(t("later_when"), input), el("div", { class: "quick" }, ...quick)],
    read: () => {
      const time = new Date(input.value).getTime();
      if (Number.isNaN(time) || time < now() + 60_000) throw trouble(t("later_past"));
      return new Date(time).toISOString();
    },
  };
}

/** @param {number} days from today @param {number} hour */
function at(days, hour) {
  const day = new Date(now());
  day.setDate(day.getDate() + days);
  day.setHours(hour, 0, 0, 0);
  return day.getTime();
}

/** As the field wants it. @param {number} time */
function local(time) {
  const day = new Date(time);
  return new Date(time - day.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
