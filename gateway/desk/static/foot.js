// The end of the thread: who reads the newest goes on reading it; who reads earlier words is told how many came since.
import { byId } from "../../web/static/dom.js";
import { icon } from "./people.js";
import { t } from "./words.js";

const NEAR = 90;
const TOP = 400; // px above which earlier messages are wanted

export class Foot {
  /** @param {HTMLElement} scroller @param {{ seen: () => void, top: () => void }} to `seen` -- the newest are in sight again */
  constructor(scroller, to) {
    this.scroller = scroller;
    this.to = to;
    this.jump = byId("jump", HTMLButtonElement);
    this.stuck = true;
    this.missed = 0;
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.jump.addEventListener("click", () => {
      this.bottom("smooth");
      this.scroller.focus({ preventScroll: true });
    });
    // pictures that load, a composer that grows
    const observer = new ResizeObserver(() => this.grew());
    observer.observe(byId("thread-inner", HTMLElement));
    observer.observe(this.scroller);
  }

  /** Of another conversation. */
  anew() {
    this.missed = 0;
    this.stuck = true;
  }

  get near() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR;
  }

  /** @param {ScrollBehavior} [behavior] */
  bottom(behavior = "instant") {
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior });
    this.stuck = true;
    this.missed = 0;
    this.jumper();
  }

  /** More came under the thread. */
  grew() {
    if (this.stuck) this.bottom();
  }

  jumper() {
    this.jump.hidden = this.near;
    const words = this.missed ? t("n_new", { n: this.missed }) : t("to_newest");
    if (this.jump.textContent !== words) this.jump.replaceChildren(icon("web:down"), words);
  }

  /** @param {() => void} change above what is in sight */
  keepPlace(change) {
    const rest = this.scroller.scrollHeight - this.scroller.scrollTop;
    change();
    this.scroller.scrollTop = this.scroller.scrollHeight - rest;
  }

  #scrolled() {
    this.stuck = this.near;
    if (this.stuck && this.missed) {
      this.missed = 0;
      this.to.seen();
    }
    this.jumper();
    if (this.scroller.scrollTop < TOP) this.to.top();
  }
}
