// The accounts: looked at anew when somebody comes back to the page; while it is read, nothing moves.
const STALE_MS = 60_000;
const loaded = Date.now();

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && Date.now() - loaded > STALE_MS) location.replace(location.pathname);
});
