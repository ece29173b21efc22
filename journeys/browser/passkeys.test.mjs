// Somebody makes a passkey with Chromium's virtual authenticator, signs in by it without a name, proves again by it, and takes it away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openBrowser, startNamedSchool, welcome } from "./named-school.mjs";
import { faults } from "./school.mjs";

const PASSWORD = "teapots over jupiter";
const ROLL = '[[person]]\nname = "Hanna Example"\ngroups = []\n[[person]]\nname = "Lena Example"\ngroups = []\n';

let school, browser;
before(async () => {
  school = await startNamedSchool({ roll: ROLL });
  await school.command("duties", "give", "head", "--to", "Hanna Example", "--reason", "Appointed by the governors.");
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  await school?.stop();
});

/** A page of a browser of its own, on a device that holds passkeys. */
async function onADevice() {
  const context = await browser.newContext({ viewport: { width: 320, height: 800 } });
  const page = await context.newPage();
  const device = await context.newCDPSession(page);
  await device.send("WebAuthn.enable");
  const { authenticatorId } = await device.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { page, device, authenticatorId };
}

async function makePasskey(page, called) {
  await page.goto(`${school.portal}/me/passkeys`);
  assert.deepEqual(await faults(page), []);
  await page.getByLabel("What do you call it?").fill(called);
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await page.getByRole("rowheader", { name: called }).waitFor();
  assert.deepEqual(await faults(page), []);
}

async function signOut(page) {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
}

test("a passkey is made, signs in without a name or a password, and is taken once", async () => {
  const { page, device, authenticatorId } = await onADevice();
  await welcome(school, page, "Hanna Example", "h.head", PASSWORD);
  assert.match(await page.locator("main").innerText(), /Before you sign out/);
  await makePasskey(page, "My laptop");
  const { credentials } = await device.send("WebAuthn.getCredentials", { authenticatorId });
  assert.deepEqual([credentials.length, credentials[0].rpId, credentials[0].isResidentCredential], [1, "localhost", true]);
  await page.goto(`${school.portal}/today`);
  assert.doesNotMatch(await page.locator("main").innerText(), /Before you sign out/);
  await signOut(page);
  assert.deepEqual(await faults(page), []);

  // Whoever holds the laptop and is not its owner.
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByText("That did not work").waitFor();
  await device.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
  const sent = page.waitForRequest((request) => request.url().endsWith("/sign-in/passkey"));
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  assert.deepEqual(await faults(page), []);
  assert.equal(await page.getByRole("link", { name: "Requests" }).count(), 1, "a passkey is two proofs");

  // What was sent is good for nothing any more, in whatever hands; and sending it again is no sign of a copy.
  const stranger = await (await browser.newContext()).request.post(`${school.portal}/sign-in/passkey`, {
    headers: { "content-type": "application/x-www-form-urlencoded" },
    data: (await sent).postData(),
    maxRedirects: 0,
  });
  assert.equal(stranger.status(), 422);
  assert.equal(stranger.headers()["set-cookie"], undefined);
  await page.goto(`${school.portal}/today`);
  assert.doesNotMatch(await page.locator("main").innerText(), /a copy of it/);

  // Proving again, calling it something else, and taking it away.
  await page.goto(`${school.portal}/sign-in/again?back=%2Fme%2Fpasskeys`);
  assert.deepEqual(await faults(page), []);
  await page.getByRole("button", { name: "Continue with a passkey" }).click();
  await page.getByRole("heading", { name: "Passkeys" }).waitFor();
  await page.getByRole("link", { name: "Change My laptop" }).click();
  await page.getByRole("heading", { name: "Passkey: My laptop" }).waitFor();
  assert.match(await page.locator("main").innerText(), /what your duties let you do rests/);
  assert.deepEqual(await faults(page), []);
  await page.getByLabel("What do you call it?").fill("");
  await page.getByRole("button", { name: "Change the name" }).click();
  await page.getByRole("alert").waitFor();
  assert.deepEqual(await faults(page), []);
  await page.getByLabel("What do you call it?").fill("The old laptop");
  await page.getByRole("button", { name: "Change the name" }).click();
  await page.getByRole("link", { name: "Change The old laptop" }).click();
  await page.getByRole("button", { name: "Take this passkey away" }).click();
  await page.getByText("You have no passkey here.").waitFor();
  await page.goto(`${school.portal}/today`);
  assert.match(await page.locator("main").innerText(), /what you do as Headteacher rests/);
  await signOut(page);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /That passkey was not taken/);
});

test("a passkey that counts backwards is refused, stopped and told of", async () => {
  const { page, device, authenticatorId } = await onADevice();
  await welcome(school, page, "Lena Example", "l.lead", PASSWORD);
  await makePasskey(page, "My key");
  for (let time = 0; time < 2; time += 1) {
    await signOut(page);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("heading", { name: "Today" }).waitFor();
  }
  await signOut(page);
  // Another device has the same key, and has counted less.
  const { credentials } = await device.send("WebAuthn.getCredentials", { authenticatorId });
  assert.ok(credentials[0].signCount > 1, `${credentials[0].signCount}`);
  const copy = await onADevice();
  await copy.device.send("WebAuthn.addCredential", {
    authenticatorId: copy.authenticatorId,
    credential: { ...credentials[0], signCount: 0 },
  });
  await copy.page.goto(`${school.portal}/sign-in`);
  await copy.page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await copy.page.getByRole("alert").waitFor();
  assert.match(await copy.page.getByRole("alert").innerText(), /counts backwards/);
  assert.deepEqual(await faults(copy.page), []);
  // Nobody knows which of the two is the copy.
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await page.getByRole("alert").waitFor();
  assert.match(await page.getByRole("alert").innerText(), /was not taken/);
  await page.locator("#name").fill("l.lead");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  assert.match(await page.locator("main").innerText(), /as if there were a copy of it/);
  assert.deepEqual(await faults(page), []);
  await page.getByRole("link", { name: "Take it away and make another" }).click();
  await page.getByRole("cell", { name: "Stopped" }).waitFor();
  assert.match(await school.command("trail", "show"), /passkey\.stop/);
});

test("without scripts there is the password, and nothing is offered that cannot be done", async () => {
  const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
  await page.goto(`${school.portal}/sign-in`);
  assert.equal(await page.getByRole("button", { name: "Sign in with a passkey" }).count(), 0);
  await page.locator("#name").fill("h.head");
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  assert.match(await page.locator("main").innerText(), /what you do as Headteacher rests/);
  await page.goto(`${school.portal}/me/passkeys`);
  assert.match(await page.locator("main").innerText(), /This needs scripts/);
  assert.equal(await page.getByRole("button", { name: "Make a passkey" }).count(), 0);
});
