// The public page: the chat beside the text on a wide screen, a screen of its own on a phone.
import { byId } from "../../web/static/dom.js";
import { Chat } from "./chat.js";
import { Visitor } from "./visitor.js";

const docked = matchMedia("(min-width: 1080px)");
const whole = matchMedia("(max-width: 639.98px)"); // the chat covers the page
const root = document.documentElement;
const dock = byId("dock", HTMLElement);
const opener = byId("opener", HTMLElement);
const count = byId("opener-count", HTMLElement);
const title = document.title;
const behind = [...document.querySelectorAll(".top, main, .foot, .skip, .opener")];

const isOpen = () => docked.matches || root.classList.contains("chat-open");
const chat = new Chat(new Visitor(), {
  visible: isOpen,
  unread(unread) {
    document.title = unread ? `(${unread}) ${title}` : title;
    count.textContent = String(unread);
    count.hidden = unread === 0;
  },
});

/** @param {boolean} open */
function show(open) {
  root.classList.toggle("chat-open", open);
  const covered = open && whole.matches;
  for (const part of behind) part.toggleAttribute("inert", covered);
  if (covered) {
    dock.setAttribute("role", "dialog");
    dock.setAttribute("aria-modal", "true");
  } else {
    dock.removeAttribute("role");
    dock.removeAttribute("aria-modal");
  }
  if (open) chat.shown();
}

/** @param {boolean} write whether the visitor is about to write: then the keyboard may come up */
function open(write) {
  if (!docked.matches && !root.classList.contains("chat-open")) {
    if (location.hash !== "#chat") history.pushState({ chat: true }, "", "#chat"); // the phone's back button closes the chat
    show(true);
  }
  if (write || docked.matches) chat.focus();
  else byId("chat-title", HTMLElement).focus({ preventScroll: true });
}

function close() {
  if (!root.classList.contains("chat-open")) return;
  if (history.state?.chat) history.back();
  else {
    history.replaceState(null, "", location.pathname + location.search);
    left();
  }
}

function left() {
  show(false);
  opener.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const act = event.target instanceof Element ? event.target.closest("[data-act]") : null;
  if (!(act instanceof HTMLElement)) return;
  switch (act.dataset["act"]) {
    case "open-chat":
      event.preventDefault();
      open(false);
      break;
    case "write":
      event.preventDefault();
      open(true);
      break;
    case "ask":
      open(true);
      chat.draft(act.dataset["text"] ?? "");
      break;
  }
});
byId("chat-close", HTMLButtonElement).addEventListener("click", close);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !docked.matches && !dock.querySelector("dialog[open]")) close();
});
addEventListener("popstate", () => {
  const wanted = location.hash === "#chat";
  if (wanted && !docked.matches) show(true);
  else if (root.classList.contains("chat-open")) left();
});
for (const query of [docked, whole]) {
  query.addEventListener("change", () => show(root.classList.contains("chat-open") && !docked.matches));
}

// An on-screen keyboard may lie over the page (iOS) instead of shrinking it: keep the chat inside what is seen.
const view = window.visualViewport;
function fit() {
  if (!view) return;
  root.style.setProperty("--view-height", `${view.height}px`);
  root.style.setProperty("--view-top", `${view.offsetTop}px`);
}
view?.addEventListener("resize", fit);
view?.addEventListener("scroll", fit);
fit();

// One invitation at a time: the floating one shows when the first has scrolled away.
const start = document.querySelector(".hero-start");
if (start) new IntersectionObserver(([seen]) => opener.classList.toggle("aside", seen?.isIntersecting ?? false)).observe(start);

if (location.hash === "#chat" && !docked.matches) {
  show(true);
  byId("chat-title", HTMLElement).focus({ preventScroll: true });
}
root.dataset["ready"] = "";
