// <letter-editor data-look data-words>: a picture editor around the textarea with a letter's MJML, which is what is sent
// and, without this script or for whoever likes it better, what is edited. The parts are a list of buttons beside the
// picture, so that a keyboard reaches, moves and changes each of them.

import grapesjs, { type Component, type Editor } from "grapesjs";
import mjml from "grapesjs-mjml";
import { h } from "./builder/dom";
import { forEditor, fromEditor, shownAs, storedAs, type Look } from "./letter/source";
import { elsewhere } from "./writing";

// It comes as a module within a module.
const plugin = (mjml as unknown as { default?: typeof mjml }).default ?? mjml;

const PARTS: Record<string, string> = {
  text: '<mj-text css-class="ink" font-size="16px" line-height="24px" color="#1d2329" padding="0 28px 12px">%text%</mj-text>',
  button:
    '<mj-button href="https://" background-color="%colour%" color="%ink%" font-size="16px" font-weight="600" border-radius="10px" padding="8px 28px 16px" inner-padding="14px 24px" align="left">%text%</mj-button>',
  image: '<mj-image src="https://" alt="" padding="0 28px 12px"></mj-image>',
  divider: '<mj-divider border-width="1px" border-color="#e6e9ec" padding="8px 28px"></mj-divider>',
  spacer: '<mj-spacer height="16px"></mj-spacer>',
  section:
    '<mj-section css-class="card" background-color="#ffffff" padding="16px 0"><mj-column padding="0"><mj-text css-class="ink" font-size="16px" line-height="24px" color="#1d2329" padding="0 28px 12px">%text%</mj-text></mj-column></mj-section>',
  columns:
    '<mj-section css-class="card" background-color="#ffffff" padding="16px 0"><mj-column padding="0"><mj-text css-class="ink" font-size="16px" line-height="24px" color="#1d2329" padding="0 28px 12px">%text%</mj-text></mj-column><mj-column padding="0"><mj-text css-class="ink" font-size="16px" line-height="24px" color="#1d2329" padding="0 28px 12px">%text%</mj-text></mj-column></mj-section>',
};
const SECTIONS = new Set(["section", "columns"]);
const KINDS: Record<string, string> = {
  "mj-text": "text", "mj-button": "button", "mj-image": "image", "mj-divider": "divider", "mj-spacer": "spacer",
  "mj-section": "section", "mj-wrapper": "section",
};
const ASKS: Record<string, [string, string][]> = {
  "mj-text": [["color", "colour"], ["font-size", "size"], ["align", "align"], ["padding", "padding"]],
  "mj-button": [["href", "link"], ["background-color", "background"], ["color", "colour"], ["align", "align"], ["padding", "padding"]],
  "mj-image": [["src", "address"], ["alt", "alt"], ["href", "link"], ["width", "size"], ["align", "align"], ["padding", "padding"]],
  "mj-divider": [["border-color", "colour"], ["padding", "padding"]],
  "mj-spacer": [["height", "height"]],
  "mj-section": [["background-color", "background"], ["padding", "padding"]],
};

class LetterEditor extends HTMLElement {
  #area: HTMLTextAreaElement | undefined;
  #editor: Editor | undefined;
  #opened = "";
  #look: Look = {};
  #words: Record<string, string> = {};
  #canvas = h("div", { class: "letter-canvas" });
  #list = h("ol", { class: "letter-parts" });
  #chosen = h("div", { class: "letter-chosen" });
  #box = h("div", { class: "letter-box", hidden: "" });
  #tabs: HTMLButtonElement[] = [];

  connectedCallback(): void {
    const area = this.querySelector("textarea");
    if (!area || this.#area) return;
    this.#area = area;
    this.#look = JSON.parse(this.dataset["look"] ?? "{}") as Look;
    this.#words = JSON.parse(this.dataset["words"] ?? "{}") as Record<string, string>;
    this.#tabs = [this.#tab("picture", () => this.#picture()), this.#tab("source", () => this.#source())];
    this.prepend(h("div", { class: "btn-group mb-3", role: "group" }, ...this.#tabs), this.#box);
    area.form?.addEventListener("submit", () => this.#write());
    elsewhere.changed = () => this.#opened !== "" && !this.#box.hidden && this.#made() !== this.#opened;
    this.#chosen.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#list.querySelector<HTMLElement>("[aria-current]")?.focus();
    });
    this.#picture();
  }

  #say(name: string): string {
    return this.#words[name] ?? name;
  }

  #tab(name: string, act: () => void): HTMLButtonElement {
    const button = h("button", { class: "btn", type: "button", "data-view": name }, this.#say(name)) as HTMLButtonElement;
    button.addEventListener("click", act);
    return button;
  }

  #show(picture: boolean): void {
    this.#box.toggleAttribute("hidden", !picture);
    (this.#area?.closest(".mb-3") ?? this.#area)?.toggleAttribute("hidden", picture);
    this.#tabs.forEach((tab, index) => {
      tab.classList.toggle("active", (index === 0) === picture);
      tab.setAttribute("aria-pressed", String((index === 0) === picture));
    });
  }

  #source(): void {
    this.#write();
    elsewhere.insert = undefined;
    this.#show(false);
  }

  #picture(): void {
    const area = this.#area;
    if (!area) return;
    const opened = area.value.trim() ? forEditor(area.value, this.#look) : undefined;
    if (opened === undefined) {
      if (area.value.trim()) this.#broken();
      this.#show(false);
      return;
    }
    this.querySelector(".letter-broken")?.remove();
    this.#show(true);
    elsewhere.insert = (tag) => this.#insert(tag);
    if (this.#editor) this.#open(opened);
    // Its parts are drawn in a frame that is there a moment later.
    else this.#start().on("load", () => this.#open(opened));
  }

  #open(source: string): void {
    this.#editor?.setComponents(source);
    this.#editor?.UndoManager.clear();
    this.#opened = this.#made();
    this.#draw();
  }

  #broken(): void {
    this.querySelector(".letter-broken")?.remove();
    this.append(h("p", { class: "letter-broken text-secondary", role: "status" }, this.#say("broken")));
  }

  #start(): Editor {
    const bar = h("div", { class: "letter-bar" });
    const command = (name: string, act: () => void): void => {
      const button = h("button", { class: "btn btn-sm", type: "button" }, this.#say(name));
      button.addEventListener("click", act);
      bar.append(button);
    };
    command("desk", () => this.#editor?.setDevice("Desktop"));
    command("phone", () => this.#editor?.setDevice("Mobile portrait"));
    command("undo", () => this.#editor?.UndoManager.undo());
    command("redo", () => this.#editor?.UndoManager.redo());
    const add = h("div", { class: "letter-add" }, h("div", { class: "text-secondary small" }, this.#say("add")));
    for (const name of Object.keys(PARTS)) {
      const button = h("button", { class: "btn btn-sm", type: "button", "data-add": name }, this.#say(name));
      button.addEventListener("click", (event) => {
        this.#add(name);
        this.#enter(event);
      });
      add.append(button);
    }
    this.#box.append(
      h("div", { class: "letter-work" }, bar, this.#canvas),
      h("div", { class: "letter-side" }, add,
        h("div", { class: "text-secondary small" }, this.#say("chosen")), this.#chosen,
        h("div", { class: "text-secondary small" }, this.#say("parts")), this.#list),
    );
    const editor = grapesjs.init({
      container: this.#canvas,
      height: "70vh",
      width: "auto",
      storageManager: false,
      noticeOnUnload: false,
      telemetry: false,
      cssIcons: "",
      panels: { defaults: [] },
      showDevices: false,
      // Tags are longer than the figures that they become.
      canvasCss: "td { white-space: normal !important; }",
      plugins: [(made: Editor) => plugin(made, { blocks: [], fonts: {}, useCustomTheme: false })],
    });
    this.#editor = editor;
    editor.on("component:selected", () => {
      elsewhere.last = undefined; // a tag goes into the part that was chosen last, not where somebody wrote before
      this.#draw();
    });
    editor.on("component:deselected", () => this.#draw());
    for (const event of ["component:add", "component:remove", "component:update", "undo", "redo"])
      editor.on(event, () => this.#later());
    return editor;
  }

  #waiting = 0;
  #later(): void {
    window.clearTimeout(this.#waiting);
    this.#waiting = window.setTimeout(() => this.#draw(), 150);
  }

  #made(): string {
    return this.#editor?.getHtml() ?? "";
  }

  /** Write what the picture shows into the source; what nobody touched stays as it was written. */
  #write(): void {
    const area = this.#area;
    if (!area || !this.#editor || this.#box.hidden) return;
    const edited = this.#made();
    if (edited === this.#opened) return;
    const source = fromEditor(area.value, edited, this.#look);
    if (source !== undefined) area.value = source;
    this.#opened = edited;
  }

  #body(): Component | undefined {
    return this.#editor?.getWrapper()?.findType("mj-body")[0];
  }

  #parts(): [Component, number][] {
    const out: [Component, number][] = [];
    const walk = (part: Component, depth: number): void => {
      if (KINDS[part.get("tagName") ?? ""]) out.push([part, depth]);
      const deeper = part.get("tagName") === "mj-section" ? depth + 1 : depth;
      if (part.get("tagName") !== "mj-text") part.components().forEach((one: Component) => walk(one, deeper));
    };
    this.#body()?.components().forEach((one: Component) => walk(one, 0));
    return out;
  }

  #draw(): void {
    const selected = this.#editor?.getSelected();
    const focused = [...this.#list.children].findIndex((one) => one.contains(document.activeElement));
    this.#list.replaceChildren(
      ...this.#parts().map(([part, depth]) => {
        const button = h("button", { class: "letter-part", type: "button" }, this.#told(part));
        button.style.paddingInlineStart = `${8 + depth * 14}px`;
        if (part === selected) button.setAttribute("aria-current", "true");
        button.addEventListener("click", (event) => {
          this.#editor?.select(part);
          this.#editor?.Canvas.scrollTo(part);
          this.#enter(event);
        });
        return h("li", {}, button);
      }),
    );
    this.#drawChosen(selected);
    if (focused >= 0) this.#focus(focused);
  }

  /** Give the keyboard to a row of the list, which is drawn anew whenever the letter changes. */
  #focus(row: number): void {
    this.#list.children[Math.min(row, this.#list.children.length - 1)]?.querySelector("button")?.focus();
  }

  /** Go on in the fields of the chosen part, for whoever pressed a key: by tabs they are far away. */
  #enter(event: MouseEvent): void {
    if (event.detail === 0) this.#chosen.querySelector<HTMLElement>("textarea, input")?.focus();
  }

  #told(part: Component): string {
    const name = part.get("tagName") ?? "";
    const classes = this.#classes(part);
    const all = (part.getEl()?.textContent ?? "").replace(/\s+/g, " ").trim();
    const words = classes.includes("verno-tag") ? all : all.replace(/\{%.*?%\}/g, "").trim();
    const kind = classes.includes("verno-tag") ? "tag" : classes.includes("verno-table") ? "table" : (KINDS[name] ?? "text");
    return name === "mj-section" || !words ? this.#say(kind) : `${this.#say(kind)}: ${words.slice(0, 90)}`;
  }

  #classes(part: Component): string {
    return String(part.getAttributes()["css-class"] ?? "");
  }

  #drawChosen(part: Component | undefined): void {
    const name = part?.get("tagName") ?? "";
    if (!part || !KINDS[name]) {
      this.#chosen.replaceChildren(h("p", { class: "text-secondary small" }, this.#say("none")));
      return;
    }
    if (this.#chosen.contains(document.activeElement) && this.#chosen.dataset["of"] === part.getId()) return;
    this.#chosen.dataset["of"] = part.getId();
    const act = (what: string, how: () => void): HTMLElement => {
      const button = h("button", { class: "btn btn-sm", type: "button" }, this.#say(what));
      button.addEventListener("click", how);
      return button;
    };
    const fields: HTMLElement[] = [];
    if ((name === "mj-text" || name === "mj-button") && !this.#classes(part).includes("verno-table")) fields.push(this.#words_(part, name));
    for (const [attribute, label] of ASKS[name] ?? []) fields.push(this.#field(part, attribute, label));
    this.#chosen.replaceChildren(
      h("div", { class: "letter-acts" }, act("up", () => this.#move(part, -1)), act("down", () => this.#move(part, 1)),
        act("copy", () => this.#copy(part)), act("remove", () => this.#remove(part))),
      ...fields,
    );
  }

  /** The words of a part as a field: whoever cannot double-click in the picture writes here. */
  #words_(part: Component, name: string): HTMLElement {
    const area = h("textarea", { class: "form-control", rows: name === "mj-button" ? "1" : "4" }) as HTMLTextAreaElement;
    area.value = part.getInnerHTML().trim();
    area.addEventListener("change", () => {
      const text = new DOMParser().parseFromString(area.value, "text/html").body.innerHTML.replace(/<br>/g, "<br/>").replace(/&nbsp;/g, "\u00a0");
      part.components(text);
      part.trigger("rerender");
      this.#later();
    });
    return h("label", { class: "letter-field" }, h("span", {}, this.#say("text")), area);
  }

  #field(part: Component, attribute: string, label: string): HTMLElement {
    const input = h("input", { class: "form-control", type: "text", spellcheck: "false" }) as HTMLInputElement;
    input.value = storedAs(String(part.getAttributes()[attribute] ?? ""), this.#look);
    input.addEventListener("change", () => {
      const value = shownAs(input.value.trim(), this.#look);
      if (value) part.addAttributes({ [attribute]: value });
      else part.removeAttributes(attribute);
    });
    return h("label", { class: "letter-field" }, h("span", {}, this.#say(label)), input);
  }

  #move(part: Component, by: number): void {
    const parent = part.parent();
    const at = part.index() + by;
    if (!parent || at < 0 || at >= parent.components().length) return;
    part.move(parent, { at: by > 0 ? at + 1 : at });
    this.#editor?.select(part);
    this.#later();
  }

  #copy(part: Component): void {
    part.parent()?.append(part.clone(), { at: part.index() + 1 });
    this.#later();
  }

  #remove(part: Component): void {
    const row = this.#parts().findIndex(([one]) => one === part);
    part.remove();
    this.#draw();
    this.#focus(row);
  }

  #add(name: string): void {
    const body = this.#body();
    if (!body || !this.#editor) return;
    const source = (PARTS[name] ?? "")
      .replace(/%text%/g, this.#say("new_text"))
      .replace("%colour%", `${this.#look["colour"] ?? "#0b6e4f"}ff`)
      .replace("%ink%", `${this.#look["ink"] ?? "#ffffff"}fe`);
    const selected = this.#editor.getSelected();
    const wanted = SECTIONS.has(name) ? "mj-section" : "mj-column";
    const [parent, at] = SECTIONS.has(name) ? this.#besideSection(body, selected) : this.#inColumn(body, selected);
    if (!parent) return;
    const made = parent.append(source, { at })[0];
    if (made && wanted) this.#editor.select(made);
    this.#later();
  }

  #besideSection(body: Component, selected: Component | undefined): [Component, number] {
    let part = selected;
    while (part && part.parent() && part.parent() !== body) part = part.parent();
    return [body, part && part.parent() === body ? part.index() + 1 : body.components().length];
  }

  #inColumn(body: Component, selected: Component | undefined): [Component | undefined, number] {
    let part = selected;
    while (part && part.parent() && part.parent()?.get("tagName") !== "mj-column") part = part.parent();
    const parent = part?.parent();
    if (part && parent?.get("tagName") === "mj-column") return [parent, part.index() + 1];
    const columns = body.findType("mj-column");
    const column = selected?.findType("mj-column")[0] ?? columns[Math.min(2, columns.length - 1)];
    return [column, column?.components().length ?? 0];
  }

  /** Put a tag behind the words of the chosen part; false where none is chosen. */
  #insert(tag: string): boolean {
    const last = elsewhere.last;
    const area = last && this.#chosen.contains(last) ? last : this.#chosen.querySelector("textarea");
    if (this.#box.hidden || !area) return false;
    const start = area.selectionStart ?? area.value.length;
    area.setRangeText(tag, start, area.selectionEnd ?? start, "end");
    area.dispatchEvent(new Event("change"));
    area.focus();
    return true;
  }
}

customElements.define("letter-editor", LetterEditor);
