// People of the roll sign in at a provider of single sign-on, npm's oidc-provider, and nobody else does.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { freePort, openBrowser, startNamedSchool, welcome } from "./named-school.mjs";
import { faults } from "./school.mjs";

const PASSWORD = "teapots over jupiter";
const SECRET = "what the portal proves by who it is";
const NAMES = ["Hanna Example", "Lena Example", "Theo Example"];
const roll = (names) => names.map((name) => `[[person]]\nname = "${name}"\ngroups = []\n`).join("");

// Whom the provider knows, and what it says of them.
const KNOWN = {
  hanna: { email: "hanna@school.example", email_verified: true },
  // Somebody who was given the same address later.
  "hanna-2": { email: "hanna@school.example", email_verified: true },
  lena: { email: "lena@school.example", email_verified: true, hd: "school.example" },
  theo: { email: "theo@school.example", email_verified: true, hd: "other.example" },
  "lena-unproved": { email: "lena@school.example", email_verified: false, hd: "school.example" },
  stranger: { email: "stranger@school.example", email_verified: true, hd: "school.example" },
};

// The provider's own key, so that what it says at another time is signed as ever.
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const encoded = (object) => Buffer.from(JSON.stringify(object)).toString("base64url");
/** A token of the provider's with other times in it. */
function atAnotherTime(token, times) {
  const [head, claims] = token.split(".");
  const text = `${head}.${encoded({ ...JSON.parse(Buffer.from(claims, "base64url")), ...times })}`;
  return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
}

let school, browser, issuer, server;
// What times its tokens bear, where not its own.
let times;
before(async () => {
  const [port, gone] = [await freePort(), await freePort()];
  issuer = `http://127.0.0.1:${port}`;
  const provider = (id, name, from, more = "") =>
    `[[sign-in.provider]]\nid = "${id}"\nname = "${name}"\nissuer = "${from}"\nclient-id = "fivebar"\nsecret = "sso.secret"\n` +
    `person = "email"\nmeans = "account-name"\n${more}\n`;
  school = await startNamedSchool({
    roll: roll(NAMES),
    settings: () =>
      provider("sso", "School account", issuer) +
      provider("own", "Own domain", issuer, 'hosted-domain = "school.example"') +
      provider("false", "False provider", `http://localhost:${port}`) +
      provider("gone", "Gone provider", `http://127.0.0.1:${gone}`),
    secrets: { "sso.secret": SECRET },
  });
  const { Provider } = await import("oidc-provider");
  const oidc = new Provider(issuer, {
    clients: [
      {
        client_id: "fivebar",
        client_secret: SECRET,
        redirect_uris: ["sso", "own", "false"].map((id) => `${school.portal}/sign-in/with/${id}/return`),
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["hd"] },
    pkce: { required: () => true },
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid: "one", use: "sig", alg: "RS256" }] },
    findAccount: (_, id) => KNOWN[id] && { accountId: id, claims: async () => ({ sub: id, ...KNOWN[id] }) },
  });
  oidc.use(async (context, next) => {
    await next();
    if (times && context.body?.id_token) context.body = { ...context.body, id_token: atAnotherTime(context.body.id_token, times) };
  });
  server = createServer(oidc.callback()).listen(port, "127.0.0.1");
  await school.command("duties", "give", "head", "--to", "Hanna Example", "--reason", "Appointed by the governors.");
  for (const [name, whom] of [["hanna", NAMES[0]], ["theo", NAMES[2]]]) {
    await school.command("people", "invite", whom, "--name", `${name}@school.example`);
  }
  browser = await openBrowser();
});
after(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  await school?.stop();
});

const newPage = async (options = {}) =>
  (await browser.newContext({ viewport: { width: 320, height: 800 }, ...options })).newPage();

/** Signs in at the provider. */
async function at(page, login) {
  await page.locator("input[name=login]").fill(login);
  await page.locator("input[name=password]").fill("whatever");
  await page.getByRole("button", { name: "Sign-in" }).click();
  const consent = page.getByRole("button", { name: "Continue", exact: true });
  await consent.or(page.locator(".govuk-template__body")).first().waitFor();
  if (await consent.isVisible()) await consent.click();
}

/** Begins in a browser, and gives where it would be sent. */
async function begun(page, id = "sso") {
  const answer = await page.context().request.get(`${school.portal}/sign-in/with/${id}`, { maxRedirects: 0 });
  assert.equal(answer.status(), 303);
  return new URL(answer.headers().location);
}

/** What the page says is wrong; whoever is there is signed in to nothing. */
async function refused(page) {
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
  assert.deepEqual(await faults(page), []);
  const cookies = (await page.context().cookies(school.portal)).map((cookie) => cookie.name);
  assert.ok(!cookies.includes("fivebar"), cookies.join());
  return page.getByRole("alert").innerText();
}

for (const javaScriptEnabled of [true, false]) {
  test(`somebody of the roll signs in elsewhere, ${javaScriptEnabled ? "with" : "without"} scripts`, async () => {
    const page = await newPage({ javaScriptEnabled });
    await page.goto(`${school.portal}/sign-in?back=%2Fme`);
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);
    await page.getByRole("button", { name: "Sign in with School account" }).click();
    await at(page, "hanna");
    await page.getByRole("heading", { name: "You", exact: true }).waitFor();
    const words = await page.locator("main").innerText();
    assert.match(words, /Hanna Example/);
    assert.match(words, /what you do as Headteacher rests/, "it is one proof");
    assert.match(words, /School account, since/);
    if (javaScriptEnabled) assert.deepEqual(await faults(page), []);
    const left = (await page.context().cookies(school.portal)).map((cookie) => cookie.name);
    assert.ok(left.includes("fivebar") && !left.includes("fivebar-away"), left.join());
  });
}

test("a proof is asked for again there, and the only way in is not taken away", async () => {
  const page = await newPage();
  await page.goto((await begun(page)).href);
  await at(page, "hanna");
  await page.goto(`${school.portal}/sign-in/again?back=%2Fme`);
  assert.deepEqual(await faults(page), []);
  await page.getByRole("button", { name: "Continue with School account" }).click();
  await page.locator("input[name=login]").waitFor();
  await at(page, "theo");
  assert.match(await page.getByRole("alert").innerText(), /You are somebody else at School account/);
  await page.goto(`${school.portal}/sign-in/again?back=%2Fme`);
  await page.getByRole("button", { name: "Continue with School account" }).click();
  await at(page, "hanna");
  await page.getByRole("heading", { name: "You", exact: true }).waitFor();
  await page.getByRole("button", { name: "Forget me at School account" }).click();
  await page.getByRole("heading", { name: "This is the only way in that you have" }).waitFor();
  assert.deepEqual(await faults(page), []);
});

test("nobody else signs in so, and all are told the same", async () => {
  const told = [];
  for (const login of ["stranger", "lena", "lena-unproved", "hanna-2"]) {
    const page = await newPage();
    await page.goto((await begun(page)).href);
    await at(page, login);
    told.push(await refused(page));
  }
  assert.equal(new Set(told).size, 1, told.join("\n"));
  assert.match(told[0], /nobody here signs in by that account/);

  // An account of another school: Theo's is known here, and not of the school's own domain there.
  const other = await newPage();
  await other.goto((await begun(other, "own")).href);
  await at(other, "theo");
  assert.match(await refused(other), /could not be taken/);
  // A person has an account here once somebody gave them one, and is found from then on.
  await school.command("people", "invite", NAMES[1], "--name", "lena@school.example");
  const lena = await newPage();
  await lena.goto((await begun(lena, "own")).href);
  await at(lena, "lena");
  await lena.getByRole("heading", { name: "Today" }).waitFor();
});

test("an answer is taken once, by whoever asked, to what they asked", async () => {
  const page = await newPage();
  const answers = [];
  page.on("request", (request) => request.url().includes("/return?") && answers.push(request.url()));
  await page.goto((await begun(page)).href);
  await at(page, "hanna");
  await page.getByRole("heading", { name: "Today" }).waitFor();
  assert.equal(answers.length, 1);
  // Opened again, in the same browser and in somebody else's.
  const stranger = await newPage();
  await stranger.goto(answers[0]);
  assert.match(await refused(stranger), /opened a second time/);
  await page.context().clearCookies({ name: "fivebar" });
  await page.goto(answers[0]);
  assert.match(await refused(page), /opened a second time/);

  // A code that was used, with an asking of one's own.
  const used = new URL(answers[0]).searchParams.get("code");
  const asked = await begun(stranger);
  const ours = (state, code, more = "") => `${school.portal}/sign-in/with/sso/return?code=${code}&state=${state}${more}`;
  await stranger.goto(ours(asked.searchParams.get("state"), used));
  assert.match(await refused(stranger), /could not be taken/);
  // A state of another asking; an answer that came by way of another provider; one that went to another's place.
  await begun(stranger);
  await stranger.goto(ours(asked.searchParams.get("state"), used));
  assert.match(await refused(stranger), /opened a second time/);
  const again = (await begun(stranger)).searchParams.get("state");
  await stranger.goto(ours(again, used, "&iss=https%3A%2F%2Fother.example"));
  assert.match(await refused(stranger), /could not be taken/);
  const third = (await begun(stranger)).searchParams.get("state");
  await stranger.goto(ours(third, used).replace("/sso/", "/own/"));
  assert.match(await refused(stranger), /opened a second time/);
  // Somebody who thinks better of it.
  const fourth = (await begun(stranger)).searchParams.get("state");
  await stranger.goto(`${school.portal}/sign-in/with/sso/return?error=access_denied&state=${fourth}`);
  assert.match(await refused(stranger), /did not let you in, or you stopped it/);

  // What the provider signed for another asking.
  const nonce = await newPage();
  const changed = await begun(nonce);
  assert.ok(changed.searchParams.get("code_challenge") && changed.searchParams.get("code_challenge_method") === "S256");
  changed.searchParams.set("nonce", "of another asking");
  await nonce.goto(changed.href);
  await at(nonce, "hanna");
  assert.match(await refused(nonce), /could not be taken/);
});

test("what a provider said too long ago, or says for later, lets nobody in", async () => {
  const now = () => Math.floor(Date.now() / 1000);
  for (const [name, bears] of [
    ["over for an hour", () => ({ iat: now() - 7200, exp: now() - 3600 })],
    ["over for a minute", () => ({ exp: now() - 60 })],
    ["not before an hour from now", () => ({ nbf: now() + 3600 })],
    ["said in an hour", () => ({ iat: now() + 3600, exp: now() + 7200 })],
  ]) {
    times = bears();
    const page = await newPage();
    await page.goto((await begun(page)).href);
    await at(page, "hanna");
    assert.match(await refused(page), /could not be taken/, name);
  }
  // Signed by the same key, and with times that hold: it is those alone that count.
  times = { nbf: now() - 60, exp: now() + 600 };
  const page = await newPage();
  await page.goto((await begun(page)).href);
  await at(page, "hanna");
  await page.getByRole("heading", { name: "Today" }).waitFor();
  times = undefined;
});

test("a provider that is another, or is not there, lets nobody in", async () => {
  const page = await newPage();
  await page.goto(`${school.portal}/sign-in/with/false`);
  assert.match(await refused(page), /could not be taken/);
  await page.goto(`${school.portal}/sign-in/with/gone`);
  assert.match(await refused(page), /Gone provider does not answer just now/);
  assert.equal((await page.request.get(`${school.portal}/sign-in/with/nobody`)).status(), 404);
});

test("who has left the roll is nobody there, and a password goes on where a provider has gone", async () => {
  const page = await newPage();
  await page.goto((await begun(page)).href);
  await at(page, "theo");
  await page.getByRole("heading", { name: "Today" }).waitFor();
  await school.putRoll(roll(NAMES.slice(0, 2)));
  await page.context().clearCookies({ name: "fivebar" });
  await page.goto((await begun(page)).href);
  await page.getByRole("heading", { name: "Sign in", exact: true }).or(page.locator("input[name=login]")).first().waitFor();
  if (await page.locator("input[name=login]").isVisible()) await at(page, "theo");
  assert.match(await refused(page), /nobody here signs in by that account/);

  const lena = await newPage();
  await welcome(school, lena, NAMES[1], "lena@school.example", PASSWORD);
  server.closeAllConnections();
  server.close();
  await lena.getByRole("button", { name: "Sign out" }).click();
  await lena.locator("#name").fill("lena@school.example");
  await lena.locator("#password").fill(PASSWORD);
  await lena.getByRole("button", { name: "Sign in", exact: true }).click();
  await lena.getByRole("heading", { name: "Today" }).waitFor();
});
