// Editors of what stands behind an operator: one value, a list, two of them, by the kind of the field.

import { button, fresh, h, select, texts } from "./dom";
import { local, moment, shown, typed } from "./figures";
import { say, type Choice, type Desk, type FieldInfo, type Json, type Rec } from "./types";

const FEW = 14;
const PATH = " / ";

interface Place {
  desk: Desk;
  about: FieldInfo;
  /** What a screen reader calls the value. */
  label: string;
}

export function valueEditor(rule: Rec, takes: string, place: Place): HTMLElement {
  const set = (value: Json): void => {
    rule["value"] = value;
    place.desk.changed();
  };
  const value = rule["value"];
  switch (takes) {
    case "nothing":
      return h("span", { class: "b-none" });
    case "days":
      return suffixed(figure(value, 0, place.label, set), say(place.desk, "days"));
    case "pair":
      return pair(value, place, set);
    case "list":
      return list(value, place, set);
    default:
      return one(value, place, place.label, set);
  }
}

/** Return a value to begin with. */
export function beginning(takes: string, about: FieldInfo): Json {
  if (takes === "nothing") return undefined;
  if (takes === "list") return [];
  if (takes === "pair") return ["", ""];
  return about.kind === "flag" ? true : "";
}

export function figure(value: Json, decimals: number, label: string, set: (value: Json) => void): HTMLInputElement {
  const made = input(shown(value, decimals), label, { inputmode: "decimal", class: "form-control b-figure" });
  made.addEventListener("input", () => set(made.value.trim() === "" ? "" : typed(made.value, decimals)));
  return made;
}

function one(value: Json, place: Place, label: string, set: (value: Json) => void): HTMLElement {
  const { about, desk } = place;
  const plain = typeof value === "string" ? value : value === undefined || value === null ? "" : String(value);
  switch (about.kind) {
    case "number":
    case "money":
      return suffixed(figure(value, about.decimals ?? 0, label, set), about.suffix);
    case "flag": {
      const choices: Choice[] = [["true", say(desk, "yes")], ["false", say(desk, "no")]];
      return chosen(choices, String(value), label, (code) => set(code === "true"));
    }
    case "weekday":
      return chosen(desk.form.days, plain, label, (code) => set(Number(code)));
    case "date":
      return native("date", plain, label, /^\d{4}-\d\d-\d\d$/, set);
    case "time":
      return native("time", plain, label, /^([01]\d|2[0-3]):[0-5]\d$/, set);
    case "moment":
      return atMoment(plain, label, desk.form.zone, set);
    case "choice":
      if (about.choices?.length) return chosen(about.choices, plain, label, set);
  }
  const made = input(plain, label);
  made.addEventListener("input", () => set(made.value));
  return made;
}

function pair(value: Json, place: Place, set: (value: Json) => void): HTMLElement {
  const both: Json[] = Array.isArray(value) ? [value[0], value[1]] : ["", ""];
  const half = (at: 0 | 1, word: string): HTMLElement =>
    one(both[at], place, `${place.label}: ${say(place.desk, word)}`, (given) => {
      both[at] = given;
      set([...both]);
    });
  return h("span", { class: "b-pair" }, half(0, "from"), h("span", { "aria-hidden": "true" }, "–"), half(1, "to"));
}

function list(value: Json, place: Place, set: (value: Json) => void): HTMLElement {
  const { about, desk } = place;
  if (about.kind === "weekday") return ticks(desk.form.days, texts(value), place.label, (some) => set(some.map(Number)));
  if (about.choices?.length && about.kind !== "category") return several(about.choices, texts(value), place.label, set);
  const decimals = about.decimals ?? 0;
  const figures = about.kind === "number" || about.kind === "money";
  const lines = Array.isArray(value)
    ? value.map((each) => (about.kind === "category" ? texts(each).join(PATH) : figures ? shown(each, decimals) : String(each)))
    : [];
  const hint = say(desk, about.kind === "category" ? "one-path-a-line" : "one-a-line");
  const made = area(lines, place.label, hint, (some) => {
    if (about.kind === "category") set(some.map((each) => each.split("/").map((name) => name.trim())));
    else set(figures ? some.map((each) => typed(each, decimals)) : some);
  });
  return about.choices?.length ? h("span", {}, made, offered(about.choices, made, desk)) : made;
}

/** The catalogue's own categories, to be put into the list. */
function offered(choices: Choice[], list: HTMLTextAreaElement, desk: Desk): HTMLElement {
  const which = select(choices, choices[0]?.[0] ?? "", { "aria-label": say(desk, "which-category"), "data-aside": "" });
  const add = button(`+ ${say(desk, "add")}`, () => {
    list.value = [...list.value.split("\n").filter((line) => line.trim() && line.trim() !== which.value), which.value].join("\n");
    list.dispatchEvent(new Event("input"));
  });
  return h("span", { class: "b-offered" }, which, add);
}

/** Several codes: ticks while they are few, a long list else; codes that are not among the choices are kept. */
export function several(choices: Choice[], value: string[], label: string, set: (value: string[]) => void): HTMLElement {
  const all: Choice[] = [...choices, ...value.filter((code) => !choices.some(([known]) => known === code)).map((code): Choice => [code, code])];
  if (all.length <= FEW) return ticks(all, value, label, set);
  const made = h("select", { class: "form-select", multiple: true, size: "8", "aria-label": label });
  for (const [code, text] of all) made.append(h("option", { value: code, selected: value.includes(code) }, text));
  made.addEventListener("change", () => set([...made.selectedOptions].map((option) => option.value)));
  return made;
}

function ticks(choices: Choice[], value: string[], label: string, set: (value: string[]) => void): HTMLElement {
  const some = new Set(value);
  const boxes = choices.map(([code, text]) => {
    const box = h("input", { type: "checkbox", class: "form-check-input", id: fresh(), checked: some.has(code) });
    box.addEventListener("change", () => {
      if (box.checked) some.add(code);
      else some.delete(code);
      const order = choices.map(([each]) => each).filter((each) => some.has(each));
      // As it was, as long as the same are ticked.
      set(order.length === value.length && order.every((each) => value.includes(each)) ? value : order);
    });
    return h("span", { class: "b-tick" }, box, h("label", { for: box.id }, text));
  });
  return h("span", { class: "b-ticks", role: "group", "aria-label": label }, ...boxes);
}

/** One a line: what a spreadsheet's column pastes into. */
export function area(lines: string[], label: string, hint: string, set: (lines: string[]) => void): HTMLTextAreaElement {
  const made = h("textarea", { class: "form-control", "aria-label": label, rows: "2", placeholder: hint, spellcheck: "false" });
  const grow = (): void => {
    made.rows = Math.min(8, Math.max(2, made.value.split("\n").length));
  };
  made.value = lines.join("\n");
  grow();
  made.addEventListener("input", () => {
    grow();
    set(made.value.split("\n").map((line) => line.trim()).filter(Boolean));
  });
  return made;
}

export function input(value: string, label: string, more: Record<string, string> = {}): HTMLInputElement {
  const made = h("input", { class: "form-control", autocomplete: "off", "aria-label": label, ...more });
  made.value = value;
  return made;
}

function chosen(choices: Choice[], value: string, label: string, set: (code: string) => void): HTMLSelectElement {
  const made = select(choices, value, { "aria-label": label });
  made.addEventListener("change", () => set(made.value));
  return made;
}

/** The browser's own input where it can show the value; a plain one where not, so that nothing is lost. */
function native(type: string, value: string, label: string, fits: RegExp, set: (value: string) => void): HTMLInputElement {
  const made = input(value, label, value === "" || fits.test(value) ? { type } : {});
  made.addEventListener("input", () => set(made.value));
  return made;
}

function atMoment(value: string, label: string, zone: string, set: (value: string) => void): HTMLElement {
  const begun = local(value, zone);
  const made = input(begun || value, label, begun || value === "" ? { type: "datetime-local" } : {});
  made.addEventListener("input", () => set(made.value === begun ? value : moment(made.value, zone)));
  return made;
}

function suffixed(control: HTMLElement, suffix: string | undefined): HTMLElement {
  return suffix ? h("span", { class: "input-group" }, control, h("span", { class: "input-group-text" }, suffix)) : control;
}


