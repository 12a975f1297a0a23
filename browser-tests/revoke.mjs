// What a client's test calls to have the person take back what they allowed, on the page of the agent.
//
// The environment has the pages' origin (`ORIGIN`), who they are (`PERSON`, `PERSON_PASSWORD`) and the agent's name
// (`AGENT`).

import { launch, Person } from "./driver.mjs";

const browser = await launch();
try {
  const person = await Person.at(browser, process.env.ORIGIN);
  await person.signIn(process.env.PERSON, process.env.PERSON_PASSWORD);
  await person.open("/agents");
  await person.named(new RegExp(process.env.AGENT.replaceAll(".", "\\."))).click();
  const revoke = person.page.getByRole("main").getByText(/^revoke/i).first();
  await revoke.click();
  await person.page.waitForLoadState("load");
  // the first click unfolds or leads to what it means; the second one does it
  const sure = person.page.getByRole("button", { name: /revoke/i }).last();
  if (await sure.isVisible()) await sure.click();
  await person.page.waitForURL(/\/agents(\?|$)/);
  if (person.faults.length > 0) throw new Error(person.faults.join("\n"));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
