// A browser whose own secure DNS is set to the school's, with a name that was given to one person: it is that person's wherever it is.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { startSchool } from "./school.mjs";

const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const skip = existsSync(browserPath) ? false : `skipped: there is no Chromium at ${browserPath}`;

/** An engine that guests may not open and teachers may, a site that pupils may open and one that is closed to them. The first two are
 * none that browsers ask over HTTPS alone, which the made-up web does not speak. */
const TEACHERS = "html.duckduckgo.com";
const OPEN = "www.example.org";
const CLOSED = "www.bet365.com";

let school;
before(async () => {
  if (!skip) school = await startSchool();
});
after(async () => {
  await school?.stop();
});

/** What Chromium's own settings hold where secure DNS is set to a template by hand, with no way round it. */
async function withSecureDns(template, use) {
  const folder = await mkdtemp(path.join(tmpdir(), "fivebar-secure-dns-"));
  const servers = [{ template, endpoints: [{ ips: ["127.0.0.1"] }] }];
  const settings = { dns_over_https: { mode: "secure", templates: JSON.stringify({ servers }) } };
  await writeFile(path.join(folder, "Local State"), JSON.stringify(settings));
  // A device of the school would trust its certificate; here its key is trusted and no other.
  const certificate = new X509Certificate(await readFile(school.certificate));
  const key = createHash("sha256").update(certificate.publicKey.export({ type: "spki", format: "der" })).digest("base64");
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: browserPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-proxy-server",
      "--disable-features=HttpsUpgrades,HttpsFirstBalancedModeAutoEnable",
      `--ignore-certificate-errors-spki-list=${key}`,
    ],
  });
  try {
    return await use(await context.newPage());
  } finally {
    await context.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const port = () => new URL(`http://${school.web}`).port;
const address = (host) => (port() ? `http://${host}:${port()}/` : `http://${host}/`);

/** The template of a person's own name, as it would be put on their device. */
async function templateOf(name) {
  const given = JSON.parse(await school.command("--json", "people", "dns-name", name));
  const { pathname, hostname } = new URL(given.https);
  return `https://${hostname}:${school.doh.split(":").pop()}${pathname}{?dns}`;
}

test("a teacher's browser is known by its name for secure DNS, and one without is a guest's", { skip }, async () => {
  const teacher = school.anyoneIn("teachers");
  const template = await templateOf(teacher.name);
  await withSecureDns(template, async (page) => {
    await page.goto(address(TEACHERS));
    assert.match(await page.locator("body").innerText(), new RegExp(`page of ${TEACHERS.replaceAll(".", "\\.")}`));
  });
  const nobodys = template.replace(/\/dns-query\/[^{]+/, "/dns-query");
  await withSecureDns(nobodys, async (page) => {
    await assert.rejects(page.goto(address(TEACHERS)), /ERR_NAME_NOT_RESOLVED/);
  });
});

test("a pupil's browser with secure DNS opens what the pupil may and nothing else, and the log knows whose it was", { skip }, async () => {
  const pupil = school.anyoneIn("year-8");
  await withSecureDns(await templateOf(pupil.name), async (page) => {
    await page.goto(address(OPEN));
    assert.match(await page.locator("body").innerText(), /www\.example\.org/);
    await assert.rejects(page.goto(address(CLOSED)), /ERR_NAME_NOT_RESOLVED/);
  });
  const until = Date.now() + 20_000;
  let events = [];
  do {
    const lines = await school.command("--json", "activity", "search", "--site", CLOSED);
    events = lines.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  } while (events.length === 0 && Date.now() < until);
  assert.ok(events.length > 0, "the log has it");
  for (const event of events) {
    assert.equal(event.verdict, "block");
    assert.equal(event.known_by, "encrypted-dns-name");
    assert.equal(event.transport, "https");
    assert.match(event.person, /^P-/, "a pseudonym");
  }
});
