// The service worker of web push: shows what was pushed, and opens its page when somebody clicks.
// A worker's own types cannot be had beside a page's, so the few that are used stand here.

interface Extended extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Pushed extends Extended {
  readonly data: { json(): unknown } | null;
}
interface Clicked extends Extended {
  readonly notification: Notification;
}
interface Page {
  readonly url: string;
  focus(): Promise<unknown>;
}
interface Worker {
  readonly registration: ServiceWorkerRegistration;
  readonly location: Location;
  readonly clients: {
    matchAll(options: { type: "window"; includeUncontrolled: boolean }): Promise<readonly Page[]>;
    openWindow(url: string): Promise<unknown>;
  };
  addEventListener(kind: "push", listener: (event: Pushed) => void): void;
  addEventListener(kind: "notificationclick", listener: (event: Clicked) => void): void;
}
const worker = self as unknown as Worker;

interface Notice {
  title: string;
  body: string;
  url: string;
  tag: string;
}

// A browser that lets us push wants something to be shown for each push, so an unreadable one shows who we are.
function read(event: Pushed): Notice {
  let found: unknown = null;
  try {
    found = event.data?.json();
  } catch {
    // not ours
  }
  const fields = (typeof found === "object" && found !== null ? found : {}) as Record<string, unknown>;
  const text = (name: string): string => (typeof fields[name] === "string" ? fields[name] : "");
  return { title: text("title") || worker.location.hostname, body: text("body"), url: text("url"), tag: text("tag") };
}

function page(url: string): string {
  const found = new URL(url || "/", worker.location.href);
  return found.protocol === "https:" || found.origin === worker.location.origin ? found.href : worker.location.origin;
}

worker.addEventListener("push", (event) => {
  const { title, body, url, tag } = read(event);
  event.waitUntil(worker.registration.showNotification(title, { body, tag, data: page(url) }));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const wanted = String(event.notification.data);
  event.waitUntil(
    worker.clients.matchAll({ type: "window", includeUncontrolled: true }).then((pages) => {
      const open = pages.find((one) => one.url === wanted);
      return open ? open.focus() : worker.clients.openWindow(wanted);
    }),
  );
});
