// Who may work at the desk: list, add, reset, disable.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, post, whenSignedOut } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { icon, initials, may, tint } from "./people.js";
import { moment, setup, t } from "./words.js";

/**
 * @typedef {object} User
 * @property {string} id
 * @property {string} email
 * @property {string} name
 * @property {string} role
 * @property {string} agent_code
 * @property {string | null} disabled_at
 * @property {string | null} seen_at
 * @property {boolean} online
 * @property {boolean} second_factor
 */

const ROLES = /** @type {const} */ (["advisor", "intake", "supervisor", "dpo", "admin"]);
const list = byId("users", HTMLElement);
const status = byId("users-empty", HTMLElement);
const all = byId("with-disabled", HTMLInputElement);

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
all.addEventListener("change", () => void load());
document.getElementById("add-user")?.addEventListener("click", () => void add());
void load();

async function load() {
  try {
    /** @type {User[]} */
    const users = (await get("/users", { disabled: all.checked ? "true" : "false" })).items;
    list.replaceChildren(...users.map(row));
    status.textContent = "";
  } catch (error) {
    status.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
}

/** @param {User} user */
function row(user) {
  const off = user.disabled_at !== null;
  const about = [user.email, t(`role_${user.role}`), user.agent_code, user.second_factor ? t("factor_badge") : ""].filter(Boolean).join(" · ");
  const last = off ? t("user_disabled") : user.online ? t("online") : user.seen_at ? t("user_seen", { time: moment(user.seen_at) }) : t("user_never");
  const manage = may("user.manage") && !off && user.id !== setup.me.id;
  return el(
    "li",
    { class: off ? "off" : "" },
    el("span", { class: `face small tint-${tint(user.id)}`, "aria-hidden": "true" }, initials(user.name), user.online && !off && el("i", { class: "here" })),
    el("span", { class: "user-words" }, el("b", {}, user.id === setup.me.id ? t("me", { name: user.name }) : user.name), el("small", {}, about), el("small", {}, last)),
    manage &&
      el(
        "span",
        { class: "user-acts" },
        el("button", { class: "button quiet", type: "button", "aria-label": t("user_reset_of", { name: user.name }), onclick: () => void reset(user) }, icon("key"), t("user_reset")),
        user.second_factor && el("button", { class: "button quiet", type: "button", onclick: () => void resetFactor(user) }, icon("key"), t("factor_reset")),
        el("button", { class: "button quiet", type: "button", "aria-label": t("user_disable_of", { name: user.name }), onclick: () => void disable(user) }, icon("web:lock"), t("user_disable")),
      ),
  );
}

async function add() {
  const email = el("input", { type: "email", required: true, maxlength: 254, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
  const name = el("input", { type: "text", required: true, maxlength: 80, autocomplete: "off" });
  const code = el("input", { type: "text", maxlength: 40, autocomplete: "off" });
  const role = el("select", {}, ...ROLES.map((each) => el("option", { value: each }, t(`role_${each}`))));
  let password = "";
  const done = await ask({
    title: t("user_add"),
    button: t("user_add"),
    fields: [field(t("user_name"), name), field(t("slot_email"), email), field(t("user_role"), role), field(t("user_code"), code, t("user_code_hint"))],
    done: async () => {
      if (!name.value.trim()) throw trouble(t("user_name_missing"));
      if (!email.value.includes("@")) throw trouble(t("user_email_wrong"));
      try {
        const made = await post("/users", { email: email.value.trim(), name: name.value.trim(), role: role.value, agent_code: code.value.trim() });
        password = made.password ?? "";
      } catch (error) {
        if (error instanceof Failure && error.code === "conflict") throw trouble(t("user_email_taken"));
        throw error;
      }
    },
  });
  if (!done) return;
  void load();
  await tell(name.value.trim(), password);
}

/** @param {User} user */
async function reset(user) {
  let password = "";
  const done = await ask({
    title: t("user_reset_of", { name: user.name }),
    button: t("user_reset"),
    fields: [el("p", {}, t("user_reset_hint"))],
    done: async () => {
      password = (await post(`/users/${user.id}/reset`)).password ?? "";
    },
  });
  if (done) await tell(user.name, password);
}

/** @param {User} user */
async function resetFactor(user) {
  const done = await ask({
    title: t("factor_reset"),
    button: t("factor_reset"),
    grave: true,
    fields: [el("p", {}, t("factor_reset_sure", { name: user.name }))],
    done: () => post(`/users/${user.id}/second-factor/reset`),
  });
  if (!done) return;
  toast(t("factor_was_reset", { name: user.name }));
  void load();
}

/** @param {User} user */
async function disable(user) {
  const done = await ask({
    title: t("user_disable_of", { name: user.name }),
    button: t("user_disable"),
    grave: true,
    fields: [el("p", {}, t("user_disable_hint"))],
    done: () => post(`/users/${user.id}/disable`),
  });
  if (!done) return;
  toast(t("user_disabled_now", { name: user.name }));
  void load();
}

/** The one-time password, shown once. @param {string} name @param {string} password */
async function tell(name, password) {
  if (!password) return;
  await ask({
    title: t("password_once", { name }),
    button: t("copy"),
    fields: [el("div", { class: "made" }, el("output", {}, password), el("p", { class: "hint" }, t("password_once_hint")))],
    done: async () => {
      await navigator.clipboard?.writeText(password);
      toast(t("copied"));
    },
  });
}
