// The bot is off, here or there: everybody should know.
import { byId } from "../../web/static/dom.js";
import { get } from "./api.js";
import { channelName } from "./people.js";
import { setup, t } from "./words.js";

/** Read it, and say it over the columns. */
export async function banner() {
  if (!setup.me.may.includes("switch.read")) return;
  const box = byId("bot-off", HTMLElement);
  try {
    const switches = await get("/switches");
    const off = Object.entries(switches.accounts).filter(([, on]) => !on).map(([name]) => name);
    const words = !switches.bot ? t("bot_off") : off.length ? t("bot_off_for", { accounts: off.map(accountName).join(", ") }) : "";
    box.hidden = !words;
    byId("bot-off-words", HTMLElement).textContent = words;
  } catch {
    // the next hint tries again
  }
}

/** @param {string} id */
function accountName(id) {
  const [channel = "", name = ""] = id.split(":");
  return `${channelName(channel)} · ${name}`;
}
