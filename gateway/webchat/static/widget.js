// The chat on another site: <script src="https://OUR-HOST/chat/widget.js" data-lang="vi" defer></script>
// A button, and a frame of ours behind it. No style sheet and no global name: nothing of the host's page is touched, and
// a host with a strict policy needs `script-src` and `frame-src` for our host only.
(() => {
  const script = document.currentScript;
  if (!(script instanceof HTMLScriptElement)) return;
  const home = new URL(script.src).origin;
  const english = script.dataset["lang"] === "en";
  const words = english
    ? { open: "Chat with us", close: "Close the chat", title: "Chat" }
    : { open: "Trò chuyện", close: "Đóng khung trò chuyện", title: "Khung trò chuyện" };
  const KEY = "ibaohiem.chat";
  const NARROW = 640;

  /** @param {string} token */
  const keep = (token) => {
    try {
      if (token) localStorage.setItem(KEY, token);
      else localStorage.removeItem(KEY);
    } catch {
      // without storage the conversation lasts as long as the page
    }
  };
  const kept = () => {
    try {
      return localStorage.getItem(KEY) ?? "";
    } catch {
      return "";
    }
  };

  /**
   * @param {HTMLElement} element
   * @param {Record<string, string>} style
   */
  const dress = (element, style) => {
    for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  };

  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  dress(button, {
    all: "initial", position: "fixed", right: "max(16px, env(safe-area-inset-right))", bottom: "calc(16px + env(safe-area-inset-bottom))",
    "z-index": "2147483000", "box-sizing": "border-box", "min-height": "56px", padding: "0 22px", "border-radius": "999px", cursor: "pointer",
    background: "#0a6865", color: "#fff", font: "600 16px/1.2 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
    "box-shadow": "0 10px 34px -10px rgb(20 48 77 / 45%)",
  });
  const label = document.createElement("span");
  label.textContent = words.open;
  const badge = document.createElement("span");
  dress(badge, {
    display: "none", "margin-left": "10px", padding: "2px 8px", "border-radius": "999px", background: "#fff", color: "#0a6865", "font-size": "14px",
  });
  button.append(label, badge);
  button.addEventListener("focus", () => dress(button, { outline: button.matches(":focus-visible") ? "3px solid #f0b866" : "none", "outline-offset": "2px" }));
  button.addEventListener("blur", () => dress(button, { outline: "none" }));

  /** @type {HTMLIFrameElement | null} */
  let frame = null;
  let open = false;
  let here = false; // the frame listens

  const place = () => {
    if (!frame) return;
    const narrow = innerWidth < NARROW;
    dress(frame, {
      all: "initial", position: "fixed", "z-index": "2147483001", border: "0", "color-scheme": "normal",
      display: open ? "block" : "none",
      inset: narrow ? "0" : "auto max(16px, env(safe-area-inset-right)) calc(16px + env(safe-area-inset-bottom)) auto",
      width: narrow ? "100%" : "400px",
      height: narrow ? "100%" : "min(700px, calc(100vh - 32px))",
      "border-radius": narrow ? "0" : "22px",
      "box-shadow": narrow ? "none" : "0 18px 50px -12px rgb(20 48 77 / 45%)",
    });
    button.style.setProperty("display", open ? "none" : "inline-flex");
    button.style.setProperty("align-items", "center");
  };

  /** @param {Record<string, unknown>} said */
  const tell = (said) => {
    if (here) frame?.contentWindow?.postMessage(said, home);
  };

  /** @param {boolean} wanted */
  const show = (wanted) => {
    open = wanted;
    if (open && !frame) make();
    button.setAttribute("aria-expanded", String(open));
    place();
    tell({ type: "shown", open });
    if (open) frame?.focus();
    else button.focus();
  };

  function make() {
    frame = document.createElement("iframe");
    frame.title = words.title;
    const address = new URL("/chat/frame", home);
    if (english) address.searchParams.set("lang", "en");
    const account = script instanceof HTMLScriptElement ? script.dataset["account"] : "";
    if (account) address.searchParams.set("account", account);
    frame.src = address.href;
    document.body.append(frame);
  }

  addEventListener("message", (event) => {
    if (event.origin !== home || !frame || event.source !== frame.contentWindow || event.data?.from !== "ibaohiem-chat") return;
    switch (event.data.type) {
      case "here":
        here = true;
        tell({ type: "hello", token: kept() });
        tell({ type: "shown", open });
        break;
      case "token":
        keep(String(event.data.token));
        break;
      case "unread":
        badge.textContent = String(event.data.count);
        badge.style.setProperty("display", event.data.count > 0 ? "inline-block" : "none");
        break;
      case "close":
        show(false);
        break;
    }
  });
  addEventListener("resize", place);
  button.addEventListener("click", () => show(true));
  const begin = () => {
    document.body.append(button);
    place();
    button.style.setProperty("display", "inline-flex");
    button.style.setProperty("align-items", "center");
    if (kept()) make(); // somebody with a conversation hears of new words while the frame is closed
    place();
  };
  if (document.body) begin();
  else addEventListener("DOMContentLoaded", begin);
})();
