// Four telephones: each asks for what is new and shows it, and sends what is typed or tapped.

/** @typedef {{ url: string, name: string, size: number, picture: boolean }} Kept */
/** @typedef {{ from: "us" | "me", text: string, buttons?: Record<string, string>, contact?: boolean, tapped?: boolean, file?: Kept }} Line */

const APPS = /** @type {const} */ ({ zalo: "Zalo", facebook: "Messenger", viber: "Viber", telegram: "Telegram" });
const WORDS = {
  vi: { start: "Bắt đầu", phone: "Gửi số điện thoại của tôi", bytes: "byte", lost: "Không tới được bản trình diễn. Thử lại sau giây lát.", other: "English" },
  en: { start: "Start", phone: "Send my phone number", bytes: "bytes", lost: "The demonstration cannot be reached. Trying again.", other: "Tiếng Việt" },
};
const NAMES = ["Lan", "Hùng", "Mai", "Tuấn", "Hạnh", "Dũng"];
const AGAIN_MS = 2000;

/** @type {"vi" | "en"} */
let language = "vi";

/** @param {string} tag @param {string} [name] @param {string} [text] */
function make(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = text;
  return made;
}

/** @template {Element} T @param {ParentNode} where @param {string} what @param {new () => T} kind @returns {T} */
function find(where, what, kind) {
  const found = where.querySelector(what);
  if (!(found instanceof kind)) throw new Error(`no ${what}`);
  return found;
}

class Telephone {
  #id = "";
  #next = 0;
  #turn = 0;
  /** @type {HTMLElement} */
  root;
  #log;
  #trouble;

  /** @param {keyof typeof APPS} app */
  constructor(app) {
    this.app = app;
    const copy = find(document, "#phone", HTMLTemplateElement).content.cloneNode(true);
    this.root = find(/** @type {DocumentFragment} */ (copy), ".phone", HTMLElement);
    this.root.dataset.app = app;
    this.#log = find(this.root, ".log", HTMLElement);
    this.#log.setAttribute("aria-label", APPS[app]);
    this.#trouble = find(this.root, ".trouble", HTMLElement);
    find(this.root, "h2", HTMLElement).textContent = `IBAOHIEM · ${APPS[app]}`;
    const form = find(this.root, "form", HTMLFormElement);
    const words = find(form, ".words", HTMLInputElement);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = words.value;
      if (!text.trim()) return;
      words.value = "";
      void this.#act({ say: text });
    });
    const picture = find(form, "input[type=file]", HTMLInputElement);
    picture.addEventListener("change", () => {
      const file = picture.files?.[0];
      picture.value = "";
      if (file) void this.#post(`/api/people/${this.#id}/picture`, file);
    });
    find(this.root, ".anew", HTMLElement).addEventListener("click", () => void this.enter());
  }

  /** Somebody new holds it. */
  async enter() {
    const name = NAMES[Math.floor(Math.random() * NAMES.length)] ?? "Lan";
    const made = await this.#post("/api/people", { app: this.app, name });
    if (!made) return;
    this.#id = made.id;
    this.#next = 0;
    find(this.root, ".who", HTMLElement).textContent = name;
    const start = make("button", "start", WORDS[language].start);
    start.setAttribute("type", "button");
    start.dataset.word = "start";
    start.addEventListener("click", () => {
      start.remove();
      void this.#act({ start: true });
    });
    this.#log.replaceChildren(start);
    void this.#listen(++this.#turn);
  }

  /** @param {number} turn */
  async #listen(turn) {
    while (turn === this.#turn) {
      try {
        const answer = await fetch(`/api/people/${this.#id}?after=${this.#next}`);
        if (answer.status === 404) {
          await this.enter();
          return;
        }
        /** @type {{ lines: Line[], next: number }} */
        const told = await answer.json();
        if (turn !== this.#turn) return;
        this.#say("");
        this.#next = told.next;
        for (const line of told.lines) this.#show(line);
      } catch {
        this.#say(WORDS[language].lost);
        await new Promise((done) => setTimeout(done, AGAIN_MS));
      }
    }
  }

  /** @param {Line} line */
  #show(line) {
    this.#log.querySelector(".start")?.remove();
    if (line.text || line.file) {
      const bubble = make("div", `line ${line.from}`, line.text);
      if (line.file) bubble.append(...this.#file(line.file));
      this.#log.append(bubble);
    }
    if (line.from === "me") for (const old of this.#log.querySelectorAll(".taps")) old.remove();
    const taps = make("div", "taps");
    for (const [id, label] of Object.entries(line.buttons ?? {})) taps.append(this.#button(label, { tap: id, label }));
    if (line.contact) taps.append(this.#button(WORDS[language].phone, { phone: true }, "phone"));
    if (taps.childElementCount) this.#log.append(taps);
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** @param {Kept} file */
  #file(file) {
    const link = document.createElement("a");
    link.href = file.url;
    link.download = file.name;
    if (file.picture) {
      const picture = document.createElement("img");
      picture.src = file.url;
      picture.alt = file.name;
      picture.addEventListener("load", () => (this.#log.scrollTop = this.#log.scrollHeight));
      link.append(picture);
    } else {
      link.textContent = `📄 ${file.name} (${file.size.toLocaleString(language)} ${WORDS[language].bytes})`;
    }
    return [link];
  }

  /** @param {string} label @param {Record<string, unknown>} act @param {string} [word] */
  #button(label, act, word = "") {
    const button = make("button", "", label);
    button.setAttribute("type", "button");
    if (word) button.dataset.word = word;
    button.addEventListener("click", () => void this.#act(act));
    return button;
  }

  /** @param {Record<string, unknown>} act */
  async #act(act) {
    await this.#post(`/api/people/${this.#id}`, act);
  }

  /** @param {string} url @param {Record<string, unknown> | File} body @returns {Promise<any>} */
  async #post(url, body) {
    const headers = { "Content-Type": body instanceof File ? body.type : "application/json" };
    try {
      const answer = await fetch(url, { method: "POST", headers, body: body instanceof File ? body : JSON.stringify(body) });
      if (answer.ok) return await answer.json();
      this.#say(await answer.text());
    } catch {
      this.#say(WORDS[language].lost);
    }
    return null;
  }

  /** @param {string} trouble */
  #say(trouble) {
    this.#trouble.textContent = trouble;
    this.#trouble.hidden = !trouble;
  }
}

function speak() {
  document.documentElement.lang = language;
  for (const one of document.querySelectorAll("[data-vi]")) {
    if (one instanceof HTMLElement) one.textContent = one.dataset[language] ?? "";
  }
  for (const one of document.querySelectorAll("[data-vi-label]")) {
    if (one instanceof HTMLElement) one.setAttribute("aria-label", one.dataset[`${language}Label`] ?? "");
  }
  for (const one of document.querySelectorAll("[data-word]")) {
    const word = one instanceof HTMLElement ? one.dataset.word : "";
    if (word === "start" || word === "phone") one.textContent = WORDS[language][word];
  }
  const other = find(document, "#language", HTMLElement);
  other.textContent = WORDS[language].other;
  other.lang = language === "vi" ? "en" : "vi";
}

/** @param {Telephone[]} telephones @param {string} app */
function choose(telephones, app) {
  for (const one of telephones) one.root.classList.toggle("on", one.app === app);
  for (const one of document.querySelectorAll("#apps button")) {
    if (one instanceof HTMLElement) one.setAttribute("aria-pressed", String(one.dataset.app === app));
  }
}

const telephones = /** @type {(keyof typeof APPS)[]} */ (Object.keys(APPS)).map((app) => new Telephone(app));
find(document, "#phones", HTMLElement).append(...telephones.map((one) => one.root));
for (const one of telephones) {
  const tab = make("button", "", APPS[one.app]);
  tab.setAttribute("type", "button");
  tab.dataset.app = one.app;
  tab.addEventListener("click", () => choose(telephones, one.app));
  find(document, "#apps", HTMLElement).append(tab);
  void one.enter();
}
choose(telephones, "zalo");
find(document, "#language", HTMLElement).addEventListener("click", () => {
  language = language === "vi" ? "en" : "vi";
  speak();
});
