// What a client calls to open a URL (`BROWSER URL`): a person who signs in, lets the client in, and is sent back.
//
// The environment has who they are (`PERSON`, `PERSON_PASSWORD`), the scopes they add (`TICK`, by value), and the host
// that has to vouch for the client (`PUBLISHED_BY`), if any.

import { launch, Person } from "./driver.mjs";

const url = process.argv.at(-1);
const browser = await launch();
try {
  const person = await Person.at(browser, new URL(url).origin);
  await person.open(url);
  await person.fillSignIn(process.env.PERSON, process.env.PERSON_PASSWORD);
  await judge(person, process.env.PUBLISHED_BY);
  await allow(person, (process.env.TICK ?? "").split(" ").filter(Boolean));
  if (person.faults.length > 0) throw new Error(person.faults.join("\n"));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}

/** Whoever no host vouches for must not look as if one did. */
async function judge(person, host) {
  const facts = (await person.page.locator(".facts").innerText()).replace(/\s+/g, " ");
  const isVouchedFor = host ? facts.includes(`Published by ${host} verified`) : facts.includes("not verified");
  if (!isVouchedFor) throw new Error(`the page says of the client: ${facts}`);
}

async function allow(person, scopes) {
  for (const scope of scopes) await person.page.locator(`input[value="${scope}"]`).check();
  const back = person.page.waitForURL((there) => there.origin !== person.origin);
  await person.named(/^allow/i).click();
  await back.catch(async (error) => {
    throw new Error(`not sent back: ${await person.words()}`, { cause: error });
  });
}
