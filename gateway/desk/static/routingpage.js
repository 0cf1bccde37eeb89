// The rules by which work is given out: shown, tried on yesterday, saved.
import { byId } from "../../web/static/dom.js";
import { get, patch, whenSignedOut } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { may } from "./people.js";
import { rehearse } from "./rehearse.js";
import { t } from "./words.js";

const form = byId("rules", HTMLFormElement);
const problem = byId("rules-problem", HTMLElement);
const preview = byId("preview", HTMLElement);

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void save();
});
byId("try", HTMLButtonElement).addEventListener("click", () => {
  const wanted = read();
  if (wanted) void rehearse(preview, wanted);
});
void load();

async function load() {
  try {
    write(await get("/routing"));
    if (!may("routing.edit")) for (const input of form.elements) if (input instanceof HTMLInputElement) input.disabled = true;
  } catch (error) {
    told(wordsOf(error));
  }
  form.setAttribute("aria-busy", "false");
}

/** @param {Record<string, string | number>} rules */
function write(rules) {
  for (const input of form.elements) {
    if (!(input instanceof HTMLInputElement)) continue;
    if (input.type === "radio") input.checked = input.value === rules["mode"];
    else input.value = String(rules[input.name] ?? "");
  }
}

/** What is typed; null when some of it is no number, which is said. */
function read() {
  /** @type {Record<string, string | number>} */
  const wanted = {};
  for (const input of form.elements) {
    if (!(input instanceof HTMLInputElement)) continue;
    if (input.type === "radio") {
      if (input.checked) wanted["mode"] = input.value;
      continue;
    }
    if (!input.checkValidity()) {
      told(t("rules_number", { name: input.labels?.[0]?.textContent ?? "", least: input.min, most: input.max }));
      input.focus();
      return null;
    }
    wanted[input.name] = Number(input.value);
  }
  told("");
  return wanted;
}

async function save() {
  const wanted = read();
  if (!wanted) return;
  try {
    write(await patch("/routing", wanted));
    toast(t("rules_saved"));
  } catch (error) {
    told(wordsOf(error));
  }
}

/** @param {string} words */
function told(words) {
  problem.textContent = words;
  problem.hidden = !words;
}
