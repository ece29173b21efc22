// Somebody of the staff sets codes up on their phone, signs in by them, on paper when the phone is away, and ends what is open elsewhere.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { keyboardAlone } from "./hands.mjs";
import { PASSWORD, roll } from "./people.mjs";
import { faults, openBrowser, startSchool } from "./school.mjs";


let school, browser, people;
before(async () => {
  school = await startSchool();
  browser = await openBrowser(school);
  people = (await roll(school)).map((person) => person.number);
});
after(async () => {
  await browser?.close();
  await school?.stop();
});

/** The code that an app shows: RFC 6238, from the letters on the page. `ahead` steps of half a minute later. */
function code(letters, ahead = 0) {
  const signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...letters.replace(/\s/g, "")].map((sign) => signs.indexOf(sign).toString(2).padStart(5, "0")).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead));
  const mac = createHmac("sha1", secret).update(step).digest();
  const from = mac[19] & 15;
  return `${(mac.readUInt32BE(from) & 0x7fffffff) % 1_000_000}`.padStart(6, "0");
}

/** Somebody of the made-up staff with a duty, in a browser of their own, who has just chosen a password. */
async function welcome(number, name, duty, options = {}) {
  await school.command("duties", "give", duty, "--to", `${number}`, "--reason", "Appointed by the governors.");
  const said = JSON.parse(await school.command("--json", "people", "invite", `${number}`, "--name", name));
  assert.equal(new URL(said.link).host, school.portal, "the link can be opened as it is");
  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, ...options });
  const page = keyboardAlone(await context.newPage());
  await page.goto(said.link);
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#repeated").fill(PASSWORD);
  await page.getByRole("button", { name: /keep this password/i }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  return page;
}

async function givePassword(page, name) {
  await page.goto(`http://${school.portal}/sign-in`);
  await page.getByLabel("Name").fill(name);
  await page.locator("#password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

test("codes on a phone are set up, asked for, and have a way round on paper", async () => {
  const page = await welcome(people[0], "h.head", "head");
  assert.deepEqual(await faults(page), []);
  await page.getByRole("link", { name: /set up codes on your phone/i }).first().click();
  await page.getByRole("heading", { name: "Set up codes on your phone" }).waitFor();
  assert.ok(await page.getByRole("img", { name: /camera of the app/ }).isVisible());
  assert.deepEqual(await faults(page), []);
  const letters = await page.locator(".fivebar-secret").innerText();
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await page.getByRole("button", { name: "Continue" }).click();
  assert.ok(await page.getByRole("alert").isVisible(), "a wrong code is refused, and why is said");
  assert.deepEqual(await faults(page), []);
  assert.equal(await page.locator(".fivebar-secret").innerText(), letters, "the phone has that secret already");
  await page.getByLabel("Code", { exact: true }).fill(code(letters));
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  const codes = await page.locator("ol code").allInnerTexts();
  assert.equal(codes.length, 10);
  assert.deepEqual(await faults(page), []);
  await page.getByRole("link", { name: "I have them on paper" }).click();
  assert.match(await page.locator("main").innerText(), /Headteacher/);
  assert.deepEqual(await faults(page), []);

  // Another browser: the password is half of it.
  const other = await (await browser.newContext({ viewport: { width: 320, height: 800 } })).newPage();
  await givePassword(other, "h.head");
  await other.getByRole("heading", { name: "Enter a code" }).waitFor();
  assert.deepEqual(await faults(other), []);
  await other.goto(`http://${school.portal}/me`);
  await other.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  await givePassword(other, "h.head");
  await other.getByLabel("Code from the app on your phone").fill("12 34 5");
  await other.getByRole("button", { name: "Sign in" }).click();
  assert.match(await other.getByRole("alert").innerText(), /not right/);
  assert.deepEqual(await faults(other), []);
  await other.getByLabel("Code from the app on your phone").fill(code(letters, 1));
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByRole("heading", { name: "Today" }).waitFor();
  assert.deepEqual(await faults(other), []);

  // The first browser is told, and ends the other.
  await page.goto(`http://${school.portal}/today`);
  assert.match(await page.locator("main").innerText(), /Since you signed in here, you also signed in at/);
  assert.deepEqual(await faults(page), []);
  await page.goto(`http://${school.portal}/me`);
  await page.getByRole("button", { name: "End all others" }).click();
  await page.getByRole("heading", { name: "You", exact: true }).waitFor();
  await other.reload();
  await other.getByRole("heading", { name: "Sign in", exact: true }).waitFor();

  // The phone is at home: once with a code on paper.
  await givePassword(other, "h.head");
  await other.getByLabel("Code from the app on your phone").fill(codes[0]);
  await other.getByRole("button", { name: "Sign in" }).click();
  await other.getByRole("heading", { name: "Today" }).waitFor();
  await other.goto(`http://${school.portal}/me/codes`);
  assert.match(await other.locator("main").innerText(), /9 recovery codes are left/);
  assert.deepEqual(await faults(other), []);
});

test("without scripts, by keyboard alone, codes are set up and asked for", async () => {
  const page = await welcome(people[1], "n.manager", "network-manager", { javaScriptEnabled: false });
  await page.goto(`http://${school.portal}/me/codes`);
  const letters = await page.locator(".fivebar-secret").innerText();
  await page.locator("#code").focus();
  await page.keyboard.type(code(letters));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your recovery codes" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  await page.locator("#name").focus();
  await page.keyboard.type("n.manager");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Enter a code" }).waitFor();
  await page.locator("#code").focus();
  await page.keyboard.type(code(letters, 1));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Today" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Requests" }).count(), 1, "the duty is held");
});
