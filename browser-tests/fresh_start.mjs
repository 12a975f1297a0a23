// From a server that nobody has used to an agent that is connected, as the first person there goes about it.
//
// Takes `{setup, mailbox: {address, password, imap, smtp}, has_javascript, client: [program, …], shots}`, answers what
// was clicked, how often something was pasted, and which tools the agent got. `imap` and `smtp` are ports of
// `mailbox.host`; they are typed where the servers could not be known.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { answer, Person } from "./driver.mjs";

const NAME = "alice";
const PASSWORD = "correct horse battery staple";

await answer(async (browser, asked) => {
  const { setup, mailbox, client, has_javascript } = asked;
  const options = { javaScriptEnabled: has_javascript, viewport: { width: 1280, height: 800 } };
  const person = await Person.at(browser, new URL(setup).origin, options);
  await setUp(person, setup);
  await addMailbox(person, mailbox);
  const url = await findUrl(person);
  const agent = await connect(client, person.paste(url));
  await allow(person, agent.where);
  const tools = await agent.tools;
  const mark = await connectedMark(person, has_javascript);
  const { actions, pastes, faults } = person;
  return { actions, pastes, faults, tools, url, mark };
});

/** The link of the start leads to the first person's name and password. */
async function setUp(person, link) {
  await person.open(link);
  await person.type(/name/i, NAME);
  for (const field of await person.page.locator('input[type="password"]').all()) await field.fill(PASSWORD);
  await person.click("set up", person.page.locator('main form button[type="submit"]'));
}

/** After that one stands where a mailbox is added. */
async function addMailbox(person, { address, password, host, imap, smtp, user }) {
  const { page } = person;
  await page.waitForURL(/\/accounts\/new/);
  await person.type(/address/i, address);
  await person.type(/password/i, password);
  const more = page.locator("main form details:not([open]) > summary").first();
  if (await more.isVisible()) await person.click("open the servers", more);
  const fields = { imap_host: host, imap_port: imap, imap_user: user, smtp_host: host, smtp_port: smtp, smtp_user: user };
  for (const [name, value] of Object.entries(fields)) {
    const field = page.locator(`main [name="${name}"]`);
    if (value !== undefined && (await field.count()) > 0) await field.fill(String(value));
  }
  await person.click("add the mailbox", person.named(/^test and add/i));
  // where scripts run, the page stays while both servers are tried
  await page.waitForURL((there) => there.pathname !== "/accounts/new");
}

/** The page to connect from names the URL; the person copies it. */
async function findUrl(person) {
  const { page } = person;
  if (new URL(page.url()).pathname !== "/connect") {
    await person.click("connect an agent", page.getByRole("link", { name: /connect/i }).first());
  }
  await page.waitForURL(/\/connect/);
  const url = await page.getByText(/^https?:\/\/\S+\/mcp$/).first().innerText();
  return url.trim();
}

/** An agent that was given the URL, and where it sends the person. */
async function connect([program, ...rest], url) {
  const child = spawn(program, [...rest, url], { stdio: ["ignore", "pipe", "inherit"] });
  // an agent that waits for somebody who has left would keep whoever started this waiting, too
  process.on("exit", () => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (word) => {
    const { value, done } = await lines.next();
    if (done || !value.startsWith(`${word} `)) throw new Error(`the agent said: ${value}`);
    return value.slice(word.length + 1);
  };
  const ended = once(child, "exit");
  const where = await next("open");
  const tools = (async () => {
    const names = (await next("tools")).split(" ");
    const [status] = await ended;
    if (status !== 0) throw new Error(`the agent ended with ${status}`);
    return names;
  })();
  // it is awaited later
  tools.catch(() => {});
  return { where, tools };
}

/** The agent opens the page where the person says what it may do, beside the one that they have open. */
async function allow(person, where) {
  const before = person.page;
  person.page = await person.context.newPage();
  await person.open(where);
  const back = person.page.waitForURL((there) => there.origin !== person.origin);
  await person.click("allow", person.named(/^allow/i));
  await back;
  await person.page.close();
  person.page = before;
}

/** What the page to connect from says then: by itself where scripts run, else when it is asked. */
async function connectedMark(person, hasJavascript) {
  const mark = person.page.locator("#mark");
  if (!hasJavascript) await person.click("check again", mark.getByRole("link", { name: /check again/i }));
  await mark.getByText("connected", { exact: true }).waitFor();
  return mark.innerText();
}
