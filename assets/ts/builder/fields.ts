// Editors of a record's fields, by kind: each changes its record in place.

import { conditionEditor } from "./conditions";
import { button, cross, field, focusIn, fresh, grouped, h, select } from "./dom";
import { shown, typed } from "./figures";
import { isRec, say, type Ask, type Choice, type Desk, type Json, type Rec } from "./types";
import { area, input, several } from "./values";

export function recordEditor(asks: Ask[], record: Rec, path: string, desk: Desk): HTMLElement {
  const box = h("div", { class: "b-record" });
  const draw = (focus?: string): void => {
    const again = (name: string): void => draw(name);
    const made = (ask: Ask): HTMLElement => editor(ask, record, at(path, ask.name), desk, asks, again);
    const rare = asks.filter((ask) => ask.more);
    box.replaceChildren(...asks.filter((ask) => !ask.more).map(made));
    if (rare.length) {
      const open = rare.some((ask) => (ask.optional || ask.default !== undefined) && record[ask.name] !== undefined);
      box.append(h("details", { class: "b-more", open }, h("summary", {}, say(desk, "more")), ...rare.map(made)));
    }
    if (focus !== undefined) box.querySelector<HTMLElement>(`[data-path="${CSS.escape(at(path, focus))}"] select`)?.focus();
  };
  draw();
  return box;
}

function editor(ask: Ask, record: Rec, path: string, desk: Desk, beside: Ask[], again: (name: string) => void): HTMLElement {
  const set = (value: Json): void => {
    if (value === undefined || same(value, ask.default)) delete record[ask.name];
    else record[ask.name] = value;
    desk.changed();
    // Something beside hangs on this one: decimals of points on their unit, tiers on their track.
    if (beside.some((other) => other.by === ask.name)) again(ask.name);
  };
  const value = record[ask.name] ?? ask.default;
  switch (ask.kind) {
    case "card":
      return h("section", { class: "b-card" }, h("h2", { class: "card-title" }, ask.label), hint(ask), recordEditor(ask.of ?? [], record, "", desk));
    case "tree":
      return titled(ask, conditionEditor(ask, record, path, desk));
    case "figure":
      return asFigure(ask, value, decimalsOf(ask, record), path, set);
    case "flag":
      return asFlag(ask, value, path, set);
    case "choice":
      return asChoice(ask, value, choicesOf(ask, record), path, desk, set);
    case "choices":
      return titled(ask, several(ask.choices ?? [], strings(value), ask.label, set), path);
    case "codes":
      return titled(ask, area(strings(value), ask.label, say(desk, "one-a-line"), set), path);
    case "table":
    case "texts":
      return asTable(ask, record, path, desk);
    case "record":
      return asRecord(ask, record, path, desk);
    case "records":
      return asRecords(ask, record, path, desk);
    case "variants":
      return asVariants(ask, record, path, desk);
    default:
      return asText(ask, value, path, set);
  }
}

function asText(ask: Ask, value: Json, path: string, set: (value: Json) => void): HTMLElement {
  const made = input(value === undefined || value === null ? "" : String(value), ask.label, ask.kind === "date" ? { type: "date" } : {});
  made.addEventListener("input", () => set(made.value === "" && ask.optional ? undefined : made.value));
  if (ask.choices?.length) {
    const list = h("datalist", { id: fresh() }, ...ask.choices.map(([code, text]) => h("option", { value: code }, text)));
    made.setAttribute("list", list.id);
    made.after(list);
    const box = field(path, ask.label, made, { hint: ask.hint });
    box.append(list);
    return box;
  }
  return field(path, ask.label, made, { hint: ask.hint });
}

function asFigure(ask: Ask, value: Json, decimals: number, path: string, set: (value: Json) => void): HTMLElement {
  const made = input(shown(value, decimals), ask.label, { inputmode: "decimal", class: "form-control b-figure" });
  made.addEventListener("input", () => {
    const text = made.value.trim();
    set(text === "" ? (ask.optional ? undefined : "") : typed(text, decimals));
  });
  return field(path, ask.label, made, { hint: ask.hint, suffix: ask.suffix });
}

function asFlag(ask: Ask, value: Json, path: string, set: (value: Json) => void): HTMLElement {
  const box = h("input", { type: "checkbox", class: "form-check-input", id: fresh(), checked: value === true });
  box.addEventListener("change", () => set(box.checked));
  const label = h("label", { class: "form-check-label", for: box.id }, ask.label);
  return h("div", { class: "b-field form-check", "data-path": path }, box, label, hint(ask));
}

function asChoice(ask: Ask, value: Json, choices: Choice[], path: string, desk: Desk, set: (value: Json) => void): HTMLElement {
  const none: Choice[] = ask.optional ? [["", say(desk, "no-choice")]] : [];
  const made = select([...none, ...choices], value === undefined ? "" : String(value));
  made.addEventListener("change", () => set(made.value === "" && ask.optional ? undefined : made.value));
  return field(path, ask.label, made, { hint: ask.hint });
}

/** A value for each of some keys: rates by tier, texts by language. */
function asTable(ask: Ask, record: Rec, path: string, desk: Desk): HTMLElement {
  const there = record[ask.name];
  const rows: [string, Json][] = isRec(there) ? Object.entries(there) : [];
  const keys = ask.kind === "texts" ? desk.form.languages : (ask.choices ?? choicesOf(ask, record));
  const keep = (): void => {
    const said = rows.filter(([key]) => key !== "");
    if (!said.length && ask.optional) delete record[ask.name];
    else record[ask.name] = Object.fromEntries(said);
    desk.changed();
  };
  const box = h("div", { class: "b-table" });
  const draw = (focus?: number): void => {
    const drawn = rows.map((one, number) => {
      const name = keys.length ? select(keys, one[0], { "aria-label": say(desk, "which") }) : input(one[0], say(desk, "which"));
      name.addEventListener(keys.length ? "change" : "input", () => {
        one[0] = name.value.trim();
        keep();
      });
      const decimals = ask.decimals_by?.[one[0]] ?? ask.decimals ?? 0;
      const text = ask.kind === "texts";
      const value = input(text ? String(one[1] ?? "") : shown(one[1], decimals), ask.label, text ? {} : { inputmode: "decimal", class: "form-control b-figure" });
      value.addEventListener("input", () => {
        one[1] = text ? value.value : typed(value.value.trim(), decimals);
        keep();
      });
      const gone = cross(`${say(desk, "remove")}: ${one[0]}`, () => {
        rows.splice(number, 1);
        keep();
        draw(Math.max(0, number - 1));
      });
      const shownValue = ask.suffix ? h("span", { class: "input-group" }, value, h("span", { class: "input-group-text" }, ask.suffix)) : value;
      return h("div", { class: text ? "b-table-row b-table-text" : "b-table-row", "data-path": at(path, one[0]) }, name, shownValue, gone);
    });
    const free = keys.find(([code]) => !rows.some(([key]) => key === code))?.[0] ?? "";
    const add = button(`+ ${ask.add ?? say(desk, "add")}`, () => {
      rows.push([free, ""]);
      keep();
      draw(rows.length - 1);
    });
    box.replaceChildren(...drawn, h("div", { class: "b-adding" }, add));
    if (focus !== undefined) focusIn(box.children[focus]);
  };
  draw();
  return titled(ask, box, path);
}

/** A record that may be there or not. */
function asRecord(ask: Ask, record: Rec, path: string, desk: Desk): HTMLElement {
  const box = h("div", { class: "b-inner-record" });
  const draw = (focus = false): void => {
    const inner = record[ask.name];
    if (isRec(inner)) {
      const gone = cross(`${say(desk, "remove")}: ${ask.label}`, () => {
        delete record[ask.name];
        desk.changed();
        draw(true);
      });
      box.replaceChildren(h("div", { class: "b-removable" }, recordEditor(ask.of ?? [], inner, path, desk), gone));
    } else {
      const add = button(`+ ${ask.add ?? say(desk, "add")}`, () => {
        record[ask.name] = blank(ask.of ?? []);
        desk.changed();
        draw(true);
      });
      box.replaceChildren(h("div", { class: "b-adding" }, add));
    }
    if (focus) focusIn(box);
  };
  draw();
  return titled(ask, box, path);
}

function asRecords(ask: Ask, record: Rec, path: string, desk: Desk): HTMLElement {
  const box = h("div", { class: "b-list" });
  const rows = listOf(record, ask.name);
  const keep = keeper(record, ask, rows, desk);
  const draw = (focus?: number): void => {
    const made = rows.map((row, number) => {
      const gone = cross(`${say(desk, "remove")}: ${ask.label} ${number + 1}`, () => {
        rows.splice(number, 1);
        keep();
        draw(Math.max(0, number - 1));
      });
      const inner = recordEditor(ask.of ?? [], row, `${path}.${number}`, { ...desk, changed: keep });
      return h("div", { class: "b-removable b-item", "data-path": `${path}.${number}` }, inner, gone);
    });
    const add = button(`+ ${ask.add ?? say(desk, "add")}`, () => {
      rows.push(blank(ask.of ?? []));
      keep();
      draw(rows.length - 1);
    });
    box.replaceChildren(...made, h("div", { class: "b-adding" }, add));
    if (focus !== undefined) focusIn(box.children[focus]);
  };
  while (rows.length < (ask.least_rows ?? 0)) rows.push(blank(ask.of ?? []));
  draw();
  return titled(ask, box, path);
}

/** Records of several kinds, each with a tag: a rule's effects. */
function asVariants(ask: Ask, record: Rec, path: string, desk: Desk): HTMLElement {
  const box = h("div", { class: "b-list" });
  const rows = listOf(record, ask.name);
  const keep = keeper(record, ask, rows, desk);
  const draw = (focus?: number): void => {
    const made = rows.map((row, number) => {
      const known = desk.form.variants.find((one) => one.tag === row["type"]);
      const title = known?.label ?? String(row["type"] ?? "");
      const gone = cross(`${say(desk, "remove")}: ${title}`, () => {
        rows.splice(number, 1);
        keep();
        draw(Math.max(0, number - 1));
      });
      const head = h("div", { class: "b-head" }, h("h3", { class: "b-title" }, title), gone);
      const inner = recordEditor(known?.of ?? [], row, `${path}.${number}`, { ...desk, changed: keep });
      return h("div", { class: "b-item b-effect", role: "group", "aria-label": title, "data-path": `${path}.${number}` }, head, inner);
    });
    const kinds = desk.form.variants.map((one) => ({ code: one.tag, label: one.label, group: one.group }));
    const which = grouped(kinds, kinds[0]?.code ?? "", { "aria-label": ask.add ?? say(desk, "add") });
    const add = button(`+ ${say(desk, "add")}`, () => {
      const chosen = desk.form.variants.find((one) => one.tag === which.value);
      rows.push({ type: which.value, ...blank(chosen?.of ?? []) });
      keep();
      draw(rows.length - 1);
    }, { class: "btn" });
    box.replaceChildren(...made, h("div", { class: "b-adding b-choosing" }, which, add));
    if (focus !== undefined) focusIn(box.children[focus]?.querySelector(".b-record") ?? box.children[focus]);
  };
  draw();
  return titled(ask, box, path);
}

/** A record with what must be in it: the first choice, empty figures. */
function blank(asks: Ask[]): Rec {
  const made: Rec = {};
  for (const ask of asks) {
    if (ask.optional || ask.default !== undefined || ask.kind === "card") continue;
    if (ask.kind === "tree") made[ask.name] = { combinator: "and", rules: [] };
    else if (ask.kind === "records" || ask.kind === "codes" || ask.kind === "choices") made[ask.name] = [];
    else if (ask.kind === "table" || ask.kind === "texts") made[ask.name] = {};
    else if (ask.kind === "flag") made[ask.name] = false;
    else if (ask.kind === "choice") made[ask.name] = choicesOf(ask, made)[0]?.[0] ?? "";
    else made[ask.name] = "";
  }
  return made;
}

function listOf(record: Rec, name: string): Rec[] {
  const there = record[name];
  return Array.isArray(there) ? there.filter(isRec) : [];
}

function keeper(record: Rec, ask: Ask, rows: Rec[], desk: Desk): () => void {
  return () => {
    if (!rows.length && ask.optional) delete record[ask.name];
    else record[ask.name] = rows;
    desk.changed();
  };
}

function titled(ask: Ask, control: HTMLElement, path?: string): HTMLElement {
  return h("div", { class: "b-field b-wide", "data-path": path }, h("div", { class: "form-label" }, ask.label), hint(ask), control);
}

function hint(ask: Ask): HTMLElement | undefined {
  return ask.hint ? h("div", { class: "form-hint" }, ask.hint) : undefined;
}

function decimalsOf(ask: Ask, record: Rec): number {
  const by = ask.by ? ask.decimals_by?.[String(record[ask.by] ?? "")] : undefined;
  return by ?? ask.decimals ?? 0;
}

function choicesOf(ask: Ask, record: Rec): Choice[] {
  return ask.choices ?? (ask.by ? ask.choices_by?.[String(record[ask.by] ?? "")] : undefined) ?? [];
}

function strings(value: Json): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function same(one: Json, other: Json): boolean {
  return one === other || (Array.isArray(one) && Array.isArray(other) && !one.length && !other.length);
}

function at(path: string, name: string): string {
  return path && name ? `${path}.${name}` : path || name;
}
