// Where the visitor writes. Enter sends, Shift+Enter breaks the line, and Enter while an input method is composing does
// neither: a Vietnamese word typed with Telex or VNI is confirmed with it.

const DRAFT = "chat.draft";
const COUNT_FROM = 0.9;

export class Composer {
  #text;
  #send;
  #count;
  #most;
  #tooLong;

  /**
   * @param {{ form: HTMLFormElement, text: HTMLTextAreaElement, send: HTMLButtonElement, count: HTMLElement, tooLong: string }} parts
   * @param {{ send: (text: string) => void, typing: () => void, files: (files: File[]) => void }} actions
   */
  constructor({ form, text, send, count, tooLong }, actions) {
    this.#text = text;
    this.#send = send;
    this.#count = count;
    this.#tooLong = tooLong;
    this.#most = Number(text.dataset["most"]);
    text.value ||= this.#kept(); // who was quicker than this script keeps his words
    // on a touch keyboard there is no Shift+Enter: there, Enter breaks the line and the button sends
    const touch = matchMedia("(hover: none) and (pointer: coarse)");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = text.value.trim();
      if (!said || said.length > this.#most) return text.focus();
      actions.send(said);
      this.put("");
      text.focus();
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.altKey || touch.matches) return;
      if (event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      send.click(); // a form sends itself only on newer telephones
    });
    text.addEventListener("input", () => {
      this.#changed();
      if (text.value.trim()) actions.typing();
    });
    text.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return;
      event.preventDefault();
      actions.files(files);
    });
    this.#changed();
  }

  get value() {
    return this.#text.value;
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  /** @param {string} text */
  put(text) {
    this.#text.value = text;
    this.#changed();
  }

  #changed() {
    const { value } = this.#text;
    const over = value.length > this.#most;
    const near = value.length > this.#most * COUNT_FROM;
    this.#send.setAttribute("aria-disabled", String(!value.trim() || over));
    this.#text.setAttribute("aria-invalid", String(over));
    this.#count.hidden = !near;
    this.#count.classList.toggle("over", over);
    if (near) this.#count.textContent = `${value.length} / ${this.#most}${over ? ` – ${this.#tooLong}` : ""}`;
    if (!CSS.supports("field-sizing", "content")) {
      this.#text.style.blockSize = "auto";
      this.#text.style.blockSize = `${this.#text.scrollHeight + 2}px`;
    }
    try {
      if (value) sessionStorage.setItem(DRAFT, value);
      else sessionStorage.removeItem(DRAFT);
    } catch {
      // forbidden: a draft does not survive a reload
    }
  }

  #kept() {
    try {
      return sessionStorage.getItem(DRAFT) ?? "";
    } catch {
      return "";
    }
  }
}
