// Telling a person who looks elsewhere: the title counts; what the server says concerns him rings, and is shown by the system
// while no page of the desk is in sight. Whoever told says so to the server, which else looks for another way.
import { byId, el } from "../../web/static/dom.js";
import { get, post } from "./api.js";
import { conversation, feeds, mine, unread } from "./conversations.js";
import { toast } from "./dialogs.js";
import { accountName, heldBanner } from "./heldaccounts.js";
import { channelName, nameOf } from "./people.js";
import { play } from "./tones.js";
import { setup, t } from "./words.js";
import { ready, registered } from "./workers.js";

/** @typedef {{ id: string, kind: string, conversation_id: string, channel: string, account: string, trouble: string, urgent: boolean, level: "off" | "silent" | "sound", at: string }} Item */
/** @typedef {{ conversation_id: string, kind: string, channel: string }} Alarmed */
/** @typedef {{ items: Item[], alarms: number, alarmed: Alarmed[], held: import("./heldaccounts.js").Held[], quiet: boolean, tone: string, detail: string }} Told */

const TITLE = document.title;
const KEYS = { notices: "desk.notices", sound: "desk.sound" };
const EVERY_MS = 20_000; // a hint may be lost
const TOGETHER_MS = 150;
const ANSWER_MS = 4000;
const NAMED = 3; // of those for whom the alarm rings

export class Notifier {
  /** @param {(id: string) => void} open */
  constructor(open) {
    this.open = open;
    /** @type {Set<string>} */
    this.told = new Set();
    this.leads = false; // of several tabs one rings and asks the system
    this.timer = 0;
    byId("notices", HTMLButtonElement).addEventListener("click", () => void this.#notices());
    byId("sound", HTMLButtonElement).addEventListener("click", () => this.#sound());
    this.#show();
    this.#lead();
    addEventListener("desk-news", (event) => {
      /** @type {[string, string][]} */
      const others = event instanceof CustomEvent ? event.detail : [];
      if (others.some(([kind, id]) => kind === "alarm" || kind === "account" || (kind === "notice" && id === setup.me.id))) this.#soon();
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#soon();
    });
    setInterval(() => this.#soon(), EVERY_MS);
    navigator.serviceWorker?.addEventListener("message", (event) => {
      if (event.data?.type === "open" && event.data.conversation) this.open(String(event.data.conversation));
    });
    if (kept("notices")) void registered().catch(() => null);
    this.#soon();
  }

  /** Look at the lists again: the title counts. */
  look() {
    const queue = feeds.waiting.matching();
    const own = feeds.mine.matching().filter(unread);
    const count = own.length + (setup.me.may.includes("take") ? queue.length : 0);
    const title = count ? `(${count}) ${TITLE}` : TITLE;
    if (document.title !== title) document.title = title;
  }

  #lead() {
    if (!navigator.locks) {
      this.leads = true;
      return;
    }
    void navigator.locks.request("desk-notices", () => {
      this.leads = true;
      this.#soon();
      return new Promise(() => {}); // held for as long as the tab lives
    });
  }

  #soon() {
    if (!this.timer) {
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        void this.#look();
      }, TOGETHER_MS);
    }
  }

  async #look() {
    if (!this.leads && document.visibilityState !== "visible") return;
    /** @type {Told} */
    let told;
    try {
      told = await get("/me/notices");
    } catch {
      return; // the next look
    }
    alarm(told.alarms, told.alarmed, this.open);
    heldBanner(told.held);
    const fresh = told.items.filter((one) => !this.told.has(one.id));
    if (!fresh.length) return;
    const how = await this.#tell(fresh, told);
    if (!how) return; // nobody heard: the server looks for another way, and we try again
    for (const one of fresh) this.told.add(one.id);
    await post("/me/notices/seen", { ids: fresh.map((one) => one.id), how }).catch(() => {
      for (const one of fresh) this.told.delete(one.id);
    });
  }

  /** How he was told, "" = he was not. @param {Item[]} fresh @param {Told} told */
  async #tell(fresh, told) {
    const audible = fresh.filter((one) => one.level === "sound" && (!told.quiet || one.urgent));
    const rang = this.leads && kept("sound") && audible.length > 0 && (await play(told.tone));
    if (document.visibilityState === "visible") {
      for (const one of fresh) if (one.trouble === "silent") toast(title(one), "bad"); // of the others the banner tells
      return "visible";
    }
    const shown = this.leads && kept("notices") && (!told.quiet || audible.length > 0) && (await this.#system(fresh, told));
    return shown ? "system" : rang ? "sound" : "";
  }

  /** One notice a conversation. @param {Item[]} fresh @param {Told} told */
  async #system(fresh, told) {
    let any = false;
    for (const one of fresh) if (await shown(words(one, told.detail))) any = true;
    return any;
  }

  async #notices() {
    if (kept("notices")) keep("notices", false);
    else if (!("Notification" in window)) toast(t("notices_impossible"), "bad");
    else {
      const answer = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
      if (answer === "granted") {
        keep("notices", true);
        await registered().catch(() => null);
      } else toast(t("notices_refused"), "bad");
    }
    this.#show();
    this.#soon();
  }

  #sound() {
    keep("sound", !kept("sound"));
    this.#show();
    if (kept("sound")) void play("soft"); // also what lets this page make sounds from now on
  }

  #show() {
    byId("notices", HTMLElement).setAttribute("aria-checked", String(kept("notices")));
    byId("sound", HTMLElement).setAttribute("aria-checked", String(kept("sound")));
  }
}

/** A locked screen shows notices: the name only for who wanted it, never a word of the customer. @param {Item} one @param {string} detail */
function words(one, detail) {
  const known = conversation(one.conversation_id);
  const plain = detail === "none";
  const name = detail === "name" && known && (mine(known) || known.status === "waiting") ? nameOf(known) : "";
  return {
    notice: one.id,
    tag: one.conversation_id || one.id,
    title: plain ? t("notice_plain_title") : one.urgent ? `${t("notice_urgent")}: ${title(one)}` : title(one),
    body: plain ? t("notice_plain_body") : name || t("notice_open"),
    conversation: one.conversation_id,
    page: one.kind === "account" ? "/desk/channels" : "",
    silent: one.level !== "sound",
  };
}

/** @param {Item} one */
const title = (one) => (one.kind === "account" ? t(`notice_title_account_${one.trouble}`, { account: accountName(one) }) : t(`notice_title_${one.kind}`, { channel: channelName(one.channel) }));

/** Whether the system shows it now. @param {ReturnType<typeof words>} notice @returns {Promise<boolean>} */
async function shown(notice) {
  if (!("Notification" in window) || Notification.permission !== "granted") return false;
  const active = await ready();
  if (!active) return false;
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    const late = setTimeout(() => resolve(false), ANSWER_MS);
    channel.port1.onmessage = (event) => {
      clearTimeout(late);
      resolve(event.data?.shown === true);
    };
    active.postMessage({ type: "notice", notice }, [channel.port2]);
  });
}

/** Somebody waits and nobody could be told: everybody at the desk sees it, and of whom.
 * @param {number} count @param {Alarmed[]} alarmed the first of them @param {(id: string) => void} open */
function alarm(count, alarmed, open) {
  const here = document.getElementById("alarm");
  if (!count) {
    here?.remove();
    return;
  }
  const ways = alarmed.slice(0, NAMED).map((one) => ({ id: one.conversation_id, words: named(one) }));
  const words = t(alarmed.length && alarmed.every((one) => one.kind === "assigned") ? "alarm_assigned" : "alarm_line");
  const print = JSON.stringify([count, words, ways]);
  if (here?.dataset["print"] === print) return;
  const line = el(
    "p",
    { class: "banner alarm", id: "alarm", role: "alert", "data-print": print },
    words,
    ...ways.flatMap((way) => [" ", el("a", { href: `/desk/c/${way.id}`, onclick: (/** @type {MouseEvent} */ event) => follow(event, () => open(way.id)) }, way.words)]),
    count > ways.length && ` ${t("alarm_more", { n: count - ways.length })}`,
  );
  if (here) here.replaceWith(line);
  else document.querySelector(".banners")?.prepend(line);
}

/** What a link of the alarm is called. @param {Alarmed} one */
function named(one) {
  const known = conversation(one.conversation_id);
  return known ? `${nameOf(known)} (${channelName(one.channel)})` : t("alarm_look", { channel: channelName(one.channel) });
}

/** In this page, unless another was asked for. @param {MouseEvent} event @param {() => void} here */
function follow(event, here) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  here();
}

/** Sounds are on until somebody turns them off here; the system's notices want a yes first. @param {"notices" | "sound"} what */
function kept(what) {
  try {
    return (localStorage.getItem(KEYS[what]) ?? (what === "sound" ? "1" : "0")) === "1";
  } catch {
    return what === "sound";
  }
}

/** @param {"notices" | "sound"} what @param {boolean} on */
function keep(what, on) {
  try {
    localStorage.setItem(KEYS[what], on ? "1" : "0");
  } catch {
    // chosen for this page only
  }
}
