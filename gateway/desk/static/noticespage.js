// What I want to hear of, how, and the devices on which: one's own settings.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, patch, post, remove, whenSignedOut } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { play } from "./tones.js";
import { moment, setup, t } from "./words.js";
import { possible, registered, subscribe, subscription } from "./workers.js";

/** @typedef {{ id: string, host: string, agent: string, created_at: string, used_at: string | null }} Browser */
/** @typedef {{ kinds: Record<string, string>, tone: string, quiet: { begins: string, ends: string }, detail: string, letters: boolean, digest: string, lang: string }} Wishes */
/** @typedef {{ wishes: Wishes, can_write: boolean, push_key: string, browsers: Browser[] }} Settings */

const KINDS = ["waiting", "message", "assigned", "task", "sla"];
const MINE = "desk.browser"; // which of the listed devices this one is
const form = byId("notices-form", HTMLFormElement);
const list = byId("browsers", HTMLElement);
const here = byId("browser-state", HTMLElement);
const button = byId("browser-switch", HTMLButtonElement);
let key = "";

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void save();
});
byId("tone-try", HTMLButtonElement).addEventListener("click", () => void play(chosen("tone")));
button.addEventListener("click", () => void turn());
void load();

/** @param {string} id */
const input = (id) => byId(id, HTMLInputElement);
/** @param {string} id */
const chosen = (id) => byId(id, HTMLSelectElement).value;

async function load() {
  try {
    fill(await get("/me/notice-settings"));
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
  form.setAttribute("aria-busy", "false");
}

/** @param {Settings} settings */
function fill({ wishes, can_write, push_key, browsers }) {
  key = push_key;
  for (const kind of KINDS) byId(`kind-${kind}`, HTMLSelectElement).value = wishes.kinds[kind] ?? "sound";
  byId("tone", HTMLSelectElement).value = wishes.tone;
  byId("detail", HTMLSelectElement).value = wishes.detail;
  input("quiet-from").value = wishes.quiet.begins;
  input("quiet-to").value = wishes.quiet.ends;
  input("letters").checked = wishes.letters;
  input("digest").value = wishes.digest;
  for (const id of ["letters", "digest"]) input(id).disabled = !can_write;
  byId("no-letters", HTMLElement).hidden = can_write;
  draw(browsers);
}

async function save() {
  /** @type {Wishes} */
  const wanted = {
    kinds: Object.fromEntries(KINDS.map((kind) => [kind, chosen(`kind-${kind}`)])),
    tone: chosen("tone"),
    detail: chosen("detail"),
    quiet: { begins: input("quiet-from").value, ends: input("quiet-to").value },
    letters: input("letters").checked,
    digest: input("digest").value,
    lang: setup.lang,
  };
  try {
    fill(await patch("/me/notice-settings", wanted));
    toast(t("notices_saved"));
  } catch (error) {
    toast(error instanceof Failure && error.code === "invalid" ? t("notices_time") : wordsOf(error), "bad");
  }
}

// ---- devices

/** @param {Browser[]} browsers */
function draw(browsers) {
  list.replaceChildren(...browsers.map(row));
  byId("browsers-none", HTMLElement).hidden = browsers.length > 0;
  void state(browsers);
}

/** @param {Browser} one */
function row(one) {
  const last = one.used_at ? ` · ${t("notices_last", { when: moment(one.used_at) })}` : "";
  const name = device(one.agent) || one.host;
  return el(
    "li",
    {},
    el("span", { class: "user-words" }, el("b", {}, one.id === known() ? `${name} (${t("notices_this")})` : name), el("small", {}, `${t("notices_since", { when: moment(one.created_at) })}${last}`)),
    el("span", { class: "user-acts" }, el("button", { class: "button quiet", type: "button", "aria-label": `${t("notices_remove")}: ${name}`, onclick: () => void drop(one) }, t("notices_remove"))),
  );
}

/** `Chrome · Windows`, of what a browser calls itself. @param {string} agent */
function device(agent) {
  const browser = [["Edg/", "Edge"], ["OPR/", "Opera"], ["coc_coc", "Cốc Cốc"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]].find(([sign = ""]) => agent.includes(sign));
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]].find(([sign = ""]) => agent.includes(sign));
  return [browser?.[1], system?.[1]].filter(Boolean).join(" · ");
}

/** @param {Browser[]} browsers */
async function state(browsers) {
  const on = possible() && Notification.permission === "granted" && browsers.some((one) => one.id === known()) && (await subscription()) !== null;
  const words = !possible() ? "none" : Notification.permission === "denied" ? "denied" : on ? "on" : "off";
  here.textContent = t(`notices_state_${words}`);
  button.hidden = !possible() || Notification.permission === "denied";
  button.textContent = on ? t("notices_off") : t("notices_on");
  button.dataset["on"] = on ? "1" : "";
}

async function turn() {
  button.disabled = true;
  try {
    if (button.dataset["on"]) await off();
    else await on();
  } finally {
    button.disabled = false;
    void load();
  }
}

async function on() {
  if ((await Notification.requestPermission()) !== "granted") return;
  keep("desk.notices", "1");
  try {
    await registered();
    const { endpoint, keys } = (await subscribe(key)).toJSON();
    const made = await post("/me/browsers", { endpoint, p256dh: keys?.["p256dh"], auth: keys?.["auth"], agent: navigator.userAgent.slice(0, 400) });
    keep(MINE, made.id);
  } catch (error) {
    toast(error instanceof Failure ? (error.code === "invalid" ? t("notices_push_refused") : error.words) : t("notices_push_failed"), "bad");
  }
}

async function off() {
  await (await subscription())?.unsubscribe();
  const id = known();
  if (id) await remove(`/me/browsers/${id}`).catch(() => {}); // it was gone already
  keep(MINE, "");
}

/** @param {Browser} one */
async function drop(one) {
  try {
    if (one.id === known()) await off();
    else await remove(`/me/browsers/${one.id}`);
    toast(t("notices_removed"));
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
  void load();
}

function known() {
  try {
    return localStorage.getItem(MINE) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    if (value) localStorage.setItem(name, value);
    else localStorage.removeItem(name);
  } catch {
    // known for this page only
  }
}
