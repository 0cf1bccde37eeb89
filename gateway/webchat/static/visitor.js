// Who the visitor is to the server. On our own page: an HttpOnly cookie that no script can read, so there is nothing
// to steal and plain <img> and download links work. In a widget's frame, where browsers drop such cookies: a token that
// the embedding page keeps (docs/adr: web chat visitors). This browser only remembers *that* there is a conversation.

const HINT = "chat.known";

/** Too many new sessions from here; `seconds` until the next try. */
export class Busy extends Error {
  /** @param {number} seconds */
  constructor(seconds) {
    super("too many sessions");
    this.seconds = seconds;
  }
}

export class Visitor {
  /** @type {string} */
  #token;
  #framed;
  #account;
  /** @type {(token: string) => void} */
  #keep;

  /**
   * @param {{ framed?: boolean, account?: string, token?: string, keep?: (token: string) => void }} [options]
   *   `keep` -- hands a new token to whoever stores it ('' = forget it)
   */
  constructor({ framed = false, account = "", token = "", keep = () => {} } = {}) {
    this.#account = account;
    this.#framed = framed;
    this.#token = token;
    this.#keep = keep;
  }

  /** Whether there should be a conversation to go on with. */
  get known() {
    if (this.#framed) return this.#token !== "";
    try {
      return localStorage.getItem(HINT) === "1";
    } catch {
      return false;
    }
  }

  /** What the first frame says. */
  get hello() {
    return this.#framed ? { token: this.#token } : {};
  }

  /** What an upload says; the word `cookie` sends the server to the cookie. */
  get header() {
    return this.#framed ? this.#token : "cookie";
  }

  /**
   * Where a file of this conversation can be shown from. Our own page: its address, the cookie opens it. In a frame:
   * fetched with the token, as a blob.
   * @param {string} url
   * @returns {string | Promise<string>}
   */
  source(url) {
    return this.#framed ? this.#fetched(url) : url;
  }

  /** @param {string} url */
  async #fetched(url) {
    const answer = await fetch(url, { headers: { "X-Chat-Token": this.#token }, credentials: "omit" });
    if (!answer.ok) throw new Error(`file: ${answer.status}`);
    return URL.createObjectURL(await answer.blob());
  }

  /** A session with the server: the one we have, or a new one. */
  async begin() {
    const answer = await fetch("/chat/session", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...(this.#account ? { account: this.#account } : {}), ...(this.#framed ? {} : { keep: "cookie" }) }),
      credentials: this.#framed ? "omit" : "same-origin",
    });
    if (answer.status === 429) throw new Busy(Number(answer.headers.get("Retry-After")) || 60);
    if (!answer.ok) throw new Error(`session: ${answer.status}`);
    const said = await answer.json();
    if (this.#framed) {
      this.#token = String(said.token);
      this.#keep(this.#token);
    }
    this.#remember(true);
  }

  /** The server does not know this visitor (any more). */
  lost() {
    this.#token = "";
    if (this.#framed) this.#keep("");
    this.#remember(false);
  }

  /** Leave nothing on this device: the server ends the session too. */
  async forget() {
    const header = this.header;
    this.lost();
    await fetch("/chat/session", { method: "DELETE", headers: { "X-Chat-Token": header } });
  }

  /** @param {boolean} known */
  #remember(known) {
    if (this.#framed) return;
    try {
      if (known) localStorage.setItem(HINT, "1");
      else localStorage.removeItem(HINT);
    } catch {
      // forbidden: after a reload the conversation goes on with the next message
    }
  }
}
