// A browser and the person in front of it. Not a test: the scripts beside it are.
//
// The environment says which browser it is (`CHROMIUM`). Nothing of the machine's own profile is touched.

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

/** How long the person waits for anything: longer than any page may take with a slow mail server behind it. */
const PATIENCE = 30_000;

/** Starts a browser that talks to nobody but the pages it is given. */
export async function launch(more = []) {
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  const still = ["--disable-component-update", "--disable-sync", "--hide-scrollbars"];
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const args = [...quiet, ...still, ...more];
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args });
}

/**
 * axe over a page. A frame in which nothing runs is left out: axe would wait in it for ever, and what stands there is
 * other people's mail.
 */
export function judgeOf(page) {
  return new AxeBuilder({ page }).exclude("iframe[sandbox]");
}

/** Reads what the test wants, a JSON object on stdin. */
export async function wanted() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}");
}

/**
 * Somebody with a browser window: what they do is counted, and what the pages do wrong is noted. `origin` is where
 * the pages are; a client's own callback is on `callback`.
 */
export class Person {
  actions = [];
  pastes = 0;
  faults = [];

  /** Opens a window; `options` are those of a browser context. */
  static async at(browser, origin, options = {}) {
    const context = await browser.newContext({ baseURL: origin, ...options });
    context.setDefaultTimeout(PATIENCE);
    const person = new Person();
    person.origin = origin;
    person.context = context;
    context.on("request", (request) => person.#notice(request.url()));
    context.on("page", (page) => person.#watch(page));
    person.page = await context.newPage();
    return person;
  }

  #watch(page) {
    page.on("pageerror", (error) => this.faults.push(`script: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      const where = message.location().url;
      // a browser says so of every answer that is not a success, also of those that are meant
      if (message.text().startsWith("Failed to load resource") && where === page.url()) return;
      if (where && !where.startsWith(this.origin)) return;
      this.faults.push(`console of ${page.url()}: ${message.text()}`);
    });
  }

  #notice(url) {
    const { protocol, origin, hostname } = new URL(url);
    if (protocol !== "http:" && protocol !== "https:") return;
    const isCallback = hostname === "localhost" || hostname === "127.0.0.1";
    if (origin !== this.origin && !isCallback) this.faults.push(`a request to ${origin}`);
  }

  /** Goes to an address the way one does who follows a link from elsewhere. */
  async open(url) {
    return this.page.goto(url, { waitUntil: "load" });
  }

  /** One click, counted; resolves once the page it leads to is there. */
  async click(what, locator) {
    this.actions.push(what);
    await locator.click();
    await this.page.waitForLoadState("load");
  }

  /** A link or button by the words on it. */
  named(words) {
    const main = this.page.getByRole("main");
    return main.getByRole("link", { name: words }).or(main.getByRole("button", { name: words })).first();
  }

  /** Types into the field with this label. */
  async type(label, text) {
    await this.page.getByRole("main").getByLabel(label).first().fill(text);
  }

  /** The same where there is such a field. */
  async typeIfAsked(label, text) {
    const field = this.page.getByRole("main").getByLabel(label).first();
    if (await field.isVisible()) await field.fill(text);
  }

  /** Text copied out of a page and put in elsewhere. */
  paste(text) {
    this.pastes += 1;
    return text;
  }

  /** Signs in, which is no action of what is looked at. */
  async signIn(user, password) {
    await this.open(`${this.origin}/login`);
    await this.fillSignIn(user, password);
  }

  /** Fills in and sends the page that asks who one is. */
  async fillSignIn(user, password) {
    await this.page.locator('main [name="name"]').fill(user);
    await this.type(/^password/i, password);
    await this.named(/^sign in/i).click();
    await this.page.waitForLoadState("load");
    if (new URL(this.page.url()).pathname === "/login") {
      throw new Error(`not signed in: ${await this.words()}`);
    }
  }

  /** What the page says, for the message of a failure. */
  async words() {
    const text = await this.page.getByRole("main").innerText().catch(() => this.page.content());
    return `${this.page.url()}: ${text.replace(/\s+/g, " ").slice(0, 1500)}`;
  }
}

/** Runs a script's work and answers its result as one line of JSON; a failure says where the person stood. */
export async function answer(work) {
  const asked = await wanted();
  const browser = await launch();
  try {
    console.log(JSON.stringify(await work(browser, asked)));
  } catch (error) {
    const pages = browser.contexts().flatMap((context) => context.pages());
    for (const page of pages) {
      const said = await page.locator("body").innerText({ timeout: 1000 }).catch(() => "");
      console.error(`stood at ${page.url()}\n${said.slice(0, 2000)}\n`);
    }
    console.error(error);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
  // what a script started and left behind does not keep it from its end
  process.exit();
}
