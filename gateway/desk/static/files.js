// Files of customers and ours: pictures through blob: addresses, everything else as a card; uploads with their progress.
import { el } from "../../web/static/dom.js";
import { bytes, Failure, newKey, upload } from "./api.js";
import { icon } from "./people.js";
import { has, size, t } from "./words.js";

const PICTURES = new Set(["image/jpeg", "image/png", "image/webp", "image/gif"]);
const SOUNDS = new Set(["audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/wav", "audio/webm", "video/mp4", "video/webm"]);
export const LARGEST = 20 * 1024 * 1024;
export const ACCEPTED = "image/jpeg,image/png,image/webp,application/pdf"; // where HEIC is not named an iPhone hands over a JPEG; it is taken all the same
const VOICE = 2 * 1024 * 1024;
const KEPT = 60;
const HELD = 80 * 1024 * 1024;

/** @typedef {import("./model.js").Attachment} Attachment */

/** Addresses of pictures, voices and films that were fetched, the oldest given back when there are too many. @type {Map<string, Promise<{ address: string, size: number }>>} */
const fetched = new Map();
let held = 0; // bytes of them

/** A blob: address of it, fetched once. @param {string} url @param {Set<string>} [kinds] that may be shown */
function addressOf(url, kinds) {
  let found = fetched.get(url);
  if (found) fetched.delete(url); // and stands behind the others again
  else {
    found = bytes(url).then((blob) => {
      if (kinds && !kinds.has(blob.type)) throw new Failure("file_refused");
      held += blob.size;
      return { address: URL.createObjectURL(blob), size: blob.size };
    });
    found.then(giveBack, () => fetched.delete(url));
  }
  fetched.set(url, found);
  return found.then((made) => made.address);
}

function giveBack() {
  for (const [old, made] of fetched) {
    if (fetched.size <= 1 || (fetched.size <= KEPT && held <= HELD)) break;
    fetched.delete(old);
    void made.then(({ address, size: length }) => {
      held -= length;
      URL.revokeObjectURL(address);
    }).catch(() => {});
  }
}

/** @param {string} url */
const picture = (url) => addressOf(url, PICTURES);

const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting || !(entry.target instanceof HTMLElement)) continue;
      watcher.unobserve(entry.target);
      entry.target.dispatchEvent(new Event("near"));
    }
  },
  { rootMargin: "400px" },
);

/** @param {Attachment} file @param {boolean} masked */
export function attachment(file, masked) {
  if (file.state === "stored" && file.url && !masked) {
    if (PICTURES.has(file.mime)) return pictureOf(file, file.url);
    return card(file, file.url);
  }
  const why = `file_why_${file.reason}`;
  const ended = has(why) ? t(why) : t(file.state === "gone" ? "file_gone" : "file_refused_by_us");
  const words = masked && file.state === "stored" ? t("file_masked") : file.state === "pending" ? t("file_pending") : ended;
  return el("span", { class: "attachment gone" }, icon(file.state === "pending" ? "web:clock" : "web:file"), el("span", {}, el("b", {}, file.name || t(`kind_${file.kind}`)), el("small", {}, words)));
}

/** @param {Attachment} file @param {string} url */
function pictureOf(file, url) {
  const image = el("img", { alt: "", width: "240", height: "240", decoding: "async" });
  const button = el("button", { class: "picture", type: "button", "aria-label": t("open_picture", { name: file.name || t("kind_image") }) }, image);
  button.addEventListener(
    "near",
    () => {
      picture(url).then(
        (address) => {
          image.src = address;
          button.classList.add("loaded");
        },
        () => button.replaceWith(card(file, url)),
      );
    },
    { once: true },
  );
  button.addEventListener("click", () => void picture(url).then((address) => show(file, address, url)));
  watcher.observe(button);
  return button;
}

/** The picture as large as the window. @param {Attachment} file @param {string} address @param {string} url */
function show(file, address, url) {
  const dialog = el(
    "dialog",
    { class: "lightbox", "aria-label": file.name || t("kind_image") },
    el("img", { src: address, alt: t("picture_of_chat", { name: file.name }) }),
    el(
      "form",
      { method: "dialog" },
      el("a", { class: "icon-button", href: url, download: file.name || "anh", "aria-label": t("download") }, icon("web:download")),
      el("button", { class: "icon-button", "aria-label": t("close_dialog"), autofocus: true }, icon("web:close")),
    ),
  );
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {Attachment} file @param {string} url */
function card(file, url) {
  const about = el("span", {}, el("b", {}, file.name || t(`kind_${file.kind}`)), el("small", {}, [kindOf(file.mime), file.size ? size(file.size) : "", unshown(file.mime)].filter(Boolean).join(" · ")));
  if (!SOUNDS.has(file.mime)) return el("a", { class: "attachment", href: url, download: file.name || "tep" }, icon("web:file"), about, icon("web:download", "icon attachment-act"));
  const button = el("button", { class: "attachment", type: "button" }, icon("sound"), about);
  const video = file.mime.startsWith("video/");
  /** @param {boolean} play */
  const player = (play) => {
    button.disabled = true;
    addressOf(url).then(
      (address) => {
        const made = el(video ? "video" : "audio", { controls: true, class: "player", "aria-label": file.name || t(`kind_${file.kind}`) });
        made.src = address;
        made.addEventListener("error", () => made.replaceWith(button), { once: true }); // given back meanwhile: a tap fetches it again
        button.disabled = false;
        button.replaceWith(made);
        if (!play) return;
        made.focus();
        void made.play().catch(() => {});
      },
      () => (button.disabled = false),
    );
  };
  button.addEventListener("click", () => player(true));
  if (!video && file.size <= VOICE) {
    button.addEventListener("near", () => player(false), { once: true }); // a voice message is heard, not downloaded
    watcher.observe(button);
  }
  return button;
}

/** Why there is nothing to see or hear of it here: an iPhone's picture that could not be read, Zalo's voices, MOV. @param {string} mime */
function unshown(mime) {
  if (mime.startsWith("image/")) return PICTURES.has(mime) ? "" : t("file_not_seen");
  if (SOUNDS.has(mime)) return "";
  return mime.startsWith("audio/") ? t("file_not_heard") : mime.startsWith("video/") ? t("file_not_watched") : "";
}

/** @param {string} mime */
function kindOf(mime) {
  if (mime === "application/pdf") return "PDF";
  return mime.split("/")[1]?.toUpperCase() ?? "";
}

/** A file on its way up, for one conversation. */
export class Upload {
  /** @param {File} file @param {string} conversationId @param {() => void} changed */
  constructor(file, conversationId, changed) {
    this.file = file;
    this.changed = changed;
    this.conversationId = conversationId;
    this.id = "";
    this.key = newKey();
    /** @type {"sending" | "done" | "failed"} */
    this.state = "sending";
    this.problem = "";
    this.stop = new AbortController();
    this.address = PICTURES.has(file.type) ? URL.createObjectURL(file) : "";
    void this.send();
  }

  async send() {
    this.state = "sending";
    try {
      if (this.file.size > LARGEST) throw new Failure("too_large");
      if (!this.file.size) throw new Failure("file_refused");
      const form = new FormData();
      form.set("conversation_id", this.conversationId);
      form.set("file", this.file, this.file.name);
      const made = await upload("/files", form, { key: this.key, signal: this.stop.signal });
      this.id = made.id;
      this.state = "done";
    } catch (error) {
      this.state = "failed";
      this.problem = error instanceof Failure ? (error.code === "too_large" ? t("error_file_too_large") : error.words) : t("error_internal");
      if (error instanceof Failure && !error.passing) this.key = newKey();
    }
    this.changed();
  }

  cancel() {
    this.stop.abort();
    if (this.address) URL.revokeObjectURL(this.address);
  }
}
