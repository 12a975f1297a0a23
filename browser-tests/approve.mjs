// A person with a telephone in one hand, and a message that waits for their yes.
//
// Takes `{origin, user, password, subject, answer, has_javascript, shots}`, answers what the page said, whether the
// buttons of the answer were within reach without scrolling, what of the recipients was cut off, what the frame with the
// formatted mail shows, what axe says, and what went wrong. `answer` is the words on the button that is pressed.

import { join } from "node:path";
import { answer, judgeOf, Person } from "./driver.mjs";

const TELEPHONE = { hasTouch: true, isMobile: true, viewport: { width: 360, height: 740 }, reducedMotion: "reduce" };

await answer(async (browser, asked) => {
  const person = await Person.at(browser, asked.origin, { ...TELEPHONE, javaScriptEnabled: asked.has_javascript });
  const { page } = person;
  await person.signIn(asked.user, asked.password);
  await person.open("/");
  const count = await page.getByRole("navigation").getByRole("link", { name: /approvals/i }).innerText();
  await person.click("approvals", page.getByRole("navigation").getByRole("link", { name: /approvals/i }));
  await shoot(page, asked, "list");
  await person.click("the message", person.named(new RegExp(`^${asked.subject}`)));
  const violations = asked.has_javascript ? await judge(page) : [];
  const reach = await withinReach(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll(".people li")].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.innerText),
  );
  const letter = await page.getByRole("main").innerText();
  const frame = await page.frameLocator(".mail-frame").locator("body").innerText().catch(() => "");
  await shoot(page, asked, "letter");
  await person.typeIfAsked(/^your password/i, asked.password);
  await shoot(page, asked, "typed");
  await person.click(asked.answer, page.getByRole("button", { name: asked.answer, exact: true }));
  const said = await page.getByRole("main").innerText();
  await shoot(page, asked, "said");
  const { actions, faults } = person;
  return { actions, faults, count, letter, frame, reach, wide, cut, violations, said };
});

/** The buttons of the answer that are not wholly on the screen while the top of the page is. */
async function withinReach(page) {
  return page.evaluate(() => {
    scrollTo(0, 0);
    const isSeen = (element) => {
      const { top, bottom, left, right, height } = element.getBoundingClientRect();
      return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth && height >= 43.5;
    };
    const buttons = [...document.querySelectorAll(".answer .button")];
    return { all: buttons.length, seen: buttons.filter(isSeen).length };
  });
}

async function judge(page) {
  const { violations } = await judgeOf(page).analyze();
  return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((node) => node.html).join(" ").slice(0, 300)}`);
}

async function shoot(page, { shots, answer }, name) {
  if (shots) await page.screenshot({ path: join(shots, `approving-${answer.split(" ")[0]}-${name}.png`), fullPage: name !== "letter" });
}
