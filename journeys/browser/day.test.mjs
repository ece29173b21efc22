// Things that happen to a school in a term, each by a mouse with scripts and by keyboard alone without: a supply teacher at 08:40, a guest, the
// review of who may do what, and the lost phone of the only administrator.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { keyboardAlone } from "./hands.mjs";
import { PASSWORD, isStaff, roll, signedIn } from "./people.mjs";
import { faults, openBrowser, startSchool } from "./school.mjs";

let school, browser, folder, staff;

const ways = [
  { said: "with scripts", javaScriptEnabled: true, keyboard: false },
  { said: "by keyboard alone, without scripts", javaScriptEnabled: false, keyboard: true },
];
const number = (place) => staff[place].number;
const [OFFICE, HEAD, DSL, MANAGER] = [0, 1, 2, 3];

/** Judges a page, in a browser in which a judge can run. */
const judge = async (page, way) => way.javaScriptEnabled && assert.deepEqual(await faults(page), []);

/** What a lanyard says: the link of its square, and the six digits. */
async function lanyard(page, button) {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  const file = path.join(folder, `lanyard-${Math.random()}.pdf`);
  await download.saveAs(file);
  execFileSync("qpdf", ["--check", file]);
  const words = execFileSync("pdftotext", ["-raw", file, "-"], { encoding: "utf8" }).replace(/\s+/g, " ");
  execFileSync("pdftoppm", ["-r", "200", "-png", "-singlefile", file, file]);
  const read = execFileSync("zbarimg", ["--quiet", "--raw", `${file}.png`], { encoding: "utf8" }).trim();
  const code = words.match(/sign-in\/lanyard and type ([A-Z]{4}-[A-Z]{4}-[A-Z]{4})/)[1];
  return { link: new URL(read), code, digits: words.match(/\b(\d{3}) (\d{3})\b/).slice(1).join("") };
}

for (const way of ways) {
  describe(way.said, () => {
    before(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "fivebar-day-"));
      school = await startSchool();
      browser = await openBrowser(school);
      staff = (await roll(school)).filter(isStaff);
    });
    after(async () => {
      await browser?.close();
      await school?.stop();
      if (folder) await rm(folder, { recursive: true, force: true });
    });

    test("a supply teacher at 08:40 signs in by a lanyard and sees the own class alone", async () => {
      const office = await signedIn(school, browser, number(OFFICE), { name: "office", duty: "school-office", ...way });
      await office.getByRole("link", { name: "Guests" }).click();
      await judge(office, way);
      await office.getByRole("link", { name: /Give a guest their days/ }).click();
      await judge(office, way);
      await office.getByRole("button", { name: "Give them their days" }).click();
      await office.getByRole("alert").waitFor();
      assert.match(await office.getByRole("alert").innerText(), /name/i, "what is missing is said");
      await judge(office, way);
      await office.getByLabel("Their name").fill("Sam Supply");
      await office.getByLabel("Supply staff").check();
      await office.getByLabel("What are they here for?").fill("Covers Year 5 today");
      await office.getByLabel("Who answers for them?").fill(`${number(OFFICE)}`);
      await office.getByLabel("Who looks after them while they are here?").fill(`${number(HEAD)}`);
      await office.getByLabel("Year 5", { exact: true }).check();
      await office.getByRole("button", { name: "Give them their days" }).click();
      await office.getByText(/Sam Supply is a guest until/).waitFor();
      await judge(office, way);
      const { link, code, digits } = await lanyard(office, office.getByRole("button", { name: "Print the lanyard" }));

      // On the teacher's own phone: the square, then the digits that are not on the front.
      const context = await browser.newContext({ viewport: { width: 320, height: 800 }, javaScriptEnabled: way.javaScriptEnabled });
      const supply = await context.newPage();
      if (way.keyboard) keyboardAlone(supply);
      await supply.goto(`http://${school.portal}${link.pathname}`);
      await judge(supply, way);
      await supply.getByLabel("Number").fill("000000");
      await supply.getByRole("button", { name: "Sign in", exact: true }).click();
      await supply.getByRole("alert").waitFor();
      await judge(supply, way);
      await supply.getByLabel("Number").fill(digits);
      await supply.getByRole("button", { name: "Sign in", exact: true }).click();
      await supply.getByRole("link", { name: "For a lesson" }).first().waitFor();
      await judge(supply, way);
      await supply.getByRole("link", { name: "For a lesson" }).first().click();
      await supply.getByRole("button", { name: "Open a site" }).click();
      const classes = await supply.getByLabel("Class, year or room").locator("option").allInnerTexts();
      assert.deepEqual(classes.filter((name) => /year|reception|nursery/i.test(name)), ["Year 5"], "their class alone");
      for (const closed of ["/staff/roll", "/staff/activity", "/staff/policy", "/staff/guests"]) {
        await supply.goto(`http://${school.portal}${closed}`);
        assert.match(await supply.locator("h1").innerText(), /not found/i, closed);
      }
      // A classroom's computer has no camera: the letters beside the square do.
      const there = await browser.newContext({ viewport: { width: 1280, height: 800 }, javaScriptEnabled: way.javaScriptEnabled });
      const computer = await there.newPage();
      if (way.keyboard) keyboardAlone(computer);
      await computer.goto(`http://${school.portal}/sign-in`);
      await computer.getByRole("link", { name: "type its code" }).click();
      await judge(computer, way);
      await computer.getByLabel("Code of the lanyard").fill(code.toLowerCase());
      await computer.getByRole("button", { name: "Continue" }).click();
      await computer.getByLabel("Number").fill(digits);
      await computer.getByRole("button", { name: "Sign in", exact: true }).click();
      await computer.getByRole("link", { name: "For a lesson" }).first().waitFor();
      await there.close();
      // Given back at three: what was open in their pocket is closed at once.
      await office.goto(`http://${school.portal}/staff/guests`);
      await judge(office, way);
      await office.getByRole("button", { name: /End now, the lanyard too.*Sam Supply/ }).click();
      await office.getByRole("heading", { name: "Over" }).waitFor();
      await supply.goto(`http://${school.portal}/staff/lessons`);
      await supply.getByRole("heading", { name: /sign in/i }).first().waitFor();
      await supply.goto(`http://${school.portal}${link.pathname}`);
      await supply.getByRole("heading", { name: "This lanyard does not hold now" }).waitFor();
      await judge(supply, way);
      await office.context().close();
      await context.close();
    });

    test("a visitor has days and a sponsor, and no way in of their own", async () => {
      const office = await signedIn(school, browser, number(OFFICE), { name: "office", ...way });
      await office.goto(`http://${school.portal}/staff/guests/new`);
      await office.getByLabel("Their name").fill("Vera Visitor");
      await office.getByLabel(/visitor/i).first().check();
      await office.getByLabel("What are they here for?").fill("Repairs the boiler");
      await office.getByLabel("Who answers for them?").fill("nobody of the roll");
      await office.getByLabel("Who looks after them while they are here?").fill(`${number(HEAD)}`);
      await office.getByRole("button", { name: "Give them their days" }).click();
      await office.getByRole("alert").waitFor();
      assert.equal(await office.getByLabel("Their name").inputValue(), "Vera Visitor", "what was written is kept");
      await judge(office, way);
      await office.getByLabel("Who answers for them?").fill(`${number(OFFICE)}`);
      await office.getByRole("button", { name: "Give them their days" }).click();
      await office.getByText("Repairs the boiler").first().waitFor();
      await judge(office, way);
      await office.getByRole("button", { name: /End now.*Vera Visitor/ }).click();
      await office.getByRole("heading", { name: "Over" }).waitFor();
      await office.context().close();
    });

    test("everybody who may do something is looked at once, one screen a person", async () => {
      const head = await signedIn(school, browser, number(HEAD), { name: "head", duty: "head", ...way });
      await head.goto(`http://${school.portal}/staff/access`);
      await judge(head, way);
      await head.getByRole("button", { name: "Begin a review" }).click();
      await head.getByRole("heading", { name: /^Review \d+ of who may do what/ }).waitFor();
      await judge(head, way);
      await head.getByRole("button", { name: /^(Begin|Go on)$/ }).or(head.getByRole("link", { name: /^(Begin|Go on)$/ })).click();
      await head.getByText(/^Review \d+: 1 of/).waitFor();
      await judge(head, way);
      await head.getByRole("button", { name: "Save and go on" }).click();
      await head.getByRole("alert").waitFor();
      assert.match(await head.getByRole("alert").innerText(), /Select what becomes of it/);
      await judge(head, way);
      const address = head.url();
      await head.getByLabel("Something must be changed").check();
      await head.getByLabel("Why").fill("Asks for less than that.");
      await head.getByRole("button", { name: "Save and go on" }).click();
      await head.waitForURL((url) => url.href !== address);
      // Stopped, and gone on with later.
      await head.goto(`http://${school.portal}/staff/access`);
      await head.getByRole("link", { name: /goes on/ }).click();
      await head.getByText("Asks for less than that.").waitFor();
      await judge(head, way);
      await head.goto(`http://${school.portal}/today`);
      assert.match(await head.locator("main").innerText(), /review/i, "what is begun waits on Today");
      await head.context().close();
      // Somebody else ends what is left, so that the next can begin.
      const dsl = await signedIn(school, browser, number(DSL), { name: "dsl", duty: "head", ...way });
      await dsl.goto(`http://${school.portal}/staff/access`);
      await dsl.getByRole("link", { name: /goes on/ }).click();
      const onwards = dsl.getByRole("button", { name: /^(Begin|Go on)$/ }).or(dsl.getByRole("link", { name: /^(Begin|Go on)$/ }));
      while (await onwards.count()) {
        await onwards.click();
        await dsl.getByLabel("Keep it as it is").check();
        const from = dsl.url();
        await dsl.getByRole("button", { name: "Save and go on" }).click();
        await dsl.waitForURL((url) => url.href !== from);
        if (/\/people\//.test(dsl.url())) await dsl.goto(dsl.url().replace(/\/people\/.*/, ""));
      }
      assert.match(await dsl.locator("main").innerText(), /another must look at|End the review/);
      await dsl.context().close();
    });

    test("the only administrator has lost phone and password, and two others let them in again", async () => {
      const [manager, head, dsl] = await Promise.all([
        signedIn(school, browser, number(MANAGER), { name: "manager", duty: "network-manager", ...way }),
        signedIn(school, browser, number(HEAD), { name: "head", ...way }),
        signedIn(school, browser, number(DSL), { name: "dsl", duty: "dsl", ...way }),
      ]);
      await head.getByRole("link", { name: "Let in again" }).click();
      await judge(head, way);
      await head.getByLabel(/Who has lost/).fill("manager");
      await head.getByLabel(/What happened/).fill("The phone fell into the sea; I spoke to them.");
      await head.getByRole("button", { name: "Propose" }).click();
      await head.getByText("You proposed this, so another must agree to it.").waitFor();
      await judge(head, way);
      // Whoever it is about is told, in case that somebody else wants to be them.
      await manager.goto(`http://${school.portal}/today`);
      assert.match(await manager.locator("main").innerText(), /Two people may be about to let you in again/);
      await judge(manager, way);
      await dsl.goto(`http://${school.portal}/staff/recoveries`);
      await dsl.getByRole("table").getByRole("link").first().click();
      await judge(dsl, way);
      await dsl.getByLabel("How do you know that it is them?").fill("They stand beside me.");
      await dsl.getByRole("button", { name: "Agree", exact: true }).click();
      await dsl.getByRole("heading", { name: "You agreed" }).waitFor();
      await judge(dsl, way);
      assert.doesNotMatch(await dsl.locator("main").innerText(), /welcome/, "neither of them alone has all of it");
      await head.goto(`http://${school.portal}/staff/recoveries`);
      await judge(head, way);
      await head.locator("main li").getByRole("link").first().click();
      await judge(head, way);
      await head.getByRole("button", { name: "Show the link" }).click();
      await head.getByRole("heading", { name: "Hand this over" }).waitFor();
      await judge(head, way);
      const link = new URL(await head.locator("main code").innerText());
      await manager.goto(`http://${school.portal}/today`);
      await manager.getByRole("heading", { name: /sign in/i }).first().waitFor();
      await manager.goto(`http://${school.portal}${link.pathname}`);
      await judge(manager, way);
      await manager.getByLabel("Password", { exact: true }).fill(`${PASSWORD} again`);
      await manager.getByLabel("The same again").fill(`${PASSWORD} again`);
      await manager.getByRole("button", { name: /keep this password/i }).click();
      await manager.getByRole("heading", { name: "Today" }).waitFor();
      await Promise.all([manager, head, dsl].map((page) => page.context().close()));
    });
  });
}
