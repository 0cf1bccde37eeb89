// A week of periods: shown in a line, changed in a dialog.
import { el } from "../../web/static/dom.js";
import { Failure, patch } from "./api.js";
import { ask, toast, trouble } from "./dialogs.js";
import { rehearsal } from "./rehearse.js";
import { t } from "./words.js";

/** @typedef {Record<string, [string, string][]>} Days */

export const WEEKDAYS = /** @type {const} */ (["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);

/** Monday to Friday 08:00–12:00, 13:30–17:30; Saturday … @param {Days} days */
export function inWords(days) {
  const said = WEEKDAYS.map((day) => (days[day] ?? []).map(([begins, ends]) => `${begins}–${ends}`).join(", "));
  const parts = [];
  for (let from = 0; from < said.length; ) {
    let to = from;
    while (to + 1 < said.length && said[to + 1] === said[from]) to += 1;
    const name = from === to ? t(`day_${WEEKDAYS[from]}`) : `${t(`day_${WEEKDAYS[from]}`)}–${t(`day_${WEEKDAYS[to]}`)}`;
    if (said[from]) parts.push(`${name}: ${said[from]}`);
    from = to + 1;
  }
  return parts.join(" · ");
}

/** True when it was saved. @param {string} owner @param {string} name @param {Days} days */
export async function changeWeek(owner, name, days) {
  const inputs = WEEKDAYS.map((day) => {
    const text = (days[day] ?? []).map(([begins, ends]) => `${begins}-${ends}`).join(", ");
    const input = el("input", { type: "text", id: `w-${day}`, autocomplete: "off", placeholder: "08:00-12:00, 13:30-17:30", value: text });
    return { day, input, row: el("div", { class: "weekday" }, el("label", { for: `w-${day}` }, t(`day_${day}`)), input) };
  });
  const copy = el(
    "button",
    { class: "button quiet", type: "button", onclick: () => inputs.slice(1, 5).forEach((one) => { one.input.value = inputs[0]?.input.value ?? ""; }) },

    t("week_copy"),
  );
  const done = await ask({
    title: t("week_of", { name }),
    button: t("week_save"),
    fields: [
      el("p", { class: "hint" }, t("week_hint")),
      el("div", { class: "weekdays" }, ...inputs.map((one) => one.row)),
      copy,
      rehearsal(() => ({ shifts: { [owner]: { days: read(inputs, false) } } })),
    ],
    done: async () => {
      try {
        await patch(`/shifts/${owner}`, { days: read(inputs, true) });
      } catch (error) {
        if (error instanceof Failure && error.code === "invalid") throw trouble(t("week_overlap"));
        throw error;
      }
    },
  });
  if (done) toast(t("week_saved"));
  return done;
}

/** @param {{ day: string, input: HTMLInputElement }[]} inputs @param {boolean} strict */
function read(inputs, strict) {
  /** @type {Record<string, { begins: string, ends: string }[]>} */
  const days = {};
  for (const { day, input } of inputs) {
    const spans = input.value.split(/[,;]/).map((each) => each.trim()).filter(Boolean);
    const found = spans.map(span);
    if (strict && found.some((each) => each === null)) throw trouble(t("week_wrong", { day: t(`day_${day}`) }));
    const good = found.filter((each) => each !== null);
    if (good.length) days[day] = good;
  }
  return days;
}

/** `8h-12h`, `8:00 - 12:00`, `08:00–12:00` @param {string} text */
function span(text) {
  const match = /^(\d{1,2})(?:[:h.](\d{2})?)?\s*(?:-|–|đến|to)\s*(\d{1,2})(?:[:h.](\d{2})?)?$/i.exec(text);
  if (!match) return null;
  const [, h1 = "", m1 = "00", h2 = "", m2 = "00"] = match;
  const [begins, ends] = [`${h1.padStart(2, "0")}:${m1 || "00"}`, `${h2.padStart(2, "0")}:${m2 || "00"}`];
  return begins < ends && ends <= "24:00" ? { begins, ends } : null;
}
