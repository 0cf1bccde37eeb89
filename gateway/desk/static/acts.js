// What a person does with the open conversation: take, give back, hand on, close, reopen, label, put off.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, post } from "./api.js";
import { asking } from "./asking.js";
import { blocking, unblocking } from "./block.js";
import { all, conversation, keep, refresh } from "./conversations.js";
import { ask, field, toast, trouble, walk, wordsOf } from "./dialogs.js";
import { icon, initials, isMine, labelName, may, nameOf, tint } from "./people.js";
import { merging } from "./merge.js";
import { moving } from "./moving.js";
import { blocked } from "./route.js";
import { forgetAll, pending } from "./sender.js";
import { promising } from "./tasks.js";
import { setup, t } from "./words.js";

/** @typedef {import("./model.js").Conversation} Conversation */
/** @typedef {import("./model.js").Person} Person */

const OUTCOMES = /** @type {const} */ (["won", "lost", "no_need", "done", "spam"]);
const CHIEFS = new Set(["admin", "supervisor"]);
const LABELS_SHOWN = 12;

/** @param {Conversation} one */
const open = (one) => one.status !== "closed";
/** @param {Conversation} one */
const free = (one) => !one.assignee || isMine(one) || CHIEFS.has(setup.me.role);

/** Which acts make sense now. @type {Record<string, (one: Conversation) => boolean>} */
const SENSE = {
  take: (one) => may("take") && open(one) && !one.assignee,
  reopen: (one) => may("reopen") && !open(one),
  close: (one) => may("close") && open(one) && free(one),
  transfer: (one) => may("transfer") && open(one) && free(one),
  return: (one) => may("return") && one.status === "with_advisor" && free(one),
  labels: () => may("label"),
  snooze: (one) => may("snooze") && one.status === "with_advisor" && free(one),
  hold: (one) => may("reply") && open(one) && free(one) && one.window?.held_by !== "us" && !!one.window?.may_hold,
  task: (one) => may("task.edit") && free(one),
  askfor: (one) => may("ask") && open(one) && free(one) && one.window?.advice !== "never",
  move: (one) => may("ask") && open(one) && free(one) && one.window?.advice !== "never",
  merge: (one) => may("contact.merge") && !one.masked,
  print: () => true,
  block: (one) => may("block") && free(one) && !blocked(one),
  unblock: (one) => may("block") && blocked(one),
  unread: (one) => one.status === "with_advisor" && isMine(one),
};

/** Acts of modules of their own. @type {Record<string, (one: Conversation) => Promise<unknown>>} */
const MORE = { task: promising, askfor: asking, merge: merging, print: printing, move: moving, block: blocking, unblock: unblocking };

export class Acts {
  /** @param {{ taken: () => void, done: (id: string) => void }} to done: what is known beside the conversation may have changed */
  constructor(to) {
    this.to = to;
    this.id = "";
    this.bar = byId("acts", HTMLElement);
    this.menu = byId("acts-menu", HTMLElement);
    this.more = byId("acts-more", HTMLButtonElement);
    this.running = false;
    for (const button of this.#buttons()) button.addEventListener("click", () => void (button.dataset["deed"] === "return" ? this.sure("return") : this.run(button.dataset["deed"] ?? "")));
    walk(this.menu, this.more);
  }

  /** @param {string} id */
  open(id) {
    this.id = id;
    this.update();
  }

  update() {
    const one = conversation(this.id);
    for (const button of this.#buttons()) {
      const sense = SENSE[button.dataset["deed"] ?? ""];
      button.hidden = !one || !sense?.(one);
    }
    this.more.hidden = ![...this.menu.querySelectorAll("button")].some((button) => !button.hidden);
  }

  /** @returns {HTMLElement[]} */
  #buttons() {
    return /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#acts [data-deed], #acts-menu [data-deed]")]);
  }

  /** @param {string} deed */
  async run(deed) {
    const one = conversation(this.id);
    if (!one || !SENSE[deed]?.(one)) return;
    if (deed === "take" || deed === "reopen" || deed === "return" || deed === "hold") await this.#simply(one, deed);
    else if (deed === "close") await closing(one);
    else if (deed === "transfer") await handingOn(one);
    else if (deed === "labels") await labelling(one);
    else if (deed === "snooze") await puttingOff(one);
    else if (MORE[deed]) {
      await MORE[deed](one);
      this.to.done(one.id);
    }
  }

  /** By a key, that a slip presses too, or what the customer hears of: asked about first. @param {"take" | "return" | "hold"} deed */
  async sure(deed) {
    const one = conversation(this.id);
    if (!one || !SENSE[deed]?.(one)) return;
    const yes = await ask({ title: t(`key_${deed}`), button: t(`key_${deed}`), fields: [el("p", {}, t(`sure_${deed}`, { name: nameOf(one) }))], done: () => {} });
    if (yes && one.id === this.id) await this.run(deed);
  }

  /** @param {Conversation} one @param {"take" | "reopen" | "return" | "hold"} deed */
  async #simply(one, deed) {
    if (this.running) return;
    this.running = true;
    this.bar.setAttribute("aria-busy", "true");
    try {
      keep(await post(`/conversations/${one.id}/${deed}`));
      if (deed === "return" || deed === "hold") toast(t(deed === "hold" ? "held_again" : "returned"));
      else if (one.id === this.id) this.to.taken();
    } catch (error) {
      toast(wordsOf(error), "bad");
      refresh([one.id]); // somebody was faster: show whose it is
    } finally {
      this.running = false;
      this.bar.removeAttribute("aria-busy");
    }
  }
}

/** The page of it that a browser prints, or keeps as PDF. @param {Conversation} one */
async function printing(one) {
  window.open(`/desk/c/${one.id}/print`, "_blank", "noopener");
}

/** @param {Conversation} one */
async function closing(one) {
  const left = pending(one.id).length;
  if (left && !(await ask({ title: t("unsent_title"), button: t("unsent_close"), grave: true, fields: [el("p", {}, t("unsent_closing", { n: left }))], done: () => {} }))) return;
  const choices = OUTCOMES.map((outcome) =>
    el("label", { class: "choice" }, el("input", { type: "radio", name: "outcome", value: outcome }), el("span", {}, el("b", {}, t(`outcome_${outcome}`)), el("small", {}, t(`outcome_${outcome}_hint`)))),
  );
  const reason = el("textarea", { name: "reason", rows: 2, maxlength: 2000 });
  const done = await ask({
    title: t("close_title"),
    button: t("close_title"),
    fields: [el("fieldset", { class: "choices" }, el("legend", {}, t("close_how")), ...choices), field(t("close_note"), reason, t("close_note_hint"))],
    done: async (form) => {
      if (!form.get("outcome")) throw trouble(t("close_choose"));
      const body = { outcome: String(form.get("outcome")), reason: String(form.get("reason") ?? "").trim() };
      keep(await acted(one, "close", body));
    },
  });
  if (!done) return;
  if (left) forgetAll(one.id);
  toast(t("closed_now"));
}

/** @param {Conversation} one */
async function handingOn(one) {
  const list = el("div", { class: "choices people" }, el("p", { class: "hint" }, t("loading")));
  const note = el("textarea", { name: "note", rows: 2, maxlength: 2000 });
  void Promise.all([advisors(), get("/teams")]).then(
    ([people, teams]) => {
      const others = people.filter((each) => each.id !== one.assignee?.id && each.role !== "dpo" && each.role !== "integration").sort((a, b) => Number(b.online) - Number(a.online));
      groups = teams.items;
      list.replaceChildren(...groups.map(teamChoice), ...(others.length ? others.map(personChoice) : [el("p", { class: "hint" }, t("nobody_else"))]));
      list.querySelector("input")?.focus();
    },
    (error) => list.replaceChildren(el("p", { class: "problem", role: "alert" }, wordsOf(error))),
  );
  let name = "";
  /** @type {{ id: string, name: string }[]} */
  let groups = [];
  const done = await ask({
    title: t("transfer_title"),
    button: t("transfer"),
    fields: [el("fieldset", { class: "plain" }, el("legend", {}, t("transfer_to")), list), field(t("transfer_note"), note, t("transfer_note_hint"))],
    done: async (form) => {
      const advisor = String(form.get("advisor") ?? "");
      if (!advisor) throw trouble(t("transfer_choose"));
      const team = groups.find((each) => `team:${each.id}` === advisor);
      name = team ? t("tag_team", { name: team.name }) : known?.find((each) => each.id === advisor)?.name ?? "";
      const whom = team ? { team: team.id } : { advisor };
      keep(await acted(one, "transfer", { ...whom, note: String(form.get("note") ?? "").trim() }));
    },
  });
  if (done) toast(t("transferred", { name }));
}

/** @type {Person[] | null} */
let known = null;
async function advisors() {
  known = (await get("/advisors")).items;
  return known ?? [];
}

/** Into the queue of a team. @param {{ id: string, name: string }} team */
function teamChoice(team) {
  return el("label", { class: "choice" }, el("input", { type: "radio", name: "advisor", value: `team:${team.id}` }), el("span", {}, el("b", {}, t("tag_team", { name: team.name })), el("small", {}, t("transfer_team_hint"))));
}

/** @param {Person} person */
function personChoice(person) {
  const about = [person.role ? t(`role_${person.role}`) : "", person.online ? t("online") : t("away")].filter(Boolean).join(" · ");
  return el(
    "label",
    { class: "choice" },
    el("input", { type: "radio", name: "advisor", value: person.id }),
    el("span", { class: `face small tint-${tint(person.id)}`, "aria-hidden": "true" }, initials(person.name), person.online && el("i", { class: "here" })),
    el("span", {}, el("b", {}, person.id === setup.me.id ? t("me", { name: person.name }) : person.name), el("small", {}, about)),
  );
}

/** @param {Conversation} one */
async function labelling(one) {
  const before = new Set(one.labels);
  const chosen = new Set(one.labels);
  const used = new Map();
  for (const other of all()) for (const label of other.labels) used.set(label, (used.get(label) ?? 0) + 1);
  const usual = [...used.entries()].sort((a, b) => b[1] - a[1]).map(([label]) => String(label));
  const box = el("div", { class: "labels", role: "group", "aria-label": t("labels") });
  const input = el("input", { type: "text", maxlength: 60, autocomplete: "off", enterkeyhint: "done" });
  const draw = () => {
    const shown = [...new Set([...chosen, ...usual])].slice(0, Math.max(LABELS_SHOWN, chosen.size));
    box.replaceChildren(
      ...shown.map((label) =>
        el("button", { class: "label-toggle", type: "button", "aria-pressed": chosen.has(label), onclick: () => toggle(label) }, icon(chosen.has(label) ? "web:check" : "plus"), labelName(label)),
      ),
    );
    for (const [at, button] of [...box.children].entries()) button.setAttribute("aria-pressed", String(chosen.has(shown[at] ?? "")));
  };
  /** @param {string} label */
  const toggle = (label) => {
    if (!chosen.delete(label)) chosen.add(label);
    const at = [...box.children].findIndex((button) => button === document.activeElement);
    draw();
    const again = box.children[at];
    if (again instanceof HTMLElement) again.focus();
  };
  const add = () => {
    const label = input.value.trim();
    if (label) chosen.add(label);
    input.value = "";
    draw();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || !input.value.trim()) return;
    event.preventDefault();
    add();
  });
  draw();
  await ask({
    title: t("labels"),
    button: t("save"),
    fields: [field(t("label_new"), input, t("label_hint")), box],
    done: async () => {
      add();
      const body = { add: [...chosen].filter((label) => !before.has(label)), remove: [...before].filter((label) => !chosen.has(label)) };
      if (body.add.length || body.remove.length) keep(await acted(one, "labels", body));
    },
  });
}

/** @param {Conversation} one */
async function puttingOff(one) {
  const soon = new Date(Date.now() + 3_600_000);
  soon.setMinutes(Math.ceil(soon.getMinutes() / 15) * 15, 0, 0);
  const local = new Date(soon.getTime() - soon.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  const input = el("input", { type: "datetime-local", name: "until", value: local, required: true });
  const done = await ask({
    title: t("snooze_title"),
    button: t("snooze"),
    fields: [field(t("snooze_until"), input, t("snooze_hint"))],
    done: async () => {
      const until = new Date(input.value);
      if (Number.isNaN(until.getTime()) || until.getTime() <= Date.now()) throw trouble(t("snooze_past"));
      keep(await acted(one, "snooze", { until: until.toISOString() }));
    },
  });
  if (done) toast(t("snoozed"));
}

/**
 * An act from a dialog; when somebody else was faster, what we show is put right too.
 * @param {Conversation} one @param {string} deed @param {object} body
 */
async function acted(one, deed, body) {
  try {
    return await post(`/conversations/${one.id}/${deed}`, body);
  } catch (error) {
    if (error instanceof Failure && error.status === 409) refresh([one.id]);
    throw error;
  }
}
