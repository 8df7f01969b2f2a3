// Elements without HTML from text: the page's policy forbids that, and so do we.

import type { Choice, Json } from "./types";

type Child = Node | string | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | boolean | undefined> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child !== undefined && child !== false) made.append(child);
  return made;
}

let last = 0;

/** An id of this page. */
export function fresh(): string {
  last += 1;
  return `b${last}`;
}

export function button(text: string, act: () => void, more: Record<string, string> = {}): HTMLButtonElement {
  const made = h("button", { type: "button", class: "btn btn-sm", ...more }, text);
  made.addEventListener("click", act);
  return made;
}

export function cross(label: string, act: () => void): HTMLButtonElement {
  return button("×", act, { class: "btn btn-sm b-cross", "aria-label": label, title: label });
}

/** A select; a value that is none of the choices is kept, and shown as it is. */
export function select(choices: Choice[], value: string, more: Record<string, string> = {}): HTMLSelectElement {
  const made = h("select", { class: "form-select", ...more });
  const known = choices.some(([code]) => code === value);
  for (const [code, label] of known ? choices : [[value, value === "" ? "…" : value] as Choice, ...choices]) {
    made.append(h("option", { value: code }, label));
  }
  made.value = value;
  return made;
}

/** A select in groups, in the order in which the groups come. */
export function grouped(
  choices: { code: string; label: string; group: string }[],
  value: string,
  more: Record<string, string> = {},
): HTMLSelectElement {
  const made = h("select", { class: "form-select", ...more });
  if (!choices.some((one) => one.code === value)) {
    made.append(h("option", { value }, value === "" ? (more["data-none"] ?? "…") : value));
  }
  for (const group of new Set(choices.map((one) => one.group))) {
    const inner = choices.filter((one) => one.group === group);
    made.append(h("optgroup", { label: group }, ...inner.map((one) => h("option", { value: one.code }, one.label))));
  }
  made.value = value;
  return made;
}

/** A labelled field with room for what is wrong with it. */
export function field(
  path: string,
  label: string,
  control: HTMLElement,
  more: { hint?: string | undefined; suffix?: string | undefined; for?: HTMLElement } = {},
): HTMLElement {
  const target = more.for ?? control;
  const id = target.id || fresh();
  target.id = id;
  const inner = more.suffix
    ? h("div", { class: "input-group" }, control, h("span", { class: "input-group-text" }, more.suffix))
    : control;
  const hint = more.hint ? h("div", { class: "form-hint", id: `${id}-hint` }, more.hint) : undefined;
  if (hint) target.setAttribute("aria-describedby", hint.id);
  return h("div", { class: "b-field", "data-path": path }, h("label", { class: "form-label", for: id }, label), inner, hint);
}

export function focusIn(element: Element | null | undefined): void {
  element?.querySelector<HTMLElement>("select, input, textarea, button")?.focus();
}

/** What of a list can be shown as text. */
export function texts(value: Json): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
