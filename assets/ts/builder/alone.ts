// <condition-builder data-registry data-path>: one condition around its textarea, which is empty where there is none.
// The element around both says the form and what is wrong (data-form, data-problems). What is no condition is mended as
// text, and what nobody touches stays as it was written.

import { conditionEditor } from "./conditions";
import { h } from "./dom";
import { show, type Problem } from "./problems";
import { isGroup, type Ask, type Form, type Rec } from "./types";

export class ConditionBuilder extends HTMLElement {
  #drawn = false;

  connectedCallback(): void {
    const area = this.querySelector("textarea");
    const around = this.closest<HTMLElement>("[data-form]");
    const record = area && read(area.value);
    if (!area || !around || !record || this.#drawn) return;
    this.#drawn = true;
    const path = this.dataset["path"] ?? "";
    const ask: Ask = {
      name: "tree", kind: "tree", optional: true, registry: this.dataset["registry"] ?? "receipt",
      label: this.querySelector("label")?.textContent ?? "",
    };
    const changed = (): void => {
      area.value = record["tree"] === undefined ? "" : JSON.stringify(record["tree"]);
    };
    const form = JSON.parse(around.dataset["form"] ?? "") as Form;
    const box = h("div", { class: "b-form" }, conditionEditor(ask, record, path, { form, changed }));
    for (const plain of [area, this.querySelector(".form-hint")]) plain?.setAttribute("hidden", "");
    area.after(box);
    const problems = JSON.parse(around.dataset["problems"] ?? "[]") as Problem[];
    show(problems.filter((one) => `${one.path}.`.startsWith(`${path}.`)), this, box);
  }
}

function read(text: string): Rec | undefined {
  if (!text.trim()) return {};
  try {
    const tree: unknown = JSON.parse(text);
    return isGroup(tree) ? { tree } : undefined;
  } catch {
    return undefined;
  }
}
