// A person with a passkey: adds one, signs out, signs in with it, proves with it who they are, and removes it. The
// authenticator is Chromium's own for tests; what it keeps is told in the answer.
//
// Takes `{origin, user, password, shots}`. Answers what was seen on the way, what axe found, and what
// went wrong.

import { AxeBuilder } from "@axe-core/playwright";
import { plugIn } from "./authenticator.mjs";
import { answer, Person } from "./driver.mjs";

await answer(async (browser, { origin, user, password, shots }) => {
  const person = await Person.at(browser, origin, { viewport: { width: 360, height: 740 } });
  const { page } = person;
  const seen = {};
  const violations = [];
  const look = async (name) => {
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      if (shots) await page.screenshot({ path: `${shots}/passkey-${name}-${width}.png`, fullPage: true });
    }
    const found = await new AxeBuilder({ page }).analyze();
    violations.push(...found.violations.map((one) => `${name}: ${one.id} ${one.nodes[0]?.html}`));
  };
  const authenticator = await plugIn(person);

  await person.signIn(user, password);
  await person.open("/settings");
  await person.named(/^add a passkey/i).click();
  await page.waitForURL(/\/settings\/passkeys/);
  await person.type(/what to call it/i, "Test key");
  await person.named(/^add a passkey/i).click();
  await page.waitForURL(/done=passkey-added/);
  seen.added = await page.getByRole("heading", { name: "Test key" }).count();
  seen.kept = await authenticator.kept();
  await look("added");

  // one that is there already is not added twice
  await person.named(/^add a passkey/i).click();
  await page.locator("[data-passkey] [role=alert]").waitFor();
  seen.twice = await page.locator("[data-passkey] [role=alert]").innerText();
  await look("twice");

  // the one that the browser offers beside the name is chosen at once here
  await authenticator.answers(false);
  await page.getByRole("button", { name: /^sign out/i }).click();
  await page.waitForURL(/\/login/);
  await look("login");
  await authenticator.answers(true);
  await person.open("/login?next=%2Fconnect");
  await page.waitForURL(/\/connect/);
  seen.besideName = new URL(page.url()).pathname;
  // from now on as in a browser that offers none there
  await person.context.addInitScript(() => {
    // a page that came from nowhere has none at all
    if (!globalThis.PublicKeyCredential) return;
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });
  await page.getByRole("button", { name: /^sign out/i }).click();
  await page.waitForURL(/\/login/);
  await person.open("/login?next=%2Fagents");
  await person.named(/^sign in with a passkey/i).click();
  await page.waitForURL(/\/agents/);
  seen.signedIn = new URL(page.url()).pathname;

  await person.open("/prove?next=%2Fsettings&for=apr_00000000000000000000000000000001");
  await look("prove");
  await person.named(/^use a passkey/i).click();
  await page.waitForURL(/\/settings/);
  seen.proven = new URL(page.url()).pathname;

  // an authenticator that does not check who holds it does not do
  await authenticator.verifies(false);
  await person.open("/prove?next=%2Fsettings&for=apr_00000000000000000000000000000002");
  await person.named(/^use a passkey/i).click();
  await page.locator("[data-passkey] [role=alert]").waitFor();
  seen.refused = await page.locator("[data-passkey] [role=alert]").innerText();
  await look("refused");
  await authenticator.verifies(true);

  await person.open("/settings");
  await look("settings");
  await person.named(/^add or remove/i).click();
  await page.locator("summary", { hasText: /^remove/i }).click();
  await page.getByRole("button", { name: /^remove test key/i }).click();
  await page.waitForURL(/done=passkey-removed/);
  await page.getByRole("button", { name: /^sign out/i }).click();
  await page.waitForURL(/\/login/);
  await person.named(/^sign in with a passkey/i).click();
  await page.waitForURL((there) => there.pathname === "/login/passkey");
  seen.afterRemoval = await page.getByRole("alert").first().innerText();
  await look("after-removal");
  return { seen, violations, faults: person.faults };
});
