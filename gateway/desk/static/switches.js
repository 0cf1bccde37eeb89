// The bot on or off: everywhere, and account by account.
import { byId, el } from "../../web/static/dom.js";
import { get, patch, whenSignedOut } from "./api.js";
import { toast, wordsOf } from "./dialogs.js";
import { channelName, icon } from "./people.js";
import { t } from "./words.js";

const list = byId("switches", HTMLElement);
const status = byId("switches-status", HTMLElement);

whenSignedOut(() => location.assign(`/desk/login?next=${encodeURIComponent(location.pathname)}`));
void load();

async function load() {
  try {
    draw(await get("/switches"));
  } catch (error) {
    status.textContent = wordsOf(error);
  }
}

/** @param {{ bot: boolean, accounts: Record<string, boolean> }} switches */
function draw(switches) {
  const rows = [
    row("web:bot", t("switch_all"), switches.bot ? t("switch_all_on") : t("switch_all_off"), switches.bot, (on) => ({ bot: on })),
    ...Object.entries(switches.accounts).map(([id, on]) => {
      const [channel = "", name = ""] = id.split(":");
      const words = on ? (switches.bot ? t("switch_on") : t("switch_waits")) : t("switch_off");
      return row(`ch-${channel}`, `${channelName(channel)} · ${name}`, words, on, (next) => ({ accounts: { [id]: next } }));
    }),
  ];
  const at = [...list.querySelectorAll("button")].findIndex((button) => button === document.activeElement);
  list.replaceChildren(...rows);
  list.setAttribute("aria-busy", "false");
  if (at >= 0) list.querySelectorAll("button")[at]?.focus();
}

/**
 * @param {string} sign @param {string} name @param {string} words @param {boolean} on
 * @param {(on: boolean) => object} change
 */
function row(sign, name, words, on, change) {
  const button = el("button", { class: "switch", type: "button", role: "switch", "aria-checked": String(on), "aria-label": t("switch_of", { name }) });
  button.addEventListener("click", async () => {
    if (button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    try {
      draw(await patch("/switches", change(!on)));
      status.textContent = on ? t("switched_off", { name }) : t("switched_on", { name });
    } catch (error) {
      button.removeAttribute("aria-busy");
      toast(wordsOf(error), "bad");
    }
  });
  return el("li", { class: on ? "" : "off" }, icon(sign), el("span", { class: "user-words" }, el("b", {}, name), el("small", {}, words)), button);
}
