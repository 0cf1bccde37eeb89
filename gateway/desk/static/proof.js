// Grave acts want a fresh proof: the act is tried, and where the answer is "show that it is you", we ask and try again.
import { el } from "../../web/static/dom.js";
import { Failure, get, post } from "./api.js";
import { ask, field, trouble } from "./dialogs.js";
import { t } from "./words.js";

/**
 * @template T
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
export async function proven(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "proof_needed" || !(await shown())) throw error;
    return act();
  }
}

/** @returns {Promise<boolean>} whether the person has shown that it is he */
async function shown() {
  /** @type {{ second_factor: boolean }} */
  const me = await get("/me");
  const password = el("input", { type: "password", maxlength: 256, autocomplete: "current-password" });
  const code = el("input", { type: "text", maxlength: 80, autocomplete: "one-time-code", inputmode: "text" });
  const fields = [el("p", {}, t("proof_lead")), field(t("proof_password"), password)];
  if (me.second_factor) fields.push(field(t("proof_code"), code));
  return ask({
    title: t("proof_title"),
    button: t("proof_go"),
    fields,
    done: async () => {
      if (!password.value && !code.value.trim()) throw trouble(t("proof_missing"));
      try {
        await post("/me/proof", code.value.trim() ? { code: code.value.trim() } : { password: password.value });
      } catch (error) {
        if (error instanceof Failure && error.fields["password"]) throw trouble(t("password_not_right"));
        if (error instanceof Failure && error.fields["code"]) throw trouble(t("code_not_right"));
        throw error;
      }
    },
  });
}
