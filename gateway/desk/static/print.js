// Hands the page to the browser's own printing, which also keeps it as PDF.
import { byId } from "../../web/static/dom.js";

byId("print", HTMLElement).addEventListener("click", () => print());
