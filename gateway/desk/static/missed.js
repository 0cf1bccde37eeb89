// What could not be read is not the same as nothing: it says so, in its place, with a way to try again.
import { el } from "../../web/static/dom.js";
import { wordsOf } from "./dialogs.js";
import { t } from "./words.js";

/** @param {unknown} error @param {() => void} again @param {string} key for the focus */
export function missed(error, again, key) {
  return el("p", { class: "problem missed", role: "alert" }, el("span", {}, wordsOf(error)), el("button", { class: "button quiet small", type: "button", "data-key": key, onclick: again }, t("again")));
}
