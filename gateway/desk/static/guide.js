// The first-run guide: each step is done when the facts say so, whichever way it was done.
import { byId } from "../../web/static/dom.js";
import { Failure, get, post, whenSignedOut } from "./api.js";
import { wordsOf } from "./dialogs.js";
import { t } from "./words.js";

/** @typedef {{ way_in: boolean, customer: string | null, answered: boolean, dismissed: boolean }} Guide */

const LOOK_MS = 3000;
const steps = [...byId("guide", HTMLElement).querySelectorAll("li")];
const off = byId("guide-off", HTMLButtonElement);
const told = byId("guide-off-told", HTMLElement);
const problem = byId("guide-problem", HTMLElement);
/** @type {Guide | null} */
let known = null;
let looking = false;

whenSignedOut(() => location.assign("/desk/login?next=/desk/guide"));
off.addEventListener("click", () => void wish());
document.addEventListener("visibilitychange", () => void look());
addEventListener("focus", () => void look());
setInterval(() => void look(), LOOK_MS);
void look();

async function look() {
  if (looking || document.hidden || known?.answered) return;
  looking = true;
  try {
    show(await get("/guide"));
    problem.hidden = true;
  } catch (error) {
    if (!(error instanceof Failure && error.passing)) say(error);
  }
  looking = false;
}

async function wish() {
  try {
    show(await post("/guide", { dismissed: !known?.dismissed }));
    told.textContent = known?.dismissed ? t("guide_is_off") : t("guide_is_on");
  } catch (error) {
    say(error);
  }
}

/** @param {Guide} guide */
function show(guide) {
  known = guide;
  const now = steps.find((step) => !isDone(step, guide));
  for (const step of steps) {
    const done = isDone(step, guide);
    step.classList.toggle("done", done);
    step.classList.toggle("now", step === now);
    if (step === now) step.setAttribute("aria-current", "step");
    else step.removeAttribute("aria-current");
    const state = step.querySelector(".guide-state");
    const words = done ? t("guide_step_done") : "";
    if (state && state.textContent !== words) state.textContent = words;
  }
  byId("guide-take", HTMLAnchorElement).href = guide.customer ? `/desk/c/${guide.customer}` : "/desk/";
  byId("guide-after", HTMLElement).hidden = !guide.answered;
  off.hidden = guide.answered;
  off.textContent = guide.dismissed ? t("guide_on") : t("guide_off");
  byId("guide", HTMLElement).setAttribute("aria-busy", "false");
}

/** @param {HTMLElement} step @param {Guide} guide */
function isDone(step, guide) {
  if (step.dataset["step"] === "way_in") return guide.way_in;
  return guide.answered || (step.dataset["step"] === "customer" && guide.customer !== null);
}

/** @param {unknown} error */
function say(error) {
  problem.textContent = wordsOf(error);
  problem.hidden = false;
}
