// What the server says of a form (src/verno/console/promotions/asking.py), and the shape of conditions.

export type Json = unknown;
export type Rec = Record<string, Json>;
export type Choice = [code: string, label: string];

export interface Ask {
  name: string;
  kind: string;
  label: string;
  hint?: string;
  optional?: boolean;
  default?: Json;
  decimals?: number;
  suffix?: string;
  by?: string;
  decimals_by?: Record<string, number>;
  choices?: Choice[];
  choices_by?: Record<string, Choice[]>;
  of?: Ask[];
  registry?: string;
  add?: string;
  least_rows?: number;
  more?: boolean;
}

export interface Variant {
  tag: string;
  label: string;
  group: string;
  of: Ask[];
}

export interface FieldInfo {
  name: string;
  label: string;
  group: string;
  kind: string;
  decimals?: number;
  suffix?: string;
  choices?: Choice[];
  free?: boolean;
}

export interface OperatorInfo {
  name: string;
  label: string;
  takes: "nothing" | "one" | "list" | "pair" | "days";
}

export interface Form {
  asks: Ask[];
  variants: Variant[];
  fields: Record<string, FieldInfo[]>;
  operators: Record<string, OperatorInfo[]>;
  modes: Choice[];
  comparisons: Choice[];
  shortcuts: { label: string; rule: Rec }[];
  days: Choice[];
  languages: Choice[];
  zone: string;
  words: Record<string, string>;
}

// react-querybuilder's shape.
export interface Group extends Rec {
  combinator: string;
  not?: boolean;
  rules: Rec[];
}

/** What editors share: the form, and what to call when something was changed. */
export interface Desk {
  form: Form;
  changed(): void;
}

export function isRec(value: Json): value is Rec {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isGroup(value: Json): value is Group {
  return isRec(value) && Array.isArray(value["rules"]);
}

export function say(desk: Desk, word: string): string {
  return desk.form.words[word] ?? word;
}
