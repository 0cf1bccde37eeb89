// Every act of the inbox that has a key. Keys never fire while somebody types, nor while an input method composes, and
// those of one letter can be switched off (WCAG 2.1.4).
import { byId, el } from "../../web/static/dom.js";
import { t } from "./words.js";

/**
 * @typedef {object} Key
 * @property {string} does name of the act; a deed's is its `data-deed`
 * @property {string} key as `KeyboardEvent.key` says it; of several, as they are shown
 * @property {"go" | "deed" | "write"} group
 * @property {boolean} [shown] it works elsewhere (in the list, in the box), here it is only told
 */

/** @type {Key[]} */
export const KEYS = [
  { does: "search", key: "/", group: "go" },
  { does: "below", key: "j", group: "go" },
  { does: "above", key: "k", group: "go" },
  { does: "beside", key: "Alt ↑ ↓", group: "go", shown: true },
  { does: "walk", key: "↑ ↓", group: "go", shown: true },
  { does: "open", key: "Enter", group: "go", shown: true },
  { does: "tab", key: "1 … 9", group: "go", shown: true },
  { does: "list", key: "Shift 1 … 9", group: "go", shown: true },
  { does: "new_list", key: "f", group: "go" },
  { does: "panel", key: "i", group: "go" },
  { does: "back", key: "u", group: "go" },
  { does: "menu", key: "g", group: "go" },
  { does: "help", key: "?", group: "go" },
  { does: "escape", key: "Esc", group: "go", shown: true },
  { does: "take", key: "t", group: "deed" },
  { does: "reopen", key: "o", group: "deed" },
  { does: "transfer", key: "x", group: "deed" },
  { does: "close", key: "e", group: "deed" },
  { does: "labels", key: "l", group: "deed" },
  { does: "snooze", key: "z", group: "deed" },
  { does: "task", key: "h", group: "deed" },
  { does: "askfor", key: "q", group: "deed" },
  { does: "merge", key: "v", group: "deed" },
  { does: "print", key: "p", group: "deed" },
  { does: "hold", key: "w", group: "deed" },
  { does: "return", key: "b", group: "deed" },
  { does: "block", key: "d", group: "deed" },
  { does: "unblock", key: "D", group: "deed" },
  { does: "move", key: "c", group: "deed" },
  { does: "acts", key: "m", group: "deed" },
  { does: "reply", key: "r", group: "write" },
  { does: "note", key: "n", group: "write" },
  { does: "attach", key: "a", group: "write" },
  { does: "canned", key: "/", group: "write", shown: true },
  { does: "send", key: "Enter", group: "write", shown: true },
  { does: "send_anywhere", key: "Ctrl Enter", group: "write", shown: true },
  { does: "line", key: "Shift Enter", group: "write", shown: true },
];
const OFF = "desk-keys-off";
const REST_MS = 2000;
let restsUntil = 0;

/** The box went away under somebody's fingers: the letters that still come are no commands, until there is a pause. */
export function rest() {
  restsUntil = performance.now() + REST_MS;
}

/** Whether what has the focus takes letters. @param {EventTarget | null} target */
function takesLetters(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select, [role=textbox], [role=combobox]"));
}

/** Whether this person has switched them off; a browser that keeps nothing has not. */
function off() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
}

/** @param {boolean} yes */
function switchOff(yes) {
  try {
    localStorage.setItem(OFF, yes ? "1" : "0");
  } catch {
    // it holds for nobody then
  }
}

/**
 * @param {Record<string, () => void>} acts by name; deeds press their button
 * @param {{ tab: (number: number) => void, list: (number: number) => void }} to
 */
export function listen(acts, to) {
  document.addEventListener("keydown", (event) => {
    // 229: a key that an input method has taken, where the browser does not say that it composes
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented || document.querySelector("dialog[open], [popover]:popover-open")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || takesLetters(event.target) || (off() && event.key !== "Escape")) return;
    if (performance.now() < restsUntil) {
      rest();
      return;
    }
    const digit = /^Digit([1-9])$/.exec(event.code)?.[1];
    if (digit) {
      event.preventDefault();
      if (event.shiftKey) to.list(Number(digit));
      else to.tab(Number(digit));
      return;
    }
    const found = KEYS.find((each) => !each.shown && each.key === event.key);
    if (!found) return;
    const act = acts[found.does] ?? press(found.does);
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** The button of a deed, where the deed makes sense now. @param {string} deed */
function press(deed) {
  const button = [...document.querySelectorAll(`[data-deed="${deed}"]`)].find((each) => each instanceof HTMLElement && !each.hidden);
  return button instanceof HTMLElement ? () => button.click() : null;
}

/** @param {string} key @param {string} words */
function line(key, words) {
  const parts = key.split(" ").map((part) => el(part === "…" ? "span" : "kbd", {}, part === "D" ? "Shift D" : part));
  return el("div", {}, el("dt", {}, ...parts), el("dd", {}, words));
}

/** Deeds without a key of their own: by the menu, which has one. */
function byMenu() {
  const menu = KEYS.find((each) => each.does === "acts")?.key ?? "";
  return [...document.querySelectorAll("#acts-menu [data-deed]")]
    .filter((each) => each instanceof HTMLElement && !KEYS.some((known) => known.does === each.dataset["deed"]))
    .map((each) => line(`${menu} ↓ Enter`, each.textContent?.trim() ?? ""));
}

/** The sheet that `?` opens. */
export function sheet() {
  const groups = /** @type {const} */ (["go", "deed", "write"]);
  byId("keys-list", HTMLElement).replaceChildren(
    ...groups.map((group) => {
      const lines = KEYS.filter((each) => each.group === group).map((each) => line(each.key, t(`key_${each.does}`)));
      return el("section", {}, el("h3", {}, t(`keys_${group}`)), el("dl", { class: "keys" }, ...lines, ...(group === "deed" ? byMenu() : [])));
    }),
  );
  const tick = byId("keys-off", HTMLInputElement);
  tick.checked = !off();
  tick.onchange = () => switchOff(!tick.checked);
  byId("keys-dialog", HTMLDialogElement).showModal();
}
