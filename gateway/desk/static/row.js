// One row of a list: who, what he said last or wants, since when he waits.
import { el } from "../../web/static/dom.js";
import { asksSince, later, mine, unread } from "./conversations.js";
import { dueBy, haste } from "./due.js";
import { missed } from "./later.js";
import { channelName, face, icon, labelName, nameOf, previewOf, productName, reasonName, stageName } from "./people.js";
import { stuck } from "./sender.js";
import { minutesSince, moment, setup, t, waits, when } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */

const URGENT = 20; // claims, complaints, minors, distress (handlers/waiting.py)

/** Its parts are kept so that only what changed is touched. */
export class Row {
  /** @param {string} id */
  constructor(id) {
    this.id = id;
    this.name = el("span", { class: "row-name" });
    this.time = el("span", { class: "row-time" });
    this.preview = el("span", { class: "row-preview" });
    this.chips = el("span", { class: "row-chips" });
    this.mark = el("span", { class: "row-mark" });
    this.faceBox = el("span", { class: "row-face" });
    this.link = el(
      "a",
      { class: "row", href: `/desk/c/${id}`, tabindex: "-1", "data-id": id },
      this.faceBox,
      el("span", { class: "row-top" }, this.name, this.time),
      el("span", { class: "row-middle" }, this.preview, this.mark),
      this.chips,
    );
    this.item = el("li", { class: "row-item" }, this.link);
    this.shown = "";
    this.faced = "";
    /** @type {Conversation | null} */
    this.one = null;
  }

  /** @param {Conversation} one */
  show(one) {
    this.one = one;
    const print = JSON.stringify([one.version, one.last_message_at, gist(one), one.labels, one.assignee, one.status, unread(one), nameOf(one), one.handoff, one.test, later(one), missed(one.id), stuck(one.id)]);
    if (print !== this.shown) {
      this.shown = print;
      put(this.name, nameOf(one));
      put(this.preview, gist(one));
      const fresh = unread(one);
      this.link.classList.toggle("unread", fresh);
      this.link.classList.toggle("closed", one.status === "closed");
      this.mark.replaceChildren(...(fresh ? [el("span", { class: "unread-dot" }), el("span", { class: "sr-only" }, t("unread"))] : []));
      const key = `${nameOf(one)}|${one.channel}`;
      if (key !== this.faced) {
        this.faced = key;
        this.faceBox.replaceChildren(face(one), el("span", { class: "sr-only" }, channelName(one.channel)));
      }
      this.chips.replaceChildren(...chips(one));
    }
    this.tick();
  }

  /** What changes with the clock. */
  tick() {
    const one = this.one;
    if (!one) return;
    const asks = later(one) ? null : asksSince(one);
    if (asks) {
      const mood = pressing(one, asks);
      put(this.time, waits(asks));
      for (const each of ["good", "soon", "late"]) this.time.classList.toggle(each, each === mood);
    } else {
      put(this.time, when(one.last_message_at));
      this.time.classList.remove("good", "soon", "late");
    }
    this.time.title = one.status === "waiting" && one.handoff ? dueBy(one.handoff.due_at) : moment(one.last_message_at);
  }
}

/** good, soon or late: by the clock of working hours where we know it. @param {Conversation} one @param {string} since */
export function pressing(one, since) {
  const due = one.status === "waiting" ? one.handoff?.due_at : one.answer_due_at;
  if (due) return haste(due);
  const minutes = minutesSince(since);
  return minutes >= setup.late_minutes ? "late" : minutes >= setup.late_minutes / 3 ? "soon" : "good";
}

/** Who waits is known by what he wants, the others by what was said last. @param {Conversation} one */
function gist(one) {
  const product = productName(one.slots.product);
  const need = one.slots.need ?? "";
  const wish = need.toLocaleLowerCase("vi").includes(product.toLocaleLowerCase("vi")) ? need : [product, need].filter(Boolean).join(" · ");
  return (one.status === "waiting" && wish) || previewOf(one) || channelName(one.channel);
}

/** @param {Element} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Conversation} one */
function chips(one) {
  const made = [];
  if (one.test) made.push(el("span", { class: "chip chip-test" }, t("test")));
  if (one.status === "waiting" && one.handoff?.reason && one.handoff.reason !== "lead") {
    made.push(el("span", { class: one.handoff.priority >= URGENT ? "chip chip-urgent" : "chip" }, reasonName(one.handoff.reason)));
  }
  const turn = one.status === "waiting" ? one.handoff?.offered_to : null;
  if (turn) made.push(el("span", { class: turn.id === setup.me.id ? "chip chip-urgent" : "chip chip-person" }, icon("hand"), turn.id === setup.me.id ? t("offered_you") : t("offered_to", { name: turn.name })));
  if (one.status === "waiting" && one.handoff?.escalated) made.push(el("span", { class: "chip chip-urgent" }, t("escalated")));
  if (one.status === "with_advisor" && one.assignee && !mine(one)) made.push(el("span", { class: "chip chip-person" }, icon("person"), one.assignee.name));
  else if (one.status !== "with_advisor" && one.stage !== "queued") made.push(el("span", { class: "chip" }, stageName(one)));
  if (stuck(one.id)) made.push(el("span", { class: "chip chip-urgent" }, icon("web:alert"), t("unsent_here")));
  if (missed(one.id)) made.push(el("span", { class: "chip chip-urgent" }, icon("web:alert"), t("later_missed")));
  const putOff = later(one);
  if (putOff) made.push(el("span", { class: "chip" }, icon("calendar"), when(putOff)));
  for (const label of one.labels.slice(0, 3)) made.push(el("span", { class: "chip chip-label" }, labelName(label)));
  if (one.labels.length > 3) made.push(el("span", { class: "chip" }, `+${one.labels.length - 3}`));
  return made;
}
