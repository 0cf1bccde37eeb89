// Calls that were promised: made, put off, done, taken back; in the right column and in the list of all.
import { el } from "../../web/static/dom.js";
import { get, patch, post } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { channelName, icon } from "./people.js";
import { moment, now, setup, t } from "./words.js";

/**
 * @typedef {object} Task
 * @property {string} id
 * @property {string} conversation_id
 * @property {string} name
 * @property {string} channel
 * @property {import("./model.js").Person} owner
 * @property {string} note
 * @property {"open" | "done" | "cancelled"} state
 * @property {string} due_at
 * @property {boolean} overdue
 * @property {string | null} ended_at
 * @property {boolean} mine
 */

/** @param {string} time for a datetime-local */
function local(time) {
  const at = new Date(time);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The fields of one; `given` says what they hold. @param {Task | null} task @param {string} owner */
function fieldsOf(task, owner) {
  const soon = new Date(now() + 2 * 3_600_000);
  soon.setMinutes(Math.ceil(soon.getMinutes() / 15) * 15, 0, 0);
  const due = el("input", { type: "datetime-local", name: "due", required: true, value: local(task ? task.due_at : soon.toISOString()) });
  const who = el("select", { name: "owner" }, el("option", { value: owner, selected: true }, task ? task.owner.name : setup.me.name));
  void get("/advisors").then((found) => {
    const people = found.items.filter((/** @type {import("./model.js").Person} */ each) => each.role !== "dpo" && each.role !== "integration" && each.id !== owner);
    who.append(...people.map((/** @type {import("./model.js").Person} */ each) => el("option", { value: each.id }, each.name)));
  }, () => {});
  const note = el("textarea", { name: "note", rows: 2, maxlength: 2000 });
  note.value = task?.note ?? "";
  const given = () => {
    const at = new Date(due.value);
    if (Number.isNaN(at.getTime()) || at.getTime() <= now()) throw trouble(t("task_past"));
    return { due_at: at.toISOString(), owner: who.value, note: note.value.trim() };
  };
  return { fields: [field(t("task_due"), due), field(t("task_owner"), who), field(t("task_note"), note)], given };
}

/** @param {import("./model.js").Conversation} one */
export async function promising(one) {
  const { fields, given } = fieldsOf(null, setup.me.id);
  const done = await ask({ title: t("task"), button: t("save"), fields, done: async () => void (await post(`/conversations/${one.id}/tasks`, given())) });
  if (done) toast(t("task_made"));
}

/** @param {Task} task @param {() => void} again */
async function puttingOff(task, again) {
  const { fields, given } = fieldsOf(task, task.owner.id);
  if (await ask({ title: t("task_change"), button: t("save"), fields, done: async () => void (await patch(`/tasks/${task.id}`, given())) })) again();
}

/** @param {Task} task @param {"done" | "cancel"} deed @param {() => void} again */
async function ending(task, deed, again) {
  try {
    await post(`/tasks/${task.id}/${deed}`, {});
    toast(t(deed === "done" ? "task_done_now" : "task_cancelled_now"));
    again();
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
}

/** @param {string} conversation @returns {Promise<Task[]>} */
export async function tasksOf(conversation) {
  return (await get("/tasks", { conversation, state: "open" })).items;
}

/** @param {Task} task @param {() => void} again after it changed @param {boolean} [named] with whom, and a way there */
export function taskRow(task, again, named = false) {
  const late = task.state === "open" && Date.parse(task.due_at) <= now();
  const about = [t("task_by", { name: task.owner.name }), task.note].filter(Boolean).join(" · ");
  const button = (/** @type {string} */ key, /** @type {string} */ words, /** @type {() => void} */ press) =>
    el("button", { class: "button quiet small", type: "button", "data-key": `${key}-${task.id}`, "aria-label": `${words}: ${moment(task.due_at)}${named ? `, ${task.name}` : ""}`, onclick: press }, words);
  return el(
    "li",
    { class: `task${late ? " late" : ""}${task.state === "open" ? "" : " over"}` },
    icon("calendar"),
    el(
      "span",
      {},
      named && el("a", { class: "link", href: `/desk/c/${task.conversation_id}` }, task.name || t("nameless", { code: task.conversation_id.slice(-4) }), ` · ${channelName(task.channel)}`),
      el("b", {}, moment(task.due_at), late ? ` · ${t("task_late")}` : ""),
      el("small", {}, about),
      task.mine &&
        task.state === "open" &&
        el("span", { class: "task-acts" }, button("done", t("task_done"), () => void ending(task, "done", again)), button("off", t("task_put_off"), () => void puttingOff(task, again)), button("drop", t("task_drop"), () => void ending(task, "cancel", again))),
    ),
  );
}

/** @param {Task[]} tasks @param {() => void} again */
export function tasks(tasks, again) {
  return tasks.length ? el("section", { class: "tasks" }, el("h3", {}, t("tasks")), el("ul", { class: "plain-list" }, ...tasks.map((task) => taskRow(task, again)))) : null;
}
