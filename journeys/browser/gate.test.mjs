// A network manager's day at the portal, on a phone and by keyboard alone: a device is registered, found, changed, taken off and put back, a list
// is held and released, and the filter is tested. Once with scripts, and once without.
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

for (const scripts of [true, false]) {
  const how = scripts ? "with scripts" : "without scripts";
  const at = scripts ? 0 : 1;

  test(`a network manager keeps devices and lists, and tests the filter, by keyboard ${how}`, async () => {
    const options = { name: `n.manager${at}`, duty: "network-manager", keyboard: true, javaScriptEnabled: scripts };
    const page = await signedIn(school, browser, people[at].number, options);
    const judge = async () => scripts && assert.deepEqual(await faults(page), []);
    const button = (name) => page.getByRole("button", { name, exact: true });

    // A device, with an address that is none first.
    await page.goto(`http://${school.portal}/staff/devices`);
    await judge();
    await button("Register a device").click();
    await judge();
    await page.getByLabel("What is it called?").fill(`Hall laptop ${at}`);
    await page.getByLabel("Whose is it?").fill(people[at].name);
    await page.getByLabel("Addresses").fill("10.77.0.300");
    await button("Register it").click();
    assert.match(await page.getByRole("alert").innerText(), /10\.77\.0\.300 is no address/);
    await judge();
    await page.getByLabel("Addresses").fill(`10.77.0.${30 + at}`);
    await button("Register it").click();
    await page.getByRole("heading", { name: `Hall laptop ${at}` }).waitFor();
    await judge();

    // Found again, changed, taken off, and put back in one step.
    await page.goto(`http://${school.portal}/staff/devices`);
    await page.getByLabel("Find a device").fill(`10.77.0.${30 + at}`);
    await button("Find").click();
    await judge();
    await page.getByRole("link", { name: `Hall laptop ${at}` }).click();
    await button("Change it").click();
    await page.getByLabel("What is it called?").fill(`Stage laptop ${at}`);
    await page.getByRole("checkbox").first().check();
    await button("Keep the change").click();
    await page.getByRole("heading", { name: `Stage laptop ${at}` }).waitFor();
    await button("Take it off the register").click();
    await page.getByText(`Stage laptop ${at} is off the register.`).waitFor();
    await judge();
    await button("Register it anew").click();
    await page.getByRole("heading", { name: `Stage laptop ${at}` }).waitFor();
    assert.match(await page.locator("main").innerText(), new RegExp(`10\\.77\\.0\\.${30 + at}`));

    // A list is held, and released again.
    await page.goto(`http://${school.portal}/staff/lists`);
    await judge();
    const list = page.locator("tbody a").first();
    const id = await list.innerText();
    await list.click();
    const whyOf = (form) => page.locator(`form[action='/staff/lists/${form}']`).getByLabel("Why?");
    await whyOf("hold").fill("It closed the maths site.");
    await button("Hold it as it is").click();
    await page.getByText("It closed the maths site.").waitFor();
    await judge();
    await whyOf("release").fill("It was mended.");
    await button("Release it").click();
    await page.getByText("It was mended.").waitFor();
    assert.match(await page.locator("h1").innerText(), new RegExp(id.split("/").at(-1)));

    // The filter is tested now: the page says that it began, and what came of it.
    await page.goto(`http://${school.portal}/staff/filter-tests`);
    await button("Test now").click();
    await judge();
    for (let looks = 0; looks < 120 && (await page.getByText(/It began at/).count()) > 0; looks += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await page.goto(`http://${school.portal}/staff/filter-tests`);
    }
    assert.match(await page.locator("main").innerText(), /ended at|could not be done/);
    assert.equal(await button("Test now").count(), 1);
    await judge();
  });
}
