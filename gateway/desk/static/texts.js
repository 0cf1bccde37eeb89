// All texts as channels show them: what is chosen is shown at once, what is typed narrows the page.
import { byId } from "../../web/static/dom.js";
import { t } from "./words.js";

const looks = byId("looks", HTMLFormElement);
const find = byId("find", HTMLInputElement);
const found = byId("found", HTMLElement);
const texts = [...document.querySelectorAll(".text")].map((node) => ({ node, words: fold(node.textContent ?? "") }));

byId("looks-go", HTMLElement).hidden = true;
looks.addEventListener("change", (event) => {
  if (event.target !== find) looks.submit();
});
looks.addEventListener("submit", (event) => {
  if (document.activeElement === find) event.preventDefault();
});
find.addEventListener("input", narrow);

function narrow() {
  const wanted = fold(find.value.trim());
  let count = 0;
  for (const { node, words } of texts) {
    const shown = words.includes(wanted);
    if (node instanceof HTMLElement) node.hidden = !shown;
    count += Number(shown);
  }
  for (const section of document.querySelectorAll("section.texts")) {
    if (section instanceof HTMLElement) section.hidden = !section.querySelector(".text:not([hidden])");
  }
  found.textContent = wanted ? t("texts_found", { count: String(count) }) : "";
}

/** Without marks and case, as people type into a search box. @param {string} text */
function fold(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/gi, "d").toLowerCase();
}
