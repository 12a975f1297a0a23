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
  // what it means is told before it can be done
  await person.page.getByText("End its access").click();
  await person.page.getByRole("button", { name: /^end the access of/i }).click();
  await person.page.waitForURL(/\/agents(\?|$)/);
  if (person.faults.length > 0) throw new Error(person.faults.join("\n"));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
}
