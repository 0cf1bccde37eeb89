// All promised calls: mine or everybody's, the one that is due first first.
import { byId, el } from "../../web/static/dom.js";
import { get, whenSignedOut } from "./api.js";
import { wordsOf } from "./dialogs.js";
import { taskRow } from "./tasks.js";
import { t } from "./words.js";

const list = byId("tasks-list", HTMLElement);
const status = byId("tasks-status", HTMLElement);
const all = byId("tasks-all", HTMLInputElement);

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
all.addEventListener("change", () => void load());
void load();

async function load() {
  try {
    const found = await get("/tasks", { state: "open", limit: 200, ...(all.checked ? {} : { owner: "me" }) });
    /** @type {import("./tasks.js").Task[]} */
    const tasks = found.items;
    list.replaceChildren(...tasks.map((task) => taskRow(task, () => void load(), true)));
    const late = tasks.filter((task) => task.overdue).length;
    status.textContent = tasks.length ? t("tasks_n", { n: tasks.length, late }) : t("tasks_none");
  } catch (error) {
    status.replaceChildren(el("span", { class: "problem" }, wordsOf(error)));
  }
  list.setAttribute("aria-busy", "false");
}
