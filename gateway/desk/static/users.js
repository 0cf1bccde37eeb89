// Who may work at the desk: list, add, reset, disable.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, patch, post, whenSignedOut } from "./api.js";
import { ask, copied, field, toast, trouble, wordsOf } from "./dialogs.js";
import { icon, initials, may, tint } from "./people.js";
import { proven } from "./proof.js";
import { sessions } from "./sessions.js";
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
        el("button", { class: "button quiet", type: "button", "aria-label": t("user_change_of", { name: user.name }), onclick: () => void change(user) }, icon("pencil"), t("user_change")),
        el("button", { class: "button quiet", type: "button", "aria-label": t("user_link_of", { name: user.name }), onclick: () => void link(user) }, icon("key"), t("user_link")),
        el("button", { class: "button quiet", type: "button", "aria-label": t("user_sessions_of", { name: user.name }), onclick: () => void places(user) }, icon("web:globe"), t("user_sessions")),
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
  const how = el("select", {}, el("option", { value: "link" }, t("user_invite_link")), el("option", { value: "password" }, t("user_invite_password")));
  let password = "";
  /** @type {{ id: string } | null} */
  let added = null;
  const done = await ask({
    title: t("user_add"),
    button: t("user_add"),
    fields: [field(t("user_name"), name), field(t("slot_email"), email), field(t("user_role"), role), field(t("user_code"), code, t("user_code_hint")), field(t("user_invite_how"), how)],
    done: async () => {
      if (!name.value.trim()) throw trouble(t("user_name_missing"));
      if (!email.value.includes("@")) throw trouble(t("user_email_wrong"));
      try {
        const said = { email: email.value.trim(), name: name.value.trim(), role: role.value, agent_code: code.value.trim(), invited: how.value === "link" };
        added ??= await proven(() => post("/users", said));
        password = /** @type {{ password?: string | null }} */ (added).password ?? "";
      } catch (error) {
        if (error instanceof Failure && error.code === "conflict") throw trouble(t("user_email_taken"));
        throw error;
      }
    },
  });
  if (!done) return;
  void load();
  const { id } = /** @type {{ id: string }} */ (/** @type {unknown} */ (added));
  if (password) await tell(name.value.trim(), password);
  else await invite(id, name.value.trim());
}

/** He is on the list whatever becomes of the link: that it is not made yet is said, with a way to make it. @param {string} id @param {string} name */
async function invite(id, name) {
  /** @type {Link} */
  let told;
  try {
    told = await proven(() => post(`/users/${id}/link`, { kind: "invite" }));
  } catch (error) {
    toast(t("user_no_link", { name, problem: wordsOf(error) }), "bad", { words: t("user_link_go"), press: () => void invite(id, name) });
    return;
  }
  await made(name, told);
}

/** @param {User} user */
async function change(user) {
  const name = el("input", { type: "text", required: true, maxlength: 80, autocomplete: "off", value: user.name });
  const email = el("input", { type: "email", required: true, maxlength: 254, autocomplete: "off", value: user.email });
  const code = el("input", { type: "text", maxlength: 40, autocomplete: "off", value: user.agent_code });
  const role = el("select", {}, ...ROLES.map((each) => el("option", { value: each, selected: each === user.role }, t(`role_${each}`))));
  const done = await ask({
    title: t("user_change_of", { name: user.name }),
    button: t("user_change_go"),
    fields: [field(t("user_name"), name), field(t("slot_email"), email), field(t("user_role"), role), field(t("user_code"), code, t("user_code_hint")), el("p", { class: "hint" }, t("user_change_hint"))],
    done: async () => {
      if (!name.value.trim()) throw trouble(t("user_name_missing"));
      if (!email.value.includes("@")) throw trouble(t("user_email_wrong"));
      const said = { name: name.value.trim(), email: email.value.trim(), role: role.value, agent_code: code.value.trim() };
      try {
        await proven(() => patch(`/users/${user.id}`, said));
      } catch (error) {
        if (error instanceof Failure && error.code === "conflict") throw trouble(t("user_email_taken"));
        if (error instanceof Failure && error.code === "wrong_state") throw trouble(t("user_last_admin"));
        throw error;
      }
    },
  });
  if (!done) return;
  toast(t("user_changed"));
  void load();
}

/** @param {User} user */
async function link(user) {
  const kind = el("select", {}, el("option", { value: "reset" }, t("user_link_reset")), el("option", { value: "invite" }, t("user_link_invite")));
  if (!user.seen_at) kind.value = "invite";
  /** @type {Link | null} */
  let told = null;
  const done = await ask({
    title: t("user_link_of", { name: user.name }),
    button: t("user_link_go"),
    fields: [el("p", {}, t("user_link_hint")), field(t("user_link_kind"), kind)],
    done: async () => {
      told = await proven(() => post(`/users/${user.id}/link`, { kind: kind.value }));
    },
  });
  if (done && told) await made(user.name, told);
}

/** @typedef {{ link: string, expires_at: string, mailed: boolean }} Link */

/** The link, shown once. @param {string} name @param {Link} told */
async function made(name, told) {
  const shown = el("output", { class: "link" }, told.link);
  await ask({
    title: t("link_once", { name }),
    leave: t("made_done"),
    button: t("copy"),
    fields: [
      el("div", { class: "made" }, shown, el("p", { class: "hint" }, t("link_once_hint", { time: moment(told.expires_at) })), told.mailed && el("p", { class: "hint" }, t("link_mailed"))),
    ],
    done: () => copied(told.link, shown),
  });
}

/** @param {User} user */
async function places(user) {
  const found = el("ul", { class: "users", "aria-busy": "true" });
  const told = el("p", { class: "hint", role: "status" });
  const shown = ask({ title: t("sessions_of", { name: user.name }), button: t("close_dialog"), fields: [found, told], done: () => {} });
  void sessions(found, `/users/${user.id}/sessions`, told);
  await shown;
}

/** @param {User} user */
async function reset(user) {
  let password = "";
  const done = await ask({
    title: t("user_reset_of", { name: user.name }),
    button: t("user_reset"),
    fields: [el("p", {}, t("user_reset_hint"))],
    done: async () => {
      password = (await proven(() => post(`/users/${user.id}/reset`))).password ?? "";
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
    done: () => proven(() => post(`/users/${user.id}/second-factor/reset`)),
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
  const shown = el("output", {}, password);
  await ask({
    title: t("password_once", { name }),
    leave: t("made_done"),
    button: t("copy"),
    fields: [el("div", { class: "made" }, shown, el("p", { class: "hint" }, t("password_once_hint")))],
    done: () => copied(password, shown),
  });
}
