// Lists that people keep, and the conversations behind a figure of the wall: shown in the place of a tab's.
import { byId, el } from "../../web/static/dom.js";
import { get, patch, post, remove } from "./api.js";
import { keep, onChange } from "./conversations.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { exporting } from "./exports.js";
import { channelName, icon, may, stageName } from "./people.js";
import { has, setup, t } from "./words.js";

const PAGE = 50;
const SOON_MS = 2500; // what changes may come and go in a list: it is looked at again, not at every word
const COUNT_MS = 60_000;
const CHANNELS = ["webchat", "telegram", "zalo", "viber", "facebook", "leads", "hotline", "email"];
const STATUSES = ["waiting", "with_advisor", "open", "closed"];
const STAGES = ["queued", "callback_scheduled", "unreachable", "won", "lost", "closed_no_need", "closed_idle"];
const HOURS = [24, 72, 168, 720];
const MINUTES = [5, 15, 30, 60, 240];
const FIGURES = ["waiting", "late", "active", "his_turn", "later", "asked", "answered", "unanswered", "step", "lost", "score"];

/** @typedef {{ id: string, name: string, shared: boolean, mine: boolean, query: Record<string, string | number>, count: number, more: boolean }} Filter */

/** A list that the server makes: loaded page by page, and looked at again when something changes. */
export class View {
  /**
   * @param {string} path of the API @param {Record<string, string | number>} query @param {string} title
   * @param {{ filter?: Filter, still?: boolean, painted: () => void }} more still: not looked at again by itself
   */
  constructor(path, query, title, { filter, still = false, painted }) {
    this.path = path;
    this.query = query;
    this.title = title;
    this.filter = filter ?? null;
    this.still = still;
    this.painted = painted;
    /** @type {string[]} */
    this.ids = [];
    /** @type {string | null} */
    this.next = null;
    this.loaded = false;
    this.loading = false;
    /** @type {unknown} */
    this.problem = null;
    this.rows = PAGE;
  }

  /** @param {boolean} [again] from the beginning, as far as it was read */
  async load(again = false) {
    if (this.loading) return;
    this.loading = true;
    this.problem = null;
    try {
      const page = await get(this.path, { ...this.query, limit: again ? this.rows : PAGE, cursor: again ? null : this.next });
      const ids = page.items.map((/** @type {{ id: string }} */ one) => one.id);
      keep(...page.items);
      this.ids = again ? ids : [...this.ids, ...ids];
      this.next = page.next;
      this.loaded = true;
    } catch (error) {
      this.problem = error;
    } finally {
      this.loading = false;
      this.painted();
    }
  }

  grow() {
    if (!this.next || this.loading) return;
    this.rows = Math.min(200, this.rows + PAGE);
    void this.load();
  }
}

export class Filters {
  /** @param {import("./list.js").List} list */
  constructor(list) {
    this.list = list;
    this.row = byId("lists", HTMLElement);
    this.bar = byId("view-bar", HTMLElement);
    /** @type {Filter[]} */
    this.items = [];
    /** @type {View | null} */
    this.view = null;
    this.timer = 0;
    addEventListener("desk-list", (event) => this.#shown(/** @type {CustomEvent} */ (event).detail));
    onChange(() => this.#later());
    if (!may("filter.read")) return;
    void this.refresh();
    setInterval(() => {
      if (document.visibilityState === "visible") void this.refresh();
    }, COUNT_MS);
  }

  /** What the address asks for: a figure of the wall. @returns {boolean} */
  fromAddress() {
    const asked = new URLSearchParams(location.search);
    const figure = asked.get("figure") ?? "";
    if (!FIGURES.includes(figure) || !may("wall.read")) return false;
    const of = asked.get("of") ?? "";
    const tests = asked.get("tests") === "true";
    const query = { figure, of, period: asked.get("period") ?? "today", ...(tests ? { tests: "true" } : {}) };
    void titleOf(figure, of, tests).then((title) => this.#open(new View("/wall/conversations", query, title, { painted: () => this.list.plan() })));
    return true;
  }

  async refresh() {
    try {
      this.items = (await get("/filters")).items;
    } catch {
      return; // the next look tries again
    }
    this.#paint();
  }

  /** The list of this number from the left, 1 the first; none does nothing. @param {number} number */
  choose(number) {
    const filter = this.items[number - 1];
    if (filter) this.#openFilter(filter);
  }

  /** @param {Filter} filter */
  #openFilter(filter) {
    this.#open(new View("/conversations", filter.query, filter.name, { filter, painted: () => this.list.plan() }));
  }

  /** All that a search finds. @param {string} q */
  openFound(q) {
    this.#open(new View("/conversations", { q }, t("finds_of", { q }), { still: true, painted: () => this.list.plan() }));
  }

  /** @param {View} view */
  #open(view) {
    this.list.show(view);
    void view.load();
  }

  /** @param {View | null} view */
  #shown(view) {
    this.view = view;
    this.#paint();
    this.bar.hidden = !view;
    if (!view) return;
    byId("view-title", HTMLElement).textContent = view.title;
    byId("view-edit", HTMLElement).hidden = !view.filter?.mine;
    byId("view-export", HTMLElement).hidden = !view.filter || !may("export");
  }

  #later() {
    const view = this.view;
    if (!view || view.still || this.timer) return;
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      if (view === this.view && view.loaded) void view.load(true);
    }, SOON_MS);
  }

  #paint() {
    const chips = this.items.map((filter) => {
      const here = this.view?.filter?.id === filter.id;
      const count = `${filter.count}${filter.more ? "+" : ""}`;
      return el(
        "button",
        { type: "button", class: "list-chip", "data-filter": filter.id, "data-key": `filter-${filter.id}`, "aria-pressed": String(here), title: filter.shared ? t("list_shared") : null, onclick: () => (here ? this.list.choose(this.list.tab) : this.#openFilter(filter)) },
        el("span", {}, filter.name),
        el("b", { class: "count" }, count),
      );
    });
    const add = el("button", { type: "button", class: "list-chip add", id: "list-add", "data-key": "list-add", "aria-label": t("list_add"), title: t("list_add"), onclick: () => void this.edit(null) }, icon("plus"), this.items.length ? null : el("span", {}, t("list_add")));
    const active = document.activeElement;
    const key = active instanceof HTMLElement && this.row.contains(active) ? active.dataset["key"] : undefined;
    this.row.replaceChildren(...chips, add);
    this.row.hidden = !may("filter.read");
    if (key) /** @type {HTMLElement} */ (this.row.querySelector(`[data-key="${CSS.escape(key)}"]`) ?? add).focus({ preventScroll: true });
  }

  close() {
    this.list.choose(this.list.tab);
  }

  export() {
    if (this.view?.filter) void exporting("/exports/conversations", { query: this.view.filter.query }, true);
  }

  /** A new list, or another name and other conversations. @param {Filter | null} filter */
  async edit(filter) {
    const held = filter?.query ?? {};
    const [people, teams] = await Promise.all([get("/advisors").catch(() => ({ items: [] })), may("team.read") ? get("/teams").catch(() => ({ items: [] })) : { items: [] }]);
    const name = el("input", { name: "name", maxlength: 80, value: filter?.name ?? "", required: true, autocomplete: "off" });
    /** @param {string} key @param {[string | number, string][]} values */
    const choice = (key, values) => el("select", { name: key }, el("option", { value: "" }, t("list_any")), ...values.map(([value, words]) => el("option", { value, selected: String(held[key] ?? "") === String(value) }, words)));
    const label = el("input", { name: "label", maxlength: 60, value: String(held["label"] ?? ""), autocomplete: "off" });
    /** @type {HTMLElement[]} */
    const fields = [
      field(t("list_name"), name),
      field(t("list_status"), choice("status", STATUSES.map((each) => [each, t(`finds_is_${each}`)]))),
      field(t("list_stage"), choice("stage", STAGES.map((each) => [each, stageName(/** @type {any} */ ({ stage: each }))]))),
      field(t("list_channel"), choice("channel", CHANNELS.map((each) => [each, channelName(each)]))),
      field(t("list_assignee"), choice("assignee", [["me", t("list_me")], ["none", t("list_none")], ...people.items.map((/** @type {{ id: string, name: string }} */ each) => /** @type {[string, string]} */ ([each.id, each.name]))])),
      ...(teams.items.length ? [field(t("list_team"), choice("team", teams.items.map((/** @type {{ id: string, name: string }} */ each) => /** @type {[string, string]} */ ([each.id, each.name]))))] : []),
      field(t("list_product"), choice("product", [["none", t("list_no_product")], ...Object.entries(setup.products)])),
      field(t("list_label"), label),
      field(t("list_waiting"), choice("waiting_minutes", MINUTES.map((each) => [each, t("list_minutes", { n: each })]))),
      field(t("list_newer"), choice("newer_hours", HOURS.map((each) => [each, t("list_days", { n: each / 24 })]))),
      field(t("list_older"), choice("older_hours", HOURS.map((each) => [each, t("list_days", { n: each / 24 })]))),
    ];
    if (!filter && may("filter.share")) fields.push(el("label", { class: "tick" }, el("input", { type: "checkbox", name: "shared" }), el("span", {}, t("list_share"))));
    let made = filter;
    let gone = false;
    if (filter) {
      const drop = el("button", { type: "button", class: "button quiet", id: "list-remove" }, icon("web:trash"), t("list_remove"));
      drop.addEventListener("click", () => {
        drop.setAttribute("aria-busy", "true");
        void remove(`/filters/${filter.id}`).then(
          () => {
            gone = true;
            drop.closest("dialog")?.close();
          },
          (error) => toast(wordsOf(error), "bad"),
        );
      });
      fields.push(drop);
    }
    const done = await ask({
      title: filter ? t("list_change") : t("list_add"),
      button: t("save"),
      fields,
      done: async (form) => {
        const body = { name: String(form.get("name") ?? "").trim(), query: queryOf(form) };
        if (!body.name) throw trouble(t("list_needs_name"));
        if (!Object.keys(body.query).length) throw trouble(t("list_needs_query"));
        made = filter ? await patch(`/filters/${filter.id}`, body) : await post("/filters", { ...body, shared: form.has("shared") });
      },
    });
    if (!done && !gone) return;
    await this.refresh();
    if (gone) this.close();
    else if (made) this.#openFilter(made);
  }
}

/** @param {FormData} form @returns {Record<string, string | number>} */
function queryOf(form) {
  /** @type {Record<string, string | number>} */
  const query = {};
  for (const [key, value] of form) {
    const text = String(value).trim();
    if (text && key !== "name" && key !== "shared") query[key] = /_(minutes|hours)$/.test(key) ? Number(text) : text;
  }
  return query;
}

/** What a figure's list is called. @param {string} figure @param {string} of @param {boolean} tests */
async function titleOf(figure, of, tests) {
  const [kind = "", value = ""] = of.split(":");
  const whose = kind === "channel" ? channelName(value) : kind === "team" ? await named("/teams", value) : figure === "step" ? t(`step_${of}`) : ["active", "his_turn", "later"].includes(figure) && of ? await named("/advisors", of) : figure === "score" && of ? `${of} / 5` : "";
  return [t(`figure_${figure}`), whose, tests ? t("figure_tests") : ""].filter(Boolean).join(" · ");
}

/** @param {string} path @param {string} id */
async function named(path, id) {
  const known = await get(path).catch(() => ({ items: [] }));
  return known.items.find((/** @type {{ id: string }} */ each) => each.id === id)?.name ?? (has("list_no_team") && !id ? t("list_no_team") : id);
}
