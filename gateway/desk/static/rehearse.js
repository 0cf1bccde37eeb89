// What other settings would have done yesterday: asked of the server, shown as numbers and a short list.
import { el } from "../../web/static/dom.js";
import { post } from "./api.js";
import { wordsOf } from "./dialogs.js";
import { clock, t } from "./words.js";

/** @typedef {{ handoffs: number, given: number, sticky: number, nobody: number, late: number, escalated: number, returned: number, late_answers: number }} Sums */
/** @typedef {{ advisor: { id: string, name: string } | null, reason: string, late: boolean, escalated: boolean, returned: boolean, due_at: string }} Fate */
/** @typedef {{ conversation_id: string, code: string, opened_at: string, now: Fate, then: Fate }} Different */
/** @typedef {{ day: string, now: Sums, then: Sums, different: number, examples: Different[], cut: boolean }} Preview */

const ROWS = /** @type {const} */ (["handoffs", "given", "sticky", "nobody", "late", "late_answers", "returned", "escalated"]);

/** Ask, and show what is told. @param {HTMLElement} into @param {object} wanted */
export async function rehearse(into, wanted) {
  into.setAttribute("aria-busy", "true");
  try {
    into.replaceChildren(shown(await post("/routing/preview", wanted)));
  } catch (error) {
    into.replaceChildren(el("p", { class: "problem" }, wordsOf(error)));
  }
  into.removeAttribute("aria-busy");
}

/** A button and the place for its answer, for a dialog. @param {() => object} wanted */
export function rehearsal(wanted) {
  const into = el("div", { class: "preview", "aria-live": "polite" });
  return el("div", { class: "rehearsal" }, el("button", { class: "button quiet", type: "button", onclick: () => void rehearse(into, wanted()) }, t("preview_try")), into);
}

/** @param {Preview} found */
function shown(found) {
  const [year, month, day] = found.day.split("-");
  const title = t("preview_title", { day: `${day}/${month}/${year}` });
  if (!found.now.handoffs) return el("p", { class: "hint" }, t("preview_none", { day: `${day}/${month}/${year}` }));
  const rows = ROWS.filter((name) => name === "handoffs" || found.now[name] || found.then[name]);
  return el(
    "div",
    {},
    el(
      "table",
      {},
      el("caption", {}, title),
      el("thead", {}, el("tr", {}, el("td", {}), el("th", { scope: "col" }, t("preview_now")), el("th", { scope: "col" }, t("preview_then")))),
      el(
        "tbody",
        {},
        ...rows.map((name) =>
          el(
            "tr",
            { class: found.now[name] === found.then[name] ? "" : "moved" },
            el("th", { scope: "row" }, t(`preview_${name}`)),
            el("td", {}, String(found.now[name])),
            el("td", {}, String(found.then[name])),
          ),
        ),
      ),
    ),
    el("p", {}, found.different ? t("preview_different", { count: String(found.different) }) : t("preview_same")),
    found.examples.length > 0 && el("ul", { class: "examples" }, ...found.examples.map(example)),
    el("p", { class: "hint" }, t("preview_note"), found.cut ? ` ${t("preview_cut")}` : ""),
  );
}

/** @param {Different} one */
function example(one) {
  return el(
    "li",
    {},
    el("a", { href: `/desk/c/${one.conversation_id}` }, `${clock(one.opened_at)} ${one.code || t("preview_open")}`),
    el("span", {}, `${said(one.now)} → ${said(one.then)}`),
  );
}

/** @param {Fate} fate */
function said(fate) {
  const who = fate.advisor ? fate.advisor.name || t("preview_former") : t("preview_nobody_there");
  const flags = [fate.reason === "sticky" && t("preview_flag_sticky"), fate.late && t("preview_flag_late"), fate.returned && t("preview_flag_returned"), fate.escalated && t("preview_flag_escalated"), !fate.late && t("preview_flag_due", { time: clock(fate.due_at) })];
  return [who, ...flags.filter(Boolean)].join(", ");
}
