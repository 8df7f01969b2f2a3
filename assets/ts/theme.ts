// Runs before the page is painted, so that a dark page never flashes white. Small on purpose.

type Choice = "light" | "dark" | "auto";

const KEY = "verno-theme";
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function stored(): Choice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto"; // storage may be forbidden; the page still works
  }
}

function apply(choice: Choice): void {
  const dark = choice === "dark" || (choice === "auto" && prefersDark.matches);
  document.documentElement.dataset["bsTheme"] = dark ? "dark" : "light";
  for (const button of document.querySelectorAll<HTMLElement>("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset["themeChoice"] === choice));
  }
  document.dispatchEvent(new CustomEvent("verno:theme"));
}

apply(stored());
prefersDark.addEventListener("change", () => apply(stored()));
document.addEventListener("DOMContentLoaded", () => apply(stored()));
document.addEventListener("click", (event) => {
  const button = (event.target as Element | null)?.closest<HTMLElement>("[data-theme-choice]");
  if (!button) return;
  const choice = button.dataset["themeChoice"] as Choice;
  try {
    if (choice === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  } catch {
    // not remembered, but applied
  }
  apply(choice);
});
