// A class of fives is given cards at once: the coordinator prints them, and a child signs in by pictures on a tablet without scripts.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { keyboardAlone } from "./hands.mjs";
import { PASSWORD, roll } from "./people.mjs";
import { faults, openBrowser, startSchool } from "./school.mjs";


let school, browser, folder, lead;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "fivebar-cards-"));
  school = await startSchool();
  browser = await openBrowser(school);
  lead = (await roll(school))[0].number;
});
after(async () => {
  await browser?.close();
  await school?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The online safety lead, in a browser of their own. */
async function welcome(options = {}) {
  await school.command("duties", "give", "online-safety-lead", "--to", `${lead}`, "--reason", "Appointed by the governors.");
  const said = JSON.parse(await school.command("--json", "people", "invite", `${lead}`, "--name", "o.lead"));
  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, ...options });
  const page = keyboardAlone(await context.newPage());
  await page.goto(said.link);
  await page.locator("#password").fill(PASSWORD);
  await page.locator("#repeated").fill(PASSWORD);
  await page.getByRole("button", { name: /keep this password/i }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  return page;
}

/** The words of a document that a button gives, in the order in which they were set. */
async function printed(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const file = path.join(folder, "cards.pdf");
  await download.saveAs(file);
  execFileSync("qpdf", ["--check", file]);
  return execFileSync("pdftotext", ["-raw", file, "-"], { encoding: "utf8" }).replace(/\s+/g, " ");
}

test("a class of fives is given cards at once, and one of them signs in by pictures, without scripts and by keyboard", async () => {
  const page = await welcome();
  await page.getByRole("link", { name: "Cards and names" }).click();
  await page.getByRole("heading", { name: "Cards, names and passwords" }).waitFor();
  assert.deepEqual(await faults(page), []);
  await page.getByRole("link", { name: "Reception", exact: true }).click();
  assert.match(await page.locator("main").innerText(), /3 pupils have nothing to sign in by/);
  assert.deepEqual(await faults(page), []);
  // The rules for their age are taught first, and that they were is said.
  await page.getByRole("link", { name: "Say that they were" }).click();
  assert.deepEqual(await faults(page), []);
  await page.getByRole("button", { name: "They were taught this" }).click();
  await page.getByRole("link", { name: "Make and print cards and slips" }).click();
  assert.deepEqual(await faults(page), []);
  const text = await printed(page, page.getByRole("button", { name: "Make them, and get the document" }));
  assert.match(text, /Names and passwords for Reception/);
  await page.getByRole("link", { name: "When you have it: who has what" }).click();
  await page.getByRole("button", { name: /I have handed out the 3/ }).click();
  assert.match(await page.locator("main").innerText(), /Handed out/);
  assert.deepEqual(await faults(page), []);
  // On a phone what can be done with each is in sight at once, though the table is wider.
  const act = await page.locator("td:last-child :is(a, button)").first().boundingBox();
  assert.ok(act && act.x >= 0 && act.x + act.width <= 320, JSON.stringify(act));

  const code = /and enter ([B-Z-]+) The names/.exec(text)[1];
  const card = text.slice(text.lastIndexOf("Carys Oakhanger"));
  const pictures = [.../in this order: (.*?) This is yours/.exec(card)[1].matchAll(/\d ([a-z]+)/g)].map((found) => found[1]);
  assert.equal(pictures.length, 3);

  // The tablet of the class: no scripts.
  const tablet = await (
    await browser.newContext({ viewport: { width: 768, height: 1024 }, javaScriptEnabled: false })
  ).newPage();
  await tablet.goto(`http://${school.portal}/sign-in/card`);
  assert.ok(!(await tablet.content()).includes("Carys"), "no name before the class card");
  await tablet.getByLabel("Code of the class").fill(code);
  await tablet.getByRole("button", { name: "Continue" }).click();
  await tablet.getByRole("heading", { name: "Who are you?" }).waitFor();
  await tablet.getByRole("link", { name: "Carys" }).click();
  await tablet.getByRole("heading", { name: "Carys, press picture 1 of 3" }).waitFor();
  const target = await tablet.getByRole("button", { name: "umbrella" }).boundingBox();
  assert.ok(target.width >= 88 && target.height >= 88, "large enough for a small finger");
  // Not those of the card: nothing is lost, and they try again.
  for (const wrong of ["bell", "bell", "bell"]) await tablet.getByRole("button", { name: wrong }).click();
  assert.match(await tablet.getByRole("alert").innerText(), /Not quite/);
  for (const picture of pictures) await tablet.getByRole("button", { name: picture, exact: true }).click();
  await tablet.getByRole("heading", { name: "Hello, Carys" }).waitFor();
  await tablet.getByRole("button", { name: "I am finished" }).click();
  await tablet.getByRole("heading", { name: "Who are you?" }).waitFor();

  // By keyboard alone.
  await tablet.getByRole("link", { name: "Carys" }).focus();
  await tablet.keyboard.press("Enter");
  for (const [place, picture] of pictures.entries()) {
    await tablet.getByRole("heading", { name: `Carys, press picture ${place + 1} of 3` }).waitFor();
    await tablet.getByRole("button", { name: picture, exact: true }).focus();
    await tablet.keyboard.press("Space");
  }
  await tablet.getByRole("heading", { name: "Hello, Carys" }).waitFor();
  await tablet.goto(`http://${school.portal}/staff/cards`);
  await tablet.getByRole("heading", { name: "Page not found" }).waitFor();

  // The card is lost: it opens nothing from that moment, and another does.
  await page.getByRole("button", { name: "Lost, or seen by others of Carys Oakhanger" }).click();
  assert.match(await page.locator("main").innerText(), /Lost: it holds no more/);
  await tablet.goto(`http://${school.portal}/me`);
  await tablet.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  const again = await printed(page, page.getByRole("button", { name: "Print one of Carys Oakhanger" }));
  assert.match(again, /For Carys Oakhanger/);
});

test("the pages of the youngest have no accessibility fault in a browser with scripts", async () => {
  const page = await (await browser.newContext({ viewport: { width: 320, height: 800 } })).newPage();
  await page.goto(`http://${school.portal}/sign-in/card`);
  assert.deepEqual(await faults(page), []);
  await page.getByLabel("Code of the class").fill("BCDF-GHJK-LM");
  await page.getByRole("button", { name: "Continue" }).click();
  assert.match(await page.getByRole("alert").innerText(), /No class has that code/);
  assert.deepEqual(await faults(page), []);
});
