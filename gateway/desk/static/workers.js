// The service worker's registration, and this browser's push subscription. The policy lets exactly its one address through:
// the page's Content-Security-Policy wants Trusted Types, and `gateway` is the only name that it allows.

const PATH = "/desk/worker.js";
const READY_MS = 5000;

/** @typedef {{ createPolicy: (name: string, rules: { createScriptURL: (url: string) => string }) => { createScriptURL: (url: string) => unknown } }} Trusted */

/** @type {string | unknown} */
let trusted = "";

function address() {
  /** @type {Trusted | undefined} */
  const types = /** @type {any} */ (window).trustedTypes;
  if (!types) return PATH;
  trusted ||= types
    .createPolicy("gateway", {
      createScriptURL(url) {
        if (url !== PATH) throw new TypeError("not the service worker");
        return url;
      },
    })
    .createScriptURL(PATH);
  return trusted;
}

/** The registration; null where this browser, or an address without https, has none. @returns {Promise<ServiceWorkerRegistration | null>} */
export async function registered() {
  if (!("serviceWorker" in navigator)) return null;
  return navigator.serviceWorker.register(/** @type {string} */ (address()), { scope: "/desk/" });
}

/** The worker at work, registered before or now. @returns {Promise<ServiceWorker | null>} */
export async function ready() {
  try {
    const registration = await registered();
    if (!registration) return null;
    if (registration.active) return registration.active;
    const late = new Promise((resolve) => setTimeout(() => resolve(null), READY_MS));
    const done = await Promise.race([navigator.serviceWorker.ready, late]);
    return done ? registration.active : null;
  } catch {
    return null;
  }
}

/** Whether this browser could be told while no page is open. */
export function possible() {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

/** This browser's subscription, null = none. @returns {Promise<PushSubscription | null>} */
export async function subscription() {
  const registration = await navigator.serviceWorker?.getRegistration("/desk/");
  return (await registration?.pushManager?.getSubscription()) ?? null;
}

/** Subscribe with the server's key; one made with another key is of no use any more. @param {string} key base64url @returns {Promise<PushSubscription>} */
export async function subscribe(key) {
  const registration = await registered();
  if (!registration) throw new Error("no service worker");
  await ready();
  const old = await registration.pushManager.getSubscription();
  if (old && text(old.options.applicationServerKey) !== key) await old.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
}

/** @param {ArrayBuffer | null} data */
function text(data) {
  const letters = [...new Uint8Array(data ?? new ArrayBuffer(0))].map((one) => String.fromCharCode(one)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {string} given */
function bytes(given) {
  const letters = atob(given.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(letters, (one) => one.charCodeAt(0));
}
