
// Notices by this browser, where it has them: a form that the page hides is shown, and what the browser gives goes along in it. Nothing is
// fetched.
export function notices() {
  const workers = navigator.serviceWorker;
  if (!workers || !globalThis.PushManager || !globalThis.Notification) return;
  const text = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");
  const bytes = (words) => Uint8Array.from(atob(words.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  for (const form of document.querySelectorAll("form[data-fivebar-push]")) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        if ((await Notification.requestPermission()) !== "granted") throw new Error("not allowed");
        const registered = await workers.register("/assets/notices-worker.js");
        const key = bytes(form.dataset.fivebarPush);
        let kept = await registered.pushManager.getSubscription();
        // One for another key, as of a school that was set up anew, is no use.
        if (kept && text(kept.options.applicationServerKey) !== form.dataset.fivebarPush) {
          await kept.unsubscribe();
          kept = null;
        }
        const active = await ready(registered);
        kept ??= await active.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
        const parts = { endpoint: kept.endpoint, key: text(kept.getKey("p256dh")), auth: text(kept.getKey("auth")) };
        for (const field of form.querySelectorAll("[data-fivebar-push-part]")) {
          field.value = parts[field.dataset.fivebarPushPart];
        }
        form.submit();
      } catch {
        const told = form.querySelector("[role=status]");
        told.textContent = told.dataset.fivebarWords;
      }
    });
  }
}

// A browser subscribes once what shows notices runs.
function ready(registered) {
  const worker = registered.active ?? registered.waiting ?? registered.installing;
  if (worker.state === "activated") return registered;
  return new Promise((done) => {
    worker.addEventListener("statechange", () => worker.state === "activated" && done(registered));
  });
}
