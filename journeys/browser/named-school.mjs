// A school whose portal has a name: that of this machine to itself. Passkeys and single sign-on are made for a name.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const program = process.env.FIVEBAR_PROGRAM ?? path.resolve(import.meta.dirname, "../../target/debug/fivebar");

/** A port that nothing listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Sets a school up with this roll, and starts it. `settings` is what `fivebar.toml` holds besides, and `secrets` are files of its keys,
 * each a function of the portal's address where it needs that.
 */
export async function startNamedSchool({ roll, settings = () => "", secrets = {} }) {
  const folder = await mkdtemp(path.join(tmpdir(), "fivebar-journey-"));
  const home = path.join(folder, "school");
  const port = await freePort();
  const portal = `http://localhost:${port}`;

  /** Runs a command of the program on this school and gives what it printed. */
  async function command(...words) {
    const run = spawn(program, ["--home", home, ...words], { stdio: ["ignore", "pipe", "inherit"] });
    let said = "";
    for await (const piece of run.stdout) said += piece;
    const code = run.exitCode ?? (await new Promise((resolve) => run.once("exit", resolve)));
    if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}`);
    return said;
  }

  /** Puts a roll in place of the one before. */
  async function putRoll(text) {
    const file = path.join(folder, "roll.toml");
    await writeFile(file, text);
    await command("people", "import", file, "--apply");
  }

  await command(
    "init", "--yes", "--school", "Hillside", "--dns", "127.0.0.1:0", "--proxy", "127.0.0.1:0",
    "--portal", `127.0.0.1:${port}`, "--upstream", "127.0.0.1:9",
  );
  const file = path.join(home, "fivebar.toml");
  const text = await readFile(file, "utf8");
  await writeFile(file, `${text.replace("[portal]", `[portal]\nurl = "${portal}"`)}\n${settings(portal)}`);
  for (const [name, secret] of Object.entries(secrets)) await writeFile(path.join(home, "keys", name), `${secret}\n`, { mode: 0o600 });
  await putRoll(roll);
  const child = spawn(program, ["--home", home, "--json", "run"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => JSON.parse(line).portal && resolve());
    child.once("exit", (code) => reject(new Error(`the school ended with ${code} before it was ready`)));
    child.once("error", reject);
  });
  return {
    portal,
    home,
    command,
    putRoll,
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A browser that asks no proxy. */
export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
  });
}

/** Somebody chooses a password by an invitation, in a browser of their own. */
export async function welcome(school, page, whom, name, password) {
  const { link } = JSON.parse(await school.command("--json", "people", "invite", whom, "--name", name));
  await page.goto(link);
  await page.locator("#password").fill(password);
  await page.locator("#repeated").fill(password);
  await page.getByRole("button", { name: /keep this password/i }).click();
  await page.getByRole("heading", { name: "Today" }).waitFor();
}
