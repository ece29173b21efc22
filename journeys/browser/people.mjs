// People of the made-up school, each in a browser of their own.
import { keyboardAlone } from "./hands.mjs";

export const PASSWORD = "teapots over jupiter";

/** Whether somebody of the roll works at the school. */
export const isStaff = (person) => ["teachers", "staff"].some((group) => person.groups?.includes(group));

/** Those on the roll, as `fivebar people show` tells them: staff first, who can be given any duty. */
export async function roll(school) {
  const lines = (await school.command("--json", "people", "show")).trim().split("\n").map((line) => JSON.parse(line));
  const people = lines.filter((line) => line.number !== undefined);
  return [...people.filter(isStaff), ...people.filter((person) => !isStaff(person))];
}

/**
 * Somebody of the roll who has just chosen a password by their invitation, with a duty where one is given, on a phone. `keyboard` is whether
 * they use it by keyboard alone.
 */
export async function signedIn(school, browser, person, { name, duty, keyboard = false, ...options }) {
  if (duty) await school.command("duties", "give", duty, "--to", `${person}`, "--reason", "Appointed by the governors.");
  const said = JSON.parse(await school.command("--json", "people", "invite", `${person}`, "--name", name));
  const context = await browser.newContext({ viewport: { width: 320, height: 800 }, ...options });
  const page = await context.newPage();
  if (keyboard) keyboardAlone(page);
  await page.goto(`http://${school.portal}${new URL(said.link).pathname}`);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("The same again").fill(PASSWORD);
  await page.getByRole("button", { name: /keep this password/i }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
  return page;
}
