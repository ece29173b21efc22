// The first head is let in at the machine; from there on everybody is invited at the portal: a teacher by a slip, who comes in on a phone.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { keyboardAlone } from "./hands.mjs";
import { PASSWORD, roll } from "./people.mjs";
import { faults, openBrowser, startSchool } from "./school.mjs";

let school, browser, folder;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "fivebar-invite-"));
  school = await startSchool();
  browser = await openBrowser(school);
});
after(async () => {
  await browser?.close();
  await school?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** A phone, used by keyboard alone where that is said. */
async function phone(options = {}) {
  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, ...options });
  return context.newPage();
}

const here = (link) => `http://${school.portal}${new URL(link).pathname}`;

/** Chooses a password by a link. */
async function comesIn(page, link) {
  await page.goto(here(link));
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#repeated").fill(PASSWORD);
  await page.getByRole("button", { name: /keep this password/i }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
}

test("the first head comes in by the machine, and invites a teacher at the portal, who comes in", async () => {
  const stranger = await phone();
  await stranger.goto(`http://${school.portal}/sign-in`);
  assert.match(await stranger.locator("main").innerText(), /fivebar people first-head/, "how the first one comes in");
  assert.deepEqual(await faults(stranger), []);

  const said = JSON.parse(await school.command("--json", "people", "first-head", "Hedy Example"));
  assert.equal(said.name, "hedy.e");
  await stranger.goto(`http://${school.portal}/sign-in`);
  assert.doesNotMatch(await stranger.locator("main").innerText(), /first-head/);

  const head = keyboardAlone(await phone({ javaScriptEnabled: false }));
  await comesIn(head, said.link);
  const waits = head.getByRole("link", { name: /of the staff have no way in/ });
  await waits.click();
  await head.getByRole("heading", { name: "Who has a way in" }).waitFor();

  // One teacher by a link that the page shows, and the same as a slip.
  const teacher = (await roll(school)).find((person) => person.groups?.includes("teachers"));
  await head.goto(`http://${school.portal}/staff/roll/${teacher.number}`);
  await head.getByRole("link", { name: "Give them a way in" }).click();
  const name = await head.locator("#name").inputValue();
  assert.match(name, /^[a-z]+\.[a-z]+$/, "a name is proposed");
  await head.getByRole("button", { name: "Make the invitation" }).click();
  await head.getByRole("heading", { name: `Hand this to ${teacher.name}` }).waitFor();
  const link = await head.locator("main code").innerText();
  const [download] = await Promise.all([head.waitForEvent("download"), head.getByRole("button", { name: "Print it as a slip" }).click()]);
  const file = path.join(folder, "slip.pdf");
  await download.saveAs(file);
  execFileSync("qpdf", ["--check", file]);
  const printed = execFileSync("pdftotext", ["-raw", file, "-"], { encoding: "utf8" }).replace(/\s+/g, "");
  assert.ok(printed.includes(link) && printed.includes(name), "the slip has what the page shows");

  const theirs = keyboardAlone(await phone());
  await comesIn(theirs, link);
  await theirs.goto(`http://${school.portal}/me`);
  assert.match(await theirs.locator("main").innerText(), new RegExp(teacher.name));
  await head.goto(`http://${school.portal}/staff/ways-in`);
  assert.match(await head.locator("main").innerText(), /2 have a way in/);

  // The pages are right for whoever cannot see them, with scripts and without.
  const seen = await (await browser.newContext({ viewport: { width: 320, height: 800 } })).newPage();
  await seen.goto(`http://${school.portal}/sign-in`);
  await seen.locator("#name").fill("hedy.e");
  await seen.locator("#password").fill(PASSWORD);
  await seen.getByRole("button", { name: "Sign in", exact: true }).click();
  await seen.getByRole("heading", { name: "Today" }).waitFor();
  // By a password alone her duties rest: the page says so, and what to do.
  await seen.goto(`http://${school.portal}/staff/ways-in`);
  await seen.getByRole("heading", { name: "This needs your second proof" }).waitFor();
  assert.deepEqual(await faults(seen), []);
  await seen.getByRole("link", { name: "Set up codes on your phone" }).click();
  await seen.getByRole("heading", { name: "Set up codes on your phone" }).waitFor();
});
