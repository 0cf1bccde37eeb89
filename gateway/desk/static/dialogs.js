// Questions in a <dialog>, short words at the edge of the screen, menus that a keyboard can walk through.
import { byId, el } from "../../web/static/dom.js";
import { Failure } from "./api.js";
import { icon } from "./people.js";
import { refused } from "./route.js";
import { t } from "./words.js";

const TOAST_MS = 7000;
let number = 0;

/**
 * Ask. The dialog stays open, with what went wrong in words, until `done` has worked or the person gives up; then the
 * focus goes back to where it was.
 * @param {object} asked
 * @param {string} asked.title
 * @param {Node[]} asked.fields
 * @param {string} asked.button
 * @param {boolean} [asked.grave] red
 * @param {string} [asked.leave] what the button says that gives up
 * @param {(form: FormData) => Promise<unknown> | unknown} asked.done
 * @returns {Promise<boolean>} whether it was done
 */
export function ask({ title, fields, button, grave = false, leave = t("cancel"), done }) {
  number += 1;
  const id = `dialog-${number}`;
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const go = el("button", { class: grave ? "button grave" : "button", type: "submit" }, button);
  const form = el(
    "form",
    { novalidate: true },
    el("header", {}, el("h2", { id }, title), el("button", { class: "icon-button", type: "button", "aria-label": t("shut_dialog"), onclick: () => dialog.close() }, icon("web:close"))),
    el("div", { class: "dialog-body" }, ...fields),
    problem,
    el("footer", {}, el("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, leave), go),
  );
  const dialog = el("dialog", { class: "sheet", "aria-labelledby": id }, form);
  const back = place(document.activeElement);
  document.body.append(dialog);
  return new Promise((resolve) => {
    let worked = false;
    let busy = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy || !form.reportValidity()) return;
      busy = true;
      go.setAttribute("aria-busy", "true");
      problem.hidden = true;
      for (const wrong of form.querySelectorAll("[aria-invalid]")) wrong.removeAttribute("aria-invalid");
      try {
        await done(new FormData(form));
        worked = true;
        dialog.close();
      } catch (error) {
        problem.textContent = wordsOf(error);
        problem.hidden = false;
        point(form, error);
      } finally {
        busy = false;
        go.removeAttribute("aria-busy");
      }
    });
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog && !busy) dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      back();
      resolve(worked);
    });
    dialog.showModal();
    const first = form.querySelector(".dialog-body :is(input, textarea, select):not([disabled])");
    if (first instanceof HTMLElement) first.focus();
    else if (!grave) go.focus();
  });
}

/** What the server would not take is marked, the first of it has the focus. @param {HTMLFormElement} form @param {unknown} error */
function point(form, error) {
  const names = error instanceof Failure ? Object.keys(error.fields) : [];
  const wrong = names.map((name) => form.elements.namedItem(name)).filter((input) => input instanceof HTMLElement);
  for (const input of wrong) input.setAttribute("aria-invalid", "true");
  wrong[0]?.focus();
}

/**
 * The way back to where the focus was: to what stands there now when it was painted anew, to the button of a menu that has
 * closed, to the column.
 * @param {Element | null} before
 */
function place(before) {
  if (!(before instanceof HTMLElement) || before === document.body) {
    return () => {
      if (document.activeElement === document.body) document.getElementById("thread-name")?.focus({ preventScroll: true });
    };
  }
  const key = before.dataset["key"];
  const menu = before.closest("[popover]");
  const column = before.closest("#panel");
  return () => {
    const again = key ? document.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
    const opener = menu ? document.querySelector(`[popovertarget="${menu.id}"]`) : null;
    for (const one of [before, again, opener, column, ...["say", "composer-notice", "thread-name"].map((id) => document.getElementById(id))]) {
      if (!(one instanceof HTMLElement) || !one.isConnected) continue;
      one.focus({ preventScroll: true });
      if (document.activeElement === one) return;
    }
  };
}

/** What had the focus in here may be painted anew, or be gone with what was done: the focus stays in the column. @param {HTMLElement} root */
export function holdFocus(root) {
  /** @type {Element | null} */
  let last = null;
  root.addEventListener("focusin", (event) => (last = event.target instanceof Element ? event.target : null));
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof Node && !root.contains(event.target)) last = null;
  });
  root.addEventListener("focusout", () =>
    queueMicrotask(() => {
      if (last?.isConnected && document.activeElement === document.body) last = null; // left on purpose
    }),
  );
  new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const key = last instanceof HTMLElement ? last.dataset["key"] : undefined;
    const again = key ? root.querySelector(`[data-key="${CSS.escape(key)}"]`) : null;
    (again instanceof HTMLElement ? again : root).focus({ preventScroll: true });
  }).observe(root, { childList: true, subtree: true });
}

/** @param {unknown} error */
export function wordsOf(error) {
  return error instanceof Failure ? (error.code === "window_closed" ? refused(error) : error.words) : error instanceof Error && error.cause === "words" ? error.message : t("error_internal");
}

/** A sentence for the person, to be thrown. @param {string} words */
export function trouble(words) {
  return new Error(words, { cause: "words" });
}

/**
 * Say something above what is read and written; errors stay until they are closed. `act` -- what would mend it
 * @param {string} words @param {"good" | "bad"} [mood] @param {{ words: string, press: () => void }} [act]
 * @returns {HTMLElement} it
 */
export function toast(words, mood = "good", act) {
  const box = byId("toasts", HTMLElement);
  for (const old of box.children) if (old.firstElementChild?.nextElementSibling?.textContent === words) old.remove();
  const made = el(
    "div",
    { class: `toast ${mood}` },
    icon(mood === "bad" ? "web:alert" : "web:check"),
    el("span", { role: mood === "bad" ? "alert" : "status" }, words),
    act && el("button", { class: "button quiet small", type: "button", onclick: () => (made.remove(), act.press()) }, act.words),
    el("button", { class: "icon-button", type: "button", "aria-label": t("close_dialog"), onclick: () => made.remove() }, icon("web:close")),
  );
  box.append(made);
  while (box.childElementCount > 3) (box.querySelector(".good") ?? box.firstElementChild)?.remove();
  under(box);
  if (!act && mood === "good") setTimeout(() => made.remove(), TOAST_MS);
  return made;
}

/** Somebody goes to something else: what went wrong before is not about it. What offers a way to mend it stays. */
export function hush() {
  for (const old of byId("toasts", HTMLElement).querySelectorAll(".toast.bad:not(:has(.button))")) old.remove();
}

/** Below the head of the column that he works in: nothing lies on what he writes. @param {HTMLElement} box */
function under(box) {
  const heads = [".thread-head", ".office-top"].flatMap((each) => [...document.querySelectorAll(each)]);
  const at = heads.map((each) => each.getBoundingClientRect()).find((each) => each.width > 0 && each.bottom > 0 && each.bottom < innerHeight / 2); // a side bar is no head
  box.style.insetBlockStart = at ? `${Math.round(at.bottom) + 8}px` : "";
  box.style.left = at ? `${Math.round(at.left)}px` : "";
  box.style.right = at ? `${Math.round(innerWidth - at.right)}px` : "";
}

/**
 * Into the clipboard; where there is none, what is to be copied is marked, so that he can do it himself.
 * @param {string} text @param {HTMLElement} shown where it stands
 */
export async function copied(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("copied"));
  } catch {
    getSelection()?.selectAllChildren(shown);
    throw trouble(t("copy_yourself"));
  }
}

/** A popover menu below its button, with arrow keys. @param {HTMLElement} menu @param {HTMLElement} button */
export function walk(menu, button) {
  const items = () => [...menu.querySelectorAll("a, button")].filter((item) => item instanceof HTMLElement && !item.hidden && item.offsetParent !== null);
  menu.addEventListener("beforetoggle", () => {
    const at = button.getBoundingClientRect();
    menu.style.top = `${Math.round(at.bottom + 4)}px`;
    menu.style.right = `${Math.max(8, Math.round(innerWidth - at.right))}px`;
  });
  menu.addEventListener("toggle", (event) => {
    const open = /** @type {ToggleEvent} */ (event).newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (open) /** @type {HTMLElement | undefined} */ (items()[0])?.focus();
  });
  menu.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.findIndex((item) => item === document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const item = all[(to + all.length) % all.length];
    if (item instanceof HTMLElement) item.focus();
  });
  menu.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a, button")) menu.hidePopover();
  });
}

/**
 * A labelled field.
 * @param {string} label @param {HTMLElement} input @param {string} [hint]
 */
export function field(label, input, hint) {
  number += 1;
  input.id ||= `field-${number}`;
  const about = hint ? el("small", { id: `${input.id}-hint`, class: "hint" }, hint) : null;
  if (about) input.setAttribute("aria-describedby", about.id);
  return el("div", { class: "field" }, el("label", { for: input.id }, label), input, about);
}
