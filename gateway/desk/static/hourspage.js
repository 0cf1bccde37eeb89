// The house's hours, days off, shifts.
import { byId, el } from "../../web/static/dom.js";
import { get, post, remove, whenSignedOut } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { icon, may } from "./people.js";
import { rehearsal } from "./rehearse.js";
import { WEEKDAYS, changeWeek, inWords } from "./week.js";
import { t } from "./words.js";

/** @typedef {{ day: string, name: string, off: boolean, source: "config" | "desk" }} Holiday */
/** @typedef {{ owner: string, days: import("./week.js").Days }} Shifts */

const list = byId("holidays", HTMLElement);
const empty = byId("holidays-empty", HTMLElement);
const owners = byId("shifts", HTMLElement);

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
document.getElementById("add-holiday")?.addEventListener("click", () => void add());
void load();

async function load() {
  try {
    const [days, shifts, teams, people] = await Promise.all([get("/holidays"), get("/shifts"), get("/teams"), get("/presence")]);
    house(shifts.house);
    list.replaceChildren(...days.items.map(row));
    empty.textContent = days.items.length ? "" : t("holidays_none");
    /** @type {Map<string, import("./week.js").Days>} */
    const own = new Map(shifts.items.map((/** @type {Shifts} */ one) => [one.owner, one.days]));
    const all = [
      ...teams.items.map((/** @type {{ id: string, name: string }} */ one) => ({ owner: `team:${one.id}`, name: t("shift_team", { name: one.name }) })),
      ...people.items.map((/** @type {{ id: string, name: string }} */ one) => ({ owner: `advisor:${one.id}`, name: one.name })),
    ];
    owners.replaceChildren(...all.map((one) => ownerRow(one.owner, one.name, own.get(one.owner) ?? {})));
  } catch (error) {
    empty.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
  owners.setAttribute("aria-busy", "false");
}

/** @param {import("./week.js").Days | null} hours */
function house(hours) {
  const rows = hours === null ? [el("div", {}, el("dt", {}, t("hours_always")))] : WEEKDAYS.map((day) => el("div", {}, el("dt", {}, t(`day_${day}`)), el("dd", {}, (hours[day] ?? []).map((span) => span.join("–")).join(", ") || t("hours_closed"))));
  byId("house", HTMLElement).replaceChildren(...rows);
}

/** @param {string} day */
function written(day) {
  const [year, month, date] = day.split("-");
  const weekday = WEEKDAYS[(new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7];
  return `${t(`day_${weekday}`)} ${date}/${month}/${year}`;
}

/** @param {Holiday} one */
function row(one) {
  const about = [one.source === "config" ? t("holiday_config") : one.name, one.off ? "" : t("holiday_works")].filter(Boolean).join(" · ");
  const name = written(one.day);
  return el(
    "li",
    {},
    el("span", { class: "user-words" }, el("b", {}, name), el("small", {}, about)),
    may("routing.edit") &&
      el(
        "span",
        { class: "user-acts" },
        one.source === "config"
          ? el("button", { class: "button quiet", type: "button", "aria-label": t("holiday_work_of", { day: name }), onclick: () => void work(one) }, t("holiday_work"))
          : el("button", { class: "button quiet", type: "button", "aria-label": t("holiday_remove_of", { day: name }), onclick: () => void drop(one) }, t("holiday_remove")),
      ),
  );
}

async function add() {
  const from = el("input", { type: "date", required: true });
  const to = el("input", { type: "date" });
  const name = el("input", { type: "text", required: true, maxlength: 60, autocomplete: "off" });
  const days = () => between(from.value, to.value || from.value);
  const done = await ask({
    title: t("holiday_add"),
    button: t("holiday_save"),
    fields: [field(t("holiday_from"), from), field(t("holiday_to"), to, t("holiday_to_hint")), field(t("holiday_name"), name), rehearsal(() => ({ holidays: days() }))],
    done: async () => {
      const all = days();
      if (!all.length) throw trouble(t("holiday_wrong"));
      if (!name.value.trim()) throw trouble(t("holiday_named"));
      for (const day of all) await post("/holidays", { day, name: name.value.trim() });
    },
  });
  if (!done) return;
  toast(t("holiday_saved"));
  void load();
}

/** Each day from one to the other, both counted; [] when they are not in order or are too many. @param {string} from @param {string} to */
function between(from, to) {
  const found = [];
  const last = Date.parse(`${to}T00:00:00Z`);
  for (let at = Date.parse(`${from}T00:00:00Z`); at <= last && found.length <= 31; at += 86_400_000) found.push(new Date(at).toISOString().slice(0, 10));
  return found.length > 31 ? [] : found;
}

/** @param {Holiday} one */
async function work(one) {
  try {
    await post("/holidays", { day: one.day, name: t("holiday_works"), works: true });
    toast(t("holiday_saved"));
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
  void load();
}

/** @param {Holiday} one */
async function drop(one) {
  const done = await ask({ title: t("holiday_remove_of", { day: written(one.day) }), button: t("holiday_remove"), grave: true, fields: [el("p", {}, one.name)], done: () => remove(`/holidays/${one.day}`) });
  if (done) void load();
}

/** @param {string} owner @param {string} name @param {import("./week.js").Days} days */
function ownerRow(owner, name, days) {
  return el(
    "li",
    {},
    el("span", { class: "user-words" }, el("b", {}, name), el("small", {}, inWords(days) || t(owner.startsWith("team:") ? "shift_house" : "shift_teams"))),
    may("routing.edit") &&
      el("span", { class: "user-acts" }, el("button", { class: "button quiet", type: "button", "aria-label": t("shift_change_of", { name }), onclick: async () => { if (await changeWeek(owner, name, days)) void load(); } }, icon("pencil"), t("shift_change"))),
  );
}
