// The language that this browser chose for the desk, kept in a cookie so that the server writes the page in it.
(() => {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("[data-act='lang']") : null;
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    const lang = link.dataset["lang"] === "en" ? "en" : "vi";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `desk-lang=${lang}; Path=/desk; Max-Age=31536000; SameSite=Strict${secure}`;
    const here = new URL(location.href);
    here.searchParams.delete("lang");
    location.replace(here);
  });
})();
