// Somebody who sets up one-time codes, signs in with one, and with a recovery code once their phone is lost.
//
// Takes `{origin, user, password, shots}`, answers what they read on the way, what axe says of the pages, and what went
// wrong. `shots` is a folder that pictures go to; without it none are taken.

import { createHmac } from "node:crypto";

import { answer, Person } from "./driver.mjs";
import { looker } from "./looker.mjs";

/** What an app makes of a secret for the time in so many seconds (RFC 6238). */
function codeOf(secret, seconds = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor((Date.now() / 1000 + seconds) / 30)));
  const hash = createHmac("sha1", key).update(step).digest();
  const offset = hash.at(-1) & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

await answer(async (browser, { origin, user, password, shots }) => {
  const person = await Person.at(browser, origin, { reducedMotion: "reduce" });
  const { page } = person;
  const look = looker(page, shots);
  const main = () => page.getByRole("main").innerText();
  const press = async (words) => {
    await person.named(words).click();
    await page.waitForLoadState("load");
  };
  const password_ = async () => {
    await person.open(`${origin}/login`);
    await page.locator('main [name="name"]').fill(user);
    await person.type(/^password/i, password);
    await press(/^sign in$/i);
  };
  const signOut = async () => {
    await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
    await page.waitForURL(/\/login/);
  };

  await person.signIn(user, password);
  await person.open("/settings/codes");
  await look("codes-off");
  await press(/^set up one-time codes/i);
  await look("codes-setup");
  const secret = (await page.locator("p.code code").innerText()).replaceAll(" ", "");
  const uri = await page.locator("svg.qr path").getAttribute("d");
  await person.type(/six-digit/i, "000000");
  await press(/^switch one-time codes on/i);
  await look("codes-wrong");
  const wrong = await main();
  const first = codeOf(secret);
  await person.type(/six-digit/i, first);
  await press(/^switch one-time codes on/i);
  await look("codes-recovery");
  const recovery = await page.locator(".recovery code").allInnerTexts();
  await person.open("/settings/codes");
  await look("codes-on");
  await person.open("/settings");
  await look("settings-codes");
  await signOut();

  // the code that was typed before lets nobody in
  await password_();
  await look("login-code");
  await person.type(/six-digit/i, first);
  await press(/^sign in$/i);
  await look("login-code-used");
  const replayed = await main();
  const isStillOut = (await page.getByRole("navigation").count()) === 0;
  await person.type(/six-digit/i, codeOf(secret, 30));
  await press(/^sign in$/i);
  const inside = new URL(page.url()).pathname;
  await signOut();

  await password_();
  await person.type(/six-digit/i, recovery[0].toUpperCase());
  await press(/^sign in$/i);
  await person.open("/settings/codes");
  const left = await main();
  await press(/^switch one-time codes off/i);
  await signOut();
  await password_();
  const plain = new URL(page.url()).pathname;
  const { faults } = person;
  return { secret, squares: uri.length, wrong, recovery, replayed, isStillOut, inside, left, plain, faults, violations: look.violations };
});
