// The smaller parts of a message: files, answers to choose from, the line that says how far it got.
import { el, fill, filled, icon } from "../../web/static/dom.js";
import { safe } from "../../web/static/links.js";

/** @typedef {import("./wire.js").Message} Message */
/** @typedef {import("./wire.js").Attachment} Attachment */
/** @typedef {import("./wire.js").Choice} Choice */

const ICONS = { uploading: "clock", sending: "clock", sent: "check", received: "checks", seen: "checks", failed: "alert" };

/**
 * Kilobytes and megabytes as people say them.
 * @param {number} bytes
 */
export function size(bytes) {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1).replace(".", document.documentElement.lang === "en" ? "." : ",")} MB`;
}

/** @typedef {(url: string) => string | Promise<string>} Source where a file can be shown from */

/**
 * @param {Message} message
 * @param {Record<string, string>} words
 * @param {Source} source
 */
export function attachments(message, words, source) {
  return message.attachments.map((file) => attachment(file, words, source));
}

/**
 * @param {Attachment} file
 * @param {Record<string, string>} words
 * @param {Source} source
 * @returns {HTMLElement}
 */
function attachment(file, words, source) {
  const name = file.name || words[file.kind === "image" ? "picture" : "file"] || "";
  if (!file.url) {
    const why = file.state === "pending" ? words["checking_file"] : words["refused_file"];
    return card(name, why ?? "", "file", { class: "attachment gone" });
  }
  const { url } = file;
  if (file.kind === "image") return picture(source(url), name, filled(words["open_file"] ?? "", { name }), true);
  const link = el("a", { class: "attachment", href: url, download: name, "aria-label": `${words["download"]}: ${name}` });
  link.addEventListener("click", (event) => {
    const from = source(url);
    if (typeof from === "string" || link.href.startsWith("blob:")) return;
    event.preventDefault(); // a frame fetches it first; then the same link leads to what it fetched
    from.then((blob) => {
      link.href = blob;
      link.click();
    }, () => undefined);
  });
  link.append(icon("download"), el("span", {}, el("b", {}, el("bdi", {}, name)), el("small", {}, size(file.size))));
  return link;
}

/**
 * @param {string} name
 * @param {string} note
 * @param {string} symbol
 * @param {Record<string, string>} attributes
 */
function card(name, note, symbol, attributes) {
  return el("div", attributes, icon(symbol), el("span", {}, el("b", {}, el("bdi", {}, name)), el("small", {}, note)));
}

/**
 * A picture; one that this browser cannot draw (HEIC) becomes a card.
 * @param {string | Promise<string>} source
 * @param {string} name
 * @param {string} label
 * @param {boolean} [linked] it can be saved
 */
export function picture(source, name, label, linked = false) {
  const image = el("img", { alt: name, loading: "lazy", decoding: "async", width: 230, height: 230 });
  const frame = linked ? el("a", { class: "picture", download: name, "aria-label": label }, image) : el("div", { class: "picture" }, image);
  const show = (/** @type {string} */ from) => {
    image.src = from;
    if (frame instanceof HTMLAnchorElement) frame.href = from;
  };
  const plain = () => {
    frame.className = "attachment";
    frame.replaceChildren(icon("file"), el("span", {}, el("b", {}, el("bdi", {}, name))));
  };
  image.addEventListener("error", plain);
  if (typeof source === "string") show(source);
  else source.then(show, plain);
  return frame;
}

/**
 * The visitor's own file before the server has it.
 * @param {File} file
 * @param {Record<string, string>} words
 */
export function preview(file, words) {
  if (!file.type.startsWith("image/")) return card(file.name, size(file.size), "file", { class: "attachment" });
  const source = URL.createObjectURL(file);
  const made = picture(source, file.name, words["picture"] ?? "");
  made.querySelector("img")?.addEventListener("load", () => setTimeout(() => URL.revokeObjectURL(source), 1000), { once: true });
  return made;
}

/**
 * Answers to choose from. A link goes where it says; anything else is told to the server.
 * @param {Choice[]} buttons
 * @param {Record<string, string>} words
 * @param {(choice: Choice) => void} tap
 */
export function choices(buttons, words, tap) {
  const group = el("div", { class: "quick", role: "group", "aria-label": words["quick"] ?? "" });
  for (const choice of buttons) {
    const url = choice.url ? safe(choice.url) : null;
    if (choice.url && !url) continue;
    if (url) {
      group.append(el("a", { class: "quick-button", href: url.href, target: "_blank", rel: "noopener noreferrer nofollow ugc" },
        choice.label, el("small", { class: "link-host" }, `(${url.host})`), icon("out", "icon link-out")));
      continue;
    }
    const button = el("button", { class: "quick-button", type: "button" }, choice.label);
    button.addEventListener("click", () => {
      button.classList.add("chosen");
      for (const other of group.querySelectorAll("button")) other.disabled = true;
      tap(choice);
    });
    group.append(button);
  }
  return group;
}

/**
 * How far a message got. Texts change in place, so that a screen reader is not told each step; trouble is new and is told.
 * @param {import("./thread.js").Entry} entry
 * @param {boolean} shown
 * @param {string} time
 * @param {Record<string, string>} words
 * @param {import("./thread.js").Actions} actions
 */
export function statusLine(entry, shown, time, words, actions) {
  const line = entry.status;
  const state = shown ? entry.mark : "";
  if (line.dataset["state"] === state + entry.trouble) return;
  line.dataset["state"] = state + entry.trouble;
  line.className = `mark-line ${state}`;
  line.hidden = !shown;
  if (!shown) return line.replaceChildren();
  if (entry.mark === "failed") {
    const key = entry.key;
    line.replaceChildren();
    return fill(line, icon("alert"), el("span", { role: "alert" }, entry.trouble || words["failed"] || ""),
      !entry.final && el("button", { type: "button", onclick: () => actions.retry(key) }, words["retry"] ?? ""),
      el("button", { type: "button", onclick: () => actions.drop(key) }, words["remove"] ?? ""));
  }
  if (entry.mark === "uploading") {
    const bar = el("progress", { class: "progress", max: 100, value: 0, "aria-label": entry.text || (words["sending"] ?? "") });
    return line.replaceChildren(bar);
  }
  return line.replaceChildren(icon(ICONS[entry.mark]), el("span", {}, `${words[entry.mark] ?? ""} · ${time}`));
}

/**
 * How much of a file is up.
 * @param {import("./thread.js").Entry} entry
 * @param {number} percent
 */
export function progress(entry, percent) {
  const bar = entry.status.querySelector("progress");
  if (bar) bar.value = percent;
}
