// What Lighthouse, which nobody here wrote, says of the portal's pages: accessibility 100 of 100.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import lighthouse from "lighthouse";
import { roll, signedIn } from "./people.mjs";
import { openBrowser, startSchool } from "./school.mjs";

const SIGNED_OUT = ["/", "/requests", "/reports", "/help", "/who-sees", "/sign-in"];
const SIGNED_IN = ["/today", "/me", "/staff/requests", "/staff/lessons/open", "/staff/roll", "/staff/policy", "/staff/lists", "/staff/explain",
  "/staff/activity", "/staff/health"];

/** A port that is free now. */
const freePort = () => new Promise((resolve) => {
  const holder = createServer().listen(0, "127.0.0.1", () => {
    const { port } = holder.address();
    holder.close(() => resolve(port));
  });
});

let school, browser, port;
before(async () => {
  school = await startSchool();
  port = await freePort();
  browser = await openBrowser(school, [`--remote-debugging-port=${port}`]);
});
after(async () => {
  await browser?.close();
  await school?.stop();
});

/** What Lighthouse gives a page, and what it finds wrong. */
async function looked(path, cookie) {
  const extraHeaders = cookie ? { Cookie: cookie } : undefined;
  const flags = { port, output: "json", logLevel: "error", throttlingMethod: "provided", disableStorageReset: true, extraHeaders };
  const config = { extends: "lighthouse:default", settings: { onlyCategories: ["accessibility"] } };
  const { lhr } = await lighthouse(`http://${school.portal}${path}`, flags, config);
  assert.equal(lhr.runtimeError, undefined, `${path}: ${JSON.stringify(lhr.runtimeError)}`);
  assert.equal(new URL(lhr.finalDisplayedUrl).pathname, path, "it was led elsewhere");
  const failed = Object.values(lhr.audits).filter((audit) => audit.score !== null && audit.score < 1);
  return { score: lhr.categories.accessibility.score * 100, failed: failed.map((audit) => audit.id) };
}

test("every page that is looked at has 100 of 100 for accessibility", { timeout: 600_000 }, async () => {
  for (const path of SIGNED_OUT) assert.deepEqual({ path, ...(await looked(path)) }, { path, score: 100, failed: [] });
  const [{ number }] = await roll(school);
  const page = await signedIn(school, browser, number, { name: "hana", duty: "head" });
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  for (const path of SIGNED_IN) assert.deepEqual({ path, ...(await looked(path, cookie)) }, { path, score: 100, failed: [] });
});
