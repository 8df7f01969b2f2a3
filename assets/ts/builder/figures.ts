// Figures as people type them and as they are stored: whole numbers of the smallest step. Digits are moved, nothing is
// divided, so every figure comes back as it was. What is no figure stays as it was typed, and the server says so.

import type { Json } from "./types";

const comma = new Intl.NumberFormat(document.documentElement.lang || "en").format(1.5).includes(",");

export function shown(value: Json, decimals: number): string {
  if (value === undefined || value === null) return "";
  if (typeof value !== "number" || !Number.isInteger(value)) return String(value);
  const sign = value < 0 ? "-" : "";
  const digits = String(Math.abs(value)).padStart(decimals + 1, "0");
  if (!decimals) return sign + digits;
  const rest = digits.slice(-decimals).replace(/0+$/, "");
  const whole = digits.slice(0, -decimals);
  return rest ? `${sign}${whole}${comma ? "," : "."}${rest.length === 1 && decimals === 2 ? `${rest}0` : rest}` : sign + whole;
}

export function typed(text: string, decimals: number): Json {
  const plain = text.replace(/[\s\u00a0\u202f]/g, "").replace(",", ".").replace("\u2212", "-");
  const found = /^(-?)(\d+)(?:\.(\d*))?$/.exec(plain);
  const [, sign, whole, rest = ""] = found ?? [];
  if (!whole || rest.replace(/0+$/, "").length > decimals) return text;
  const number = Number(whole + rest.slice(0, decimals).padEnd(decimals, "0"));
  return Number.isSafeInteger(number) ? (sign && number ? -number : number) : text;
}

/** A moment with an offset as the clock of a zone shows it, for an input of date and time; as it is if it is none. */
export function local(value: Json, zone: string): string {
  const moment = typeof value === "string" ? new Date(value) : undefined;
  if (!moment || Number.isNaN(moment.getTime()) || !/(Z|[+-]\d\d:\d\d)$/.test(String(value))) return "";
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
  }).format(moment);
  return parts.replace(" ", "T");
}

/** The same back: the wall clock's time with the offset that the zone has then. */
export function moment(text: string, zone: string): string {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text)) return text;
  const wall = Date.parse(`${text}:00Z`);
  let at = wall;
  for (let turn = 0; turn < 2; turn++) at = wall - offset(at, zone);
  const minutes = Math.round(offset(at, zone) / 60_000);
  const two = (n: number): string => String(Math.abs(n)).padStart(2, "0");
  return `${text}:00${minutes < 0 ? "-" : "+"}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}

function offset(at: number, zone: string): number {
  return Date.parse(`${local(new Date(at).toISOString(), zone)}:00Z`) - Math.floor(at / 60_000) * 60_000;
}
