// What is fetched when it is first needed; what did not come is missed aloud, and asked for again with the next need.
import { toast } from "./dialogs.js";
import { t } from "./words.js";

/** Parts that are here or on their way. @type {Set<string>} */
const parts = new Set();
/** What is said of those that did not come. @type {Map<string, HTMLElement>} */
const missing = new Map();
/** @template Module @param {string} name @param {() => Promise<Module>} load @param {(module: Module) => void} use */
export function part(name, load, use) {
  if (parts.has(name)) return;
  parts.add(name);
  const told = missing.get(name);
  load().then((module) => {
    told?.remove();
    use(module);
  }, () => {
    parts.delete(name);
    // a browser may remember that a module did not come: then only the page anew fetches it
    missing.set(name, toast(t(`part_${name}`), "bad", { words: t("part_reload"), press: () => location.reload() }));
  });
}
