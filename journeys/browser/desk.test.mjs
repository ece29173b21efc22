// One person opens a site alone because it cannot wait; another finds it among their work and looks at it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { roll, signedIn } from "./people.mjs";
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

/** A site that a device which nobody registered may not open, and the reference of a request for it. */
async function askForASite() {
  const context = await browser.newContext();
  const page = await context.newPage();
  let host;
  for (const known of ["www.miniclip.com", "www.bet365.com"]) {
    const answer = JSON.parse(await school.command("--json", "explain", known, "--as", "127.0.0.1"));
    if (answer.verdict === "block") host = known;
  }
  assert.ok(host, "no known site is blocked for an unknown device");
  await page.goto(`http://${school.portal}/requests`);
  await page.getByLabel(/which site/i).fill(host);
  await page.getByLabel(/what do you need it for/i).fill("For the maths project.");
  await page.getByRole("radio").first().check();
  await page.getByRole("button", { name: /send/i }).click();
  const reference = (await page.locator("main").innerText()).match(/R-[0-9A-Z]{5,}/)?.[0];
  assert.ok(reference);
  await context.close();
  return { host, reference };
}

/** The verdict about a host for an unknown device, once it is the wanted one or two seconds have gone. */
async function verdict(host, wanted) {
  const until = Date.now() + 2000;
  let answer;
  do answer = JSON.parse(await school.command("--json", "explain", host, "--as", "127.0.0.1"));
  while (answer.verdict !== wanted && Date.now() < until);
  return answer.verdict;
}

for (const [place, scripts] of [[0, true], [2, false]]) {
  test(`one opens alone, and another looks at it, ${scripts ? "with scripts" : "by keyboard alone, without scripts"}`, async () => {
    const judge = async (page) => scripts && assert.deepEqual(await faults(page), []);
    const numbers = (await roll(school)).map((person) => person.number);
    const hands = { javaScriptEnabled: scripts, keyboard: !scripts };
    const lead = await signedIn(school, browser, numbers[place], { name: `lead.${place}`, duty: "online-safety-lead", ...hands });
    const dsl = await signedIn(school, browser, numbers[place + 1], { name: `dsl.${place}`, duty: "dsl", ...hands });
    const { host, reference } = await askForASite();
    const request = `http://${school.portal}/staff/requests/${reference}`;

    await lead.goto(request);
    await lead.getByRole("radio", { name: "Everyone" }).check();
    await lead.getByRole("radio", { name: "For a week" }).check();
    await lead.getByLabel(/what would opening it risk/i).fill("Games; the class is supervised.");
    await lead.getByRole("button", { name: "Propose" }).click();
    await lead.getByRole("link", { name: /open it alone, now/ }).click();
    await judge(lead);
    await lead.getByRole("button", { name: "Open it alone" }).click();
    assert.ok(await lead.getByRole("alert").isVisible(), "why it cannot wait must be said");
    await judge(lead);
    await lead.getByLabel(/why can it not wait/i).fill("A visitor waits, and nobody else is here.");
    await lead.getByRole("button", { name: "Open it alone" }).click();
    await lead.getByRole("heading", { name: "Opened alone" }).waitFor();
    await judge(lead);
    assert.equal(await verdict(host, "allow"), "allow");
    await lead.goto(`${request}/look`);
    assert.match(await lead.locator("h1").innerText(), /not found/i, "nobody looks at their own");

    await dsl.reload();
    await dsl.getByRole("link", { name: "Your work", exact: true }).click();
    await judge(dsl);
    await dsl.getByRole("link", { name: /opened alone/i }).first().click();
    await judge(dsl);
    await dsl.getByRole("button", { name: "Take it" }).click();
    await dsl.getByText("Yours", { exact: true }).waitFor();
    await dsl.getByRole("link", { name: "Go to what it is about" }).click();
    await judge(dsl);
    await dsl.getByRole("button", { name: "Look at it" }).click();
    await judge(dsl);
    await dsl.getByRole("radio", { name: "End it now" }).check();
    await dsl.getByLabel("Why?", { exact: true }).fill("It could have waited until Monday.");
    await dsl.getByRole("button", { name: "Say so" }).click();
    await dsl.getByText(/It was ended: It could have waited/).waitFor();
    await judge(dsl);
    assert.equal(await verdict(host, "block"), "block");
    await lead.goto(request);
    await lead.getByText(/It could have waited until Monday/).waitFor();
    await school.command("requests", "refuse", reference, "--reason", "Not now.");
    await lead.context().close();
    await dsl.context().close();
  });
}
