// What the server says is wrong, put to its row, or to the nearest one around it.

import { h } from "./dom";

export interface Problem {
  path: string;
  text: string;
}

/** Show problems within `root` by their paths; what has no place stands at the top of `box`. */
export function show(problems: Problem[], root: HTMLElement, box: HTMLElement): void {
  for (const old of root.querySelectorAll(".b-error")) old.remove();
  for (const old of root.querySelectorAll(".b-wrong")) old.classList.remove("b-wrong");
  const places = new Map([...root.querySelectorAll<HTMLElement>("[data-path]")].map((place) => [place.dataset["path"], place]));
  for (const { path, text } of problems) {
    let at = path;
    while (at && !places.has(at)) at = at.slice(0, Math.max(0, at.lastIndexOf(".")));
    const place = places.get(at) ?? box;
    const line = h("div", { class: "field-error b-error", role: "alert" }, text);
    if (place === box) place.prepend(line);
    else {
      place.classList.add("b-wrong");
      place.append(line);
      for (let around: Element | null = place; around && around !== root; around = around.parentElement) {
        if (around instanceof HTMLDetailsElement) around.open = true;
      }
    }
  }
}
