// What Lighthouse makes of pages.
//
// Takes `{origin, user, password, pages: [{name, path, is_signed_out}], categories}` on stdin, answers the scores of
// each page out of a hundred and what cost points. Performance means something for a release build only:
//
//   echo '{"origin": "http://localhost:8143", "user": "alice", "password": "…", "pages": [{"path": "/"}]}' |
//     target/node/node --import ./browser-tests/packages.mjs browser-tests/lighthouse.mjs

import lighthouse, { desktopConfig } from "lighthouse";
import { createServer } from "node:net";
import { launch, Person, wanted } from "./driver.mjs";

const CATEGORIES = ["performance", "accessibility", "best-practices"];
const IMPATIENT = {
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 0,
  networkQuietThresholdMs: 0,
  cpuQuietThresholdMs: 0,
  throttlingMethod: "provided",
};

const asked = await wanted();
const port = await freePort();
const browser = await launch([`--remote-debugging-port=${port}`]);
const findings = [];
try {
  const cookie = asked.user ? await session() : undefined;
  for (const page of asked.pages) {
    const Cookie = page.is_signed_out ? undefined : cookie;
    findings.push({ name: page.name ?? page.path, ...(await score(page.path, Cookie)) });
  }
  console.log(JSON.stringify(findings));
} finally {
  await browser.close();
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function session() {
  const person = await Person.at(browser, asked.origin);
  await person.signIn(asked.user, asked.password);
  const cookies = await person.context.cookies();
  await person.context.close();
  return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
}

async function score(path, Cookie) {
  const onlyCategories = asked.categories ?? CATEGORIES;
  // where time is not measured, nobody has to wait for silence
  const patience = onlyCategories.includes("performance") ? {} : IMPATIENT;
  const flags = { port, onlyCategories, logLevel: "error", disableFullPageScreenshot: true, ...patience };
  // what is slow here is the machine that tests run on, not somebody's telephone
  const config = asked.is_mobile ? undefined : desktopConfig;
  const extraHeaders = Cookie ? { Cookie } : undefined;
  const { lhr } = await lighthouse(new URL(path, asked.origin).href, { ...flags, extraHeaders }, config);
  const scores = Object.values(lhr.categories).map(({ id, score }) => [id, Math.round(score * 100)]);
  const lost = Object.values(lhr.categories).flatMap(({ auditRefs }) =>
    auditRefs.filter(({ weight, id }) => weight > 0 && (lhr.audits[id].score ?? 1) < 0.9).map(({ id }) => id),
  );
  return { scores: Object.fromEntries(scores), lost, landed: new URL(lhr.finalDisplayedUrl).pathname };
}
