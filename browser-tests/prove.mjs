// A person who shows for one message that it is them, without their password, and says yes to it.
//
// Takes `{origin, user, password, by, proven, other}`: `by` is `passkey` or `provider`, and `proven` and `other` are the
// paths of two messages that wait. Only for the first of them is anything shown. Answers whether each page asks for
// the password before and after, how many passwords were sent since the first page was open, what became of both, and
// faults.

import { isOurs, signerIn, stayHere } from "./at_provider.mjs";
import { plugIn } from "./authenticator.mjs";
import { answer, Person } from "./driver.mjs";

await answer(async (browser, { origin, user, password, by, proven, other }) => {
  const person = await Person.at(browser, origin, { ignoreHTTPSErrors: true, reducedMotion: "reduce" });
  const { page } = person;
  await stayHere(person);
  const atProvider = signerIn(origin);
  const ways = {
    passkey: {
      add: async () => {
        await plugIn(person);
        await person.named(/^add a passkey/i).click();
        await page.waitForURL(/\/settings\/passkeys/);
        await person.type(/what to call it/i, "Test key");
        await person.named(/^add a passkey/i).click();
        await page.waitForURL(/done=passkey-added/);
      },
      prove: () => person.named(/^use a passkey/i).click(),
    },
    provider: {
      add: async () => {
        await person.named(/^add localhost/i).click();
        await page.locator('input[name="login"]').waitFor();
        await atProvider(page, user);
        await page.getByText("You can sign in that way from now on").waitFor();
      },
      prove: async () => {
        await person.named(/^sign in anew at localhost/i).click();
        await page.locator('input[name="login"]').waitFor();
        await atProvider(page, user);
      },
    },
  };
  const way = ways[by];
  await person.signIn(user, password);
  await person.open("/settings");
  await way.add();

  let passwords = 0;
  page.on("request", (request) => {
    if (request.url().startsWith(origin) && request.postData()?.includes(encodeURIComponent(password).replaceAll("%20", "+")))
      passwords += 1;
  });
  const asks = () => page.getByRole("main").getByLabel(/^your password/i).count();
  const send = () => person.click("send", page.getByRole("button", { name: "Send it", exact: true }));
  await person.open(proven);
  const before = await asks();
  await person.named(/^prove it without the password/i).click();
  await page.waitForURL(/\/prove\?/);
  await way.prove();
  await page.waitForURL((there) => there.origin === origin && there.pathname === proven);
  const after = await asks();

  // what was shown for one message says nothing of another
  await person.open(other);
  const stillAsked = await asks();
  await page.locator("form#approve").evaluate((form) => (form.noValidate = true));
  await send();
  const refused = await page.getByRole("main").innerText();

  await person.open(proven);
  await send();
  const said = await page.getByRole("main").innerText();
  return { before, after, stillAsked, refused, said, passwords, faults: person.faults.filter(isOurs) };
});
