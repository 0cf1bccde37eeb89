// Telling a person who looks elsewhere: the title, and, when he asked for it, the system's notices and a soft sound.
import { byId } from "../../web/static/dom.js";
import { conversation, feeds, mine, unread } from "./conversations.js";
import { toast } from "./dialogs.js";
import { setup, t } from "./words.js";

const TITLE = document.title;
const PAUSE_MS = 4000;
const KEYS = { notices: "desk.notices", sound: "desk.sound" };

export class Notifier {
  /** @param {(id: string) => void} open */
  constructor(open) {
    this.open = open;
    /** @type {Map<string, number>} */
    this.waiting = new Map(); // what was unread or waiting when we last looked
    this.first = true;
    this.quietUntil = 0;
    /** @type {AudioContext | null} */
    this.audio = null;
    byId("notices", HTMLButtonElement).addEventListener("click", () => void this.#notices());
    byId("sound", HTMLButtonElement).addEventListener("click", () => this.#sound());
    this.#show();
  }

  /** Look at the lists again: the title counts, and what is new may be told. */
  look() {
    const queue = feeds.waiting.shown();
    const own = feeds.mine.shown().filter(unread);
    const count = own.length + (setup.me.may.includes("take") ? queue.length : 0);
    const title = count ? `(${count}) ${TITLE}` : TITLE;
    if (document.title !== title) document.title = title;
    const now = new Map([...queue.map((one) => /** @type {const} */ ([one.id, -1])), ...own.map((one) => /** @type {const} */ ([one.id, one.unread]))]);
    const fresh = [...now].filter(([id, unreadNow]) => (this.waiting.get(id) ?? -2) < unreadNow).map(([id]) => id);
    this.waiting = now;
    if (!feeds.waiting.loaded || !feeds.mine.loaded) return;
    if (!this.first && fresh.length) this.#tell(fresh);
    this.first = false;
  }

  /** @param {string[]} ids */
  #tell(ids) {
    if (Date.now() < this.quietUntil) return;
    this.quietUntil = Date.now() + PAUSE_MS;
    if (kept("sound")) this.#ring();
    if (document.visibilityState === "visible" || !kept("notices") || !("Notification" in window) || Notification.permission !== "granted") return;
    const [id = ""] = ids;
    const one = conversation(id);
    // a locked screen shows notices: no name, no word of the customer
    const notice = new Notification(t(one && mine(one) ? "notice_message" : "notice_waiting"), { tag: "desk", body: t("notice_body") });
    notice.addEventListener("click", () => {
      window.focus();
      this.open(id);
      notice.close();
    });
  }

  async #notices() {
    if (kept("notices")) keep("notices", false);
    else if (!("Notification" in window)) toast(t("notices_impossible"), "bad");
    else {
      const answer = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
      if (answer === "granted") keep("notices", true);
      else toast(t("notices_refused"), "bad");
    }
    this.#show();
  }

  #sound() {
    keep("sound", !kept("sound"));
    this.#show();
    if (kept("sound")) this.#ring(); // also what lets this page make sounds from now on
  }

  #show() {
    byId("notices", HTMLElement).setAttribute("aria-checked", String(kept("notices")));
    byId("sound", HTMLElement).setAttribute("aria-checked", String(kept("sound")));
  }

  /** Two soft tones, a third apart. */
  #ring() {
    try {
      this.audio ??= new AudioContext();
      const audio = this.audio;
      void audio.resume();
      for (const [at, pitch] of /** @type {const} */ ([[0, 660], [0.16, 830]])) {
        const tone = audio.createOscillator();
        const volume = audio.createGain();
        const start = audio.currentTime + at;
        tone.frequency.value = pitch;
        volume.gain.setValueAtTime(0.0001, start);
        volume.gain.exponentialRampToValueAtTime(0.06, start + 0.02);
        volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
        tone.connect(volume).connect(audio.destination);
        tone.start(start);
        tone.stop(start + 0.32);
      }
    } catch {
      // no sound here
    }
  }
}

/** @param {"notices" | "sound"} what */
function kept(what) {
  try {
    return localStorage.getItem(KEYS[what]) === "1";
  } catch {
    return false;
  }
}

/** @param {"notices" | "sound"} what @param {boolean} on */
function keep(what, on) {
  try {
    if (on) localStorage.setItem(KEYS[what], "1");
    else localStorage.removeItem(KEYS[what]);
  } catch {
    // chosen for this page only
  }
}
