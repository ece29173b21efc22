// A running school and a browser on one of its devices, for the journeys.
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import AxeBuilder from "@axe-core/playwright";

const program = process.env.FIVEBAR_PROGRAM ?? path.resolve(import.meta.dirname, "../../target/debug/fivebar");

/** Starts the made-up school; resolves with what it says when it is ready. */
export async function startSchool() {
  const folder = await mkdtemp(path.join(tmpdir(), "fivebar-journey-"));
  const child = spawn(program, ["--home", path.join(folder, "school"), "--json", "demo"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const said = JSON.parse(line);
      if (said.dns) resolve(said);
    });
    child.once("exit", (code) => reject(new Error(`the school ended with ${code} before it was ready`)));
    child.once("error", reject);
  });
  return {
    ...ready,
    home: path.join(folder, "school"),
    anyoneIn(group) {
      const person = ready.people.find((someone) => someone.group === group);
      if (!person) throw new Error(`nobody is in ${group}`);
      return person;
    },
    /** Runs a command of the program on this school and gives what it printed. */
    async command(...words) {
      const run = spawn(program, ["--home", path.join(folder, "school"), ...words], { stdio: ["ignore", "pipe", "inherit"] });
      let said = "";
      for await (const piece of run.stdout) said += piece;
      const code = run.exitCode ?? (await new Promise((resolve) => run.once("exit", resolve)));
      if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}`);
      return said;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Opens Chromium with the school's PAC file. Its requests come from 127.0.0.1, as from a device nobody registered. */
export async function openBrowser(school, more = []) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--proxy-pac-url=http://${school.proxy}/proxy.pac`,
      ...more,
    ],
  });
}

/** The accessibility faults of a page, WCAG 2.0 to 2.2, A and AA: empty when all is well. */
export async function faults(page) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"])
    // The back link stands before <main>, as the design system has it; best practice, not WCAG, asks for landmarks only.
    .disableRules(["region"])
    .analyze();
  return violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).join(" ")}`);
}
