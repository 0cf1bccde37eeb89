// Canned answers of the house: list, add, change, remove.
import { byId, el } from "../../web/static/dom.js";
import { Failure, get, patch, post, remove, whenSignedOut } from "./api.js";
import { ask, field, toast, trouble, wordsOf } from "./dialogs.js";
import { may } from "./people.js";
import { t } from "./words.js";

/** @typedef {{ id: string, shortcut: string, title: string, text: string }} Canned */

const list = byId("canned-list", HTMLElement);
const status = byId("canned-empty", HTMLElement);

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
document.getElementById("add-canned")?.addEventListener("click", () => void edit(null));
void load();

async function load() {
  try {
    /** @type {Canned[]} */
    const found = (await get("/canned")).items;
    list.replaceChildren(...found.map(row));
    status.textContent = found.length ? "" : t(document.getElementById("add-canned") ? "canned_first" : "canned_none");
  } catch (error) {
    status.textContent = wordsOf(error);
  }
  list.setAttribute("aria-busy", "false");
}

/** @param {Canned} one */
function row(one) {
  return el(
    "li",
    {},
    el("span", { class: "user-words" }, el("b", {}, `/${one.shortcut} · ${one.title}`), el("small", { class: "canned-text" }, one.text)),
    may("canned.edit") &&
      el(
        "span",
        { class: "user-acts" },
        el("button", { class: "button quiet", type: "button", "aria-label": t("canned_change_of", { name: one.title }), onclick: () => void edit(one) }, t("canned_change")),
        el("button", { class: "button quiet", type: "button", "aria-label": t("canned_remove_of", { name: one.title }), onclick: () => void drop(one) }, t("canned_remove")),
      ),
  );
}

/** @param {Canned | null} one */
async function edit(one) {
  const shortcut = el("input", { type: "text", required: true, maxlength: 41, autocomplete: "off", autocapitalize: "none", spellcheck: "false", value: one?.shortcut ?? "" });
  const title = el("input", { type: "text", required: true, maxlength: 120, autocomplete: "off", value: one?.title ?? "" });
  const text = el("textarea", { required: true, maxlength: 4000, rows: 5 });
  text.value = one?.text ?? "";
  const done = await ask({
    title: one ? t("canned_change_of", { name: one.title }) : t("canned_add"),
    button: t("canned_save"),
    fields: [field(t("canned_shortcut"), shortcut, t("canned_shortcut_hint")), field(t("canned_title"), title), field(t("canned_words"), text, t("canned_words_hint"))],
    done: async () => {
      const said = { shortcut: shortcut.value, title: title.value.trim(), text: text.value.trim() };
      if (!said.title || !said.text) throw trouble(t("canned_empty"));
      try {
        await (one ? patch(`/canned/${one.id}`, said) : post("/canned", said));
      } catch (error) {
        if (error instanceof Failure && error.code === "conflict") throw trouble(t("canned_taken"));
        if (error instanceof Failure && error.fields["shortcut"]) throw trouble(t("canned_shortcut_wrong"));
        if (error instanceof Failure && error.fields["text"]) throw trouble(t("canned_variable"));
        throw error;
      }
    },
  });
  if (!done) return;
  toast(t("canned_saved"));
  void load();
}

/** @param {Canned} one */
async function drop(one) {
  const done = await ask({
    title: t("canned_remove_of", { name: one.title }),
    button: t("canned_remove"),
    grave: true,
    fields: [el("p", {}, one.text)],
    done: () => remove(`/canned/${one.id}`),
  });
  if (done) void load();
}
