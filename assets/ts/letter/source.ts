// MJML as the picture editor takes it, and back. It knows no tables of figures and no tags of a
// template; so tags between parts become small labelled parts, tables become texts, the brand's figures become colours
// with an alpha channel that nobody sees and that names them, and all of it is undone on the way back. The head of the
// letter never goes through the editor: it comes back word for word.

export type Look = Record<string, string>;

const COLOURS: [string, string][] = [["colour", "ff"], ["ink", "fe"], ["accent", "fd"], ["accent_dark", "fc"]];
const NAMED: Record<string, string> = {
  nbsp: "\u00a0", mdash: "—", ndash: "–", laquo: "«", raquo: "»", hellip: "…", copy: "©", bull: "•", middot: "·",
  rarr: "→", larr: "←", times: "×", euro: "€", rsquo: "’", lsquo: "‘", ldquo: "“", rdquo: "”",
};
// Well-formed for our own reading; the editor itself reads HTML.
const KEPT = new Set(["amp", "lt", "gt", "quot", "apos"]);
const VOID = /<(br|hr|img|col|wbr|meta)\b((?:[^<>"']|"[^"]*"|'[^']*')*?)\s*\/?>/gi;
const EMPTY = /<(mj-[\w-]+)((?:[^<>"']|"[^"]*"|'[^']*')*?)\s*\/>/g;
const TAG = /\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}/g;
const ONLY_TAGS = /^\s*(?:<!--\s*)?(?:\{%[\s\S]*?%\}\s*)+(?:-->)?\s*$/;
const NO_PICTURE = 
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 120 32'%3E%3Crect width='120' height='32' rx='4' fill='%23999' opacity='.35'/%3E%3C/svg%3E#";
const LABEL = "verno-tag";
const TABLE = "verno-table";

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/** A source as XML; undefined where it is none. */
function parsed(source: string): Document | undefined {
  const xml = source
    .replace(/\{#[\s\S]*?#\}/g, "")
    .replace(/<!--\s*(\{%[\s\S]*?%\})\s*-->/g, (_all, tag: string) => `<!--${tag.replace(/--/g, "- -")}-->`)
    .replace(TAG, (tag, at: number) => (source.startsWith("<!--", at - 4) ? tag : escaped(tag)))
    .replace(/&([a-zA-Z]+);/g, (all, name: string) => (KEPT.has(name) ? all : (NAMED[name] ?? `&amp;${name};`)))
    .replace(/&(?![a-zA-Z]+;|#)/g, "&amp;")
    .replace(VOID, "<$1$2/>");
  const found = new DOMParser().parseFromString(xml, "text/xml");
  return found.querySelector("parsererror") ? undefined : found;
}

function made(page: Document, name: string, attributes: Record<string, string>): Element {
  const element = page.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** The label that stands for a tag: in the body a section of its own, in a column a text. */
function label(page: Document, tag: string, parent: string): Element {
  const text = made(page, "mj-text", {
    "css-class": LABEL, "font-size": "12px", "line-height": "16px", color: "#6b4e00", padding: "2px 28px",
    "container-background-color": "#fff4d6", "font-family": "monospace",
  });
  text.textContent = tag;
  if (parent !== "mj-body" && parent !== "mj-wrapper") return text;
  const section = made(page, "mj-section", { "css-class": LABEL, padding: "0" });
  const column = made(page, "mj-column", { padding: "0" });
  section.append(column);
  column.append(text);
  return section;
}

const HOLDS = new Set(["mj-body", "mj-wrapper", "mj-column", "mj-hero"]);

function labelled(page: Document, body: Element): void {
  for (const raw of [...body.querySelectorAll("mj-raw")]) {
    const parent = raw.parentElement;
    if (parent && HOLDS.has(parent.tagName) && ONLY_TAGS.test(raw.innerHTML.replace(/&gt;/g, ">").replace(/&lt;/g, "<")))
      raw.replaceWith(label(page, (raw.textContent || innerComment(raw)).trim(), parent.tagName));
  }
  const walker = page.createTreeWalker(body, NodeFilter.SHOW_COMMENT | NodeFilter.SHOW_TEXT);
  const found: Node[] = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  for (const node of found) {
    const parent = node.parentElement;
    const text = node.textContent ?? "";
    if (!parent || !HOLDS.has(parent.tagName)) continue;
    if (/\{%/.test(text)) (node as ChildNode).replaceWith(label(page, text.trim(), parent.tagName));
    else (node as ChildNode).remove();
  }
}

function innerComment(raw: Element): string {
  return [...raw.childNodes].map((node) => node.textContent ?? "").join("");
}

/** What the editor opens; undefined where the source cannot be read. */
export function forEditor(source: string, look: Look): string | undefined {
  const page = parsed(source);
  const body = page?.querySelector("mj-body");
  if (!page || !body) return undefined;
  labelled(page, body);
  for (const table of [...body.querySelectorAll("mj-table")]) {
    const text = page.createElement("mj-text");
    for (const { name, value } of [...table.attributes]) if (name !== "css-class") text.setAttribute(name, value);
    text.setAttribute("css-class", `${TABLE} ${table.getAttribute("css-class") ?? ""}`.trim());
    const inner = made(page, "table", { width: "100%" });
    inner.append(...table.childNodes);
    text.append(inner);
    table.replaceWith(text);
  }
  for (const element of page.querySelectorAll("*")) {
    for (const attribute of [...element.attributes]) {
      const shown = shownAs(attribute.value, look);
      // What a tag will lead to is no address yet: the browser would ask this server for it.
      const asked = attribute.name === "src" && shown.includes("{{");
      attribute.value = asked ? NO_PICTURE + encodeURIComponent(shown) : shown;
    }
  }
  // What is read aloud or shown beside the subject is no part of the picture.
  for (const unseen of [...page.querySelectorAll("mj-title, mj-preview")]) unseen.remove();
  return new XMLSerializer().serializeToString(page.documentElement).replace(EMPTY, "<$1$2></$1>");
}

/** What stands for a figure of the brand in the editor. */
export function shownAs(value: string, look: Look): string {
  const name = /^\{\{\s*brand\.(\w+)\s*\}\}$/.exec(value)?.[1];
  if (!name) return value;
  const alpha = COLOURS.find(([colour]) => colour === name)?.[1];
  if (alpha) return `${look[name] ?? "#000000"}${alpha}`;
  return name === "logo_url" && look[name] ? look[name] : value;
}

/** The figure of the brand that a value of the editor stands for. */
export function storedAs(value: string, look: Look): string {
  if (value.startsWith(NO_PICTURE)) return decodeURIComponent(value.slice(NO_PICTURE.length));
  for (const [name, alpha] of COLOURS) if (value.toLowerCase() === `${look[name] ?? ""}${alpha}`) return `{{ brand.${name} }}`;
  return look["logo_url"] && value === look["logo_url"] ? "{{ brand.logo_url }}" : value;
}

/** The source with the body that the editor has made; undefined where that cannot be read. */
export function fromEditor(source: string, edited: string, look: Look): string | undefined {
  const page = parsed(edited);
  const body = page?.querySelector("mj-body");
  if (!page || !body) return undefined;
  for (const section of [...body.querySelectorAll(`mj-section[css-class~="${LABEL}"]`)]) unlabelled(page, section);
  for (const text of [...body.querySelectorAll(`mj-text[css-class~="${LABEL}"]`)]) unlabelled(page, text);
  for (const text of [...body.querySelectorAll(`mj-text[css-class~="${TABLE}"]`)]) {
    const table = page.createElement("mj-table");
    for (const { name, value } of [...text.attributes]) table.setAttribute(name, value);
    const classes = (text.getAttribute("css-class") ?? "").split(/\s+/).filter((one) => one && one !== TABLE).join(" ");
    if (classes) table.setAttribute("css-class", classes);
    else table.removeAttribute("css-class");
    const inner = text.querySelector("table");
    table.append(...(inner ?? text).childNodes);
    text.replaceWith(table);
  }
  for (const element of [body, ...body.querySelectorAll("*")]) {
    for (const name of ["id", "data-gjs-type", "draggable"]) element.removeAttribute(name);
    for (const attribute of [...element.attributes]) attribute.value = storedAs(attribute.value, look);
  }
  const text = new XMLSerializer().serializeToString(body).replace(TAG, unescaped).replace(/\u00a0/g, "&#160;");
  const start = source.search(/<mj-body\b/);
  const end = source.lastIndexOf("</mj-body>");
  return start < 0 || end < 0 ? undefined : source.slice(0, start) + text + source.slice(end + "</mj-body>".length);
}

function unlabelled(page: Document, element: Element): void {
  const raw = page.createElement("mj-raw");
  raw.textContent = (element.textContent ?? "").trim();
  element.replaceWith(raw);
}

function unescaped(tag: string): string {
  return tag.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&amp;/g, "&");
}
