// The service worker of the desk: shows what a push service brings while no page is open, and what an open page asks it to.
// One notice a conversation, however many tabs and pushes tell of it; a click leads there. It keeps nothing and fetches nothing
// but its own subscription anew.

/** @typedef {{ notice: string, tag: string, title: string, body: string, conversation: string, page: string, silent: boolean }} Notice */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("push", (event) => event.waitUntil(pushed(event.data)));
worker.addEventListener("message", (event) => event.waitUntil(asked(event)));
worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead(event.notification.data?.conversation ?? "", event.notification.data?.page ?? ""));
});
worker.addEventListener("pushsubscriptionchange", (/** @type {any} */ event) => event.waitUntil(renewed(event)));

/** @param {PushMessageData | null} data */
async function pushed(data) {
  /** @type {Notice | null} */
  let notice = null;
  try {
    notice = data?.json() ?? null;
  } catch {
    // not ours
  }
  if (notice && typeof notice.title === "string") await show(notice);
}

/** A page asks whether this is to be shown, and is told whether it was. @param {ExtendableMessageEvent} event */
async function asked(event) {
  if (event.data?.type !== "notice") return;
  let shown = false;
  try {
    shown = await show(event.data.notice);
  } catch {
    // no permission any more
  }
  event.ports[0]?.postMessage({ shown });
}

/** Not while a page of the desk is in sight: that one tells. @param {Notice} notice */
async function show(notice) {
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (pages.some((page) => page.visibilityState === "visible" && isInbox(page.url))) return false;
  await worker.registration.showNotification(notice.title, {
    body: notice.body,
    tag: notice.tag,
    silent: notice.silent,
    data: { conversation: notice.conversation, page: notice.page, notice: notice.notice },
  });
  return true;
}

/** @param {string} url */
function isInbox(url) {
  const path = new URL(url).pathname;
  return path === "/desk/" || path.startsWith("/desk/c/");
}

/** @param {string} conversation @param {string} address of another page of the desk, "" = the inbox */
async function lead(conversation, address) {
  if (address) {
    await worker.clients.openWindow(address);
    return;
  }
  const pages = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => isInbox(one.url));
  if (!page) {
    await worker.clients.openWindow(conversation ? `/desk/c/${encodeURIComponent(conversation)}` : "/desk/");
    return;
  }
  page.postMessage({ type: "open", conversation });
  await page.focus().catch(() => {}); // some browsers let only one focus a click
}

/** The browser changed its address there: ours must know the new one. @param {any} event not in the types yet */
async function renewed(event) {
  const options = event.oldSubscription?.options ?? { userVisibleOnly: true };
  const made = event.newSubscription ?? (await worker.registration.pushManager.subscribe(options));
  const { endpoint, keys } = made.toJSON();
  await fetch("/api/v1/me/browsers", {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ endpoint, p256dh: keys?.p256dh, auth: keys?.auth, agent: "" }),
  });
}
