// The wall keeps itself up to date: the page is fetched again and only what changed is touched, so that nothing flickers
// and the focus stays where it is.
import { byId } from "../../web/static/dom.js";
import { post } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { exporting } from "./exports.js";
import { clock, t } from "./words.js";

const EVERY_MS = 15_000;
let busy = false;
let again = false; // what is being fetched was asked for before something was chosen
let goodAt = new Date().toISOString(); // of the last page that came

/** This page as it is now. @returns {Promise<Document | null>} */
function fetched() {
  return new Promise((resolve) => {
    const asked = new XMLHttpRequest(); // reads a page without a door for HTML (Trusted Types)
    asked.open("GET", location.href);
    asked.responseType = "document";
    asked.timeout = EVERY_MS;
    asked.onload = () => resolve(asked.status === 200 ? asked.responseXML : null);
    asked.onerror = asked.ontimeout = () => resolve(null);
    asked.send();
  });
}

/** Make `old` like `fresh` with as few touches as there are differences. @param {Node} old @param {Node} fresh */
function merge(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.parentNode?.replaceChild(document.importNode(fresh, true), old);
    return;
  }
  if (!(old instanceof Element)) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  const wanted = /** @type {Element} */ (fresh);
  for (const name of old.getAttributeNames()) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  for (const name of wanted.getAttributeNames()) {
    const value = wanted.getAttribute(name) ?? "";
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const [had, want] = [[...old.childNodes], [...fresh.childNodes]];
  want.forEach((child, at) => {
    const here = had[at];
    if (here) merge(here, child);
    else old.appendChild(document.importNode(child, true));
  });
  for (const rest of had.slice(want.length)) rest.remove();
}

async function refresh() {
  again = busy;
  if (busy || document.visibilityState !== "visible") return;
  busy = true;
  try {
    const page = await fetched();
    const fresh = page?.getElementById("wall");
    if (fresh) goodAt = new Date().toISOString();
    aged(!page);
    if (fresh) merge(byId("wall", HTMLElement), fresh);
    else if (page) location.reload(); // signed out: the log-in says so
  } finally {
    busy = false;
  }
  if (again) await refresh();
}

/** Numbers that nobody renews must not look like those of now. @param {boolean} away the server */
function aged(away) {
  const line = byId("wall-old", HTMLElement);
  const words = away ? t("wall_old", { time: clock(goodAt) }) : "";
  if (line.textContent !== words) line.textContent = words;
  line.hidden = !away;
}

setInterval(() => void refresh(), EVERY_MS);
document.addEventListener("visibilitychange", () => void refresh());
addEventListener("focus", () => void refresh());

const button = byId("export", HTMLButtonElement);
button.addEventListener("click", () => void exporting("/exports/wall", { period: button.dataset["period"] ?? "today", tests: tests.checked }, false));

const tests = byId("wall-tests", HTMLInputElement);
tests.addEventListener("change", () => void counted());

async function counted() {
  try {
    await post("/wall/tests", { tests: tests.checked });
    toast(t("wall_tests_kept"));
    await refresh();
  } catch (error) {
    tests.checked = !tests.checked;
    toast(wordsOf(error), "bad");
  }
}
