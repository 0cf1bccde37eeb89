// The words of the page in the language it was rendered in, and times and durations as people say them.
import { carried, filled } from "../../web/static/dom.js";

/** @type {Record<string, string>} */
const WORDS = carried("desk-words") ?? {};
/** @type {import("./model.js").Setup} */
export const setup = carried("desk-setup");

const LOCALE = setup.lang === "en" ? "en-GB" : "vi-VN";
const ZONE = { timeZone: setup.timezone };
const CLOCK = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...ZONE });
const DATE = new Intl.DateTimeFormat(LOCALE, { day: "2-digit", month: "2-digit", year: "numeric", ...ZONE });
const WEEKDAY = new Intl.DateTimeFormat(LOCALE, { weekday: "long", ...ZONE });
const KEY = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit", ...ZONE });
const DAY_MS = 86_400_000;

/**
 * A text of the page by its name; a missing one shows its name, so that it is noticed.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function t(name, values) {
  const found = WORDS[name] ?? name;
  return values ? filled(found, values) : found;
}

/** @param {string} name */
export function has(name) {
  return name in WORDS;
}

/** Our clock may differ from the server's; waiting times are counted with his. */
let ahead = Date.now() - Date.parse(setup.now);
/** @param {number} ms the server's time now */
export function serverSays(ms) {
  ahead = Date.now() - ms;
}
export function now() {
  return Date.now() - ahead;
}

/** `2026-03-01`, the calendar day of the agency. @param {number} ms */
function dayKey(ms) {
  return KEY.format(ms);
}

/** `14:05`. @param {string} time */
export function clock(time) {
  return CLOCK.format(Date.parse(time));
}

/** `14:05, 03/05/2026`. @param {string} time */
export function moment(time) {
  const at = Date.parse(time);
  return `${CLOCK.format(at)}, ${DATE.format(at)}`;
}

/** `03/05/2026`. @param {string} time */
export function date(time) {
  return DATE.format(Date.parse(time));
}

/** The heading of a day. @param {string} time */
export function day(time) {
  const at = Date.parse(time);
  const key = dayKey(at);
  if (key === dayKey(now())) return t("today");
  if (key === dayKey(now() - DAY_MS)) return t("yesterday");
  const weekday = WEEKDAY.format(at);
  return `${weekday.charAt(0).toLocaleUpperCase(LOCALE)}${weekday.slice(1)}, ${DATE.format(at)}`;
}

/** Whether both are of the same day at the agency. @param {string} one @param {string} other */
export function sameDay(one, other) {
  return dayKey(Date.parse(one)) === dayKey(Date.parse(other));
}

/** When, as short as a list needs it. @param {string} time */
export function when(time) {
  const at = Date.parse(time);
  const key = dayKey(at);
  if (key === dayKey(now())) return CLOCK.format(at);
  if (key === dayKey(now() - DAY_MS)) return t("yesterday");
  return DATE.format(at).slice(0, 5); // `03/05` in both languages; vi-VN by itself says `03-05` here
}

/** How long since: `vừa xong`, `12 phút`, `2 giờ 05`, `3 ngày`. @param {string} time */
export function since(time) {
  const minutes = Math.max(0, Math.floor((now() - Date.parse(time)) / 60_000));
  if (minutes < 1) return t("just_now");
  if (minutes < 60) return t("n_minutes", { n: minutes });
  if (minutes < 24 * 60) return t("n_hours", { h: Math.floor(minutes / 60), m: String(minutes % 60).padStart(2, "0") });
  return t("n_days", { n: Math.floor(minutes / 1440) });
}

/** How long somebody has waited, in a list's few words. @param {string} time */
export function waits(time) {
  return minutesSince(time) < 1 ? t("waits_now") : t("waits", { time: since(time) });
}

/** `08:00 – 12:00, 03/05/2026`; two moments when the days differ. @param {string} from @param {string} to */
export function span(from, to) {
  if (!to) return moment(from);
  return sameDay(from, to) ? `${clock(from)} – ${moment(to)}` : `${moment(from)} – ${moment(to)}`;
}

/** Minutes since. @param {string} time */
export function minutesSince(time) {
  return (now() - Date.parse(time)) / 60_000;
}

/** `1,2 MB`. @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 1_000_000 ? [bytes / 1000, "KB"] : [bytes / 1_000_000, "MB"];
  return `${new Intl.NumberFormat(LOCALE, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${unit}`;
}

/** `0912 345 678`, as numbers are read out in Viet Nam. @param {string} value E.164 or masked */
export function phone(value) {
  const national = value.startsWith("+84") ? `0${value.slice(3)}` : value;
  return /^0\d{9}$/.test(national) ? `${national.slice(0, 4)} ${national.slice(4, 7)} ${national.slice(7)}` : national;
}
