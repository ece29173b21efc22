// Somebody of the staff signs in in Welsh, works in it in another browser, changes a label, and goes back to English.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { PASSWORD, roll } from "./people.mjs";
import { faults, openBrowser, startSchool } from "./school.mjs";


let school, browser;
before(async () => {
  school = await startSchool();
  browser = await openBrowser(school);
});
after(async () => {
  await browser?.close();
  await school?.stop();
});

const language = (page) => page.locator("html").getAttribute("lang");

test("the portal in Welsh, chosen once and kept with the account", async () => {
  const [{ number }] = await roll(school);
  await school.command("duties", "give", "head", "--to", `${number}`, "--reason", "Appointed by the governors.");
  const said = JSON.parse(await school.command("--json", "people", "invite", `${number}`, "--name", "hanna"));

  // What the browser asks for, before anybody is known.
  const first = await browser.newContext({ locale: "cy", viewport: { width: 320, height: 800 } });
  const page = await first.newPage();
  await page.goto(`http://${school.portal}${new URL(said.link).pathname}`);
  assert.equal(await language(page), "cy");
  await page.getByLabel("Cyfrinair", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Yr un peth eto").fill(PASSWORD);
  await page.getByRole("button", { name: "Cadw’r cyfrinair hwn a mewngofnodi" }).click();
  await page.getByRole("heading", { name: "Heddiw" }).waitFor();
  assert.match(await page.locator("body").innerText(), /no speaker has checked it yet/);
  assert.deepEqual(await faults(page), []);

  // Another browser asks for English; what is chosen at the foot is kept with the account.
  const signIn = async (options) => {
    const context = await browser.newContext({ locale: "en-GB", viewport: { width: 320, height: 800 }, ...options });
    const other = await context.newPage();
    await other.goto(`http://${school.portal}/sign-in`);
    await other.getByLabel("Name").fill("hanna");
    await other.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await other.getByRole("button", { name: "Sign in", exact: true }).click();
    await other.waitForURL(/\/today$/);
    return other;
  };
  const second = await signIn({ javaScriptEnabled: false });
  assert.equal(await second.locator("h1").innerText(), "Today");
  await second.getByRole("button", { name: "Cymraeg" }).click();
  await second.getByRole("heading", { name: "Heddiw" }).waitFor();
  assert.equal(await language(second), "cy");
  const third = await signIn({});
  assert.equal(await third.locator("h1").innerText(), "Heddiw");
  // By the invitation, which is two proofs: their duty does not rest.
  for (const path of ["/me", "/tasks", "/staff/requests", "/staff/lessons", "/staff/roll", "/staff/duties", "/staff/words/cy?find=monday.today"]) {
    await page.goto(`http://${school.portal}${path}`);
    assert.equal(await language(page), "cy", path);
    assert.equal((await page.locator("h1").innerText()).includes("Heb ddod o hyd"), false, path);
    assert.deepEqual(await faults(page), [], path);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    assert.equal(wide, false, path);
  }

  // A label in the school's own words.
  await page.getByRole("link", { name: "monday.today", exact: true }).click();
  await page.locator("textarea").fill("Bore da");
  await page.getByRole("button", { name: "Dweud hyn", exact: true }).click();
  await page.waitForLoadState();
  await page.goto(`http://${school.portal}/today`);
  assert.equal(await page.locator("h1").innerText(), "Bore da");

  await third.reload();
  assert.equal(await third.locator("h1").innerText(), "Bore da");
  await third.getByRole("button", { name: "English" }).click();
  await third.getByRole("heading", { name: "Today" }).waitFor();
  assert.equal(await language(third), "en-GB");
});
