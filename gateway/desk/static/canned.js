// Canned answers in the composer: a stroke at the beginning opens the list, keys walk through it, Enter takes one over.
import { el } from "../../web/static/dom.js";
import { get } from "./api.js";
import { t } from "./words.js";

/** @typedef {{ id: string, shortcut: string, title: string, text: string, missing: string[] }} Canned */

const SHOWN = 8;
const FRESH_MS = 60_000;
const MARKS = /\p{Diacritic}/gu;
/** A shortcut that was never taken over: no words for a customer. */
export const BARE = /^\/\S*$/;
/** A place that nobody has filled yet. */
export const HOLE = /\{(xung_ho|ten|tu_van_vien|ma_yeu_cau|hotline|cong_ty)\}/;

export class CannedList {
  /** @type {Map<string, { at: number, items: Canned[] }>} */
  #known = new Map();
  /** @type {Canned[]} */
  #found = [];
  #at = 0;
  #asked = 0;
  #list;

  /** @param {HTMLTextAreaElement} box @param {(text: string) => void} take */
  constructor(box, take) {
    this.box = box;
    this.take = take;
    this.#list = el("ul", { class: "canned", id: "canned", role: "listbox", "aria-label": t("canned"), hidden: true });
    box.before(this.#list);
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", "canned");
    box.addEventListener("blur", () => this.close());
    this.#list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  }

  get open() {
    return !this.#list.hidden;
  }

  close() {
    this.#asked += 1;
    this.#list.hidden = true;
    this.box.removeAttribute("aria-activedescendant");
  }

  /** After every change of the text. @param {string} conversation */
  async typed(conversation) {
    const wanted = /^\/(\S*)$/.exec(this.box.value);
    if (!wanted) {
      if (this.open) this.close();
      return;
    }
    const turn = ++this.#asked;
    const items = await this.#items(conversation);
    if (turn !== this.#asked || document.activeElement !== this.box) return;
    const words = plain(wanted[1] ?? "");
    const begins = items.filter((one) => one.shortcut.startsWith(words));
    const holds = items.filter((one) => !one.shortcut.startsWith(words) && (one.shortcut.includes(words) || plain(one.title).includes(words)));
    this.#found = [...begins, ...holds].slice(0, SHOWN);
    this.#at = 0;
    this.#show(items.length === 0);
  }

  /** Whether the key was for the list. @param {KeyboardEvent} event */
  key(event) {
    if (!this.open) return false;
    if (event.key === "Escape") {
      this.close();
      event.stopPropagation(); // the thread stays open
    } else if (!this.#found.length) return false;
    else if (event.key === "ArrowDown") this.#move(1);
    else if (event.key === "ArrowUp") this.#move(-1);
    else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") this.#choose(this.#at);
    else return false;
    event.preventDefault();
    return true;
  }

  /** @param {string} conversation */
  async #items(conversation) {
    const known = this.#known.get(conversation);
    if (known && Date.now() - known.at < FRESH_MS) return known.items;
    try {
      /** @type {Canned[]} */
      const items = (await get(`/conversations/${conversation}/canned`)).items;
      this.#known.clear();
      this.#known.set(conversation, { at: Date.now(), items });
      return items;
    } catch {
      return known?.items ?? [];
    }
  }

  /** @param {boolean} none */
  #show(none) {
    const rows = this.#found.map((one, index) =>
      el(
        "li",
        { role: "option", id: `canned-${index}`, "aria-selected": "false", onclick: () => this.#choose(index) },
        el("kbd", {}, `/${one.shortcut}`),
        el("b", {}, one.title),
        el("span", {}, one.text),
      ),
    );
    this.#list.replaceChildren(...(rows.length ? rows : [el("li", { class: "hint", role: "option", "aria-disabled": "true" }, t(none ? "canned_none" : "canned_unknown"))]));
    this.#list.hidden = false;
    this.#move(0);
  }

  /** @param {number} by */
  #move(by) {
    const rows = [...this.#list.children];
    if (!this.#found.length) return;
    this.#at = (this.#at + by + rows.length) % rows.length;
    rows.forEach((row, index) => row.setAttribute("aria-selected", String(index === this.#at)));
    rows[this.#at]?.scrollIntoView({ block: "nearest" });
    this.box.setAttribute("aria-activedescendant", `canned-${this.#at}`);
  }

  /** @param {number} index */
  #choose(index) {
    const one = this.#found[index];
    this.close();
    if (!one) return;
    this.take(one.text);
    const hole = HOLE.exec(this.box.value);
    if (hole) this.box.setSelectionRange(hole.index, hole.index + hole[0].length);
  }
}

/** @param {string} words */
function plain(words) {
  return words.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(MARKS, "");
}
