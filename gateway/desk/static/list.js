// The left column: who waits, who is mine. Rows are keyed and move without losing the focus or the place of the scroll.
import { byId, el } from "../../web/static/dom.js";
import { Failure } from "./api.js";
import { conversation, feeds, onChange, unread, waitingSince } from "./conversations.js";
import { icon } from "./people.js";
import { Queues } from "./queues.js";
import { pressing, Row } from "./row.js";
import { setup, t } from "./words.js";

/** @typedef {import("./conversations.js").Tab} Tab */

const TABS = /** @type {Tab[]} */ (["mine", "waiting", ...(setup.teams.length ? ["team"] : []), "snoozed", "all", "closed"]);
const STILL_MS = 500; // rows do not move under a pointer that is moving
const PATIENCE_MS = 3000;

export class List {
  /** @param {{ open: (id: string, how: "pointer" | "keyboard") => void }} to */
  constructor(to) {
    this.to = to;
    this.root = byId("list", HTMLElement);
    this.rows = byId("rows", HTMLUListElement);
    this.empty = byId("list-empty", HTMLElement);
    this.box = byId("search", HTMLInputElement);
    /** @type {Tab} */
    this.tab = "waiting";
    /** @type {import("./filters.js").View | null} */
    this.view = null; // in the place of a tab's list
    /** @type {Map<string, Row>} */
    this.made = new Map();
    this.openId = "";
    this.planned = 0;
    this.movedAt = 0;
    this.wantedAt = 0;
    this.pressed = false;
    this.focused = ""; // the row that the tab key reaches
    this.queues = new Queues(TABS);
    this.#listen();
  }

  /** @param {Tab} tab */
  choose(tab) {
    this.tab = tab;
    this.show(null);
    if (!feeds[tab].loaded) void feeds[tab].load();
  }

  /** These in the place of the tab's; null = the tab's again. @param {import("./filters.js").View | null} view */
  show(view) {
    this.view = view;
    for (const button of this.#tabs()) {
      const chosen = !view && button.dataset["tab"] === this.tab;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = button.dataset["tab"] === this.tab ? 0 : -1;
    }
    byId("list-panel", HTMLElement).setAttribute("aria-labelledby", view ? "view-title" : `tab-${this.tab}`);
    dispatchEvent(new CustomEvent("desk-list", { detail: view }));
    this.root.scrollTop = 0;
    this.focused = "";
    this.paint();
  }

  /** @param {string} id */
  opened(id) {
    this.made.get(this.openId)?.link.removeAttribute("aria-current");
    this.openId = id;
    this.made.get(id)?.link.setAttribute("aria-current", "true");
    if (id) this.#reach(id);
  }

  /** @param {number} step to the row below or above the open one; its id, or '' at the end */
  beside(step) {
    const ids = this.#ids();
    const at = ids.indexOf(this.openId);
    return ids[at < 0 ? 0 : at + step] ?? "";
  }

  /** The tab of this number, 1 the first. @param {number} number */
  nth(number) {
    const tab = TABS[number - 1];
    if (tab) this.choose(tab);
  }

  /** The first row has the focus. */
  first() {
    this.#step(0);
  }

  focusSearch() {
    this.box.focus();
    this.box.select();
  }

  /** Waiting times count. */
  tick() {
    for (const row of this.made.values()) row.tick();
    this.queues.paint();
  }

  // ---- painting

  /** Soon, but not under a pointer that is about to press. */
  plan() {
    if (this.planned) return;
    this.wantedAt ||= performance.now();
    const settled = Math.max(0, STILL_MS - (performance.now() - this.movedAt));
    const patience = Math.max(0, PATIENCE_MS - (performance.now() - this.wantedAt));
    this.planned = window.setTimeout(() => {
      this.planned = 0;
      if (this.pressed || (performance.now() - this.movedAt < STILL_MS && performance.now() - this.wantedAt < PATIENCE_MS)) this.plan();
      else this.paint();
    }, Math.max(16, Math.min(settled, patience)));
  }

  paint() {
    clearTimeout(this.planned);
    this.planned = 0;
    this.wantedAt = 0;
    const ids = this.#ids();
    const wanted = new Set(ids);
    const anchor = this.#anchor(wanted);
    for (const [id, row] of this.made) {
      if (wanted.has(id)) continue;
      if (row.link === document.activeElement) this.#focusBeside(row);
      row.item.remove();
      this.made.delete(id);
    }
    /** @type {HTMLElement[]} */
    const items = [];
    for (const id of ids) {
      const one = conversation(id);
      if (!one) continue;
      let row = this.made.get(id);
      if (!row) {
        row = new Row(id);
        this.made.set(id, row);
        if (id === this.openId) row.link.setAttribute("aria-current", "true");
      }
      row.show(one);
      items.push(row.item);
    }
    this.#order(items);
    if (anchor) this.root.scrollTop += anchor.row.item.getBoundingClientRect().top - anchor.top;
    this.#reach(this.made.has(this.focused) ? this.focused : this.made.has(this.openId) ? this.openId : (ids[0] ?? ""));
    this.#say(ids.length);
    this.#count();
  }

  /** Put the rows into this order without moving the one that has the focus. @param {HTMLElement[]} items */
  #order(items) {
    const active = document.activeElement?.closest(".row-item");
    const at = Math.max(0, items.findIndex((item) => item === active));
    const pivot = items[at];
    if (!pivot) return;
    if (pivot.parentNode !== this.rows) this.rows.append(pivot);
    let next = pivot;
    for (const item of items.slice(0, at).reverse()) {
      if (next.previousElementSibling !== item) this.rows.insertBefore(item, next);
      next = item;
    }
    let last = pivot;
    for (const item of items.slice(at + 1)) {
      if (last.nextElementSibling !== item) this.rows.insertBefore(item, last.nextElementSibling);
      last = item;
    }
  }

  /** The first row in sight, which stays where it is while others come and go; at the very top new rows may push. @param {Set<string>} wanted */
  #anchor(wanted) {
    if (this.root.scrollTop < 8) return null;
    const top = this.root.getBoundingClientRect().top;
    for (const item of this.rows.children) {
      const link = item.firstElementChild;
      const row = link instanceof HTMLElement ? this.made.get(link.dataset["id"] ?? "") : undefined;
      const place = item.getBoundingClientRect().top;
      if (row && wanted.has(row.id) && place >= top - 40) return { row, top: place };
    }
    return null;
  }

  /** @param {Row} row that goes while it has the focus */
  #focusBeside(row) {
    const beside = row.item.nextElementSibling ?? row.item.previousElementSibling;
    const link = beside?.firstElementChild;
    if (link instanceof HTMLElement) link.focus({ preventScroll: true });
  }

  #ids() {
    return this.view?.ids ?? feeds[this.tab].shown().map((one) => one.id);
  }

  /** @param {number} count */
  #say(count) {
    const feed = this.view ?? feeds[this.tab];
    const problem = feed.problem;
    const busy = feed.loading && !feed.loaded;
    this.root.setAttribute("aria-busy", String(busy));
    this.empty.hidden = count > 0;
    if (count > 0) return;
    if (problem) {
      const words = problem instanceof Failure ? problem.words : t("error_internal");
      this.empty.replaceChildren(el("p", {}, words), el("button", { class: "button quiet", type: "button", onclick: () => this.#again() }, t("again")));
    } else if (busy) {
      if (!this.empty.querySelector(".skeleton")) {
        this.empty.replaceChildren(el("p", { class: "sr-only" }, t("loading")), ...Array.from({ length: 5 }, () => el("span", { class: "skeleton" })));
      }
    } else {
      this.empty.replaceChildren(icon("inbox", "icon empty-icon"), el("p", {}, t(this.view ? "empty_view" : `empty_${this.tab}`)));
    }
  }

  #again() {
    void (this.view ?? feeds[this.tab]).load(true);
    this.paint();
  }

  #count() {
    this.queues.paint();
    byId("count-mine", HTMLElement).classList.toggle("fresh", feeds.mine.matching().some(unread));
    byId("count-waiting", HTMLElement).classList.toggle("fresh", feeds.waiting.matching().some((one) => pressing(one, waitingSince(one)) === "late"));
  }

  // ---- listening

  #listen() {
    onChange(() => this.plan());
    for (const button of this.#tabs()) {
      button.addEventListener("click", () => this.choose(/** @type {Tab} */ (button.dataset["tab"])));
    }
    byId("tabs", HTMLElement).addEventListener("keydown", (event) => this.#tabKey(event));
    this.rows.addEventListener("click", (event) => this.#clicked(event));
    this.rows.addEventListener("keydown", (event) => this.#rowKey(event));
    this.rows.addEventListener("focusin", (event) => {
      const link = event.target instanceof Element ? event.target.closest(".row") : null;
      if (link instanceof HTMLElement) this.#reach(link.dataset["id"] ?? "");
    });
    this.root.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && (event.movementX || event.movementY)) this.movedAt = performance.now();
    });
    this.root.addEventListener("pointerdown", () => (this.pressed = true));
    for (const type of ["pointerup", "pointercancel"]) addEventListener(type, () => (this.pressed = false));
    this.root.addEventListener("scroll", () => this.#scrolled(), { passive: true });
  }

  /** @returns {HTMLElement[]} */
  #tabs() {
    return TABS.map((tab) => byId(`tab-${tab}`, HTMLButtonElement));
  }

  /** @param {KeyboardEvent} event */
  #tabKey(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1 });
    const step = steps[event.key];
    const at = event.key === "Home" ? 0 : event.key === "End" ? TABS.length - 1 : step === undefined ? -1 : (TABS.indexOf(this.tab) + step + TABS.length) % TABS.length;
    const tab = TABS[at];
    if (!tab) return;
    event.preventDefault();
    this.choose(tab);
    byId(`tab-${tab}`, HTMLButtonElement).focus();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = event.target instanceof Element ? event.target.closest(".row") : null;
    if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    this.to.open(link.dataset["id"] ?? "", event.detail ? "pointer" : "keyboard");
  }

  /** @param {KeyboardEvent} event */
  #rowKey(event) {
    const steps = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 });
    const ids = this.#ids();
    const at = ids.indexOf(this.focused);
    let to = steps[event.key] === undefined ? -1 : Math.min(ids.length - 1, Math.max(0, at + (steps[event.key] ?? 0)));
    if (event.key === "Home") to = 0;
    if (event.key === "End") to = ids.length - 1;
    if (to < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (at === 0 && event.key === "ArrowUp") this.box.focus();
    else this.#step(to);
  }

  /** @param {number} at */
  #step(at) {
    const link = this.made.get(this.#ids()[at] ?? "")?.link;
    link?.focus({ preventScroll: true });
    link?.scrollIntoView({ block: "nearest" });
  }

  /** One row is in the tab order. @param {string} id */
  #reach(id) {
    if (id === this.focused && this.made.get(id)?.link.tabIndex === 0) return;
    const before = this.made.get(this.focused);
    if (before) before.link.tabIndex = -1;
    this.focused = id;
    const row = this.made.get(id);
    if (row) row.link.tabIndex = 0;
  }

  #scrolled() {
    const rest = this.root.scrollHeight - this.root.scrollTop - this.root.clientHeight;
    if (rest < 600) (this.view ?? feeds[this.tab]).grow();
  }
}
