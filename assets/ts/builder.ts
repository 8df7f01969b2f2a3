// <rule-builder data-form data-problems data-check>: the form of one record, around a textarea with its JSON, which is
// what is sent and, without this script, what is edited. The server is the judge: it says what is wrong by path.

import { ConditionBuilder } from "./builder/alone";
import { recordEditor } from "./builder/fields";
import { h } from "./builder/dom";
import { show, type Problem } from "./builder/problems";
import { isRec, type Form, type Rec } from "./builder/types";

interface Answer {
  problems: Problem[];
  words: string[];
}

const PAUSE = 400;

export class RuleBuilder extends HTMLElement {
  #model: Rec = {};
  #form: Form | undefined;
  #area: HTMLTextAreaElement | undefined;
  #box = h("div", { class: "b-form" });
  #waiting = 0;
  #asked = 0;
  #strict = false;

  connectedCallback(): void {
    const area = this.querySelector("textarea");
    const said = this.dataset["form"];
    if (!area || !said || this.#form) return;
    const model: unknown = parsed(area.value);
    // What is no record is mended as text.
    if (!isRec(model)) return;
    this.#form = JSON.parse(said) as Form;
    this.#area = area;
    (area.closest("[data-plain]") ?? area).setAttribute("hidden", "");
    this.append(this.#box);
    this.load(model);
    const problems = JSON.parse(this.dataset["problems"] ?? "[]") as Problem[];
    this.#strict = "refused" in this.dataset || problems.length > 0;
    show(problems, this, this.#box);
    if ("refused" in this.dataset) this.querySelector<HTMLElement>(".b-wrong input, .b-wrong select, .b-wrong textarea")?.focus();
  }

  /** The record as it is now. */
  get value(): Rec {
    return this.#model;
  }

  load(model: Rec): void {
    if (!this.#form) return;
    this.#model = model;
    const desk = { form: this.#form, changed: (): void => this.#changed() };
    this.#box.replaceChildren(recordEditor(this.#form.asks, model, "", desk));
    this.#write();
  }

  #write(): void {
    if (this.#area) this.#area.value = JSON.stringify(this.#model);
  }

  #changed(): void {
    this.#write();
    window.clearTimeout(this.#waiting);
    if (this.dataset["check"]) this.#waiting = window.setTimeout(() => void this.#check(), PAUSE);
  }

  async #check(): Promise<void> {
    const form = this.closest("form");
    if (!form) return;
    this.#asked += 1;
    const mine = this.#asked;
    try {
      const answer = await fetch(this.dataset["check"] ?? "", { method: "POST", body: new FormData(form) });
      if (!answer.ok || mine !== this.#asked) return;
      const { problems, words } = (await answer.json()) as Answer;
      if (this.#strict) show(problems, this, this.#box);
      const place = document.querySelector("[data-in-words]");
      place?.replaceChildren(...words.map((text) => h("p", {}, text)));
    } catch {
      // Without an answer the page is as good as before; saving tells what is wrong.
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

customElements.define("rule-builder", RuleBuilder);
customElements.define("condition-builder", ConditionBuilder);
