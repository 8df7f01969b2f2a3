// The console's script: htmx for live parts, Tabler for menus, and a few small manners of our own.

import "@tabler/core";
import htmx from "htmx.org";
import { serverAnswers } from "./trusted";

interface Internals {
  initSecurity(policy: unknown): void;
}

htmx.registerExtension("trusted", {
  init(api: unknown) {
    if (serverAnswers) (api as Internals).initSecurity(serverAnswers);
  },
});

// The last search stays in this tab, never in an address: phones and e-mails do not belong into logs.
const SEARCH = "verno-search";

function searchBox(): HTMLInputElement | null {
  return document.querySelector<HTMLInputElement>("[data-search]");
}

document.addEventListener("DOMContentLoaded", () => {
  const box = searchBox();
  if (!box) return;
  const last = sessionStorage.getItem(SEARCH);
  if (last && !box.value) {
    box.value = last;
    // htmx binds its listeners on the same event; let it finish first
    setTimeout(() => box.form?.requestSubmit(), 0);
  }
  box.addEventListener("input", () => sessionStorage.setItem(SEARCH, box.value));
});

// On a phone tabs are wider than the screen: the one that is open is brought into sight.
document.addEventListener("DOMContentLoaded", () => {
  const open = document.querySelector<HTMLElement>(".member-tabs .nav-link.active");
  const bar = open?.closest<HTMLElement>(".member-tabs");
  if (!open || !bar) return;
  const [tab, row] = [open.getBoundingClientRect(), bar.getBoundingClientRect()];
  bar.scrollLeft += tab.left - row.left - (row.width - tab.width) / 2;
});

// "/" puts the cursor into the search, as people expect from such consoles.
document.addEventListener("keydown", (event) => {
  const target = event.target as HTMLElement;
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (target.closest("input, textarea, select, [contenteditable]")) return;
  const box = searchBox();
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

// Signing out forgets what this tab remembered.
document.addEventListener("submit", (event) => {
  if ((event.target as HTMLElement).matches("[data-sign-out]")) sessionStorage.clear();
});

// A select that stands for a whole form (the language) sends it at once.
document.addEventListener("change", (event) => {
  const field = event.target as HTMLSelectElement;
  if (field.matches("[data-submit]")) field.form?.requestSubmit();
});
