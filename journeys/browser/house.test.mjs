// Two people of the staff choose passwords, sign in, and open a site together.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { keyboardAlone } from "./hands.mjs";
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

/** Somebody of the made-up staff with a duty, and the path of their invitation. */
async function appoint(number, name, duty) {
  await school.command("duties", "give", duty, "--to", `${number}`, "--reason", "Appointed by the governors.");
  const said = JSON.parse(await school.command("--json", "people", "invite", `${number}`, "--name", name));
  return new URL(said.link).pathname;
}

/** A browser of their own, in which they have followed their invitation. */
async function welcome(invitation, options = {}) {
  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, ...options });
  const page = keyboardAlone(await context.newPage());
  const judge = async () => options.javaScriptEnabled !== false && assert.deepEqual(await faults(page), []);
  await page.goto(`http://${school.portal}${invitation}`);
  await judge();
  await page.getByLabel("Password", { exact: true }).fill("short");
  await page.getByLabel("The same again").fill("short");
  await page.getByRole("button", { name: /keep this password/i }).click();
  assert.ok(await page.getByRole("alert").isVisible(), "a weak password is refused, and why is said");
  await judge();
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("The same again").fill(PASSWORD);
  await page.getByRole("button", { name: /keep this password/i }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  await judge();
  return page;
}

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
  return { host, reference, asker: page };
}

async function firstPeople() {
  return (await roll(school)).map((person) => person.number);
}

test("two people open a site that a pupil asked for, and one alone cannot", async () => {
  const [first, second] = await firstPeople();
  const manager = await welcome(await appoint(first, "n.manager", "network-manager"));
  const head = await welcome(await appoint(second, "h.head", "head"));
  const { host, reference, asker } = await askForASite();

  await manager.getByRole("link", { name: "Requests" }).click();
  assert.deepEqual(await faults(manager), []);
  await manager.getByRole("link", { name: host }).click();
  assert.deepEqual(await faults(manager), []);
  await manager.getByRole("button", { name: "Propose" }).click();
  assert.ok(await manager.getByRole("alert").isVisible(), "an empty proposal says what is missing");
  assert.deepEqual(await faults(manager), []);
  await manager.getByRole("radio", { name: "Everyone" }).check();
  await manager.getByRole("radio", { name: "For an hour" }).check();
  await manager.getByLabel(/what would opening it risk/i).fill("Games in the lesson; the class is supervised.");
  await manager.getByRole("button", { name: "Propose" }).click();
  await manager.getByText("Another person must agree before it is opened.").waitFor();
  assert.deepEqual(await faults(manager), []);
  const still = JSON.parse(await school.command("--json", "explain", host, "--as", "127.0.0.1"));
  assert.equal(still.verdict, "block", "one person opened a site");
  await manager.goto(`http://${school.portal}/staff/requests/${reference}/agreement`);
  assert.match(await manager.locator("h1").innerText(), /not found/i);

  await head.reload();
  await head.getByRole("link", { name: /that another proposed to open/ }).click();
  await head.getByRole("link", { name: host }).click();
  await head.getByRole("button", { name: /answer as the second person/i }).click();
  assert.match(await head.locator("main").innerText(), /the class is supervised/);
  assert.deepEqual(await faults(head), []);
  await head.getByLabel("Why do you agree?").fill("For the maths project.");
  await head.getByRole("button", { name: "Agree and open it" }).click();
  await head.getByText("Open until").waitFor();
  assert.deepEqual(await faults(head), []);
  const until = Date.now() + 2000;
  let verdict;
  do verdict = JSON.parse(await school.command("--json", "explain", host, "--as", "127.0.0.1"));
  while (verdict.verdict === "block" && Date.now() < until);
  assert.equal(verdict.step, "override", JSON.stringify(verdict));
  await asker.reload();
  assert.match(await asker.locator("main").innerText(), /For the maths project/);

  // Their own page, and the way out.
  await head.goto(`http://${school.portal}/me`);
  assert.match(await head.locator("main").innerText(), /Headteacher/);
  assert.deepEqual(await faults(head), []);
  await head.getByRole("button", { name: "Sign out" }).click();
  await head.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  assert.deepEqual(await faults(head), []);
  await head.goto(`http://${school.portal}/me`);
  await head.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  await head.getByLabel("Name").fill("h.head");
  await head.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await head.getByRole("button", { name: "Sign in", exact: true }).click();
  await head.getByRole("heading", { name: "You", exact: true }).waitFor();
});

test("without scripts, by keyboard alone, a wrong password is refused and a right one taken", async () => {
  const [, , third] = await firstPeople();
  const page = await welcome(await appoint(third, "o.lead", "online-safety-lead"), { javaScriptEnabled: false });
  await page.getByRole("button", { name: "Sign out" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  for (const password of ["not the password", PASSWORD]) {
    await page.locator("#name").focus();
    await page.keyboard.press("Control+A");
    await page.keyboard.type("o.lead");
    await page.keyboard.press("Tab");
    await page.keyboard.type(password);
    await page.keyboard.press("Enter");
    await page.waitForLoadState();
    if (password !== PASSWORD) assert.match(await page.getByRole("alert").innerText(), /not right/);
  }
  await page.getByRole("heading", { name: "Today" }).waitFor();
});
