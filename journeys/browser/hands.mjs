// Hands: a page that is used by keyboard alone. What a journey clicks, fills, ticks and selects on such a page is reached with Tab, pressed with
// Enter or Space, and written sign by sign; what the keyboard cannot get to fails the journey.
import assert from "node:assert/strict";

/** More than any page has to tab through. */
const MOST_TABS = 400;
const pages = new WeakSet();

/** What has the focus when `element` is meant: itself, or what it is inside of, as the words of a link or of a summary. */
const focusable = (element) => element.closest("a[href], button, summary, input, select, textarea, [tabindex]") ?? element;

async function has(locator, find) {
  return locator.evaluate((element, source) => {
    const meant = new Function(`return (${source})`)()(element);
    return meant === document.activeElement;
  }, find.toString());
}

async function tabTo(locator) {
  const page = locator.page();
  for (let tabs = 0; tabs <= MOST_TABS; tabs += 1) {
    if (await has(locator, focusable)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not get to ${locator}`);
}

/** Gets to one of a group of radio buttons, which is one stop for Tab, and goes on to the one that is meant. */
async function choose(locator) {
  const page = locator.page();
  const inGroup = () =>
    locator.evaluate((element) => document.activeElement?.type === "radio" && document.activeElement.name === element.name);
  for (let tabs = 0; !(await inGroup()); tabs += 1) {
    assert.ok(tabs < MOST_TABS, `the keyboard does not get to ${locator}`);
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Space");
  for (let steps = 0; !(await locator.isChecked()); steps += 1) {
    assert.ok(steps < 100, `the arrow keys do not get to ${locator}`);
    await page.keyboard.press("ArrowDown");
  }
}

/** Presses Enter on what leads to another page or sends a form, and waits until that page or a document has begun to arrive. */
async function enter(page) {
  const arrived = new Promise((resolve) => {
    page.once("framenavigated", resolve);
    page.once("download", resolve);
  });
  const asked = page.waitForRequest((request) => request.isNavigationRequest(), { timeout: 5_000 }).catch(() => undefined);
  await page.keyboard.press("Enter");
  if (!(await asked)) return;
  await arrived;
  await page.waitForLoadState();
}

const byKeyboard = {
  async click() {
    const { kind, leads } = await this.evaluate((element) => {
      const meant = element.closest("a[href], button, summary, input") ?? element;
      const away = meant.matches("a[href]:not([href^='#'])") || (meant.type === "submit" && meant.form !== null);
      return { kind: meant.type ?? "", leads: away };
    });
    if (kind === "radio") return choose(this);
    await tabTo(this);
    if (leads) return enter(this.page());
    await this.page().keyboard.press(kind === "checkbox" ? "Space" : "Enter");
  },
  async check() {
    if (await this.isChecked()) return;
    if ((await this.evaluate((element) => element.type)) === "radio") return choose(this);
    await tabTo(this);
    await this.page().keyboard.press("Space");
    assert.ok(await this.isChecked(), `${this} is not ticked`);
  },
  async uncheck() {
    if (!(await this.isChecked())) return;
    await tabTo(this);
    await this.page().keyboard.press("Space");
  },
  async fill(text) {
    await tabTo(this);
    const { keyboard } = this.page();
    await keyboard.press("Control+A");
    await keyboard.press("Delete");
    await keyboard.type(text);
    assert.equal(await this.inputValue(), text);
  },
  async selectOption(wanted) {
    await tabTo(this);
    const { keyboard } = this.page();
    const at = () => this.evaluate((select) => ({ label: select.selectedOptions[0]?.label, value: select.value, count: select.length }));
    await keyboard.press("Home");
    const { count } = await at();
    for (let steps = 0; steps <= count; steps += 1) {
      const { label, value } = await at();
      if (label === wanted?.label || value === (wanted?.value ?? wanted)) return;
      await keyboard.press("ArrowDown");
    }
    assert.fail(`${this} has no ${JSON.stringify(wanted)}`);
  },
};

let taught = false;

/** Has everything that is done on this page from now on done by keyboard alone. */
export function keyboardAlone(page) {
  pages.add(page);
  if (taught) return page;
  taught = true;
  const prototype = Object.getPrototypeOf(page.locator("body"));
  for (const [name, act] of Object.entries(byKeyboard)) {
    const before = prototype[name];
    prototype[name] = async function (...words) {
      if (!pages.has(this.page())) return before.apply(this, words);
      await this.waitFor({ state: "attached" });
      return act.apply(this, words);
    };
  }
  return page;
}
