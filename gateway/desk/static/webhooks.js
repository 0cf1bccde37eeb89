// Outgoing webhooks: who is told what happens here; made, tried, changed, switched off.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, patch, post, remove, whenSignedOut } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { proven } from "./proof.js";
import { log } from "./webhooklog.js";
import { moment, t } from "./words.js";

/**
 * @typedef {object} Webhook
 * @property {string} id
 * @property {string} url
 * @property {string} name
 * @property {string[]} types
 * @property {string[]} include
 * @property {boolean} enabled
 * @property {string} reason
 * @property {string | null} failing_since
 * @property {string | null} paused_until
 * @property {string | null} last_ok_at
 * @property {string | null} old_secret_until
 */

const TYPES = ["conversation.opened", "conversation.waiting", "conversation.closed", "message.created", "policy.issued", "delivery.changed", "care.answered"];
const INCLUDES = ["text", "person"];
const list = byId("webhooks", HTMLElement);
const status = byId("webhooks-empty", HTMLElement);
/** @type {Set<string>} whose log is open */
const open = new Set();

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
byId("add-webhook", HTMLElement).addEventListener("click", () => void edit(null));
void load();

async function load() {
  try {
    /** @type {Webhook[]} */
    const found = (await get("/webhooks")).items;
    list.replaceChildren(...found.map(card));
    status.textContent = found.length ? "" : t("webhooks_none");
  } catch (error) {
    status.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
}

/** @param {Webhook} one @returns {[string, string]} colour and words */
function standing(one) {
  if (!one.enabled) return one.reason ? ["bad", t(`webhooks_off_${one.reason}`)] : ["off", t("webhooks_off")];
  if (one.failing_since) return ["warn", t("webhooks_failing", { since: moment(one.failing_since) })];
  return ["ok", one.last_ok_at ? t("webhooks_ok", { at: moment(one.last_ok_at) }) : t("webhooks_new")];
}

/** @param {Webhook} one */
function card(one) {
  const [mark, words] = standing(one);
  const state = el("p", { class: "state" }, words);
  const place = el("div", { class: "log-place" });
  const shows = el("button", { class: "button quiet", type: "button", "aria-expanded": "false", onclick: () => void show(!open.has(one.id)) }, t("webhooks_log"));
  /** @param {boolean} wanted */
  const show = async (wanted) => {
    shows.setAttribute("aria-expanded", String(wanted));
    if (wanted) open.add(one.id);
    else open.delete(one.id);
    place.replaceChildren(...(wanted ? [await log(one.id, one.name, refresh)] : []));
  };
  const refresh = async () => {
    const [colour, now] = standing(await get(`/webhooks/${one.id}`));
    made.className = `webhook ${colour}`;
    state.textContent = now;
  };
  const told = [...one.types.map((type) => t(`webhooks_type_${type.replace(".", "_")}`)), ...one.include.map((more) => t(`webhooks_include_${more}`))];
  const made = el(
    "li",
    { class: `webhook ${mark}`, "aria-label": one.name },
    el("header", {}, el("h2", {}, one.name), state),
    el("p", { class: "address" }, one.url),
    el("p", {}, told.join(" · ")),
    one.old_secret_until && Date.parse(one.old_secret_until) > Date.now() && el("p", { class: "hint" }, t("webhooks_both", { until: moment(one.old_secret_until) })),
    el(
      "div",
      { class: "acts" },
      one.enabled && el("button", { class: "button", type: "button", onclick: () => void attempt(one, show) }, t("webhooks_try")),
      shows,
      el("button", { class: "button quiet", type: "button", onclick: () => void edit(one) }, t("webhooks_change")),
      el("button", { class: "button quiet", type: "button", onclick: () => void rotate(one) }, t("webhooks_rotate")),
      el("button", { class: "button quiet", type: "button", onclick: () => void turn(one) }, one.enabled ? t("webhooks_switch_off") : t("webhooks_switch_on")),
      el("button", { class: "button quiet", type: "button", onclick: () => void drop(one) }, t("webhooks_remove")),
    ),
    place,
  );
  if (open.has(one.id)) void show(true);
  return made;
}

/** @param {string} legend @param {string} kind @param {string[]} values @param {readonly string[]} chosen @param {string} [hint] */
function choices(legend, kind, values, chosen, hint) {
  return el(
    "fieldset",
    { class: "choices" },
    el("legend", {}, legend),
    ...values.map((value) =>
      el("label", {}, el("input", { type: "checkbox", name: kind, value, checked: chosen.includes(value) }), t(`webhooks_${kind}_${value.replace(".", "_")}`)),
    ),
    hint && el("small", {}, hint),
  );
}

/** @param {Webhook | null} one */
async function edit(one) {
  const name = el("input", { type: "text", required: true, maxlength: 80, autocomplete: "off", value: one?.name ?? "" });
  const url = el("input", { type: "url", required: true, maxlength: 2000, autocomplete: "off", autocapitalize: "none", spellcheck: "false", placeholder: "https://", value: one?.url ?? "" });
  let secret = "";
  const done = await ask({
    title: one ? t("webhooks_change_of", { name: one.name }) : t("webhooks_add"),
    button: t("webhooks_save"),
    fields: [
      field(t("webhooks_name"), name),
      field(t("webhooks_url"), url, t("webhooks_url_hint")),
      choices(t("webhooks_types"), "type", TYPES, one?.types ?? []),
      choices(t("webhooks_include"), "include", INCLUDES, one?.include ?? [], t("webhooks_include_hint")),
    ],
    done: async (form) => {
      const said = { name: name.value.trim(), url: url.value.trim(), types: form.getAll("type"), include: form.getAll("include") };
      if (!said.types.length) throw trouble(t("webhooks_types_none"));
      try {
        secret = (await proven(() => (one ? patch(`/webhooks/${one.id}`, said) : post("/webhooks", said)))).secret ?? "";
      } catch (error) {
        if (error instanceof Failure && error.fields["url"]) throw trouble(t("webhooks_url_wrong"));
        throw error;
      }
    },
  });
  if (!done) return;
  void load();
  if (secret) await tell(secret);
  else toast(t("webhooks_saved"));
}

/** The one time that the secret is seen. @param {string} secret */
async function tell(secret) {
  await ask({
    title: t("webhooks_secret"),
    button: t("webhooks_secret_kept"),
    fields: [el("div", { class: "made" }, el("output", {}, secret), el("p", {}, t("webhooks_secret_hint")))],
    done: () => {},
  });
}

/** @param {Webhook} one */
async function rotate(one) {
  let secret = "";
  const done = await ask({
    title: t("webhooks_rotate_of", { name: one.name }),
    button: t("webhooks_rotate"),
    fields: [el("p", {}, t("webhooks_rotate_hint"))],
    done: async () => {
      secret = (await proven(() => post(`/webhooks/${one.id}/rotate`))).secret;
    },
  });
  if (!done) return;
  void load();
  await tell(secret);
}

/** @param {Webhook} one @param {(wanted: boolean) => Promise<void>} show */
async function attempt(one, show) {
  try {
    await post(`/webhooks/${one.id}/test`);
    await show(true);
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
}

/** @param {Webhook} one */
async function turn(one) {
  try {
    await patch(`/webhooks/${one.id}`, { enabled: !one.enabled });
    toast(one.enabled ? t("webhooks_is_off") : t("webhooks_is_on"));
  } catch (error) {
    toast(wordsOf(error), "bad");
  }
  void load();
}

/** @param {Webhook} one */
async function drop(one) {
  const done = await ask({
    title: t("webhooks_remove_of", { name: one.name }),
    button: t("webhooks_remove"),
    grave: true,
    fields: [el("p", {}, t("webhooks_remove_hint"))],
    done: () => remove(`/webhooks/${one.id}`),
  });
  if (done) void load();
}
