// A person who chooses how long things are kept, takes everything with them, and has everything deleted.
//
// Takes `{origin, user, password, has_javascript}`, answers what was chosen, the file they got, the words they read at the
// end, and what went wrong in the browser.

import { readFile } from "node:fs/promises";
import { answer, Person } from "./driver.mjs";

await answer(async (browser, { origin, user, password, has_javascript }) => {
  const options = { javaScriptEnabled: has_javascript, viewport: { width: 360, height: 800 }, acceptDownloads: true };
  const person = await Person.at(browser, origin, options);
  const { page } = person;
  await person.signIn(user, password);
  await person.open("/settings");
  await person.click("your data", person.named(/^your data$/i));
  await page.getByLabel("Activity").selectOption("90");
  await person.click("save", person.named(/^save$/i));
  await page.waitForURL(/done=wishes-saved/);
  const chosen = await page.getByLabel("Activity").inputValue();

  const coming = page.waitForEvent("download");
  await person.named(/^download everything$/i).click();
  const download = await coming;
  const file = { name: download.suggestedFilename(), text: await readFile(await download.path(), "utf8") };

  await person.click("delete", person.named(/^delete everything/i));
  await person.type(/type your name/i, "somebody");
  await person.click("delete with a wrong name", person.named(/for good$/i));
  const refused = await told(page);
  await person.type(/type your name/i, user);
  await person.click("delete for good", person.named(/for good$/i));
  await page.waitForURL(/\/login/);
  const said = await told(page);
  await person.open("/settings/data");
  const ended = new URL(page.url()).pathname;
  return { chosen, file, refused, said, ended, faults: person.faults };
});

/** What the page says about what was done on the one before; where scripts run, there is an empty place for news besides. */
function told(page) {
  return page.locator("p.notice[role=status]").innerText();
}
