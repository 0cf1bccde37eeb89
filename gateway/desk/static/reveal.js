// A masked value in full, for who asks: what for is asked where the law wants it, who looked is written down by the gateway.
import { el } from "../../web/static/dom.js";
import { fieldName } from "./asking.js";
import { Failure, post } from "./api.js";
import { ask, field, toast, trouble } from "./dialogs.js";
import { may } from "./people.js";
import { proven } from "./proof.js";
import { t } from "./words.js";

const PLAIN = new Set(["name", "phone", "phone_alt", "email", "need", "plate", "province"]); // without a reason
const REASONS = ["call", "verify", "policy", "claim", "complaint", "other"];
const KEPT_MS = 120_000; // then it is masked again

/** @typedef {{ values: string[], until: number }} Shown */
/** @type {Map<string, Shown>} */
const shown = new Map();

/** What was shown a moment ago, [] nothing. @param {string} conversation @param {string} name */
export function revealed(conversation, name) {
  const found = shown.get(`${conversation} ${name}`);
  return found && found.until > Date.now() ? found.values : [];
}

/** For the panel: what it draws differs by this. @param {string} conversation */
export function shownOf(conversation) {
  return [...shown.keys()].filter((key) => key.startsWith(`${conversation} `) && revealed(conversation, key.slice(conversation.length + 1)).length);
}

/**
 * The button beside a masked value; null where nothing is masked, or it is none of this person's business.
 * @param {string} conversation @param {string} name @param {unknown} value @param {() => void} changed
 */
export function shower(conversation, name, value, changed) {
  if (typeof value !== "string" || !value.includes("*") || !may("reveal") || revealed(conversation, name).length) return null;
  const words = t("reveal_of", { field: fieldName(name) });
  return el("button", { class: "button quiet small", type: "button", "data-key": `reveal-${name}`, "aria-label": words, title: words, onclick: () => void look(conversation, name, changed) }, t("reveal"));
}

/** @param {string} conversation @param {string} name @param {() => void} changed */
async function look(conversation, name, changed) {
  const why = el("select", {}, ...REASONS.map((each) => el("option", { value: each }, t(`reveal_reason_${each}`))));
  const fetched = async () => {
    const said = { field: name, reason: PLAIN.has(name) ? "" : why.value };
    const told = await proven(() => post(`/conversations/${conversation}/reveal`, said));
    if (!told.values.length) throw trouble(t("reveal_nothing"));
    shown.set(`${conversation} ${name}`, { values: told.values, until: Date.now() + KEPT_MS });
    setTimeout(changed, KEPT_MS + 100);
    changed();
  };
  const asked = async () => {
    try {
      await fetched();
    } catch (error) {
      throw error instanceof Failure && error.code === "too_many" ? trouble(t("reveal_too_many")) : error;
    }
  };
  if (!PLAIN.has(name)) {
    await ask({ title: t("reveal_of", { field: fieldName(name) }), button: t("reveal"), fields: [el("p", {}, t("reveal_lead")), field(t("reveal_why"), why)], done: asked });
    return;
  }
  try {
    await asked();
  } catch (error) {
    if (error instanceof Failure && error.code === "proof_needed") return; // he thought better of it
    toast(error instanceof Failure ? error.words : error instanceof Error ? error.message : t("error_internal"), "bad");
  }
}
