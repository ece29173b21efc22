// A pupil reports a site from a block page; the safeguarding lead is told, closes it and answers; the pupil reads the answer.
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

const explained = async (host) => JSON.parse(await school.command("--json", "explain", host, "--as", "127.0.0.1"));

/** The first of these that is blocked for an unknown device, or that is not: what no list names is open, and its pages would be read. */
async function first(hosts, blocked) {
  for (const host of hosts) if (((await explained(host)).verdict === "block") === blocked) return host;
  throw new Error(`none of ${hosts} is ${blocked ? "blocked" : "open"} for an unknown device`);
}

/** A pupil reports a site that is open; the safeguarding lead closes it and answers; the pupil reads that. */
async function journey(place, scripts, open) {
  const judge = async (page) => scripts && assert.deepEqual(await faults(page), []);
  const numbers = (await roll(school)).map((person) => person.number);
  const hands = { javaScriptEnabled: scripts, keyboard: !scripts };
  const dsl = await signedIn(school, browser, numbers[place], { name: `dsl.${place}`, duty: "dsl", ...hands });
  const host = await first(["www.miniclip.com", "www.bet365.com"], true);
  const site = await first(open, false);

  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, javaScriptEnabled: scripts });
  const pupil = await context.newPage();
  assert.equal((await pupil.goto(`http://${host}/`)).status(), 403);
  await pupil.locator("a[href*='/reports']").first().click();
  await pupil.getByRole("heading", { level: 1 }).waitFor();
  await pupil.getByLabel(/which site/i).fill(site);
  await pupil.getByRole("radio", { name: "It should be blocked here" }).check();
  await pupil.getByRole("textbox").last().fill("Somebody wrote to me there.");
  await pupil.getByRole("button", { name: /send/i }).click();
  const reference = (await pupil.locator("main").innerText()).match(/P-[0-9A-Z]{5,}/)?.[0];
  assert.ok(reference, "the page gives a reference");

  await dsl.goto(`http://${school.portal}/today`);
  assert.match(await dsl.locator("main").innerText(), /1 report about a site to answer/);
  await judge(dsl);
  await dsl.getByRole("link", { name: /report about a site to answer/ }).click();
  await dsl.getByRole("heading", { name: "Reports about sites" }).waitFor();
  await judge(dsl);
  await dsl.getByRole("link", { name: site }).first().click();
  await dsl.getByRole("heading", { name: `Report ${reference}` }).waitFor();
  assert.match(await dsl.locator("main").innerText(), /Somebody wrote to me there\./);
  assert.match(await dsl.locator("main").innerText(), /A device that (nobody knows|the network knows as one of )/);
  await judge(dsl);
  await dsl.getByRole("button", { name: "Answer", exact: true }).click();
  assert.ok(await dsl.getByRole("alert").isVisible(), "an answer must be given");
  await judge(dsl);
  await dsl.getByRole("radio", { name: /Close it for everyone now/ }).check();
  await dsl.getByLabel("Why is it closed?").fill("The school looks at it.");
  await dsl.getByLabel("Answer", { exact: true }).fill("Thank you for telling us. It is closed now.");
  await dsl.getByRole("button", { name: "Answer", exact: true }).click();
  await dsl.getByText("Something was changed", { exact: true }).waitFor();
  await judge(dsl);

  const until = Date.now() + 3000;
  let verdict;
  do ({ verdict } = await explained(site));
  while (verdict !== "block" && Date.now() < until);
  assert.equal(verdict, "block", "it is closed at the gate");
  await pupil.reload();
  assert.match(await pupil.locator("main").innerText(), /Thank you for telling us/);
  await dsl.goto(`http://${school.portal}/staff/reports`);
  assert.match(await dsl.locator("main").innerText(), /Nothing waits for an answer/);
  await context.close();
  await dsl.context().close();
}

test("what a pupil reports from a block page is closed and answered by the safeguarding lead, and the pupil reads it", () =>
  journey(0, true, ["www.bbc.co.uk", "www.nationalgeographic.com"]));
test("the same by keyboard alone, without scripts", () => journey(2, false, ["www.wikipedia.org", "www.nasa.gov"]));
