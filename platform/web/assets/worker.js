// Shows a notice where no page is open: its title, and nothing else. A click leads to the page of the portal that it names.
const PAGE = /^\/[a-z]+(?:[/-][a-z]+)*$/;

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data.json();
  } catch {
    // Nothing that can be read came: that something waits is said all the same.
  }
  const title = typeof said.title === "string" ? said.title : "Something waits for you at the portal";
  const path = PAGE.test(said.path) ? said.path : "/today";
  event.waitUntil(self.registration.showNotification(title, { tag: title, data: { path } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(new URL(event.notification.data.path, self.location.origin).href));
});
