// The second factor of one's own account: set up, new recovery codes, switched off.
import { byId } from "../../web/static/dom.js";
import { Failure, post } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { t } from "./words.js";

const section = byId("factor", HTMLElement);
const problem = byId("factor-problem", HTMLElement);
const form = byId("factor-form", HTMLFormElement);
const password = byId("factor-password", HTMLInputElement);
const SVG = "http://www.w3.org/2000/svg";

if (section.dataset["on"]) existing();
else setUp();
section.dataset["ready"] = "yes";

function setUp() {
  const confirm = byId("factor-confirm", HTMLFormElement);
  const first = byId("factor-first", HTMLInputElement);
  submits(form, async () => {
    if (!password.value) return say(t("password_current_missing"), password);
    const told = await post("/me/second-factor", { password: password.value });
    byId("factor-secret", HTMLElement).textContent = told.secret;
    byId("factor-picture", HTMLElement).replaceChildren(picture(told.picture));
    form.hidden = true;
    confirm.hidden = false;
    first.focus();
  });
  submits(confirm, async () => {
    if (!first.value.trim()) return say(t("code_missing"), first);
    const told = await post("/me/second-factor/confirm", { code: first.value });
    confirm.hidden = true;
    show(told.codes);
    toast(t("factor_is_on"));
  });
}

function existing() {
  const code = byId("factor-code", HTMLInputElement);
  const ready = () => {
    if (!password.value) say(t("password_current_missing"), password);
    else if (!code.value.trim()) say(t("code_missing"), code);
    else return true;
    return false;
  };
  submits(form, async () => {
    if (!ready()) return;
    const told = await post("/me/second-factor/codes", { password: password.value, code: code.value });
    form.reset();
    show(told.codes);
  });
  section.querySelector("#factor-off")?.addEventListener("click", () => {
    void guarded(async () => {
      if (!ready()) return;
      await post("/me/second-factor/off", { password: password.value, code: code.value });
      location.reload();
    });
  });
}

/** @param {string[]} codes */
function show(codes) {
  const items = codes.map((code) => {
    const item = document.createElement("li");
    const text = document.createElement("code");
    text.textContent = code;
    item.append(text);
    return item;
  });
  byId("codes", HTMLElement).replaceChildren(...items);
  const shown = byId("factor-codes", HTMLElement);
  shown.hidden = false;
  shown.scrollIntoView({ block: "nearest" });
  byId("codes-copy", HTMLButtonElement).onclick = async () => {
    await navigator.clipboard.writeText(codes.join("\n"));
    toast(t("codes_copied"));
  };
}

/** The QR code anew, from the figures in it: markup is never taken over. @param {string} markup */
function picture(markup) {
  const size = /viewBox="0 0 (\d+) \d+"/.exec(markup)?.[1] ?? "0";
  const drawn = /<path[^>]* d="([^"<>]+)"/.exec(markup)?.[1] ?? "";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  const ground = document.createElementNS(SVG, "rect");
  ground.setAttribute("width", size);
  ground.setAttribute("height", size);
  ground.setAttribute("class", "ground");
  const lines = document.createElementNS(SVG, "path");
  lines.setAttribute("d", drawn);
  lines.setAttribute("class", "modules");
  svg.append(ground, lines);
  return svg;
}

/** @param {HTMLFormElement} which @param {() => Promise<void>} act */
function submits(which, act) {
  which.addEventListener("submit", (event) => {
    event.preventDefault();
    void guarded(act);
  });
}

let busy = false;

/** @param {() => Promise<void>} act */
async function guarded(act) {
  if (busy) return;
  busy = true;
  problem.hidden = true;
  try {
    await act();
  } catch (error) {
    const fields = error instanceof Failure ? error.fields : {};
    say(fields["password"] ? t("password_not_right") : fields["code"] ? t("code_not_right") : wordsOf(error), null);
  } finally {
    busy = false;
  }
}

/** @param {string} words @param {HTMLInputElement | null} input */
function say(words, input) {
  problem.textContent = words;
  problem.hidden = false;
  input?.focus();
}
