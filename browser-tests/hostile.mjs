// A person in front of a message whose text does what it can to run, to load, to leave and to cover the page.
//
// Takes `{origin, user, password, path, shots}`, answers what the frame says, where the page and the frame stand at the
// end, what was asked of other hosts, how large the frame is against the page, and what went wrong.

import { join } from "node:path";
import { answer, Person } from "./driver.mjs";

await answer(async (browser, asked) => {
  const person = await Person.at(browser, asked.origin);
  const { page, context } = person;
  const elsewhere = [];
  // every host is asked through here, so that a name that nobody has cannot hide a request
  await context.route(
    (url) => url.origin !== asked.origin,
    (route) => {
      elsewhere.push(route.request().url());
      return route.abort();
    },
  );
  const opened = [];
  page.on("dialog", (dialog) => {
    opened.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  context.on("page", (other) => opened.push(`window: ${other.url()}`));
  await person.signIn(asked.user, asked.password);
  const here = new URL(asked.path, asked.origin).href;
  await person.open(here);
  const visits = [];
  page.on("framenavigated", (frame) => visits.push(frame.url()));
  const frame = page.locator(".mail-frame");
  await frame.scrollIntoViewIfNeeded();
  const inner = page.frameLocator(".mail-frame");
  const words = await inner.locator("body").innerText();
  await page.waitForLoadState("networkidle");
  const marks = await page.evaluate(() => Object.keys(window).filter((name) => name.startsWith("hostile")));
  const risky = await inner.locator("script, form, input, button, iframe, object, embed, meta[http-equiv=refresh i], img[src^=http], a[href]").count();
  const fixed = await inner.locator("body *").evaluateAll((all) => all.filter((one) => getComputedStyle(one).position === "fixed").length);
  const frames = page.frames().map((one) => one.url());
  const title = await page.title();
  // what covers the page would take the press
  const answerButton = page.getByRole("button", { name: "Don’t send", exact: true });
  await answerButton.click({ trial: true });
  if (asked.shots) await page.screenshot({ path: join(asked.shots, "hostile.png"), fullPage: true });
  return { at: page.url(), here, title, words, marks, risky, fixed, frames, visits, opened, elsewhere, faults: person.faults };
});
