// A person looks at what their agent did and takes it back, on a small screen, with or without scripts. Not a test:
// the test that runs it says what is to be seen.
//
// stdin: `origin`, `user`, `password`, `has_javascript`, `zone` (of their device), `words` (of the entry), and whether the agent's access has
// ended already (`agent`: its name, if the person is to end it first).

import { answer, Person } from "./driver.mjs";

await answer(async (browser, asked) => {
  const viewport = { width: 360, height: 740 };
  const options = { viewport, javaScriptEnabled: asked.has_javascript, timezoneId: asked.zone };
  const person = await Person.at(browser, asked.origin, options);
  await person.signIn(asked.user, asked.password);
  if (asked.agent) {
    await person.open("/agents");
    await person.named(new RegExp(asked.agent)).click();
    await person.page.getByText("End its access").click();
    await person.page.getByRole("button", { name: /^end the access of/i }).click();
    await person.page.waitForURL(/\/agents(\?|$)/);
  }
  await person.open("/activity");
  const entry = person.page.locator(".deeds > li", { hasText: asked.words }).first();
  const before = await entry.innerText();
  const time = entry.locator("time").first();
  const clock = { exact: await time.getAttribute("datetime"), text: await time.innerText() };
  const lead = await person.page.locator(".lead").innerText();
  // what it touched is there without a script
  await entry.getByText(/^Details/).click();
  const details = await entry.locator("dl").innerText();
  await entry.getByRole("button", { name: /^take it back/i }).click();
  await person.page.waitForURL(/done=taken-back/);
  const notice = await person.page.getByRole("status").first().innerText();
  const after = await person.page.locator(".deeds > li", { hasText: asked.words }).first().innerText();
  const newest = await person.page.locator(".deeds > li").first().innerText();
  await person.page.getByRole("button", { name: "Check the chain" }).click();
  const chain = person.page.locator("#chain").getByRole("status");
  await chain.getByText(/Checked/).waitFor();
  const [file] = await Promise.all([
    person.page.waitForEvent("download"),
    person.page.getByRole("link", { name: "Export as JSON" }).click(),
  ]);
  const exported = [];
  for await (const chunk of await file.createReadStream()) exported.push(chunk);
  return {
    before, clock, lead, details, notice, after, newest, faults: person.faults,
    chain: await chain.innerText(),
    file: file.suggestedFilename(),
    exported: JSON.parse(Buffer.concat(exported).toString("utf8")),
  };
});
