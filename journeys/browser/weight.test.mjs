// What a phone fetches for a page, with nothing kept from before: every byte that comes over the line, and how many requests.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isStaff, roll, signedIn } from "./people.mjs";
import { openBrowser, startSchool } from "./school.mjs";

let school, browser, staff;
before(async () => {
  school = await startSchool();
  browser = await openBrowser(school);
  staff = (await roll(school)).filter(isStaff);
});
after(async () => {
  await browser?.close();
  await school?.stop();
});

/** The bytes and requests of a page in a browser that has met none. */
async function weight(page, address) {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const fetched = new Map();
  let bytes = 0;
  session.on("Network.requestWillBeSent", ({ requestId, request }) => request.url.startsWith("http") && fetched.set(requestId, request.url));
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => fetched.has(requestId) && (bytes += encodedDataLength));
  await page.goto(`http://${school.portal}${address}`, { waitUntil: "networkidle" });
  await session.detach();
  return { bytes, requests: fetched.size };
}

test("the first screen is 60 kB at most, the report page 30 kB, and each at most six requests", async () => {
  const stranger = await (await browser.newContext({ viewport: { width: 320, height: 800 } })).newPage();
  const teacher = await signedIn(school, browser, staff[0].number, { name: "t.one", duty: "teacher" });
  for (const [page, address, most] of [
    [stranger, "/", 60_000],
    [stranger, "/sign-in", 60_000],
    [stranger, "/requests", 60_000],
    [stranger, "/reports", 30_000],
    [teacher, "/today", 60_000],
    [teacher, "/staff/lessons", 60_000],
  ]) {
    const { bytes, requests } = await weight(page, address);
    console.log(`${address}: ${(bytes / 1000).toFixed(1)} kB in ${requests} requests`);
    assert.ok(bytes > 5_000 && bytes <= most, `${address} is ${bytes} bytes`);
    assert.ok(requests > 1 && requests <= 6, `${address} takes ${requests} requests`);
  }
});
