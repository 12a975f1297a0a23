// A person who looks up how to connect an agent: copies the address, and goes through the steps of each agent.
//
// Takes `{origin, user, password}`, answers what the button said before and after, what lay on the clipboard, what screen
// readers were told, and of each tab its title and the names of the steps that were to be seen.

import { answer, Person } from "./driver.mjs";

await answer(async (browser, asked) => {
  const permissions = ["clipboard-read", "clipboard-write"];
  const person = await Person.at(browser, asked.origin, { permissions });
  const { page } = person;
  await person.signIn(asked.user, asked.password);
  await person.open("/connect");

  const copies = [];
  const copy = async (id) => {
    const button = page.locator(`[data-copy="${id}"]`);
    const before = await button.innerText();
    await button.click();
    await page.waitForFunction((id) => document.querySelector(`[data-copy="${id}"]`).textContent !== "Copy", id);
    const after = await button.innerText();
    const clipboard = await page.evaluate(() => navigator.clipboard.readText());
    const shown = await page.locator(`#${id}`).innerText();
    copies.push({ id, before, after, clipboard, shown });
  };
  await copy("address");
  const told = await page.locator("p.unseen[role=status]").textContent();

  const tabs = [];
  for (const label of await page.locator(".tabs > label").all()) {
    await label.click();
    const title = await label.innerText();
    const sections = await page.locator(".tabs > section").all();
    const seen = [];
    for (const section of sections) if (await section.isVisible()) seen.push(await section.getAttribute("aria-label"));
    tabs.push({ title, seen });
    // each copies its own, and not that of a neighbour
    const button = page.locator(".tabs > section:visible [data-copy]").first();
    if (await button.count()) await copy(await button.getAttribute("data-copy"));
  }
  return { copies, told, tabs, faults: person.faults };
});
