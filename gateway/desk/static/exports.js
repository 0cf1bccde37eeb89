// Tables that leave the house: asked what for, then downloaded.
import { el } from "../../web/static/dom.js";
import { Failure, newKey, post } from "./api.js";
import { ask, field, toast, trouble } from "./dialogs.js";
import { proven } from "./proof.js";
import { setup, t } from "./words.js";

const PURPOSES = ["care", "advise", "contact", "issue", "deliver", "claim", "complaint", "legal", "security"];
const SEPARATORS = ["semicolon", "comma"];
const PATIENCE_MS = 120_000;

/**
 * @param {string} path of the API
 * @param {object} body what is wanted
 * @param {boolean} people whether names and numbers may be in it
 */
export async function exporting(path, body, people) {
  const purpose = el("select", { name: "purpose" }, el("option", { value: "" }, "…"), ...PURPOSES.map((each) => el("option", { value: each }, t(`purpose_${each}`))));
  const usual = setup.lang === "en" ? "comma" : "semicolon";
  const separator = el("select", { name: "separator" }, ...SEPARATORS.map((each) => el("option", { value: each, selected: each === usual }, t(`export_${each}`))));
  const personal = el("label", { class: "tick" }, el("input", { type: "checkbox", name: "personal" }), el("span", {}, t("export_personal")));
  const fields = [field(t("export_purpose"), purpose, t("export_purpose_hint")), field(t("export_separator"), separator)];
  let asked = false;
  const done = await ask({
    title: t("export_title"),
    button: t("export_go"),
    fields: people ? [...fields, personal] : fields,
    done: async (form) => {
      if (!form.get("purpose")) throw trouble(t("export_choose"));
      asked = people && form.has("personal");
      const purpose = form.get("purpose");
      // with names and numbers it waits for a second person, who lets exactly this go
      if (asked) await proven(() => post("/exports/asks", { ...body, purpose }));
      else await proven(() => download(path, { ...body, purpose, separator: form.get("separator"), lang: setup.lang }));
    },
  });
  if (done) toast(t(asked ? "export_asked" : "export_done"));
}

/** @param {string} path @param {object} body */
export async function download(path, body) {
  const answer = await fetch(`/api/v1${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": newKey() },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE_MS),
    credentials: "same-origin",
    cache: "no-store",
  }).catch((error) => {
    throw new Failure("offline", { message: String(error) });
  });
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({}));
    throw new Failure(told.error?.code ?? "internal", { status: answer.status, fields: told.error?.fields });
  }
  const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "export.csv";
  const url = URL.createObjectURL(await answer.blob());
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
