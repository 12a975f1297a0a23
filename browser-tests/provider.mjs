// Somebody who signs in by an OpenID provider: nobody knows them at first, they add it to their settings, come in by
// it, and show anew by it that it is them. `alice` is who they are here, `carol` is somebody else at the provider.
//
// Takes `{origin, user, password, invite, shots}`, answers what they read on the way, what axe says of the pages, and
// what went wrong.

import { answer, Person } from "./driver.mjs";
import { looker } from "./looker.mjs";
import { isOurs, signerIn, stayHere } from "./at_provider.mjs";

await answer(async (browser, { origin, user, password, invite, shots }) => {
  const someone = async () => {
    const person = await Person.at(browser, origin, { ignoreHTTPSErrors: true, reducedMotion: "reduce" });
    await stayHere(person);
    return person;
  };
  const person = await someone();
  const { page } = person;
  const look = looker(page, shots);
  const atProvider = signerIn(origin);
  const words = () => page.getByRole("main").innerText();

  // nobody here is known by it yet
  await person.open("/login?next=%2Faccounts");
  await look("login-provider");
  await person.named(/^continue with localhost/i).click();
  await atProvider(page, user);
  await look("provider-unknown");
  const unknown = await words();

  await person.signIn(user, password);
  await person.open("/settings");
  await look("settings-provider");
  await person.named(/^add localhost/i).click();
  await page.waitForURL(/\/settings/);
  const linked = await words();
  await look("settings-provider-linked");

  await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
  await page.waitForURL(/\/login/);
  await person.open("/login?next=%2Faccounts");
  await person.named(/^continue with localhost/i).click();
  await page.waitForURL(/\/accounts/);
  const who = await page.locator(".who").innerText();

  // a proof is asked for anew there, whoever is signed in there already
  await person.open("/prove?next=%2Fsettings&for=apr_1");
  await look("prove-provider");
  await person.named(/^sign in anew at localhost/i).click();
  await page.locator('input[name="login"]').waitFor();
  await atProvider(page, user);
  await page.waitForURL(/\/settings/);
  await person.open("/prove?next=%2Faccounts&for=apr_1");
  const proven = new URL(page.url()).pathname;
  // of somebody else it shows nothing
  await person.open("/prove?next=%2Faccounts&for=apr_2");
  await person.named(/^sign in anew at localhost/i).click();
  await page.locator('input[name="login"]').waitFor();
  await atProvider(page, "mallory");
  const other = await words();
  await look("provider-refused");

  // somebody who was invited joins by it
  const guest = await someone();
  await guest.open(invite);
  const lookAtGuest = looker(guest.page, shots);
  await lookAtGuest("invite-provider");
  await guest.named(/^join with localhost/i).click();
  await guest.page.locator('input[name="login"]').waitFor();
  await atProvider(guest.page, "carol");
  const joined = await guest.page.locator(".who").innerText();
  const landed = new URL(guest.page.url()).pathname;

  const faults = [...person.faults, ...guest.faults].filter(isOurs);
  const violations = [...look.violations, ...lookAtGuest.violations];
  return { unknown, linked, who, proven, other, joined, landed, faults, violations };
});
