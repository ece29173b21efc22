// A pupil meets the block page, sees why, asks for the site, and reads the answer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
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

/** A page on one device, at a phone's, a tablet's or a desk's width, with or without scripts. */
async function device(options = {}) {
  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, ...options });
  return context.newPage();
}

/** The first site of the starter lists that this browser's device may not open. */
async function blockedSite() {
  for (const host of ["www.miniclip.com", "www.pornhub.com", "www.bet365.com"]) {
    const answer = JSON.parse(await school.command("--json", "explain", host, "--as", "127.0.0.1"));
    if (answer.verdict === "block") return host;
  }
  throw new Error("no known site is blocked for an unknown device");
}

for (const javaScriptEnabled of [true, false]) {
  test(`a pupil is told why and asks for the site, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
    const page = await device({ javaScriptEnabled });
    const host = await blockedSite();
    const answer = await page.goto(`http://${host}/`);
    assert.equal(answer.status(), 403);
    assert.match(await page.locator("h1").innerText(), /\S/);
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);

    await page.getByRole("link", { name: /ask/i }).first().click();
    await page.waitForLoadState();
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);
    if ((await page.getByRole("textbox").count()) === 0) {
      await page.getByRole("link", { name: /ask/i }).first().click();
      await page.waitForLoadState();
    }

    // An empty form comes back with what is missing, and nothing is lost.
    await page.getByRole("button", { name: /send|ask/i }).click();
    await page.waitForLoadState();
    assert.ok(await page.getByRole("alert").isVisible(), "the form says what is missing");
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);

    await page.getByRole("textbox").last().fill("We are comparing how sites earn money in our lesson.");
    for (const radio of await page.locator("fieldset").all()) await radio.getByRole("radio").first().check();
    await page.getByRole("button", { name: /send|ask/i }).click();
    await page.waitForLoadState();
    const reference = (await page.locator("main").innerText()).match(/R-[0-9A-Z]{5,}/)?.[0];
    assert.ok(reference, `the page gives a reference: ${await page.locator("main").innerText()}`);
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);

    const open = await school.command("--json", "requests", "list");
    assert.match(open, new RegExp(reference));
    await school.command("requests", "refuse", reference, "--reason", "There is a better site for this on the class page.");
    await page.reload();
    assert.match(await page.locator("main").innerText(), /better site/);
    await page.context().close();
  });
}

test("a refused secure site is explained on the portal for this device", async () => {
  const refused = await device();
  const host = await blockedSite();
  await refused.goto(`https://${host}/`).then(
    () => assert.fail("the tunnel was not refused"),
    (error) => assert.match(String(error), /ERR_TUNNEL_CONNECTION_FAILED|net::ERR/),
  );
  // The browser is busy with its own error page there, so the pupil opens another tab.
  const page = await refused.context().newPage();
  await page.goto(`http://${school.portal}/why`);
  assert.match(await page.locator("main").innerText(), new RegExp(host.replaceAll(".", "\\.")));
  assert.deepEqual(await faults(page), []);
  await page.context().close();
});

test("an approved request opens the site for this device within two seconds", async () => {
  const page = await device();
  const host = await blockedSite();
  await page.goto(`http://${school.portal}/requests?site=${host}`);
  await page.getByRole("textbox").last().fill("For the maths project.");
  if ((await page.getByLabel(/site/i).count()) > 0) await page.getByLabel(/site/i).first().fill(host);
  for (const radio of await page.locator("fieldset").all()) await radio.getByRole("radio").first().check();
  await page.getByRole("button", { name: /send|ask/i }).click();
  await page.waitForLoadState();
  const reference = (await page.locator("main").innerText()).match(/R-[0-9A-Z]{5,}/)?.[0];
  assert.ok(reference, await page.locator("main").innerText());
  await school.command("requests", "approve", reference, "--for", "1h", "--reason", "For the maths project.");
  const until = Date.now() + 2000;
  let verdict;
  do verdict = JSON.parse(await school.command("--json", "explain", host, "--as", "127.0.0.1"));
  while (verdict.verdict === "block" && Date.now() < until);
  assert.equal(verdict.verdict === "block", false, JSON.stringify(verdict));
  assert.equal(verdict.step, "override");
  await page.context().close();
});

test("every page of the portal is free of accessibility faults at 320 px, 1280 px and 400 % text", async () => {
  for (const viewport of [{ width: 320, height: 640 }, { width: 1280, height: 900 }]) {
    const page = await device({ viewport });
    for (const where of ["/", "/why", "/help", "/requests", "/reports"]) {
      await page.goto(`http://${school.portal}${where}`);
      assert.deepEqual(await faults(page), [], `${where} at ${viewport.width}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wide <= 0, `${where} scrolls sideways at ${viewport.width}`);
      await page.evaluate(() => (document.documentElement.style.fontSize = "400%"));
      const zoomed = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (viewport.width === 1280) assert.ok(zoomed <= 0, `${where} scrolls sideways with 400 % text`);
    }
    await page.context().close();
  }
});
