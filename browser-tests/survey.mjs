// Looks at pages as people meet them: with a screen reader, a keyboard, a small screen, in the dark.
//
// Takes `{origin, user, password, pages: [{name, path, status, is_signed_out, main}], shots}`, answers a finding for
// each page: what axe says, what the keyboard reaches, what a finger misses, what it weighs, what went wrong. `shots`
// is a folder that pictures go to; without it none are taken. `main` is the words on what the page is for.

import { join } from "node:path";
import { answer, judgeOf, Person } from "./driver.mjs";
import { walk } from "./keyboard.mjs";

/** Pixels of a picture's height. */
const TALLEST = 6000;
/** How a page is looked at. Colours do not hang on the width, so that two of four ways tell what there is to tell. */
const WAYS = [
  { width: 360, scheme: "light", isJudged: true },
  { width: 360, scheme: "dark" },
  { width: 1280, scheme: "light" },
  { width: 1280, scheme: "dark", isJudged: true },
];

/** Pixels that a fingertip wants, less what rounding takes. */
const LOWEST = 43.5;

/** The rules that the law of most places names, and what axe finds good practice. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

await answer(async (browser, asked) => {
  const signedIn = asked.user ? await session(browser, asked) : undefined;
  const findings = [];
  for (const page of asked.pages) {
    const storageState = page.is_signed_out ? undefined : signedIn;
    findings.push({ name: page.name, path: page.path, ...(await look(browser, asked, page, storageState)) });
  }
  return findings;
});

async function session(browser, { origin, user, password }) {
  const person = await Person.at(browser, origin);
  await person.signIn(user, password);
  const state = await person.context.storageState();
  await person.context.close();
  return state;
}

async function look(browser, asked, page, storageState) {
  const person = await Person.at(browser, asked.origin, { storageState, reducedMotion: "reduce", viewport: { width: 1280, height: 800 } });
  const weight = await weigh(person);
  const answered = await person.open(page.path);
  const bytes = weight();
  const title = await person.page.title();
  const headings = await person.page.getByRole("heading", { level: 1 }).allInnerTexts();
  const keyboard = await walk(person.page, page.main && new RegExp(page.main, "i"));
  const violations = [];
  const wide = [];
  for (const { width, scheme, isJudged } of WAYS.filter((way) => way.isJudged || asked.shots)) {
    await person.page.setViewportSize({ width, height: 800 });
    await person.page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    if (isJudged) violations.push(...(await judge(person.page, `${width} ${scheme}`)));
    const overflow = await person.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (overflow > 0) wide.push(`${overflow} pixels at ${width}`);
    if (!asked.shots) continue;
    const path = join(asked.shots, `${page.name}-${width}-${scheme}.png`);
    // not `fullPage`: frames are painted no further than the viewport reaches
    const height = await person.page.evaluate(() => document.documentElement.scrollHeight);
    await person.page.setViewportSize({ width, height: Math.min(height, TALLEST) });
    await person.page.screenshot({ path });
  }
  const landed = new URL(person.page.url()).pathname;
  await person.context.close();
  const { faults } = person;
  const small = await press(browser, asked.origin, page.path, storageState);
  return { status: answered.status(), landed, title, headings, bytes, violations, wide, keyboard, small, faults };
}

/** What a finger misses: all that is pressed, stands by itself, and is lower than `LOWEST`. */
async function press(browser, origin, path, storageState) {
  const touch = { hasTouch: true, isMobile: true, viewport: { width: 360, height: 800 }, reducedMotion: "reduce" };
  const context = await browser.newContext({ baseURL: origin, storageState, ...touch });
  const page = await context.newPage();
  await page.goto(path);
  const small = await page.evaluate((lowest) => {
    const targets = document.querySelectorAll("a, button, summary, select, textarea, label:has(input), .tabs > label");
    const isLow = (element) => {
      const { width, height } = element.getBoundingClientRect();
      // a link in a sentence is as high as its line
      return width > 1 && height > 1 && height < lowest && getComputedStyle(element).display !== "inline";
    };
    return Array.from(targets).filter(isLow).map((element) => {
      return `${Math.round(element.getBoundingClientRect().height)} pixels high: ${element.textContent.trim()}`;
    });
  }, LOWEST);
  await context.close();
  return small;
}

/** Counts the octets of everything that comes over the wire from now on, as it comes: packed. */
async function weigh(person) {
  const wire = await person.context.newCDPSession(person.page);
  await wire.send("Network.enable");
  await wire.send("Network.setCacheDisabled", { cacheDisabled: true });
  let octets = 0;
  wire.on("Network.loadingFinished", (finished) => (octets += finished.encodedDataLength));
  wire.on("Network.requestWillBeSent", ({ redirectResponse }) => {
    octets += redirectResponse?.encodedDataLength ?? 0;
  });
  return () => octets;
}

async function judge(page, how) {
  const { violations } = await judgeOf(page).withTags(RULES).analyze();
  return violations.map(({ id, impact, help, nodes }) => {
    const where = nodes.slice(0, 3).map((node) => node.target.join(" "));
    return { how, id, impact, help, where, why: nodes[0]?.failureSummary?.replace(/\s+/g, " ") };
  });
}
