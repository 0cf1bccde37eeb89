// Where words stand in a text, with and without marks: for highlighting, in text nodes.
import { el } from "../../web/static/dom.js";

/** Lower case without marks, with the place of each letter in the text. @param {string} text */
function folded(text) {
  let plain = "";
  /** @type {number[]} */
  const places = [];
  let at = 0;
  for (const letter of text) {
    for (const part of letter.toLowerCase().replace("đ", "d").normalize("NFD").replace(/\p{M}/gu, "")) {
      plain += part;
      for (let unit = 0; unit < part.length; unit += 1) places.push(at);
    }
    at += letter.length;
  }
  places.push(at);
  return { plain, places };
}

/**
 * The pieces of a text that were asked for, [from, to) each, in order and apart.
 * @param {string} text @param {string} query @returns {[number, number][]}
 */
export function found(text, query) {
  const { plain, places } = folded(text);
  const asked = folded(query).plain;
  /** @type {[number, number][]} */
  const pieces = [];
  /** @param {number} from @param {number} to of the folded text */
  const note = (from, to) => {
    const end = places[to - 1] ?? 0;
    pieces.push([places[from] ?? 0, end + (String.fromCodePoint(text.codePointAt(end) ?? 32).length || 1)]);
  };
  const tight = [...plain].map((letter, at) => /** @type {[string, number]} */ ([letter, at])).filter(([letter]) => /[\p{L}\p{N}]/u.test(letter));
  const whole = asked.replace(/[^\p{L}\p{N}]/gu, "");
  if (/\d/.test(whole) && whole.length >= 4) {
    const run = tight.map(([letter]) => letter).join("");
    for (const each of new Set([whole, whole.replace(/^84(?=\d{9}$)/, "0")])) {
      for (let at = run.indexOf(each); at >= 0; at = run.indexOf(each, at + 1)) note(tight[at]?.[1] ?? 0, (tight[at + each.length - 1]?.[1] ?? 0) + 1);
    }
  }
  for (const word of new Set(asked.match(/\d+|\p{L}+/gu) ?? [])) {
    for (let at = plain.indexOf(word); at >= 0; at = plain.indexOf(word, at + 1)) {
      if (!/[\p{L}\p{N}]/u.test(plain[at - 1] ?? " ")) note(at, at + word.length);
    }
  }
  pieces.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
  /** @type {[number, number][]} */
  const apart = [];
  for (const [from, to] of pieces) {
    const last = apart.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else apart.push([from, to]);
  }
  return apart;
}

/** The text with what was asked for marked. @param {string} text @param {string} query @returns {Node[]} */
export function marked(text, query) {
  /** @type {Node[]} */
  const made = [];
  let done = 0;
  for (const [from, to] of found(text, query)) {
    made.push(document.createTextNode(text.slice(done, from)), el("mark", {}, text.slice(from, to)));
    done = to;
  }
  made.push(document.createTextNode(text.slice(done)));
  return made;
}
