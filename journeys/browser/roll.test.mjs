// The school office takes a roll in: a table whose columns nobody knows, looked at, applied, undone; and hands over what a leaver had.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { roll, signedIn } from "./people.mjs";
import { faults, openBrowser, startSchool } from "./school.mjs";


/** A family and a teacher, of one name. */
const table = (name) => `Adno,Forename,Surname,Role,Year,Set\n901,Ada,${name},pupil,7,7Q\n902,Bo,${name},pupil,8,8Q\n903,Cy,${name},teacher,,7Q\n`;

let school, browser, people;
before(async () => {
  school = await startSchool();
  browser = await openBrowser(school);
  people = (await roll(school)).map((line) => line.number);
});
after(async () => {
  await browser?.close();
  await school?.stop();
});

async function send(page, source, name) {
  await page.goto(`http://${school.portal}/staff/roll/import`);
  await page.getByText("More about the file").click();
  await page.getByLabel("Whose ids are in it").fill(source);
  await page.locator("#roll").setInputFiles({ name: "export.csv", mimeType: "text/csv", buffer: Buffer.from(table(name)) });
  await page.getByRole("button", { name: "Show what would change" }).click();
  await page.getByRole("heading", { name: /what would change/ }).waitFor();
}

async function apply(page, check) {
  await page.getByRole("button", { name: "Apply it", exact: true }).click();
  await page.getByRole("heading", { name: "Apply it?" }).waitFor();
  await check();
  await page.getByRole("button", { name: "Apply it now" }).click();
  await page.getByText("Applied.").waitFor();
}

for (const javaScriptEnabled of [true, false]) {
  const [source, name] = javaScriptEnabled ? ["mis", "Merrow"] : ["other", "Tarn"];
  test(`a table is taken in, its columns matched, undone, and a leaver handed over, ${javaScriptEnabled ? "with scripts" : "by keyboard alone, without scripts"}`, async () => {
    const hands = { javaScriptEnabled, keyboard: !javaScriptEnabled };
    const page = await signedIn(school, browser, people[javaScriptEnabled ? 0 : 1], { name: `head.${source}`, duty: "head", ...hands });
    const check = async () => javaScriptEnabled && assert.deepEqual(await faults(page), []);
    await page.goto(`http://${school.portal}/staff/roll/import`);
    await check();
    await send(page, source, name);
    await check();
    // Nobody knows what a set is: it is said to be the class, and the file sent again.
    assert.match(await page.locator("main").innerText(), /Not used: Set/);
    await page.getByLabel("Class", { exact: true }).fill("Set");
    await page.getByRole("button", { name: "Remember these columns" }).click();
    await page.getByRole("heading", { name: "Remembered for" }).waitFor();
    await check();
    await page.getByRole("link", { name: "Send the file again" }).click();
    await page.getByRole("heading", { name: "Import the roll" }).waitFor();
    await send(page, source, name);
    assert.doesNotMatch(await page.locator("main").innerText(), /Not used/);
    await page.getByRole("link", { name: /New classes/ }).click();
    await page.getByRole("heading", { name: "New classes" }).waitFor();
    await check();
    await apply(page, check);

    // Somebody is found by name and class.
    await page.goto(`http://${school.portal}/staff/roll`);
    await page.getByLabel("Find somebody by name").fill(name.toLowerCase());
    await page.getByLabel("Class", { exact: true }).selectOption({ label: "7Q" });
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("link", { name: `Ada ${name}` }).first().waitFor();
    await check();

    // Cy has a last day, and a duty to hand over. Mistakes stand where they were made.
    await page.getByLabel("Find somebody by name").fill(name.toLowerCase());
    await page.getByLabel("Class", { exact: true }).selectOption({ label: "Any, or none" });
    await page.getByRole("button", { name: "Find" }).click();
    await page.getByRole("link", { name: `Cy ${name}` }).first().click();
    await page.getByRole("heading", { name: `Cy ${name}` }).waitFor();
    await check();
    const number = new URL(page.url()).pathname.split("/").pop();
    await school.command("duties", "give", "teacher", "--to", number, "--reason", "Teaches 7Q.");
    await page.getByRole("link", { name: /Change what the roll says/ }).click();
    await page.getByRole("heading", { name: "Change what the roll says" }).waitFor();
    await check();
    await page.getByLabel("Last day").fill("31/12/2199");
    await page.getByLabel("What I write here, until somebody says otherwise").check();
    await page.getByRole("button", { name: "Show what would change" }).click();
    await page.getByText(/Kept by hand from now on/).waitFor();
    await apply(page, check);
    await page.goto(`http://${school.portal}/staff/roll/${number}/leaving`);
    await page.getByRole("heading", { name: "Teacher" }).waitFor();
    await check();
    await page.getByRole("button", { name: "Go on" }).first().click();
    await page.getByRole("alert").waitFor();
    assert.match(await page.getByRole("alert").innerText(), /Select what becomes of it/);
    await check();
    await page.getByLabel("It ends now, and nobody takes it over").check();
    await page.getByRole("button", { name: "Go on" }).first().click();
    await page.getByText("Nothing is left to hand over.").or(page.getByText("Classes they teach")).waitFor();

    // Undone: whoever came by it goes, but for what was changed since.
    await page.goto(`http://${school.portal}/staff/roll/import`);
    await page.getByRole("row").filter({ hasText: `source ${source}` }).filter({ hasText: "Applied" }).getByRole("link").first().click();
    await page.getByRole("button", { name: "Show what undoing it would change" }).click();
    await page.getByRole("heading", { name: /what would change/ }).waitFor();
    await check();
    assert.match(await page.locator("main").innerText(), /Who leaves/);
    await apply(page, check);
    assert.doesNotMatch(await school.command("people", "show"), new RegExp(`Ada ${name}`));
  });
}
