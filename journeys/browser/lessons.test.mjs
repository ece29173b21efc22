// 09:05: a teacher opens a site for the class, sees that the gate has it, and ends it; somebody whose duty it is reads what devices did.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { roll, signedIn } from "./people.mjs";
import { faults, openBrowser, startSchool } from "./school.mjs";

let school, browser, people;
before(async () => {
  school = await startSchool();
  browser = await openBrowser(school);
  people = await roll(school);
});
after(async () => {
  await browser?.close();
  await school?.stop();
});

const inGroup = (group) => people.find((person) => person.groups.includes(group)).number;
const explained = async (host) => JSON.parse(await school.command("--json", "explain", host, "--as", school.anyoneIn("year-5").address));

for (const javaScriptEnabled of [true, false]) {
  test(`a teacher opens a site for a class by keyboard alone, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
    const judge = async (page) => javaScriptEnabled && assert.deepEqual(await faults(page), []);
    const name = javaScriptEnabled ? "t.one" : "t.two";
    const teachers = people.filter((person) => person.groups.includes("teachers"));
    const hands = { name, duty: "teacher", keyboard: true, javaScriptEnabled };
    const page = await signedIn(school, browser, teachers[javaScriptEnabled ? 0 : 1].number, hands);
    let host;
    for (const one of ["vimeo.com", "www.youtube.com", "www.dailymotion.com"]) {
      if ((await explained(one)).verdict !== "block") continue;
      await page.goto(`http://${school.portal}/staff/lessons`);
      await judge(page);
      await page.getByRole("button", { name: "Open a site" }).click();
      await page.getByRole("heading", { name: "Open a site for a lesson" }).waitFor();
      await judge(page);
      await page.getByLabel("Which site?").fill(one);
      await page.getByLabel("Class, year or room").selectOption({ label: "Year 5" });
      await page.getByLabel(/^Why\?/).fill("Rivers");
      await page.getByRole("radio", { name: "For 30 minutes" }).check();
      const answered = page.waitForEvent("framenavigated");
      await page.getByRole("button", { name: "See what this opens" }).click();
      await answered;
      await page.waitForLoadState();
      await judge(page);
      if ((await page.locator("h1").innerText()) === "Check before you open it") {
        host = one;
        break;
      }
    }
    assert.ok(host, `no known site is a teacher's to open: ${await page.locator("main").innerText()}`);
    assert.equal((await explained(host)).verdict, "block", "looking opens nothing");
    await page.getByRole("button", { name: "Open it now" }).click();
    await page.getByRole("heading", { name: "The site is open" }).waitFor();
    await judge(page);
    assert.match(await page.locator("main").innerText(), /The gate goes by this now/);
    const answer = await explained(host);
    assert.deepEqual([answer.verdict, answer.step], ["allow", "override"]);
    await page.getByRole("button", { name: "End now" }).click();
    await page.getByRole("heading", { name: "For a lesson" }).waitFor();
    const until = Date.now() + 3000;
    let after;
    do after = await explained(host);
    while (after.verdict !== "block" && Date.now() < until);
    assert.equal(after.verdict, "block", JSON.stringify(after));
    await page.context().close();
  });
}

test("what devices did is read with pseudonyms, and names are opened with a reason that stands in the trail", async () => {
  const device = await browser.newContext();
  const visited = await device.newPage();
  await visited.goto("http://www.miniclip.com/").catch(() => undefined);
  const whose = inGroup("selected-staff") ?? people.at(-1).number;
  const page = await signedIn(school, browser, whose, { name: "d.lead", duty: "dsl", keyboard: true });
  await page.getByRole("link", { name: "Activity", exact: true }).click();
  assert.deepEqual(await faults(page), []);
  await page.getByLabel("Site").fill("miniclip.com");
  const until = Date.now() + 10_000;
  do {
    await page.goto(`http://${school.portal}/staff/activity`);
    await page.getByLabel("Site").fill("miniclip.com");
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.waitForLoadState();
  } while (!(await page.locator("main").innerText()).includes("www.miniclip.com") && Date.now() < until);
  assert.match(await page.locator("tbody").innerText(), /www\.miniclip\.com/);
  assert.deepEqual(await faults(page), []);

  await page.getByRole("link", { name: /open identities/i }).click();
  await page.getByRole("heading", { name: "Open identities" }).waitFor();
  assert.deepEqual(await faults(page), []);
  await page.getByLabel(/why are identities/i).fill("A pupil told us about a game.");
  await page.getByRole("button", { name: "Open identities" }).click();
  await page.getByRole("heading", { name: "What was found, with names" }).waitFor();
  assert.deepEqual(await faults(page), []);
  const trail = await school.command("--json", "trail", "show");
  assert.match(trail, /activity\.search-opened/);

  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: /csv/i }).click();
  assert.match((await download).suggestedFilename(), /^activity-\d{4}-\d\d-\d\d\.csv$/);

  await page.goto(`http://${school.portal}/staff/activity/days`);
  assert.equal(await page.getByRole("img").count() > 0, true, "a chart beside its table");
  assert.equal(await page.getByRole("table").count() > 0, true);
  assert.deepEqual(await faults(page), []);
});

test("who sees what I do is told to everyone, from every page's foot", async () => {
  const context = await browser.newContext({ viewport: { width: 320, height: 800 } });
  const page = await context.newPage();
  await page.goto(`http://${school.portal}/`);
  await page.getByRole("contentinfo").getByRole("link", { name: "Who sees what I do?" }).click();
  await page.getByRole("heading", { name: "Who sees what I do?" }).waitFor();
  assert.deepEqual(await faults(page), []);
});
