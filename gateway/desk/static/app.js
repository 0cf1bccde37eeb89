// The desk: puts the columns together, keeps the address, listens to what happens.
import { byId, el } from "../../web/static/dom.js";
import { get } from "./api.js";
import { Composer } from "./composer.js";
import { conversation, feeds, isNews, keep, mine, onChange, refresh, reload, watch } from "./conversations.js";
import { ask, holdFocus, hush, toast, walk, wordsOf } from "./dialogs.js";
import { forgetDrafts, forgetOthers } from "./drafts.js";
import { LaterList } from "./later.js";
import { Filters } from "./filters.js";
import { head } from "./head.js";
import * as keys from "./keys.js";
import * as line from "./line.js";
import { List } from "./list.js";
import { Live } from "./live.js";
import { Notifier } from "./notify.js";
import { part } from "./parts.js";
import { icon } from "./people.js";
import { Presence } from "./presence.js";
import { Search } from "./search.js";
import * as sender from "./sender.js";
import { banner } from "./switchedoff.js";
import { Thread } from "./thread.js";
import { ToldSection } from "./told.js";
import { setup, t } from "./words.js";

/** @typedef {"pointer" | "keyboard" | "address"} How */

const NARROW = matchMedia("(width < 760px)");
const WIDE = matchMedia("(width >= 1180px)");
const TICK_MS = 15_000;
const desk = byId("desk", HTMLElement);
let openId = "";

const list = new List({ open: (id, how) => go(id, how) });
const filters = new Filters(list);
new Search({ open: (id) => go(id, "keyboard"), all: (q) => filters.openFound(q), down: () => list.first() });
const thread = new Thread({ takeBack: (one) => composer.takeBack(one), heard: () => {}, quote: (one) => composer.quote(one) });
const presence = new Presence();
const later = new LaterList({ changed: () => list.plan(), grew: () => thread.grew() });
const composer = new Composer({ last: () => thread.last, act: (deed) => (acts ? void acts.run(deed) : furnish()), writes: () => presence.writes(), kept: () => void later.read() });
/** @type {import("./acts.js").Acts | null} */
let acts = null;
/** @type {import("./panel.js").Panel | null} */
let panel = null;
const told = new ToldSection();
const notifier = new Notifier((id) => go(id, "pointer"));
const live = new Live({ news, connected, bye: (reason) => line.bye(reason, () => live.stop()), beat: () => thread.settle() });

// ---- the address says which conversation is open and, on a phone, which column

/** @typedef {{ panel?: boolean, deep?: boolean }} Place */

/** @param {string} id @param {How} how */
function go(id, how) {
  if (!id) return;
  const here = { deep: true };
  if (id === openId && !panelOpen()) history.replaceState(here, "", `/desk/c/${id}`);
  else history.pushState(here, "", `/desk/c/${id}`);
  show(id, how);
}

/** @param {string} id @param {How} how */
function show(id, how) {
  const same = id === openId;
  if (!same) hush();
  openId = id;
  watch(id);
  presence.open(id);
  if (!same) later.open(id);
  column("thread");
  desk.classList.toggle("chosen", id !== "");
  if (!id) {
    list.opened("");
    thread.open("");
    composer.open("");
    acts?.open("");
    panel?.open("");
    told.open("");
    head(openId);
    return;
  }
  furnish();
  if (!same) {
    list.opened(id);
    thread.open(id);
    composer.open(id);
    acts?.open(id);
    panel?.open(id);
    told.open(id);
    head(openId);
    const known = conversation(id) !== null; // then the focus moves at once: later it would be taken from somebody
    void fetched(id).then(() => {
      if (!known && id === openId) focus(how);
    });
    if (!known) return;
  }
  focus(how);
}

/** What can be done with a conversation, and the right column, are fetched with the first one; what did not come, with the next. */
function furnish() {
  part("acts", () => Promise.all([import("./acts.js"), import("./panel.js")]), ([{ Acts }, { Panel }]) => {
    acts = new Acts({ taken: () => composer.focus(), done: () => void panel?.read() });
    acts.open(openId);
    panel = new Panel({ open: (id) => go(id, "pointer"), notes: () => thread.messages });
    panel.open(openId);
    panel.update();
    policies();
  });
  if (panel) policies();
}
const policies = () => part("policies", () => (setup.policies ? import(setup.policies) : import("./policies.js")), ({ section }) => panel?.mount(section));

const complain = () => toast(t("error_internal"), "bad");

/** The conversation itself, with its request for a person. @param {string} id */
async function fetched(id) {
  try {
    const one = await get(`/conversations/${id}`);
    keep(one);
    if (id === openId) panel?.known();
  } catch (error) {
    if (id === openId && !conversation(id)) toast(wordsOf(error), "bad");
  }
}

/** @param {How} how */
function focus(how) {
  if (how === "address") return;
  if (matchMedia("(hover: none)").matches || NARROW.matches) byId("thread-name", HTMLElement).focus({ preventScroll: true });
  else if (document.activeElement === document.body || how === "keyboard" || list.root.contains(document.activeElement)) composer.focus();
}

/** On a phone one column is in sight; on a tablet the panel lies over the thread. @param {"list" | "thread" | "panel"} which */
function column(which) {
  desk.dataset["view"] = openId ? which : "list";
  byId("show-panel", HTMLElement).setAttribute("aria-expanded", String(which === "panel"));
}

const panelOpen = () => desk.dataset["view"] === "panel";

addEventListener("popstate", (event) => {
  const id = location.pathname.startsWith("/desk/c/") ? location.pathname.slice("/desk/c/".length) : "";
  /** @type {Place} */
  const place = event.state ?? {};
  const before = openId;
  show(id, "address");
  if (id && place.panel && !WIDE.matches) column("panel");
  if (!id && before) document.getElementById("rows")?.querySelector(`[data-id="${CSS.escape(before)}"]`)?.scrollIntoView({ block: "nearest" });
});

byId("back", HTMLElement).addEventListener("click", () => back(""));
byId("panel-back", HTMLElement).addEventListener("click", () => back("panel"));
byId("show-panel", HTMLElement).addEventListener("click", () => {
  if (panelOpen()) {
    back("panel");
    return;
  }
  history.pushState({ deep: true, panel: true }, "");
  column("panel");
  byId("panel", HTMLElement).focus({ preventScroll: true });
});

/** One step back in the history when we made it, else to where it would lead. @param {"" | "panel"} from */
function back(from) {
  /** @type {Place} */
  const place = history.state ?? {};
  if (place.deep) history.back();
  else if (from === "panel") column("thread");
  else {
    history.replaceState({}, "", "/desk/");
    show("", "address");
  }
}

onChange((ids) => {
  notifier.look();
  if (!ids.has(openId)) return;
  head(openId);
  composer.update();
  acts?.update();
  thread.paint();
  panel?.update();
});

forgetOthers();
sender.start(
  (id, answer) => {
    if ("seq" in answer) thread.sent(id, answer);
    else keep(answer);
    refresh([id]);
    if (id === openId) void thread.refresh().then(() => panel?.update());
  },
  (id) => {
    thread.waiting(id);
    list.plan();
  },
);

// ---- what happens elsewhere

/** @param {import("./live.js").News} heard */
function news(heard) {
  if (heard.type === "reset") {
    void reload();
    if (openId) {
      void fetched(openId);
      void panel?.read();
      void thread.refresh();
      void later.read();
    }
    list.queues.changed();
    return;
  }
  if (heard.type === "here") {
    presence.heard(heard.id, heard.people);
    return;
  }
  if (heard.type === "typing") {
    if (heard.id === openId) thread.types();
    return;
  }
  const wanted = heard.items.filter((item) => item.id === openId || conversation(item.id) !== null || isNews(item.id, item.version)).map((item) => item.id);
  if (wanted.includes(openId)) void thread.refresh().then(() => panel?.update()); // what was said first
  refresh(wanted);
  if (heard.items.length) list.queues.changed();
  const kinds = new Set(heard.others.map(([kind]) => kind));
  const one = conversation(openId);
  if (one && heard.others.some(([kind, id]) => kind === "contact" && id === one.contact_id)) {
    void panel?.read();
    void fetched(openId);
  }
  if (one && heard.others.some(([kind, id]) => kind === "account" && id === `${one.channel}:${one.account}`)) void fetched(openId);
  if (kinds.has("later")) later.heard(heard.others.filter(([kind]) => kind === "later").map(([, id]) => id));
  if (kinds.has("switch") || kinds.has("account")) void banner();
  if (heard.others.length) dispatchEvent(new CustomEvent("desk-news", { detail: heard.others }));
}

/** @param {boolean} yes */
function connected(yes) {
  line.connected(yes);
  if (!yes) return;
  presence.again();
  // what changed while nobody told us
  if (openId) void thread.refresh();
}
line.listen(() => live.stop());

// ---- keys, menus, the clock

document.addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.altKey && !event.ctrlKey && !event.metaKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    go(list.beside(event.key === "ArrowDown" ? 1 : -1), "keyboard");
    return;
  }
  if (event.key === "Escape" && panelOpen()) back("panel");
});

keys.listen(
  {
    search: () => {
      if (NARROW.matches && openId) back("");
      list.focusSearch();
    },
    below: () => go(list.beside(1), "address"),
    above: () => go(list.beside(-1), "address"),
    new_list: () => void filters.edit(null),
    panel: () => byId(openId && !WIDE.matches ? "show-panel" : "panel", HTMLElement)[openId && !WIDE.matches ? "click" : "focus"](),
    back: () => back(""),
    menu: () => press("menu-button"),
    acts: () => press("acts-more"),
    take: () => void acts?.sure("take"),
    return: () => void acts?.sure("return"),
    hold: () => void acts?.sure("hold"),
    help: keys.sheet,
    reply: () => write("reply"),
    note: () => write("note"),
    attach: () => press("attach"),
  },
  { tab: (number) => list.nth(number), list: (number) => filters.choose(number) },
);

/** Where it is in sight. @param {string} id */
function press(id) {
  const button = byId(id, HTMLButtonElement);
  if (button.offsetParent) button.click();
}

/** @param {"reply" | "note"} mode */
function write(mode) {
  byId(`mode-${mode}`, HTMLInputElement).click();
  composer.focus();
}

holdFocus(byId("panel", HTMLElement));
const menu = byId("menu", HTMLElement);
walk(menu, byId("menu-button", HTMLButtonElement));
document.getElementById("log-call")?.addEventListener("click", () => {
  void import("./intake.js").then(({ logCaller }) => logCaller((id) => go(id, "pointer")), complain);
});
byId("keys", HTMLElement).addEventListener("click", keys.sheet);
byId("view-edit", HTMLElement).addEventListener("click", () => void filters.edit(filters.view?.filter ?? null));
byId("view-export", HTMLElement).addEventListener("click", () => filters.export());
byId("view-close", HTMLElement).addEventListener("click", () => filters.close());
byId("sign-out", HTMLFormElement).addEventListener("submit", (event) => {
  if (sender.unsent()) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    void ask({ title: t("unsent_title"), button: t("unsent_sign_out"), grave: true, fields: [el("p", {}, t("unsent_lost"))], done: () => {} }).then((yes) => yes && signOut(form));
    return;
  }
  forgetDrafts();
  live.stop();
});

/** @param {HTMLFormElement} form */
function signOut(form) {
  sender.movesOn();
  forgetDrafts();
  live.stop();
  form.submit();
}

setInterval(() => {
  list.tick();
  if (feeds.waiting.loaded) list.plan();
}, TICK_MS);

// ---- begin

for (const place of document.querySelectorAll("[data-icon]")) {
  if (place instanceof HTMLElement) place.prepend(icon(place.dataset["icon"] ?? ""));
}
history.replaceState(history.state ?? {}, "");
live.start();
void Promise.all([feeds.waiting.load(), feeds.mine.load()]).then(() => {
  notifier.look();
  if (list.view) return; // a list of the wall is open
  if (!setup.open && feeds.waiting.shown().length === 0 && feeds.mine.shown().length > 0) list.choose("mine");
  if (setup.open && conversation(setup.open)) list.choose(mine(/** @type {import("./model.js").Conversation} */ (conversation(setup.open))) ? "mine" : list.tab);
});
list.choose("waiting");
filters.fromAddress();
void banner();
if (setup.open) show(setup.open, "address");
else show("", "address");
desk.dataset["ready"] = "";
