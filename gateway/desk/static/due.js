// By when a person is to be in touch, and how that looks.
import { clock, moment, now, sameDay, t } from "./words.js";

const NEAR_MS = 5 * 60_000; // amber from here on

/** How the time that is left looks: good, soon, late. @param {string} due */
export function haste(due) {
  const left = Date.parse(due) - now();
  return left <= 0 ? "late" : left <= NEAR_MS ? "soon" : "good";
}

/** @param {string} due as short as a chip needs it */
export function dueBy(due) {
  const at = sameDay(due, new Date(now()).toISOString()) ? clock(due) : moment(due);
  return haste(due) === "late" ? t("due_late", { time: at }) : t("due_by", { time: at });
}
