// What a person does in the outbox on a telephone: look in Sent for what may have left, send it again with a double
// click, and take back what is to leave later.
//
// Takes `{origin, user, password, has_javascript, unknown, scheduled}`, the last two subjects; answers what the page
// said after looking, the words on the badges at the end, pages that were wider than the screen, and faults.

import { answer, Person } from "./driver.mjs";

await answer(async (browser, asked) => {
  const options = { javaScriptEnabled: asked.has_javascript, viewport: { width: 360, height: 740 } };
  const person = await Person.at(browser, asked.origin, options);
  await person.signIn(asked.user, asked.password);
  const wide = [];
  const narrow = async () => {
    const width = await person.page.locator("html").evaluate((html) => html.scrollWidth);
    if (width > 360) wide.push(`${person.page.url()}: ${width}`);
  };

  await open(person, asked.unknown);
  await narrow();
  await person.click("look", person.named(/^look in sent/i));
  await narrow();
  const looked = await person.words();
  await person.click("the warning", person.page.locator("summary", { hasText: "Send it again" }));
  await person.named(/^send it again/i).dblclick();
  await person.page.waitForURL(/done=/);
  const sent = await badge(person, (word) => word !== "being sent" && word !== "perhaps sent");

  await open(person, asked.scheduled);
  await narrow();
  await person.click("take it back", person.named(/^take it back/i));
  const cancelled = await badge(person, (word) => word !== "scheduled");
  return { looked, sent, cancelled, wide, faults: person.faults };
});

/** From the list to the page of one message. */
async function open(person, subject) {
  await person.open(`${person.origin}/outbox`);
  await person.click("open", person.page.getByRole("link", { name: subject, exact: true }));
}

/** The word on the badge beside the title, looked at again until it is a last one. */
async function badge(person, isLast) {
  for (let look = 0; ; look += 1) {
    const word = await person.page.locator("main .badge").first().innerText();
    if (isLast(word) || look > 50) return word;
    await new Promise((resolve) => setTimeout(resolve, 200));
    await person.open(person.page.url().split("?")[0]);
  }
}
