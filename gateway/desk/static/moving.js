// Leading a customer into another chat of ours by a link that tells who he is.
import { el } from "../../web/static/dom.js";
import { get, post } from "./api.js";
import { keep } from "./conversations.js";
import { ask, toast, trouble, wordsOf } from "./dialogs.js";
import { channelName, icon } from "./people.js";
import { t } from "./words.js";

/** @param {import("./model.js").Conversation} one */
export async function moving(one) {
  const list = el("fieldset", { class: "choices" }, el("legend", {}, t("move_to")), el("p", { class: "hint", role: "status" }, t("loading")));
  void get(`/conversations/${one.id}/places`).then(
    (found) => {
      const rows = found.items.map((/** @type {{ account: string, channel: string, name: string, carries: boolean }} */ place) =>
        el("label", { class: "choice" }, el("input", { type: "radio", name: "account", value: place.account }), icon(`ch-${place.channel}`), el("span", {}, el("b", {}, `${channelName(place.channel)} · ${place.name}`), el("small", {}, t(place.carries ? "move_carries" : "move_typed")))),
      );
      list.replaceChildren(el("legend", {}, t("move_to")), ...(rows.length ? rows : [el("p", { class: "hint", role: "status" }, t("move_nowhere"))]));
    },
    (error) => list.replaceChildren(el("legend", {}, t("move_to")), el("p", { class: "problem", role: "alert" }, wordsOf(error))),
  );
  const done = await ask({
    title: t("move"),
    button: t("send"),
    fields: [el("p", {}, t("move_what")), list],
    done: async (form) => {
      const account = String(form.get("account") ?? "");
      if (!account) throw trouble(t("move_choose"));
      keep(await post(`/conversations/${one.id}/move`, { account }));
    },
  });
  if (done) toast(t("move_sent"));
}
