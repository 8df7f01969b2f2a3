// Pages where a template is written: the menu inserts its tag where the caret was, and a text message is counted as it
// will be paid for. Without this script the tags can be copied, and the server counts.

const GSM =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_TWICE = "^{}\\[~]|€\f";
const FIGURE = "12345678"; // what stands for a figure, as the server reckons

type Field = HTMLInputElement | HTMLTextAreaElement;

/**
 * What the picture editor shares with the fields: `insert` takes a tag while a part of the letter is written, `changed`
 * tells whether the letter is not as it was opened, `last` is the field that somebody wrote in last.
 */
export const elsewhere: {
  insert?: ((tag: string) => boolean) | undefined;
  changed?: () => boolean;
  last?: Field | undefined;
} = {};

function isField(target: EventTarget | null): target is Field {
  return target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type === "text");
}

function insert(tag: string): void {
  const { last } = elsewhere;
  const outside = last?.isConnected && !last.closest("letter-editor");
  if (!outside && elsewhere.insert?.(tag)) return;
  const field = last ?? document.querySelector<Field>(".writing textarea:not([hidden])");
  if (!field) return;
  const start = field.selectionStart ?? field.value.length;
  field.setRangeText(tag, start, field.selectionEnd ?? start, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function segments(text: string): { units: number; count: number } {
  let units = 0;
  let narrow = true;
  for (const char of text) {
    if (GSM.includes(char)) units += 1;
    else if (GSM_TWICE.includes(char)) units += 2;
    else {
      narrow = false;
      break;
    }
  }
  if (!narrow) units = text.length;
  const [one, many] = narrow ? [160, 153] : [70, 67];
  return { units, count: units === 0 ? 0 : units <= one ? 1 : Math.ceil(units / many) };
}

function counted(form: HTMLElement): void {
  const place = form.querySelector<HTMLElement>("[data-segments]");
  const area = form.querySelector("textarea");
  if (!place || !area) return;
  const words = JSON.parse(form.dataset["words"] ?? "{}") as Record<string, string>;
  const tell = (): void => {
    const text = area.value.replace(/\{[%#][\s\S]*?[%#]\}/g, "").replace(/\{\{.*?\}\}/g, FIGURE).trim();
    const { units, count } = segments(text);
    place.textContent = `${units} ${words["characters"] ?? ""} · ${count} ${words["segments"] ?? ""}`;
  };
  area.addEventListener("input", tell);
  tell();
}

/** Ask before what was written and not saved is left: another language or channel is another page. */
function kept(form: HTMLFormElement): void {
  const fields = [...form.querySelectorAll<Field>("input[name=subject], input[name=preheader], textarea[name=body]")];
  let saving = false;
  form.addEventListener("submit", () => (saving = true));
  window.addEventListener("beforeunload", (event) => {
    const written = fields.some((one) => one.value !== one.defaultValue) || elsewhere.changed?.();
    if (written && !saving) event.preventDefault();
  });
}

document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector<HTMLFormElement>("form.writing");
  if (!form) return;
  // A tab merely passes by on its way to the menu.
  for (const name of ["input", "pointerdown"])
    form.addEventListener(name, (event) => {
      if (isField(event.target)) elsewhere.last = event.target;
    });
  form.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-insert]");
    if (button) insert(button.dataset["insert"] ?? "");
  });
  counted(form);
  kept(form);
});
