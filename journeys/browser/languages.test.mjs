// A pupil whose browser speaks Urdu meets the block page from right to left, and goes on in Welsh.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { roll } from "./people.mjs";
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

/** The first site of the starter lists that this browser's device may not open. */
async function blockedSite() {
  for (const host of ["www.miniclip.com", "www.pornhub.com", "www.bet365.com"]) {
    const answer = JSON.parse(await school.command("--json", "explain", host, "--as", "127.0.0.1"));
    if (answer.verdict === "block") return host;
  }
  throw new Error("no known site is blocked for an unknown device");
}

const html = (page, name) => page.locator("html").getAttribute(name);

for (const javaScriptEnabled of [true, false]) {
  test(`a block page in Urdu, and then Welsh, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
    const context = await browser.newContext({ locale: "ur", viewport: { width: 320, height: 800 }, javaScriptEnabled });
    const page = await context.newPage();
    const answer = await page.goto(`http://${await blockedSite()}/`);
    assert.equal(answer.status(), 403);
    assert.deepEqual([await html(page, "lang"), await html(page, "dir")], ["ur", "rtl"]);
    assert.equal(await page.locator("h1").innerText(), "یہ صفحہ بند ہے");
    // It runs from right to left, and nothing is pushed sideways.
    const heading = await page.locator("h1").evaluate((h1) => getComputedStyle(h1).direction);
    assert.equal(heading, "rtl");
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    assert.equal(await wide(), false);
    // Who has not been checked by a speaker says so, in both languages.
    assert.match(await page.locator("body").innerText(), /no speaker has checked it yet/);
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);

    // Each language by its own name; the choice is remembered without a script.
    await page.getByRole("link", { name: "Cymraeg" }).click();
    await page.waitForLoadState();
    assert.match(page.url(), /\/why\?t=/);
    assert.deepEqual([await html(page, "lang"), await html(page, "dir")], ["cy", null]);
    assert.equal(await page.locator("h1").innerText(), "Pam cafodd hon ei rhwystro");
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);
    await page.locator('main a[href^="/requests"]').first().click();
    await page.waitForLoadState();
    assert.equal(await html(page, "lang"), "cy");
    await page.getByRole("button", { name: "Anfon y cais" }).click();
    await page.waitForLoadState();
    assert.match(await page.getByRole("alert").innerText(), /Mae problem/);
    assert.equal(await wide(), false);
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);

    // Another page of the same browser, later.
    await page.goto(`http://${school.portal}/help`);
    assert.equal(await page.locator("h1").innerText(), "Cael help");
    await context.close();
  });
}

test("a school says a label otherwise, and the block page says so at once", async () => {
  const context = await browser.newContext({ locale: "cy" });
  const page = await context.newPage();
  const host = await blockedSite();
  await school.command("words", "set", "cy", "block.title", "Ddim yn yr ysgol");
  for (const until = Date.now() + 20_000; ; ) {
    await page.goto(`http://${host}/`);
    if ((await page.locator("h1").innerText()) === "Ddim yn yr ysgol") break;
    assert.ok(Date.now() < until, "the gate does not say it");
  }
  await school.command("words", "unset", "cy", "block.title");
  for (const until = Date.now() + 20_000; ; ) {
    await page.goto(`http://${host}/`);
    if ((await page.locator("h1").innerText()) === "Mae’r dudalen hon wedi’i rhwystro") break;
    assert.ok(Date.now() < until, "the gate does not take it back");
  }
  await context.close();
});

test("the head says a label otherwise at the portal, and who has read the language", async () => {
  const head = (await roll(school))[0].number;
  await school.command("duties", "give", "head", "--to", `${head}`, "--reason", "Appointed by the governors.");
  const said = JSON.parse(await school.command("--json", "people", "invite", `${head}`, "--name", "h.example"));
  const context = await browser.newContext({ viewport: { width: 320, height: 800 } });
  const page = await context.newPage();
  await page.goto(said.link);
  await page.locator("#password").fill("teapots over jupiter");
  await page.locator("#repeated").fill("teapots over jupiter");
  await page.getByRole("button", { name: /keep this password/i }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  await page.getByRole("link", { name: /Words and languages/ }).click();
  assert.deepEqual(await faults(page), []);
  await page.getByRole("link", { name: "Cymraeg" }).click();
  assert.deepEqual(await faults(page), []);
  await page.getByLabel("Find a label").fill("block.title");
  await page.getByRole("button", { name: "Find" }).click();
  await page.getByRole("link", { name: "block.title" }).click();
  await page.getByLabel("What the pages shall say").fill("Wedi cau yn yr ysgol");
  await page.getByRole("button", { name: "Say this", exact: true }).click();
  await page.getByText("It is said").waitFor();
  assert.deepEqual(await faults(page), []);
  await page.goto(`http://${school.portal}/staff/words/cy`);
  await page.getByLabel("Who has checked it, and when").fill("the school's interpreter, May 2027");
  await page.getByRole("button", { name: "Say who has checked it" }).click();
  await page.getByRole("heading", { name: "Words and languages" }).waitFor();

  const pupil = await browser.newContext({ locale: "cy" });
  const blocked = await pupil.newPage();
  const host = await blockedSite();
  for (const until = Date.now() + 20_000; ; ) {
    await blocked.goto(`http://${host}/`);
    const body = await blocked.locator("body").innerText();
    if (body.includes("Wedi cau yn yr ysgol") && !/no speaker has checked it yet/.test(body)) break;
    assert.ok(Date.now() < until, "the block page does not say it");
  }
  await page.goto(`http://${school.portal}/staff/words/cy/labels/block.title`);
  await page.getByRole("button", { name: "Take the program’s own words again" }).click();
  await page.getByText("It is said").waitFor();
  await pupil.close();
  await context.close();
});
