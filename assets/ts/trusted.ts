// Trusted types: the page's security policy lets HTML be written only through the two policies named here.
// "verno" passes on what our own server answered to htmx; "default" lets libraries empty an element, no more.

interface Policy {
  createHTML(text: string): unknown;
  createScript(text: string): unknown;
}
interface Factory {
  createPolicy(name: string, rules: Record<string, (text: string) => string>): Policy;
}

const factory = (window as unknown as { trustedTypes?: Factory }).trustedTypes;

function refuse(): never {
  throw new TypeError("this page writes no HTML or script from text");
}

factory?.createPolicy("default", { createHTML: (text) => (text === "" ? text : refuse()) });

export const serverAnswers = factory?.createPolicy("verno", {
  createHTML: (text) => text,
  createScript: refuse,
});
