// Where an advisor writes: to the customer or for colleagues. Enter sends, unless an input method is still composing.
import { byId, el } from "../../web/static/dom.js";
import { mention } from "./api.js";
import { BARE, CannedList, HOLE } from "./canned.js";
import { conversation } from "./conversations.js";
import { toast } from "./dialogs.js";
import { sendLater } from "./later.js";
import { draft, keepDraft } from "./drafts.js";
import { Enclosed } from "./enclosed.js";
import { rest } from "./keys.js";
import { icon, isMine, may } from "./people.js";
import { ails } from "./heldaccounts.js";
import { MOST_TEXT, replyWall, route, tooLong } from "./route.js";
import { send } from "./sender.js";
import { t } from "./words.js";

/** @typedef {import("./sender.js").Pending} Pending */
/** @typedef {import("./model.js").Conversation} Conversation */

const TYPING_MS = 4000;
const MINUTE_MS = 60_000;
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)");

export class Composer {
  /** @param {{ last: () => number, act: (name: "take" | "reopen" | "unblock") => void, writes: () => void, kept: () => void }} to */
  constructor(to) {
    this.to = to;
    this.root = byId("composer", HTMLFormElement);
    this.box = byId("say", HTMLTextAreaElement);
    this.button = byId("send", HTMLButtonElement);
    this.attach = byId("attach", HTMLButtonElement);
    this.snap = byId("snap", HTMLButtonElement);
    this.later = byId("send-later", HTMLButtonElement);
    this.quoting = byId("quoting", HTMLElement);
    this.notice = byId("composer-notice", HTMLElement);
    this.fields = byId("composer-fields", HTMLElement);
    this.route = byId("route", HTMLElement);
    this.id = "";
    /** @type {"reply" | "note"} */
    this.mode = "reply";
    this.enclosed = new Enclosed({
      takes: () => !this.fields.hidden && this.mode === "reply" && this.id !== "",
      changed: () => this.#ready(),
      left: () => this.box.focus({ preventScroll: true }),
    });
    this.noticed = "";
    this.typedAt = 0;
    this.canned = new CannedList(this.box, (text) => {
      this.box.value = text;
      this.#typed();
      this.box.focus({ preventScroll: true });
    });
    this.#listen();
    setInterval(() => {
      if (this.id) this.update(); // a window runs out while nobody does anything
    }, MINUTE_MS);
  }

  /** @param {string} id */
  open(id) {
    this.id = id;
    this.mode = "reply"; // a note is begun on purpose, each time one comes back
    this.box.value = draft(id).reply ?? "";
    this.noticed = "";
    this.update();
    this.#grow();
    this.enclosed.open(id);
  }

  focus() {
    if (!this.fields.hidden) this.box.focus({ preventScroll: true });
    else this.notice.querySelector("button")?.focus({ preventScroll: true });
  }

  /** What may be done here and now, and why not otherwise. */
  update() {
    const one = conversation(this.id);
    this.root.hidden = !one;
    if (!one) return;
    const wall = replyWall(one);
    if (!may("note") && !may("reply")) this.#say(t("read_only"), null, true);
    else if (this.mode === "note") this.#say("", null, false);
    else if (wall) this.#say(wall.words, wall.act, true);
    else if (!one.assignee && one.status !== "closed") this.#say(t("reply_takes"), may("take") ? "take" : null, false);
    else if (one.assignee && !isMine(one)) this.#say(t("reply_for", { name: one.assignee.name }), null, false);
    else this.#say("", null, false);
    const noteOnly = !may("note");
    for (const mode of /** @type {const} */ (["reply", "note"])) {
      const radio = byId(`mode-${mode}`, HTMLInputElement);
      radio.checked = this.mode === mode;
      radio.disabled = mode === "note" && noteOnly;
    }
    this.root.dataset["mode"] = this.mode;
    this.#route(one);
    this.box.placeholder = this.mode === "note" ? t("write_note") : t("write_reply");
    byId("say-label", HTMLElement).textContent = this.box.placeholder;
    this.attach.hidden = this.snap.hidden = this.mode === "note";
    this.later.hidden = this.mode === "note" || one.status !== "with_advisor";
    byId("mode-note", HTMLInputElement).parentElement?.classList.toggle("begun", this.mode === "reply" && !!draft(this.id).note);
    this.#quote();
    const words = this.mode === "note" ? t("save_note") : t("send");
    this.button.setAttribute("aria-label", words);
    this.button.title = words;
    this.#ready();
  }

  /** Answer this message. @param {import("./model.js").Message} one */
  quote(one) {
    const text = one.text || t(`kind_${one.kind}`);
    if (this.mode === "note") this.#switch("reply");
    keepDraft(this.id, { ...draft(this.id), quote: { id: one.id, text } });
    this.update();
    this.focus();
  }

  #quote() {
    const quote = this.mode === "reply" && !this.fields.hidden ? draft(this.id).quote : undefined;
    this.quoting.hidden = !quote;
    if (!quote) return;
    const drop = () => {
      const { quote: _gone, ...rest } = draft(this.id);
      keepDraft(this.id, rest);
      this.#quote();
      this.box.focus({ preventScroll: true });
    };
    this.quoting.replaceChildren(icon("reply"), el("span", {}, el("span", { class: "sr-only" }, t("answers")), quote.text), el("button", { class: "icon-button small", type: "button", "aria-label": t("answer_drop"), title: t("answer_drop"), onclick: drop }, icon("web:close")));
  }

  /** @param {Conversation} one */
  #route(one) {
    this.route.hidden = this.mode === "note" || this.fields.hidden;
    const words = route(one);
    if (this.route.textContent !== words) this.route.textContent = words;
    this.route.classList.toggle("waits", ails(one) !== "");
  }

  /** Words that did not go come back to be changed. @param {Pending} one */
  takeBack(one) {
    const kept = draft(one.conversation);
    if (one.answers && !kept.quote) keepDraft(one.conversation, Object.assign(kept, { quote: { id: one.answers, text: one.quoted ?? "" } }));
    if (one.attachments.length) this.enclosed.back(one.conversation, one.attachments.map((id, at) => ({ id, name: one.files[at] ?? t("kind_file") })));
    if (one.conversation !== this.id) {
      const mode = one.note ? "note" : "reply";
      keepDraft(one.conversation, { ...kept, [mode]: [one.text, kept[mode]].filter(Boolean).join("\n") });
      return;
    }
    if ((this.mode === "note") !== one.note) this.#switch(one.note ? "note" : "reply");
    this.box.value = [one.text, this.box.value].filter(Boolean).join("\n");
    this.#typed();
    this.#quote();
    this.enclosed.paint();
    this.focus();
  }

  /** @param {"reply" | "note"} mode */
  #switch(mode) {
    this.#keep();
    this.mode = mode;
    this.box.value = draft(this.id)[mode] ?? "";
    this.#keep();
    this.update();
    this.#grow();
    this.box.focus({ preventScroll: true });
  }

  /** @param {string} words @param {"take" | "reopen" | "unblock" | null} act @param {boolean} wall */
  #say(words, act, wall) {
    // under somebody's fingers: not when another conversation was opened
    const lost = wall && this.noticed !== "" && this.fields.contains(document.activeElement);
    this.fields.hidden = wall;
    const print = `${words}|${act}|${wall}`;
    if (print === this.noticed) return;
    this.noticed = print;
    this.notice.hidden = !words;
    this.notice.classList.toggle("wall", wall);
    this.notice.replaceChildren(el("span", {}, words));
    if (act) this.notice.append(el("button", { class: "button", type: "button", onclick: () => this.to.act(act) }, t(act)));
    if (!lost) return;
    rest();
    this.notice.tabIndex = -1;
    this.notice.focus({ preventScroll: true }); // on the words, where Enter and Space do nothing
  }

  // ---- sending

  /** Whether what stands in the box can go as it is. */
  #whole() {
    const text = this.box.value.trim();
    if (!this.#ready() || (!text && !this.enclosed.files.length)) return false;
    if (this.mode === "reply" && BARE.test(text)) {
      toast(t("canned_unknown"));
      return false;
    }
    if (text.length > MOST_TEXT) {
      toast(tooLong(text.length), "bad"); // nothing is cut off behind his back
      return false;
    }
    const hole = HOLE.exec(this.box.value);
    if (hole) {
      toast(t("canned_hole", { name: hole[0] }));
      this.box.setSelectionRange(hole.index, hole.index + hole[0].length);
      return false;
    }
    this.canned.close();
    return true;
  }

  #submit() {
    if (!this.#whole()) return;
    const files = this.mode === "note" ? [] : this.enclosed.files;
    const quote = this.mode === "note" ? undefined : draft(this.id).quote;
    send({
      conversation: this.id,
      text: this.box.value.trim(),
      attachments: files.map((file) => file.id),
      files: files.map((file) => file.file.name),
      note: this.mode === "note",
      ...(quote ? { answers: quote.id, quoted: quote.text } : {}),
      after: this.to.last(),
    });
    this.#sent();
  }

  /** The words have gone: room for the next. */
  #sent() {
    this.box.value = "";
    if (this.mode === "reply") {
      this.enclosed.gone();
      const { quote: _said, ...rest } = draft(this.id);
      keepDraft(this.id, rest);
    }
    this.#keep(); // a note may be followed by a note: nobody is turned round to the customer by himself
    this.update();
    this.enclosed.paint();
    this.#grow();
    if (!TOUCH.matches) this.box.focus({ preventScroll: true });
  }

  async #later() {
    if (this.mode === "note" || !this.#whole()) return;
    const id = this.id;
    const files = this.enclosed.files;
    const kept = await sendLater(id, { text: this.box.value.trim(), attachment_ids: files.map((file) => file.id), reply_to: draft(id).quote?.id ?? null });
    if (!kept) return;
    toast(t("later_kept"));
    this.to.kept();
    if (id === this.id) this.#sent();
    else keepDraft(id, { note: draft(id).note ?? "" });
  }

  /** Whether the button may be pressed. */
  #ready() {
    const files = this.mode === "note" ? [] : this.enclosed.files;
    const busy = files.some((file) => file.state !== "done");
    const ready = !this.fields.hidden && !busy && (this.box.value.trim() !== "" || files.length > 0);
    this.button.setAttribute("aria-disabled", String(!ready));
    this.later.setAttribute("aria-disabled", String(!ready));
    return ready;
  }

  #listen() {
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.box.addEventListener("keydown", (event) => this.#key(event));
    this.box.addEventListener("input", () => this.#typed());
    this.box.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      this.enclosed.add(files);
    });
    for (const mode of /** @type {const} */ (["reply", "note"])) {
      byId(`mode-${mode}`, HTMLInputElement).addEventListener("change", () => this.#switch(mode));
    }
    this.later.addEventListener("click", () => void this.#later());
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // 229: the key belongs to an input method; Safari says so only after the composition has ended
    if (event.isComposing || event.keyCode === 229) return;
    if (this.canned.key(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    const always = event.ctrlKey || event.metaKey;
    if (TOUCH.matches && !always) return; // a thumb's Enter is a new line, the button sends
    event.preventDefault();
    this.#submit();
  }

  #typed() {
    this.#types();
    if (this.box.value) this.to.writes();
    void this.canned.typed(this.id);
    this.#keep();
    this.#grow();
    this.#ready();
  }

  /** A visitor of the web chat sees that somebody writes. */
  #types() {
    const one = conversation(this.id);
    if (!one || this.mode !== "reply" || one.channel !== "webchat" || !isMine(one) || !this.box.value || Date.now() - this.typedAt < TYPING_MS) return;
    this.typedAt = Date.now();
    mention("/desk/typing", { conversation: one.id });
  }

  #keep() {
    keepDraft(this.id, { ...draft(this.id), [this.mode]: this.box.value });
  }

  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.box.rows = Math.min(8, Math.max(1, this.box.value.split("\n").length));
  }
}
