// Teams and their people: who is here, who may advise on what, who takes how much.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, patch, post, remove, whenSignedOut } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { icon, initials, may, tint } from "./people.js";
import { rehearsal } from "./rehearse.js";
import { setup, t } from "./words.js";

/** @typedef {{ id: string, name: string, first_minutes: number, next_minutes: number, members: string[], waiting: number }} Team */
/** @typedef {{ id: string, name: string, role: string, online: boolean, away: boolean, on_shift: boolean, open: number, capacity: number, teams: string[], certificates: number }} Presence */
/** @typedef {{ id: string, advisor_id: string, number: string, insurer: string, products: string[], valid_from: string, valid_to: string, state: string, days_left: number }} Certificate */

const mine = byId("presence", HTMLElement);
const list = byId("teams", HTMLElement);
const people = byId("people", HTMLElement);
const expiring = byId("expiring", HTMLElement);
const problem = byId("teams-trouble", HTMLElement);
/** @type {Record<string, string>} */
const products = JSON.parse(mine.dataset["products"] ?? "{}");
const edits = may("routing.edit");

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
document.getElementById("add-team")?.addEventListener("click", () => void addTeam());
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void load());
void load();

async function load() {
  try {
    const [teams, here, papers] = await Promise.all([get("/teams"), get("/presence"), edits ? get("/certificates") : { items: [] }]);
    /** @type {Presence[]} */
    const all = here.items;
    list.replaceChildren(...teams.items.map((/** @type {Team} */ one) => teamRow(one, all)));
    people.replaceChildren(...all.map((one) => personRow(one, teams.items, papers.items, here.gated)));
    const me = all.find((one) => one.id === setup.me.id);
    mine.replaceChildren(...(me ? [presence(me)] : []));
    const soon = papers.items.filter((/** @type {Certificate} */ one) => one.state === "expiring" || one.state === "expired");
    expiring.replaceChildren(...(soon.length ? [warning(soon, all)] : []));
    problem.textContent = "";
  } catch (error) {
    problem.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
  people.setAttribute("aria-busy", "false");
}

// ---- me

/** @param {Presence} me */
function presence(me) {
  const words = el("span", { class: "user-words" }, el("b", {}, t(me.away ? "presence_away" : "presence_here")), el("small", {}, t(me.away ? "presence_away_hint" : "presence_here_hint")));
  const button = el("button", { class: "switch", type: "button", role: "switch", "aria-checked": String(!me.away), "aria-label": t("presence_switch") });
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    try {
      await post("/me/presence", { away: !me.away });
    } catch (error) {
      toast(wordsOf(error), "bad");
    }
    void load();
  });
  return el("div", { class: "presence-row" }, words, button);
}

// ---- teams

/** @param {Team} team @param {Presence[]} all */
function teamRow(team, all) {
  const names = all.filter((one) => team.members.includes(one.id)).map((one) => one.name);
  const minutes = [team.first_minutes && t("team_first", { minutes: String(team.first_minutes) }), team.next_minutes && t("team_next", { minutes: String(team.next_minutes) })];
  const about = [names.join(", ") || t("team_nobody"), ...minutes].filter(Boolean).join(" · ");
  return el(
    "li",
    {},
    el("span", { class: "user-words" }, el("b", {}, team.name), el("small", {}, about), team.waiting > 0 && el("small", {}, t("team_waiting", { count: String(team.waiting) }))),
    edits &&
      el(
        "span",
        { class: "user-acts" },
        el("button", { class: "button quiet", type: "button", "aria-label": t("team_change_of", { name: team.name }), onclick: () => void changeTeam(team, all) }, icon("pencil"), t("team_change")),
        el("button", { class: "button quiet", type: "button", "aria-label": t("team_remove_of", { name: team.name }), onclick: () => void dropTeam(team) }, t("team_remove")),
      ),
  );
}

async function addTeam() {
  const name = el("input", { type: "text", required: true, maxlength: 60, autocomplete: "off" });
  const done = await ask({ title: t("team_add"), button: t("team_save"), fields: [field(t("team_name"), name)], done: () => named(() => post("/teams", { name: name.value.trim() })) });
  if (done) void load();
}

/** @param {Team} team @param {Presence[]} all */
async function changeTeam(team, all) {
  const name = el("input", { type: "text", required: true, maxlength: 60, autocomplete: "off", value: team.name });
  const first = el("input", { type: "number", inputmode: "numeric", min: 0, max: 10080, value: String(team.first_minutes) });
  const next = el("input", { type: "number", inputmode: "numeric", min: 0, max: 10080, value: String(team.next_minutes) });
  const ticks = all.map((one) => ({ one, box: el("input", { type: "checkbox", checked: team.members.includes(one.id) }) }));
  const would = () => ({ first_minutes: Number(first.value), next_minutes: Number(next.value), members: ticks.filter(({ box }) => box.checked).map(({ one }) => one.id) });
  const done = await ask({
    title: t("team_change_of", { name: team.name }),
    button: t("team_save"),
    fields: [
      field(t("team_name"), name),
      el("fieldset", { class: "ticks" }, el("legend", {}, t("team_members")), ...ticks.map(({ one, box }) => el("label", { class: "tick" }, box, one.name))),
      field(t("team_first_minutes"), first, t("team_minutes_hint")),
      field(t("team_next_minutes"), next, t("team_minutes_hint")),
      rehearsal(() => ({ teams: { [team.id]: would() } })),
    ],
    done: async () => {
      if (![first, next].every((input) => input.checkValidity())) throw trouble(t("team_minutes_wrong"));
      await named(() => patch(`/teams/${team.id}`, { name: name.value.trim(), ...would() }));
    },
  });
  if (!done) return;
  toast(t("team_saved"));
  void load();
}

/** @param {() => Promise<unknown>} act */
async function named(act) {
  try {
    await act();
  } catch (error) {
    if (error instanceof Failure && error.code === "conflict") throw trouble(t("team_taken"));
    if (error instanceof Failure && error.fields["name"]) throw trouble(t("team_name_wrong"));
    throw error;
  }
}

/** @param {Team} team */
async function dropTeam(team) {
  const done = await ask({ title: t("team_remove_of", { name: team.name }), button: t("team_remove"), grave: true, fields: [el("p", {}, t("team_remove_hint"))], done: () => remove(`/teams/${team.id}`) });
  if (done) void load();
}

// ---- people

/** @param {Presence} one @param {Team[]} teams @param {Certificate[]} papers @param {boolean} gated */
function personRow(one, teams, papers, gated) {
  const state = one.away ? "away" : !one.online ? "offline" : !one.on_shift ? "off_shift" : "here";
  const names = teams.filter((team) => team.members.includes(one.id)).map((team) => team.name).join(", ");
  const advises = one.role === "advisor" || one.role === "intake";
  const about = [t(`role_${one.role}`), names, one.capacity ? t("person_open_of", { open: String(one.open), most: String(one.capacity) }) : t("person_open", { open: String(one.open) })];
  const paper = gated && advises ? (one.certificates ? t("person_certified", { count: String(one.certificates) }) : t("person_uncertified")) : "";
  return el(
    "li",
    {},
    el("span", { class: `face small tint-${tint(one.id)}`, "aria-hidden": "true" }, initials(one.name), state === "here" && el("i", { class: "here" })),
    el("span", { class: "user-words" }, el("b", {}, one.id === setup.me.id ? t("me", { name: one.name }) : one.name), el("small", {}, about.filter(Boolean).join(" · ")), el("small", {}, [t(`person_${state}`), paper].filter(Boolean).join(" · "))),
    edits &&
      el(
        "span",
        { class: "user-acts" },
        el("button", { class: "button quiet", type: "button", "aria-label": t("papers_of", { name: one.name }), onclick: () => void certificates(one, papers) }, t("papers")),
        el("button", { class: "button quiet", type: "button", "aria-label": t("capacity_of", { name: one.name }), onclick: () => void capacity(one) }, t("capacity")),
      ),
  );
}

/** @param {Presence} one */
async function capacity(one) {
  const most = el("input", { type: "number", inputmode: "numeric", min: 0, max: 1000, value: String(one.capacity) });
  const done = await ask({
    title: t("capacity_of", { name: one.name }),
    button: t("team_save"),
    fields: [field(t("capacity_most"), most, t("capacity_hint"))],
    done: async () => {
      if (!most.checkValidity() || most.value === "") throw trouble(t("team_minutes_wrong"));
      await patch(`/advisors/${one.id}/capacity`, { capacity: Number(most.value) });
    },
  });
  if (done) void load();
}

// ---- certificates

/** @param {Certificate[]} soon @param {Presence[]} all */
function warning(soon, all) {
  const names = new Map(all.map((one) => [one.id, one.name]));
  return el(
    "section",
    { class: "soon", "aria-labelledby": "soon-head" },
    el("h2", { id: "soon-head" }, t("papers_soon")),
    el("ul", {}, ...soon.map((one) => el("li", {}, `${names.get(one.advisor_id) ?? "?"}: ${one.insurer} ${one.number}, ${one.state === "expired" ? t("paper_expired", { day: dayOf(one.valid_to) }) : t("paper_expiring", { day: dayOf(one.valid_to), count: String(one.days_left) })}`))),
  );
}

/** @param {string} day */
function dayOf(day) {
  return day.split("-").reverse().join("/");
}

/** @param {Presence} who @param {Certificate[]} papers */
async function certificates(who, papers) {
  const own = papers.filter((one) => one.advisor_id === who.id);
  const number = el("input", { type: "text", maxlength: 60, autocomplete: "off" });
  const insurer = el("input", { type: "text", maxlength: 60, autocomplete: "off" });
  const from = el("input", { type: "date" });
  const to = el("input", { type: "date" });
  const ticks = Object.entries(products).map(([code, name]) => ({ code, box: el("input", { type: "checkbox" }), name }));
  /** @type {string[]} */
  const gone = [];
  const rows = own.map((one) => {
    const row = el(
      "li",
      {},
      el("span", { class: "user-words" }, el("b", {}, `${one.insurer} · ${one.number}`), el("small", {}, `${dayOf(one.valid_from)}–${dayOf(one.valid_to)} · ${one.products.map((code) => products[code] ?? code).join(", ") || t("papers_all")}`), el("small", {}, t(`paper_state_${one.state}`))),
      el("button", { class: "button quiet", type: "button", "aria-label": t("paper_remove_of", { name: one.number }), onclick: () => { gone.push(one.id); row.remove(); } }, t("team_remove")),
    );
    return row;
  });
  const done = await ask({
    title: t("papers_of", { name: who.name }),
    button: t("team_save"),
    fields: [
      own.length ? el("ul", { class: "users" }, ...rows) : el("p", { class: "hint" }, t("papers_none")),
      el("h3", {}, t("papers_add")),
      field(t("paper_number"), number),
      field(t("paper_insurer"), insurer),
      el("fieldset", { class: "ticks" }, el("legend", {}, t("paper_products")), ...ticks.map(({ box, name }) => el("label", { class: "tick" }, box, name))),
      field(t("paper_from"), from),
      field(t("paper_to"), to, t("papers_hint")),
    ],
    done: async () => {
      const typed = [number, insurer, from, to].map((input) => input.value.trim());
      if (typed.some(Boolean) && !typed.every(Boolean)) throw trouble(t("paper_whole"));
      if (typed.every(Boolean) && to.value < from.value) throw trouble(t("paper_order"));
      for (const id of gone) await remove(`/certificates/${id}`);
      gone.length = 0;
      if (typed.every(Boolean)) {
        const chosen = ticks.filter(({ box }) => box.checked).map(({ code }) => code);
        await post(`/advisors/${who.id}/certificates`, { number: typed[0], insurer: typed[1], products: chosen, valid_from: from.value, valid_to: to.value });
      }
    },
  });
  if (done) void load();
}
