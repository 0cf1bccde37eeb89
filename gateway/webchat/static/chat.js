// The chat: puts connection, thread, composer and files together. The page and the widget's frame both start it.
import { byId, carried, filled } from "../../web/static/dom.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Outgoing } from "./outgoing.js";
import { preview, progress } from "./parts.js";
import { Reader } from "./reader.js";
import { Thread } from "./thread.js";
import { check, Refused, takeDrops, upload } from "./uploads.js";
import { newId, tidy } from "./wire.js";

/** @typedef {import("./wire.js").Incoming} Incoming */
/** @typedef {import("./connection.js").Phase} Phase */
/** @typedef {{ name: string, file_bytes: number, files: number }} Setup */

const TYPING_EVERY_MS = 3000;
const TYPING_SHOWN_MS = 6000;

export class Chat {
  /** @type {Record<string, string>} */
  #words = carried("chat-words");
  /** @type {Setup} */
  #setup = carried("chat-setup");
  #root = byId("chat", HTMLElement);
  #log = byId("chat-log", HTMLElement);
  #notice = byId("chat-notice", HTMLElement);
  #typing = byId("chat-typing", HTMLElement);
  #welcome = byId("chat-welcome", HTMLElement);
  #forget = byId("chat-forget", HTMLButtonElement);
  #presence = byId("chat-presence-text", HTMLElement);
  #outgoing = new Outgoing();
  /** @type {Map<string, File>} */
  #files = new Map();
  #upload = Promise.resolve();
  #visitor;
  #connection;
  #thread;
  #composer;
  #reader;
  #history = 0;
  #typedAt = 0;
  #typingTimer = 0;
  #stage = "";
  /** @type {{ name: string } | null} */
  #advisor = null;

  /**
   * @param {import("./visitor.js").Visitor} visitor
   * @param {{ unread: (count: number) => void, visible: () => boolean }} surroundings
   */
  constructor(visitor, { unread, visible }) {
    this.#visitor = visitor;
    this.#thread = new Thread(this.#log, byId("chat-thread", HTMLElement), this.#words, {
      tap: (choice) => this.#tap(choice.id, choice.label),
      retry: (key) => this.#retry(key),
      drop: (key) => this.#abandon(key),
    }, (url) => visitor.source(url));
    this.#reader = new Reader({
      log: this.#log,
      inside: byId("chat-thread", HTMLElement),
      jump: byId("chat-jump", HTMLButtonElement),
      jumpText: byId("chat-jump-text", HTMLElement),
      words: this.#words,
      thread: this.#thread,
      whisper: (frame) => this.#connection.whisper(frame),
      unread,
      visible,
    });
    this.#composer = new Composer(
      {
        form: byId("chat-form", HTMLFormElement),
        text: byId("chat-text", HTMLTextAreaElement),
        send: byId("chat-send", HTMLButtonElement),
        count: byId("chat-count", HTMLElement),
        tooLong: this.#word("too_long"),
      },
      { send: (text) => this.say(text), typing: () => this.#tellTyping(), files: (files) => this.#attach(files) },
    );
    this.#connection = new Connection(visitor, this.#outgoing, {
      frame: (frame) => this.#receive(frame),
      phase: (phase, detail) => this.#phase(phase, detail ?? {}),
    });
    this.#listen();
    for (const { frame, at } of this.#outgoing.all) {
      this.#thread.say(frame.id, { text: frame.type === "say" ? frame.text : frame.type === "tap" ? frame.label : this.#word("file"), at });
    }
    if (visitor.known || this.#outgoing.next) this.#connection.start();
    this.#settle(true);
  }

  /** @param {string} text */
  say(text) {
    const said = tidy(text);
    if (!said) return;
    this.#send({ type: "say", id: newId(), text: said }, said);
  }

  /**
   * Begin a message for the visitor to finish.
   * @param {string} text
   */
  draft(text) {
    if (!this.#composer.value.trim()) this.#composer.put(text);
    this.#composer.focus();
  }

  focus() {
    this.#composer.focus();
  }

  /** The chat came into view, or its box changed its size. */
  shown() {
    this.#settle(this.#reader.stuck);
    this.#reader.readSoon();
  }

  /**
   * @param {string} payload
   * @param {string} label
   */
  #tap(payload, label) {
    this.#log.focus({ preventScroll: true }); // the button that had the focus is gone for good
    this.#send({ type: "tap", id: newId(), payload, label }, label);
  }

  /**
   * @param {import("./wire.js").Outgoing} frame
   * @param {string} shown
   */
  #send(frame, shown) {
    this.#outgoing.add(frame);
    this.#thread.say(frame.id, { text: shown });
    this.#settle(true);
    this.#connection.flush();
  }

  // ---- files

  /** @param {File[]} files */
  #attach(files) {
    this.#tell("");
    if (files.length > this.#setup.files) this.#tell(filled(this.#word("too_many_files"), { n: this.#setup.files }));
    for (const file of files.slice(0, this.#setup.files)) {
      const key = newId();
      this.#files.set(key, file);
      this.#thread.say(key, { extra: preview(file, this.#words), mark: "uploading" });
      this.#settle(true);
      this.#queueUpload(key);
    }
  }

  /**
   * One after the other: they arrive in the order in which they were chosen.
   * @param {string} key
   */
  #queueUpload(key) {
    this.#upload = this.#upload.then(() => this.#uploadOne(key));
  }

  /** @param {string} key */
  async #uploadOne(key) {
    const file = this.#files.get(key);
    const entry = this.#thread.find(key);
    if (!file || !entry) return;
    try {
      check(file, this.#setup.file_bytes, this.#words);
      if (!this.#visitor.known) await this.#visitor.begin();
      const stored = await upload(file, this.#visitor.header, (percent) => progress(entry, percent), this.#words);
      this.#files.delete(key);
      if (!this.#thread.find(key)) return;
      this.#thread.mark(key, "sending");
      this.#outgoing.add({ type: "file", id: key, file: stored.id });
      this.#connection.flush();
    } catch (error) {
      if (error instanceof Refused) this.#files.delete(key); // the same file would be refused again
      const final = error instanceof Refused;
      this.#thread.mark(key, "failed", final ? error.message : this.#word("upload_failed"), final);
    }
  }

  /** @param {string} key */
  #retry(key) {
    const entry = this.#thread.find(key);
    if (!entry) return;
    if (this.#files.has(key)) {
      this.#thread.mark(key, "uploading");
      this.#queueUpload(key);
    } else {
      this.#abandon(key);
      this.say(entry.text);
    }
  }

  /** @param {string} key */
  #abandon(key) {
    this.#files.delete(key);
    this.#outgoing.drop(key);
    this.#thread.remove(key);
    this.#composer.focus();
  }

  // ---- what the server says

  /** @param {Incoming} frame */
  #receive(frame) {
    switch (frame.type) {
      case "ready":
        this.#history = frame.seq;
        this.#thread.hush(frame.seq > 0);
        setTimeout(() => this.#thread.hush(false), 2000);
        break;
      case "message":
        this.#message(frame);
        break;
      case "ack":
        this.#thread.mark(frame.id, "sent");
        this.#outgoing.drop(frame.id);
        break;
      case "refused":
        if (frame.code === "too_fast") this.#tell(this.#word("too_fast"), 5000);
        else if (frame.id) this.#thread.mark(frame.id, "failed", frame.message || this.#word(frame.code) || this.#word("refused"), true);
        break;
      case "status":
        if (frame.status === "seen") this.#thread.seen(frame.seq);
        break;
      case "state":
        this.#stage = frame.stage;
        this.#advisor = frame.advisor;
        this.#present();
        break;
      case "typing":
        this.#showTyping(frame.author);
        break;
    }
  }

  /** @param {import("./wire.js").Message} message */
  #message(message) {
    const history = message.seq <= this.#history;
    const followed = this.#reader.follows;
    const news = this.#thread.receive(message, history);
    if (message.author !== "customer") this.#hideTyping();
    if (message.seq >= this.#history) this.#thread.hush(false);
    if (news) this.#reader.came(history, followed);
    this.#settle(followed || history);
    this.#reader.readSoon();
  }

  /**
   * @param {Phase} phase
   * @param {{ busy?: number, expired?: boolean }} detail
   */
  #phase(phase, detail) {
    this.#root.dataset["state"] = phase;
    if (detail.expired) {
      this.#history = 0;
      this.#reader.anew();
      this.#tell(this.#thread.empty ? "" : this.#word("expired"), 8000);
    } else if (detail.busy) this.#tell(filled(this.#word("busy"), { seconds: detail.busy }));
    else if (phase === "offline") this.#tell(this.#word("offline"));
    else if (phase === "elsewhere") this.#tell(this.#word("elsewhere"), 0, { label: this.#word("continue_here"), act: () => this.#connection.start() });
    else if (phase === "waiting") this.#tell(this.#outgoing.next ? this.#word("unavailable") : this.#word("reconnecting"));
    else if (phase === "open") this.#tell("");
    if (phase !== "open") this.#hideTyping();
    this.#present();
    if (phase === "open") this.#reader.readSoon();
  }

  /** Who is at the other end. */
  #present() {
    const { phase } = this.#connection ?? { phase: "idle" };
    this.#root.dataset["with"] = this.#advisor ? "advisor" : "bot";
    this.#forget.hidden = !this.#visitor.known;
    this.#greet();
    if (phase === "connecting") this.#presence.textContent = this.#word("connecting");
    else if (phase === "waiting" || phase === "offline") this.#presence.textContent = this.#word("reconnecting");
    else if (this.#advisor) this.#presence.textContent = filled(this.#word("advisor_here"), { name: this.#advisor.name });
    else if (this.#stage === "queued") this.#presence.textContent = this.#word("queued");
    else this.#presence.textContent = this.#word("bot_here");
  }

  // ---- what he does

  #listen() {
    const files = byId("chat-files", HTMLInputElement);
    byId("chat-attach", HTMLButtonElement).addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.#attach([...(files.files ?? [])]);
      files.value = "";
    });
    this.#root.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-act='say']") : null;
      if (!(button instanceof HTMLElement)) return;
      this.#log.focus({ preventScroll: true });
      this.say(button.dataset["text"] ?? "");
    });
    takeDrops(this.#root, byId("chat-drop", HTMLElement), (files) => this.#attach(files));
    const dialog = /** @type {HTMLDialogElement} */ (byId("chat-forget-dialog", HTMLElement));
    this.#forget.addEventListener("click", () => {
      if (typeof dialog.showModal === "function") dialog.showModal();
      else if (confirm(byId("chat-forget-text", HTMLElement).textContent ?? "")) void this.#leave(); // Safari before 15.4
    });
    dialog.addEventListener("close", () => {
      if (dialog.returnValue === "yes") void this.#leave();
      dialog.returnValue = "";
    });
  }

  async #leave() {
    this.#connection.stop();
    this.#outgoing.clear();
    this.#files.clear();
    this.#thread.clear();
    this.#composer.put("");
    this.#stage = "";
    this.#advisor = null;
    this.#history = 0;
    this.#reader.clear();
    this.#present();
    await this.#visitor.forget().catch(() => undefined);
    this.#present();
    this.#composer.focus();
  }

  /** @param {boolean} follow */
  #settle(follow) {
    this.#reader.settle(follow);
    this.#greet();
  }

  /** The page's own greeting goes when the bot's has come; what it says of privacy stays. */
  #greet() {
    for (const part of this.#welcome.querySelectorAll(".quick, .welcome-once")) part.toggleAttribute("hidden", !this.#thread.empty);
  }

  // ---- typing

  #tellTyping() {
    const now = Date.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    if (this.#connection.whisper({ type: "typing" })) this.#typedAt = now;
  }

  /** @param {string} author */
  #showTyping(author) {
    const { atEnd } = this.#reader;
    this.#typing.hidden = false;
    this.#presence.textContent = this.#word(author === "advisor" ? "typing_advisor" : "typing_bot");
    clearTimeout(this.#typingTimer);
    this.#typingTimer = window.setTimeout(() => this.#hideTyping(), TYPING_SHOWN_MS);
    if (atEnd) this.#reader.toEnd();
  }

  #hideTyping() {
    clearTimeout(this.#typingTimer);
    if (this.#typing.hidden) return;
    this.#typing.hidden = true;
    this.#present();
  }

  /**
   * The line under the chat's head.
   * @param {string} text '' takes it away
   * @param {number} [forMs] then it goes by itself
   * @param {{ label: string, act: () => void }} [button]
   */
  #tell(text, forMs = 0, button) {
    this.#notice.hidden = !text;
    this.#notice.replaceChildren(text);
    if (button) {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = button.label;
      made.addEventListener("click", button.act);
      this.#notice.append(made);
    }
    if (forMs) setTimeout(() => this.#notice.textContent === text && this.#tell(""), forMs);
  }

  /** @param {string} key */
  #word(key) {
    return this.#words[key] ?? "";
  }
}
