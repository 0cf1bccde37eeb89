// For the supervisor, beside the customer: who was told of this conversation, when and how.
import { byId, el } from "../../web/static/dom.js";
import { get } from "./api.js";
import { may } from "./people.js";
import { has, moment, t } from "./words.js";

/** @typedef {{ kind: string, way: string, state: string, who: string, code: string, at: string, alarmed_at: string | null }} Told */

const SHOWN = 12;

export class ToldSection {
  constructor() {
    this.id = "";
    this.box = el("section", { class: "told", hidden: true });
    if (may("user.read")) byId("policies", HTMLElement).after(this.box);
    addEventListener("desk-news", (event) => {
      /** @type {[string, string][]} */
      const others = event instanceof CustomEvent ? event.detail : [];
      if (others.some(([kind, of]) => kind === "alarm" || (kind === "told" && of === this.id))) void this.#read();
    });
  }

  /** @param {string} id */
  open(id) {
    this.id = id;
    this.box.hidden = true;
    this.box.replaceChildren();
    void this.#read();
  }

  async #read() {
    const id = this.id;
    if (!id || !may("user.read")) return;
    try {
      /** @type {Told[]} */
      const items = (await get(`/conversations/${id}/notices`)).items;
      if (id === this.id) this.#draw(items);
    } catch {
      // it is only a look; the next news tries again
    }
  }

  /** @param {Told[]} items */
  #draw(items) {
    const alarmed = items.find((one) => one.alarmed_at)?.alarmed_at;
    this.box.hidden = false;
    this.box.replaceChildren(
      el("h3", {}, t("told_section")),
      alarmed ? el("p", { class: "told-alarm" }, t("told_alarm", { when: moment(alarmed) })) : "",
      items.length ? el("ul", {}, ...items.slice(0, SHOWN).map(line)) : el("p", { class: "hint" }, t("told_none")),
    );
  }
}

/** @param {Told} one */
function line(one) {
  const state = one.state === "told" ? "told" : one.state === "dropped" ? "dropped" : ["failed", "gone"].includes(one.state) ? "failed" : "pending";
  const kind = has(`told_${one.kind}`) ? t(`told_${one.kind}`) : one.kind;
  return el("li", { class: `told-${state}` }, el("b", {}, kind), " ", t(`told_${state}`, { who: one.who, way: t(`told_way_${one.way}`), when: moment(one.at) }));
}
