// What the audit's codes say in words. It holds names of fields and codes, never values of a person; whatever is written there and
// has no words here yet is shown readably all the same.
import { fieldName } from "./asking.js";
import { channelName } from "./people.js";
import { has, t } from "./words.js";

/** The words of an act's codes, by what those begin with. @type {Record<string, string>} */
const CODES = {
  "contact_point.block": "block_",
  "conversation.screen": "screen_",
  "conversation.assign": "audit_routed_",
  "conversation.offer": "audit_routed_",
  "conversation.offer_ended": "audit_routed_",
  "later.expire": "audit_late_",
  "policy.cancel": "audit_ended_",
  "policy.deliver": "audit_means_",
  "webhook.off": "audit_off_",
};
const ID = /^[0-9a-v]{26}$/;
const DIGEST = /^[0-9a-f]{32,}$/;
const SHOWN = 12; // of a digest: enough to compare by eye

/** A field's name, or what a code says; '' = an id, which says nothing to anybody. @param {string} action @param {string} name */
export function fieldWords(action, name) {
  if (ID.test(name)) return "";
  const code = `${CODES[action] ?? ""}${name}`;
  if (code !== name && has(code)) return t(code);
  const at = name.indexOf(":");
  if (at > 0) return said(name.slice(0, at), name.slice(at + 1));
  for (const key of [`audit_field_${name}`, `note_${name}`]) if (has(key)) return t(key);
  const words = fieldName(name);
  return words !== name ? words : readable(name);
}

/** What stands as `kind:value`. @param {string} kind @param {string} value */
function said(kind, value) {
  if (ID.test(value)) value = "";
  else if (DIGEST.test(value)) value = `${value.slice(0, SHOWN)}…`;
  else value = worded(kind, value);
  if (has(`audit_said_${kind}`)) return t(`audit_said_${kind}`, { value });
  const known = has(`channel_${kind}`) ? channelName(kind) : has(`audit_field_${kind}`) ? t(`audit_field_${kind}`) : readable(kind);
  return value ? `${known}: ${value}` : known;
}

/** On what way it came: a key of the API, or the account on which a customer wrote. @param {string} source */
export function sourceWords(source) {
  const [channel = "", account = ""] = source.split(":");
  if (!source || !account) return source ? t("audit_through") : "";
  return t("audit_on", { account: `${channelName(channel)} · ${account}` });
}

/** @param {string} kind @param {string} value */
function worded(kind, value) {
  for (const key of [`audit_${kind}_${value}`, `${kind}_${value}`, `reveal_${kind}_${value}`]) if (has(key)) return t(key);
  return readable(value);
}

/** @param {string} code */
const readable = (code) => code.replaceAll("_", " ");
