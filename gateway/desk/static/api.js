// One way to ask our own JSON API: keys on everything that acts, a few quiet repeats, and errors in words.
import { has, setup, t } from "./words.js";

const BASE = "/api/v1";
const PATIENCE_MS = 20_000;
const WAITS_MS = [500, 1500, 4000];
const UNSURE_MS = 10 * 60_000;

/** Anything that did not work, with what people may be told about it. */
export class Failure extends Error {
  /**
   * @param {string} code of the API; `offline` when nothing came back, `internal` when nobody knows
   * @param {{ status?: number, message?: string, holder?: { id: string, name: string }, fields?: Record<string, string>, retry?: number }} [more]
   */
  constructor(code, more = {}) {
    super(more.message ?? code);
    this.code = code;
    this.status = more.status ?? 0;
    this.holder = more.holder ?? null;
    this.fields = more.fields ?? {};
    this.retry = more.retry ?? 0;
  }

  /** A sentence for the person at the desk. */
  get words() {
    if (this.code === "taken" && this.holder) return t("error_taken", { name: this.holder.name });
    const known = `error_${this.code}`;
    return has(known) ? t(known) : t("error_internal");
  }

  /** Whether the same call may well succeed in a moment. */
  get passing() {
    return this.code === "offline" || this.code === "in_progress" || this.status === 429 || this.status === 503;
  }
}

/** A name for one act, for ever: the same key is done once. */
export function newKey() {
  return uuid();
}

/** @type {((reason: "signed_out") => void) | null} */
let onSignedOut = null;
/** @param {(reason: "signed_out") => void} listener */
export function whenSignedOut(listener) {
  onSignedOut = listener;
}

/**
 * @param {string} path
 * @param {Record<string, string | number | undefined | null>} [query]
 * @param {AbortSignal} [signal]
 */
export function get(path, query = {}, signal) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return ask("GET", search ? `${path}?${search}` : path, { signal });
}

/**
 * @param {string} path
 * @param {object} [body]
 * @param {{ key?: string, signal?: AbortSignal }} [more] `key` -- of an act that was tried before
 */
export function post(path, body = {}, more = {}) {
  return more.key === undefined ? act("POST", path, body, more.signal) : ask("POST", path, { body, key: more.key, signal: more.signal });
}

/** @param {string} path @param {object} body */
export function patch(path, body) {
  return act("PATCH", path, body);
}

/** @param {string} path */
export function remove(path) {
  return ask("DELETE", path, { key: newKey() });
}

/**
 * @param {string} path
 * @param {FormData} form
 * @param {{ key?: string, signal?: AbortSignal }} [more]
 */
export function upload(path, form, more = {}) {
  return ask("POST", path, { form, key: more.key ?? newKey(), signal: more.signal, patience: 130_000 });
}

/** @param {string} url of ours @param {AbortSignal} [signal] @returns {Promise<Blob>} */
export async function bytes(url, signal) {
  const answer = await once("GET", url, { signal });
  if (!answer.ok) throw await failure(answer);
  return answer.blob();
}

/** @typedef {{ body?: object, form?: FormData, key?: string, signal?: AbortSignal | undefined, patience?: number }} Options */

/** Keys of acts whose answer was lost, by what they asked for. @type {Map<string, string>} */
const unsure = new Map();

/**
 * An act: pressed again because its answer was lost, it goes under the same key and is done once. One that says nothing
 * (take, return) is guarded by the state it changes, and may be meant anew a minute later.
 * @param {string} method @param {string} path @param {object} body @param {AbortSignal} [signal]
 */
async function act(method, path, body, signal) {
  if (!Object.keys(body).length) return ask(method, path, { body, key: newKey(), signal });
  const print = JSON.stringify([method, path, body]);
  const key = unsure.get(print) ?? newKey();
  unsure.delete(print);
  try {
    return await ask(method, path, { body, key, signal });
  } catch (error) {
    if (error instanceof Failure && (error.passing || error.status === 0 || error.status >= 500)) {
      unsure.set(print, key);
      setTimeout(() => unsure.get(print) === key && unsure.delete(print), UNSURE_MS);
    }
    throw error;
  }
}

/**
 * Asks, and asks again where the same question is safe: a read, or an act with its key.
 * @param {string} method
 * @param {string} path
 * @param {Options} options
 * @returns {Promise<any>}
 */
async function ask(method, path, options) {
  for (let turn = 0; ; turn += 1) {
    try {
      const answer = await once(method, BASE + path, options);
      if (answer.ok) return answer.status === 204 ? null : await answer.json();
      throw await failure(answer);
    } catch (error) {
      const wrong = error instanceof Failure ? error : new Failure("internal", { message: String(error) });
      const wait = WAITS_MS[turn];
      const gaveUp = options.signal?.aborted ?? false;
      if (gaveUp || wait === undefined || !wrong.passing || wrong.retry * 1000 > 5000) throw wrong;
      await pause(Math.max(wait, wrong.retry * 1000));
    }
  }
}

/** @param {string} method @param {string} url @param {Options} options */
async function once(method, url, { body, form, key, signal, patience }) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (key) headers["Idempotency-Key"] = key;
  if (form) headers["X-CSRF"] = setup.csrf;
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = within(patience ?? PATIENCE_MS);
  try {
    return await fetch(url, {
      method,
      headers,
      body: form ?? (body === undefined ? null : JSON.stringify(body)),
      signal: signal ? either(signal, limit) : limit,
      cache: "no-store",
      credentials: "same-origin",
      redirect: "error",
    });
  } catch (error) {
    throw new Failure("offline", { message: String(error) });
  }
}

// `AbortSignal.timeout` and `any` are younger than browsers that are still at desks.

/** @param {number} ms @returns {AbortSignal} */
function within(ms) {
  if (typeof AbortSignal.timeout === "function") return AbortSignal.timeout(ms);
  const made = new AbortController();
  setTimeout(() => made.abort(), ms);
  return made.signal;
}

/** @param {AbortSignal} one @param {AbortSignal} other @returns {AbortSignal} */
function either(one, other) {
  if (typeof AbortSignal.any === "function") return AbortSignal.any([one, other]);
  const made = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) made.abort();
    else signal.addEventListener("abort", () => made.abort(), { once: true });
  }
  return made.signal;
}

/** A name of 128 random bits. `randomUUID` is only there on https and on newer browsers. */
function uuid() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** @param {Response} answer */
async function failure(answer) {
  /** @type {any} */
  let told = null;
  try {
    told = (await answer.json()).error;
  } catch {
    // a proxy in between speaks HTML
  }
  if (answer.status === 401) onSignedOut?.("signed_out");
  return new Failure(told?.code ?? (answer.status >= 500 ? "unavailable" : "internal"), {
    status: answer.status,
    message: told?.message,
    holder: told?.holder,
    fields: told?.fields,
    retry: Number(answer.headers.get("Retry-After") ?? 0) || 0,
  });
}

/** Say something that nobody needs to answer. @param {string} url @param {object} body */
export function mention(url, body) {
  void once("POST", url, { body }).catch(() => {});
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
