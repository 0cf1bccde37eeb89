// The log of one webhook: what it was told, what it answered, and telling it again.
import { el } from "../../web/static/dom.js";
import { get, pause, post } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { moment, t } from "./words.js";

/**
 * @typedef {object} Told
 * @property {string} id
 * @property {string} type
 * @property {string} at
 * @property {"waiting" | "calling" | "done" | "failed"} state
 * @property {number} attempts
 * @property {string | null} next_at
 * @property {number | null} status
 * @property {string} error
 * @property {number | null} took_ms
 * @property {string | null} tried_at
 * @property {string} answer
 */

const LOOKS = 12; // while something is on its way
const LOOK_MS = 1500;
const DAYS = [1, 7, 30];

/**
 * A list that looks after itself as long as something is under way and it is on the page.
 * @param {string} id @param {string} name
 * @param {() => Promise<void>} changed called when what was under way has ended
 */
export async function log(id, name, changed) {
  const rows = el("ol", {});
  const note = el("p", { class: "hint", role: "status" });
  const which = el("select", { "aria-label": t("webhooks_which"), onchange: () => void look() }, ...["", "failed", "waiting", "done"].map((state) => el("option", { value: state }, t(`webhooks_state_${state || "all"}`))));
  const days = el("select", { "aria-label": t("webhooks_since") }, ...DAYS.map((count) => el("option", { value: String(count) }, t("webhooks_days", { count }))));
  const more = el("button", { class: "button quiet", type: "button", hidden: true, onclick: () => void look(next) }, t("webhooks_more"));
  /** @type {string | null} */
  let next = null;

  /** @param {string | null} [cursor] */
  async function look(cursor = null) {
    try {
      const found = await get(`/webhooks/${id}/events`, { state: which.value, limit: 25, cursor });
      /** @type {Told[]} */
      const items = found.items;
      const made = items.map((one) => line(one));
      if (cursor) rows.append(...made);
      else rows.replaceChildren(...made);
      next = found.next;
      more.hidden = !next;
      note.textContent = rows.childElementCount ? "" : t("webhooks_nothing");
      return items.some((one) => one.state === "calling" || (one.state === "waiting" && !one.attempts));
    } catch (error) {
      note.textContent = wordsOf(error);
      return false;
    }
  }

  /** @param {Told} one */
  function line(one) {
    const tried = one.tried_at ? [one.status === null ? t(`webhooks_error_${one.error}`) : t("webhooks_status", { status: one.status }), t("webhooks_took", { ms: one.took_ms ?? 0 })] : [];
    const when = one.state === "waiting" && one.attempts && one.next_at ? [t("webhooks_next", { at: moment(one.next_at) })] : [];
    return el(
      "li",
      { class: one.state },
      el(
        "span",
        {},
        el("b", {}, t(`webhooks_type_${one.type.replace(".", "_")}`)),
        el("small", {}, [moment(one.at), t(`webhooks_state_${one.state}`), one.attempts ? t("webhooks_tries", { count: one.attempts }) : "", ...tried, ...when].filter(Boolean).join(" · ")),
      ),
      one.state !== "calling" && el("button", { class: "button quiet", type: "button", "aria-label": t("webhooks_again_of", { at: moment(one.at) }), onclick: () => void again(`/webhooks/${id}/events/${one.id}/resend`, {}) }, t("webhooks_again")),
      one.answer && el("details", {}, el("summary", {}, t("webhooks_answer")), el("pre", {}, one.answer)),
    );
  }

  /** @param {string} path @param {object} said */
  async function again(path, said) {
    try {
      const done = await post(path, said);
      if (typeof done.count === "number") toast(t("webhooks_resent", { count: done.count }));
    } catch (error) {
      toast(wordsOf(error), "bad");
    }
    void follow();
  }

  async function follow() {
    for (let turn = 0; turn < LOOKS && (await look()); turn += 1) {
      await pause(LOOK_MS);
      if (!rows.isConnected) return;
    }
    await changed();
  }

  const all = () => again(`/webhooks/${id}/resend`, { since: new Date(Date.now() - Number(days.value) * 86_400_000).toISOString() });
  const box = el(
    "section",
    { class: "webhook-log", "aria-label": t("webhooks_log_of", { name }) },
    el("h3", {}, t("webhooks_log")),
    el("div", { class: "bar" }, which, el("span", { class: "acts" }, days, el("button", { class: "button quiet", type: "button", onclick: () => void all() }, t("webhooks_again_all")))),
    rows,
    note,
    more,
  );
  if (await look()) setTimeout(() => void follow(), LOOK_MS);
  else void changed();
  return box;
}
