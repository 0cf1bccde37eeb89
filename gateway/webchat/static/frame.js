// The chat inside a widget's frame on another site. That site's page keeps the visitor's token (a frame of ours has no
// storage of its own there) and says when the frame is shown; it is believed only if it is one of the sites we know.
import { byId, carried } from "../../web/static/dom.js";
import { Chat } from "./chat.js";
import { Visitor } from "./visitor.js";

/** @typedef {{ type: "hello", token: string } | { type: "shown", open: boolean }} FromHost */

const TOKEN = /^[0-9a-f]{32}$/;
/** @type {{ account: string, guests: string[] }} */
const setup = carried("chat-setup");
/** @type {Chat | null} */
let chat = null;
let host = "";
let open = false;

/** @param {Record<string, unknown>} said */
function tell(said) {
  if (host) window.parent.postMessage({ from: "ibaohiem-chat", ...said }, host);
}

addEventListener("message", (event) => {
  if (event.source !== window.parent || !setup.guests.includes(event.origin)) return;
  /** @type {FromHost} */
  const said = event.data;
  if (said?.type === "hello" && !chat) {
    host = event.origin;
    const token = TOKEN.test(said.token) ? said.token : "";
    const visitor = new Visitor({ framed: true, account: setup.account, token, keep: (kept) => tell({ type: "token", token: kept }) });
    chat = new Chat(visitor, { visible: () => open, unread: (count) => tell({ type: "unread", count }) });
    document.documentElement.dataset["ready"] = "";
  } else if (said?.type === "shown") {
    open = said.open === true;
    if (!open) return;
    chat?.shown();
    chat?.focus();
  }
});
byId("chat-close", HTMLButtonElement).addEventListener("click", () => tell({ type: "close" }));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !document.querySelector("dialog[open]")) tell({ type: "close" });
});
for (const guest of setup.guests) window.parent.postMessage({ from: "ibaohiem-chat", type: "here" }, guest);
