// One search box: people, policies and conversations under it, walked with the arrows, opened with Enter.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get } from "./api.js";
import { conversation, keep } from "./conversations.js";
import { marked } from "./marks.js";
import { channelName, face, icon, productName } from "./people.js";
import { has, phone, t, when } from "./words.js";

const TYPING_MS = 150;

/** @typedef {{ contact_id: string, conversation_id: string, name: string, where: string, text: string, phone: string, channel: string, status: string, count: number, last_message_at: string }} FoundPerson */
/** @typedef {{ id: string, conversation_id: string, number: string, insurer: string, product: string, state: string, name: string }} FoundPolicy */
/** @typedef {{ conversation: import("./model.js").Conversation, where: string, text: string, at: string | null }} FoundConversation */
/** @typedef {{ people: FoundPerson[], policies: FoundPolicy[], conversations: FoundConversation[], more: boolean }} Found */

export class Search {
  /** @param {{ open: (id: string) => void, all: (q: string) => void, down: () => void }} to */
  constructor(to) {
    this.to = to;
    this.box = byId("search", HTMLInputElement);
    this.finds = byId("finds", HTMLElement);
    this.options = byId("finds-list", HTMLElement);
    this.status = byId("list-status", HTMLElement);
    /** @type {AbortController | null} */
    this.asking = null;
    this.wanted = false; // Enter came before the answer
    this.at = -1;
    this.box.addEventListener("input", () => this.#typed());
    this.box.addEventListener("keydown", (event) => this.#key(event));
    byId("search-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.asking) this.wanted = true;
      else this.#open(Math.max(0, this.at));
    });
  }

  clear() {
    this.asking?.abort();
    this.asking = null;
    this.wanted = false;
    this.#stale(false);
    this.box.value = "";
    this.#show(false);
    this.status.textContent = "";
  }

  #typed() {
    const q = this.box.value.trim();
    this.asking?.abort();
    this.asking = null;
    if (!q) {
      this.clear();
      return;
    }
    const asking = new AbortController();
    this.asking = asking;
    this.wanted = false;
    this.#stale(true);
    this.finds.setAttribute("aria-busy", "true");
    this.#show(true);
    setTimeout(() => {
      if (!asking.signal.aborted) void this.#ask(q, asking);
    }, TYPING_MS);
  }

  /** @param {string} q @param {AbortController} asking */
  async #ask(q, asking) {
    /** @type {Found | null} */
    let found = null;
    /** @type {unknown} */
    let problem = null;
    try {
      found = await get("/search", { q }, asking.signal);
    } catch (error) {
      problem = error;
    }
    if (asking.signal.aborted) return;
    this.asking = null;
    this.#stale(false);
    this.finds.removeAttribute("aria-busy");
    if (!found) {
      const words = problem instanceof Failure ? problem.words : t("error_internal");
      this.#say(words, el("button", { class: "button quiet", type: "button", onclick: () => this.#typed() }, t("again")));
      return;
    }
    keep(...found.conversations.map((each) => each.conversation));
    this.#paint(q, found);
    if (this.wanted) this.#open(0);
    this.wanted = false;
  }

  /** What was found for other words is neither pointed at nor opened. @param {boolean} yes */
  #stale(yes) {
    this.options.inert = yes;
    if (yes) this.#point(-1);
  }

  /** @param {string} q @param {Found} found */
  #paint(q, found) {
    const groups = [
      this.#group("finds_people", found.people.map((each) => person(each, q))),
      this.#group("finds_policies", found.policies.map((each) => policy(each, q))),
      this.#group("finds_conversations", found.conversations.map((each) => spoken(each, q))),
    ].filter((group) => group !== null);
    const count = found.people.length + found.policies.length + found.conversations.length;
    this.status.textContent = t("found", { n: count });
    if (!count) {
      this.#say(t("found_none", { q }));
      return;
    }
    this.options.replaceChildren(...groups, ...(found.more ? [everything(q)] : []));
    this.#rows().forEach((row, at) => {
      row.id = `find-${at}`;
      row.addEventListener("click", () => this.#open(at));
    });
    this.#point(-1);
    this.finds.scrollTop = 0;
    this.#empty(null);
  }

  /** @param {string} title @param {HTMLElement[]} rows */
  #group(title, rows) {
    if (!rows.length) return null;
    const head = el("p", { class: "finds-head", id: title, role: "presentation" }, t(title));
    return el("div", { role: "group", "aria-labelledby": title, class: "finds-group" }, head, ...rows);
  }

  /** Words in place of options. @param {string} words @param {...Node} more */
  #say(words, ...more) {
    this.options.replaceChildren();
    this.#point(-1);
    this.#empty([icon("search", "icon empty-icon"), el("p", {}, words), ...more]);
  }

  /** @param {Node[] | null} nodes */
  #empty(nodes) {
    const empty = byId("finds-empty", HTMLElement);
    empty.hidden = nodes === null;
    empty.replaceChildren(...(nodes ?? []));
    this.options.hidden = nodes !== null;
    this.box.setAttribute("aria-expanded", String(nodes === null));
  }

  /** @returns {HTMLElement[]} */
  #rows() {
    return [...this.options.querySelectorAll("[role=option]")].filter((each) => each instanceof HTMLElement);
  }

  /** @param {boolean} yes */
  #show(yes) {
    this.finds.hidden = !yes;
    byId("lists-and-rows", HTMLElement).hidden = yes;
    if (!yes) {
      this.options.replaceChildren();
      this.#point(-1);
      this.box.setAttribute("aria-expanded", "false");
    }
  }

  /** @param {number} at */
  #point(at) {
    const rows = this.#rows();
    rows[this.at]?.setAttribute("aria-selected", "false");
    this.at = rows.length ? Math.min(at, rows.length - 1) : -1;
    const row = rows[this.at];
    if (row) {
      row.setAttribute("aria-selected", "true");
      row.scrollIntoView({ block: "nearest" });
      this.box.setAttribute("aria-activedescendant", row.id);
    } else this.box.removeAttribute("aria-activedescendant");
  }

  /** @param {number} at */
  #open(at) {
    const { id, all } = this.#rows()[at]?.dataset ?? {};
    if (id) this.to.open(id);
    if (!all) return;
    this.clear();
    this.to.all(all);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && this.box.value) {
      event.stopPropagation();
      this.clear();
    } else if (event.key === "ArrowDown" && !this.box.value) {
      event.preventDefault();
      this.to.down();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.asking) this.#point(Math.max(-1, this.at + (event.key === "ArrowDown" ? 1 : -1)));
    }
  }
}

/** @param {string} id of the conversation @param {...(Node | null)} children */
function option(id, ...children) {
  return el("div", { role: "option", class: "find", "data-id": id, "aria-selected": "false" }, ...children);
}

/** What there is no room for here. @param {string} q */
function everything(q) {
  return el("div", { role: "option", class: "find", "data-all": q, "aria-selected": "false" }, el("span", { class: "find-icon", "aria-hidden": "true" }, icon("search")), el("span", { class: "find-words" }, el("b", {}, t("finds_all")), el("small", {}, t("finds_more"))));
}

/** @param {FoundPerson} each @param {string} q */
function person(each, q) {
  const value = each.where === "phone" ? phone(each.text) : each.where === "name" && each.text !== each.name ? each.text : each.where === "email" ? each.text : "";
  const known = conversation(each.conversation_id);
  const ending = each.where === "phone" ? "" : each.phone.replace(/\*+/, "••••");
  const about = [ending, channelName(each.channel), statusName(each.status), each.count > 1 ? t("finds_count", { n: each.count }) : ""].filter(Boolean).join(" · ");
  return option(
    each.conversation_id,
    known ? face(known) : el("span", { class: "find-icon", "aria-hidden": "true" }, icon(`ch-${each.channel}`)),
    el("span", { class: "find-words" }, el("b", {}, ...marked(each.name || t("finds_nameless"), q)), value ? el("span", {}, ...marked(value, q)) : null, el("small", {}, about)),
    el("small", { class: "find-time" }, when(each.last_message_at)),
  );
}

/** @param {FoundPolicy} each @param {string} q */
function policy(each, q) {
  return option(
    each.conversation_id,
    el("span", { class: "find-icon", "aria-hidden": "true" }, icon("shield")),
    el("span", { class: "find-words" }, el("b", {}, ...marked(each.number, q)), el("span", {}, ...marked(each.name, q)), el("small", {}, [productName(each.product), each.insurer].filter(Boolean).join(" · "))),
  );
}

/** @param {FoundConversation} each @param {string} q */
function spoken(each, q) {
  const one = each.conversation;
  const value = each.where === "words" ? each.text : t(`finds_${each.where}`, { value: each.text });
  return option(
    one.id,
    face(one),
    el("span", { class: "find-words" }, el("b", {}, ...marked(one.name || t("finds_nameless"), q)), el("span", {}, ...marked(value || one.preview, q)), el("small", {}, [channelName(one.channel), statusName(one.status)].join(" · "))),
    el("small", { class: "find-time" }, when(each.at ?? one.last_message_at)),
  );
}

/** @param {string} status */
function statusName(status) {
  return has(`finds_is_${status}`) ? t(`finds_is_${status}`) : status;
}
