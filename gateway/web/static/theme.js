// Light or dark as the visitor chose, before the first paint: loaded in <head>, not deferred. No choice = the system's.
(() => {
  const root = document.documentElement;
  /** @param {string | null} theme */
  const show = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset["theme"] = theme;
    else delete root.dataset["theme"];
  };
  /** @returns {string | null} */
  const kept = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage may be forbidden; then the system's theme is shown
    }
  };
  show(kept());
  addEventListener("storage", (event) => {
    if (event.key === "theme") show(event.newValue);
  });
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-act='theme']") : null;
    if (!button) return;
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset["theme"] ?? system) === "dark" ? "light" : "dark";
    show(next === system ? null : next);
    try {
      if (next === system) localStorage.removeItem("theme");
      else localStorage.setItem("theme", next);
    } catch {
      // shown for this page only
    }
  });
})();
