// Files on their way up: checked here for size and type so that nobody waits for a refusal, judged by the server.

/** @typedef {{ id: string, name: string, mime: string, size: number }} Stored */

export const TYPES = ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", "application/pdf"];

/** The server (or the check here) does not take this file; the message is for the visitor. */
export class Refused extends Error {}

/**
 * @param {File} file
 * @param {number} most bytes
 * @param {Record<string, string>} words
 */
export function check(file, most, words) {
  const named = /\.(jpe?g|png|webp|hei[cf]|pdf)$/i.test(file.name);
  if (file.type ? !TYPES.includes(file.type) : !named) throw new Refused(words["file_type"] ?? "");
  if (file.size > most) throw new Refused((words["file_too_big"] ?? "").replace("{gioi_han}", `${Math.floor(most / 1024 / 1024)} MB`));
  if (!file.size) throw new Refused(words["file_type"] ?? "");
}

/**
 * XMLHttpRequest, because fetch cannot tell how much has gone up.
 * @param {File} file
 * @param {string} token
 * @param {(percent: number) => void} told
 * @param {Record<string, string>} words
 * @returns {Promise<Stored>}
 */
export function upload(file, token, told, words) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", "/chat/files");
    request.setRequestHeader("X-Chat-Token", token);
    request.setRequestHeader("Accept-Language", document.documentElement.lang);
    request.timeout = 180_000;
    request.upload.onprogress = (event) => event.lengthComputable && told((event.loaded / event.total) * 100);
    request.onload = () => {
      if (request.status === 201) return resolve(JSON.parse(request.responseText));
      reject(refusal(request.responseText) ?? new Error(`upload: ${request.status}`));
    };
    request.onerror = request.ontimeout = request.onabort = () => reject(new Error(words["upload_failed"] ?? ""));
    request.send(form);
  });
}

/** @param {string} body */
function refusal(body) {
  try {
    const message = JSON.parse(body)?.error?.message;
    return typeof message === "string" && message ? new Refused(message) : null;
  } catch {
    return null;
  }
}

/**
 * Files that are dragged onto the chat.
 * @param {HTMLElement} root
 * @param {HTMLElement} shade shown while they hang over it
 * @param {(files: File[]) => void} take
 */
export function takeDrops(root, shade, take) {
  let depth = 0;
  const carries = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
  const show = (/** @type {number} */ now) => {
    depth = now;
    shade.hidden = depth <= 0;
  };
  root.addEventListener("dragenter", (event) => carries(event) && show(depth + 1));
  root.addEventListener("dragleave", (event) => carries(event) && show(depth - 1));
  root.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  root.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    show(0);
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
