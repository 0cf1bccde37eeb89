// Sending again what did not arrive, by its class: what may have arrived goes only when somebody knows that it may come twice.
import { el } from "../../web/static/dom.js";
import { Failure, newKey, post } from "./api.js";
import { ask, toast, wordsOf } from "./dialogs.js";
import { t } from "./words.js";

/** @typedef {import("./model.js").Message} Message */

const MAYBE = new Set(["unknown", "unconfirmed"]);
const ENDED = new Set(["failed", "expired", ...MAYBE]);

/** Whether it can be sent again at all. @param {Message} one */
export function canRetry(one) {
  return one.direction === "outbound" && ENDED.has(one.status);
}

/** @param {Message} one @returns {Promise<Message | null>} as it is then */
export async function retry(one) {
  const key = newKey();
  if (!MAYBE.has(one.status)) {
    try {
      return await post(`/messages/${one.id}/retry`, {}, { key });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "may_double") {
        toast(wordsOf(error), "bad");
        return null;
      }
    }
  }
  /** @type {Message | null} */
  let made = null;
  const sure = newKey();
  await ask({
    title: t("retry_title"),
    button: t("retry_twice"),
    grave: true,
    fields: [el("p", {}, t("retry_may_double")), el("p", { class: "quote" }, one.text || t(`kind_${one.kind}`))],
    done: async () => {
      made = await post(`/messages/${one.id}/retry`, { twice: true }, { key: sure });
    },
  });
  return made;
}
