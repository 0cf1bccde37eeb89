// Files that are to go with an answer: of each conversation its own, shown as chips while they come to us.
import { byId, el } from "../../web/static/dom.js";
import { toast } from "./dialogs.js";
import { Upload } from "./files.js";
import { icon } from "./people.js";
import { size, t } from "./words.js";

/** @typedef {Pick<Upload, "id" | "state" | "problem" | "address" | "cancel" | "send"> & { file: { name: string, size: number } }} Chosen a file that is to go */

const FILES = 10;

export class Enclosed {
  /** @param {{ takes: () => boolean, changed: () => void, left: () => void }} to `takes` -- there is room for files now; `left` -- one was taken away */
  constructor(to) {
    this.to = to;
    this.box = byId("uploads", HTMLElement);
    this.id = "";
    /** @type {Map<string, Chosen[]>} */
    this.kept = new Map();
    this.#listen();
  }

  /** @param {string} id */
  open(id) {
    this.id = id;
    this.paint();
  }

  /** Of the open conversation. */
  get files() {
    return this.kept.get(this.id) ?? [];
  }

  /** @param {File[]} files */
  add(files) {
    if (!this.to.takes()) return;
    const id = this.id;
    const room = Math.max(0, FILES - this.files.length);
    this.#put(id, files.slice(0, room).map((file) => new Upload(file, id, () => this.paint())), files.length - room);
    this.paint();
  }

  /** Files that are with us already. @param {string} id @param {{ id: string, name: string }[]} files */
  back(id, files) {
    this.#put(id, files.map((file) => arrived(file.id, file.name)));
  }

  /** They have gone. */
  gone() {
    for (const file of this.files) file.cancel();
    this.kept.delete(this.id);
  }

  paint() {
    this.box.replaceChildren(...this.files.map((file) => this.#chip(file)));
    this.box.hidden = !this.box.childElementCount;
    this.to.changed();
  }

  /** To what is to go there, as far as there is room. @param {string} id @param {Chosen[]} files @param {number} [over] of more that were chosen */
  #put(id, files, over = 0) {
    const list = [...(this.kept.get(id) ?? []), ...files];
    this.kept.set(id, list.slice(0, FILES));
    const left = Math.max(over, list.length - FILES);
    if (left > 0) toast(t("files_most", { n: FILES, left }), "bad");
  }

  #listen() {
    for (const [button, picker] of /** @type {const} */ ([["attach", "files"], ["snap", "camera"]])) {
      const input = byId(picker, HTMLInputElement);
      byId(button, HTMLButtonElement).addEventListener("click", () => input.click());
      input.addEventListener("change", () => {
        this.add([...(input.files ?? [])]);
        input.value = "";
      });
    }
    const column = byId("thread", HTMLElement);
    column.addEventListener("dragover", (event) => {
      if (this.to.takes() && event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
        column.classList.add("dropping");
      }
    });
    column.addEventListener("dragleave", (event) => {
      if (!(event.relatedTarget instanceof Node && column.contains(event.relatedTarget))) column.classList.remove("dropping");
    });
    column.addEventListener("drop", (event) => {
      column.classList.remove("dropping");
      if (!this.to.takes() || !event.dataTransfer?.files.length) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
    });
  }

  /** @param {Chosen} file */
  #chip(file) {
    const words = file.state === "sending" ? t("file_uploading") : file.state === "failed" ? file.problem : file.file.size ? size(file.file.size) : "";
    const look = file.address ? el("img", { src: file.address, alt: "", width: "44", height: "44" }) : icon("web:file");
    const remove = () => {
      file.cancel();
      this.kept.set(this.id, this.files.filter((one) => one !== file));
      this.paint();
      this.to.left();
    };
    const retry = () => {
      void file.send();
      this.paint();
    };
    return el(
      "li",
      { class: `upload ${file.state}` },
      look,
      el("span", { class: "upload-words" }, el("b", {}, file.file.name), el("small", { role: file.state === "failed" ? "alert" : null }, words)),
      file.state === "failed" && el("button", { class: "icon-button", type: "button", "aria-label": t("again"), title: t("again"), onclick: retry }, icon("web:retry")),
      el("button", { class: "icon-button", type: "button", "aria-label": t("remove_file", { name: file.file.name }), onclick: remove }, icon("web:close")),
    );
  }
}

/** A file that is with us already. @param {string} id @param {string} name @returns {Chosen} */
function arrived(id, name) {
  return { id, file: { name, size: 0 }, state: "done", problem: "", address: "", cancel: () => {}, send: async () => {} };
}
