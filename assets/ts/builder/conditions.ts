// The editor of a condition: groups within groups, each row a field, an operator and a value; of lines, how many of
// them must be so. It changes the tree in place, so what nobody touches stays exactly as it was.

import { button, cross, focusIn, grouped, h, select } from "./dom";
import { isGroup, isRec, say, type Ask, type Choice, type Desk, type FieldInfo, type Group, type Rec } from "./types";
import { beginning, figure, input, valueEditor } from "./values";

const DEEPEST = 9;
const COUNTED = ["atLeast", "atMost", "exactly"];

/** A whole condition; without rules there is none, and the record has no such key. */
export function conditionEditor(ask: Ask, record: Rec, path: string, desk: Desk): HTMLElement {
  const registry = ask.registry ?? "receipt";
  const box = h("div", { class: "b-tree", "data-path": path, role: "group", "aria-label": ask.label });
  const draw = (): void => {
    const there = record[ask.name];
    const root: Group = isGroup(there) ? there : { combinator: "and", rules: [] };
    const keep = (): void => {
      if (root.rules.length || !ask.optional) record[ask.name] = root;
      else delete record[ask.name];
      desk.changed();
    };
    const empty = say(desk, registry === "lines" ? "all-lines" : "always");
    box.replaceChildren(group(root, { registry, path, depth: 1, desk, keep, empty }));
  };
  draw();
  return box;
}

interface Place {
  registry: string;
  path: string;
  depth: number;
  desk: Desk;
  /** Says that something was changed. */
  keep(): void;
  /** What is said where there are no rules. */
  empty: string;
}

function group(node: Group, place: Place): HTMLElement {
  const { desk, path } = place;
  const box = h("div", { class: place.depth > 1 ? "b-group b-inner" : "b-group", "data-path": place.depth > 1 ? path : undefined });
  const draw = (focus?: number): void => {
    const rows = node.rules.map((rule, at) =>
      row(rule, at, { ...place, path: join(path, `rules.${at}`) }, () => {
        node.rules.splice(at, 1);
        place.keep();
        draw(Math.min(at, node.rules.length - 1));
      }),
    );
    const add = (rule: Rec): void => {
      node.rules.push(rule);
      place.keep();
      draw(node.rules.length - 1);
    };
    const list = h("ul", { class: "b-rules" }, ...rows);
    box.replaceChildren(
      ...(node.rules.length > 1 || node.not ? [joint(node, place)] : []),
      ...(rows.length ? [list] : [h("p", { class: "b-empty" }, place.empty)]),
      adding(add, place),
    );
    if (focus !== undefined) focusIn(list.children[focus] ?? box.querySelector(".b-adding"));
  };
  draw();
  return box;
}

/** All, any, not all, none: one choice instead of a combinator and a "not". */
function joint(node: Group, place: Place): HTMLElement {
  const words = ["all", "any", "not-all", "none"];
  const choices: Choice[] = words.map((word) => [word, say(place.desk, word)]);
  const now = node.combinator === "or" ? (node.not ? "none" : "any") : node.not ? "not-all" : "all";
  const made = select(choices, now, { class: "form-select b-joint", "aria-label": say(place.desk, "joint") });
  made.addEventListener("change", () => {
    const turned = made.value === "none" || made.value === "not-all";
    node.combinator = made.value === "any" || made.value === "none" ? "or" : "and";
    if (Boolean(node.not) !== turned) {
      if (turned) node.not = true;
      else delete node.not;
    }
    place.keep();
  });
  return h("div", { class: "b-joint-row" }, made);
}

function adding(add: (rule: Rec) => void, place: Place): HTMLElement {
  const { desk } = place;
  const bar = h("div", { class: "b-adding" });
  bar.append(button(`+ ${say(desk, "condition")}`, () => add({ field: "", operator: "", value: "" })));
  if (place.depth < DEEPEST) {
    const inner = (): Rec => ({ combinator: "or", rules: [{ field: "", operator: "", value: "" }] });
    bar.append(button(`+ ${say(desk, "group")}`, () => add(inner())));
  }
  if (place.depth === 1 && place.registry !== "lines") {
    for (const one of desk.form.shortcuts) {
      bar.append(button(one.label, () => add(structuredClone(one.rule)), { class: "btn btn-sm b-shortcut" }));
    }
  }
  return bar;
}

function row(rule: Rec, at: number, place: Place, remove: () => void): HTMLElement {
  const { desk, path } = place;
  const label = `${say(desk, "condition")} ${at + 1}`;
  const gone = cross(`${say(desk, "remove")}: ${label}`, remove);
  if (isGroup(rule)) {
    const inner = group(rule, { ...place, depth: place.depth + 1, empty: say(desk, "needs-a-rule") });
    return h("li", { class: "b-row b-row-group", "data-path": path }, inner, gone);
  }
  const item = h("li", { class: "b-row", "data-path": path });
  const draw = (focus?: string): void => {
    item.replaceChildren(h("div", { class: "b-parts" }, ...parts(rule, label, place, draw)), gone);
    if (isItems(rule, place)) item.append(inside(rule, place));
    if (focus) item.querySelector<HTMLElement>(focus)?.focus();
  };
  draw();
  return item;
}

function parts(rule: Rec, label: string, place: Place, draw: (focus?: string) => void): HTMLElement[] {
  const { desk } = place;
  const name = String(rule["field"] ?? "");
  const about = infoOf(name, place);
  const choices = all(place).map((one) => ({ code: one.name, label: one.label, group: one.group }));
  const what = grouped(choices, about?.name ?? name, {
    "aria-label": `${label}: ${say(desk, "field")}`, "data-none": say(desk, "choose"), class: "form-select b-what",
  });
  what.addEventListener("change", () => {
    if (what.value === (about?.name ?? name)) return;
    take(rule, infoOf(what.value, place), desk);
    place.keep();
    draw(".b-what");
  });
  const out: HTMLElement[] = [what];
  if (!about) return out;
  if (about.free) {
    const free = input(name.slice(about.name.length), `${label}: ${say(desk, "name")}`, { placeholder: say(desk, "name") });
    free.addEventListener("input", () => {
      rule["field"] = about.name + free.value.trim();
      place.keep();
    });
    out.push(free);
  }
  if (about.kind === "items") return [...out, ...counting(rule, label, place, draw)];
  const operators = desk.form.operators[about.kind] ?? [];
  const sign = String(rule["operator"] ?? "");
  const how = select(operators.map((one) => [one.name, one.label]), sign, {
    "aria-label": `${label}: ${say(desk, "operator")}`, class: "form-select b-how",
  });
  const takes = (known: string): string => operators.find((one) => one.name === known)?.takes ?? "one";
  how.addEventListener("change", () => {
    if (how.value === sign) return;
    if (takes(how.value) !== takes(sign)) put(rule, beginning(takes(how.value), about));
    rule["operator"] = how.value;
    place.keep();
    draw(".b-how");
  });
  const said = { desk: { ...desk, changed: () => place.keep() }, about, label: `${label}: ${say(desk, "value")}` };
  const value = h("span", { class: "b-value" }, valueEditor(rule, takes(sign), said));
  return [...out, how, value];
}

/** Another field: the operator and the value stay if they make sense for it. */
function take(rule: Rec, about: FieldInfo | undefined, desk: Desk): void {
  const before = rule["operator"];
  rule["field"] = about?.name ?? "";
  if (!about) return;
  if (about.kind === "items") {
    for (const key of ["operator", "value"]) delete rule[key];
    rule["match"] = { mode: "some" };
    rule["value"] = { combinator: "and", rules: [] };
    return;
  }
  delete rule["match"];
  const operators = desk.form.operators[about.kind] ?? [];
  const first = operators.find((one) => one.name === before) ?? operators.find((one) => one.name === ">=") ?? operators[0];
  rule["operator"] = first?.name ?? "";
  put(rule, beginning(first?.takes ?? "one", about));
}

function put(rule: Rec, value: unknown): void {
  if (value === undefined) delete rule["value"];
  else rule["value"] = value;
}

/** How many lines must be so, or what their sum must be. */
function counting(rule: Rec, label: string, place: Place, draw: (focus?: string) => void): HTMLElement[] {
  const { desk } = place;
  const match = isRec(rule["match"]) ? rule["match"] : (rule["match"] = { mode: "some" });
  const mode = String((match as Rec)["mode"] ?? "");
  const how = select(desk.form.modes, mode, { "aria-label": `${label}: ${say(desk, "how-many")}`, class: "form-select b-how" });
  how.addEventListener("change", () => {
    if (how.value === mode) return;
    const before = (match as Rec)["threshold"];
    rule["match"] = { mode: how.value, ...(COUNTED.includes(how.value) ? { threshold: before ?? 1 } : {}) };
    if (how.value === "sum") rule["match"] = { mode: "sum", of: "amount", operator: ">=", threshold: "" };
    place.keep();
    draw(".b-how");
  });
  const set = (key: string) => (value: unknown) => {
    (match as Rec)[key] = value;
    place.keep();
  };
  const counted = figure((match as Rec)["threshold"], 0, `${label}: ${say(desk, "number")}`, set("threshold"));
  if (COUNTED.includes(mode)) return [how, h("span", { class: "b-value" }, counted)];
  if (mode !== "sum") return [how];
  const numbers = (desk.form.fields["lines"] ?? []).filter((one) => one.kind === "number" || one.kind === "money");
  const of = select(numbers.map((one) => [one.name, one.label]), String((match as Rec)["of"] ?? ""), { "aria-label": `${label}: ${say(desk, "sum-of")}` });
  of.addEventListener("change", () => {
    set("of")(of.value);
    draw();
  });
  const sign = select(desk.form.comparisons, String((match as Rec)["operator"] ?? ""), { "aria-label": `${label}: ${say(desk, "operator")}` });
  sign.addEventListener("change", () => set("operator")(sign.value));
  const decimals = numbers.find((one) => one.name === (match as Rec)["of"])?.decimals ?? 0;
  const least = figure((match as Rec)["threshold"], decimals, `${label}: ${say(desk, "number")}`, set("threshold"));
  return [how, of, sign, h("span", { class: "b-value" }, least)];
}

/** The condition on lines inside a row about them. */
function inside(rule: Rec, place: Place): HTMLElement {
  const where: Group = isGroup(rule["value"]) ? rule["value"] : { combinator: "and", rules: [] };
  const keep = (): void => {
    if (where.rules.length || rule["value"] !== undefined) rule["value"] = where;
    place.keep();
  };
  const empty = say(place.desk, "any-line");
  return group(where, { ...place, registry: "lines", path: join(place.path, "value"), depth: place.depth + 1, keep, empty });
}

function isItems(rule: Rec, place: Place): boolean {
  return infoOf(String(rule["field"] ?? ""), place)?.kind === "items";
}

function all(place: Place): FieldInfo[] {
  return place.desk.form.fields[place.registry] ?? [];
}

function infoOf(name: string, place: Place): FieldInfo | undefined {
  return all(place).find((one) => one.name === name) ?? all(place).find((one) => one.free && name.startsWith(one.name) && name !== "");
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}
