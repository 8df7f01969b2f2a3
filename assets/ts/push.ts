// The preference page's button for notifications. It asks for the permission only when it is pressed; what the browser
// then gives goes to our server as the page's own form, so that the page needs no other way to speak to it.

const box = document.querySelector<HTMLElement>("#push");

function part<T extends HTMLElement>(within: HTMLElement, which: string): T {
  const found = within.querySelector<T>(which);
  if (found === null) throw new Error(which);
  return found;
}

function key(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (sign) => sign.charCodeAt(0));
}

async function subscribed(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

// A subscription made with another key, before the server had this one, takes nothing from us any more.
async function subscribe(publicKey: string): Promise<PushSubscription> {
  await navigator.serviceWorker.register("/push-worker.js");
  const registration = await navigator.serviceWorker.ready;
  await (await registration.pushManager.getSubscription())?.unsubscribe();
  return registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key(publicKey) });
}

// Whether our server knows this subscription: it forgets those that the browser's push service has ended.
async function known(within: HTMLElement, endpoint: string): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint)));
  const text = Array.from(digest.slice(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return (within.dataset.known ?? "").split(" ").includes(text);
}

async function set(within: HTMLElement): Promise<void> {
  const on = part(within, "#push-on");
  const off = part(within, "#push-off");
  const said = part(within, "#push-said");
  const form = part<HTMLFormElement>(within, "form");
  const held = await subscribed();
  const isOn = held !== null && (await known(within, held.endpoint));
  on.hidden = isOn;
  off.hidden = !isOn;
  within.hidden = false;
  form.addEventListener("submit", (event) => {
    const button = (event as SubmitEvent).submitter as HTMLButtonElement | null;
    if (button === null || form.dataset.ready === "yes") return;
    event.preventDefault();
    const send = (name: string, value: string): void => {
      part<HTMLInputElement>(form, `[name=${name}]`).value = value;
      form.dataset.ready = "yes";
      form.requestSubmit(button);
    };
    const work = async (): Promise<void> => {
      if (button.value === "push-off") {
        const gone = await subscribed();
        if (gone === null) return;
        await gone.unsubscribe();
        send("endpoint", gone.endpoint);
      } else if ((await Notification.requestPermission()) !== "granted") {
        said.textContent = within.dataset.denied ?? "";
      } else {
        send("subscription", JSON.stringify(await subscribe(within.dataset.key ?? "")));
      }
    };
    work().catch(() => {
      said.textContent = within.dataset.failed ?? "";
    });
  });
}

if (box !== null && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) void set(box);
