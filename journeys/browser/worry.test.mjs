// A pupil of 14 whose password a friend has seen says so, without scripts and by keyboard alone; a teacher does it signed in and is signed out elsewhere.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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

const open = async (options = {}) => (await browser.newContext({ viewport: { width: 320, height: 800 }, ...options })).newPage();

test("somebody who is not signed in says what is wrong, without scripts and by keyboard", async () => {
  const page = await open({ javaScriptEnabled: false });
  await page.goto(`http://${school.portal}/help`);
  await page.getByRole("link", { name: "Something is wrong" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Something is wrong with an account or a device" }).waitFor();
  // Sent empty, it says what to do.
  await page.getByRole("button", { name: "Say it now" }).press("Enter");
  assert.match(await page.locator(".govuk-error-summary").innerText(), /Select what happened/);
  await page.getByLabel("Somebody knows my password").focus();
  await page.keyboard.press("Space");
  await page.getByLabel("What else should somebody know?").fill("It was on my desk in room 4.");
  await page.getByRole("button", { name: "Say it now" }).press("Enter");
  await page.getByRole("heading", { name: "Thank you for saying so" }).waitFor();
  assert.match(await page.locator("main").innerText(), /Choose another password/);
});

test("a teacher who says so is signed out everywhere else, and the page has no fault", async () => {
  const number = people[0];
  await school.command("duties", "give", "teacher", "--to", `${number}`, "--reason", "Teaches.");
  const said = JSON.parse(await school.command("--json", "people", "invite", `${number}`, "--name", "worried.teacher"));
  const here = await open();
  await here.goto(said.link);
  await here.locator("#password").fill(PASSWORD);
  await here.locator("#repeated").fill(PASSWORD);
  await here.getByRole("button", { name: /keep this password/i }).click();
  await here.getByRole("heading", { name: "Today" }).waitFor();
  const there = await open();
  await there.goto(`http://${school.portal}/sign-in`);
  await there.locator("#name").fill("worried.teacher");
  await there.locator("#password").fill(PASSWORD);
  await there.getByRole("button", { name: "Sign in", exact: true }).click();
  await there.getByRole("heading", { name: "Today" }).waitFor();

  await here.goto(`http://${school.portal}/worry`);
  assert.deepEqual(await faults(here), []);
  await here.getByLabel("Somebody else has used my account").check();
  await here.getByRole("button", { name: "Say it now" }).click();
  await here.getByText("You are signed out everywhere else.").waitFor();
  assert.deepEqual(await faults(here), []);
  await there.goto(`http://${school.portal}/me`);
  await there.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  await here.goto(`http://${school.portal}/me`);
  assert.equal(new URL(here.url()).pathname, "/me");
});
