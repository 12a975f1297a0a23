// A person at the pages of the OpenID provider (`openid_provider.mjs`). Not a test: the scripts beside it are.

/** Keeps the provider's own pages from asking for letters elsewhere. */
export async function stayHere(person) {
  await person.context.route((url) => url.hostname !== "localhost", (route) => route.abort());
}

/** Whether a fault is of our pages: those of the provider ask for letters all the same. */
export function isOurs(fault) {
  return fault !== "a request to https://fonts.googleapis.com";
}

/** A function that signs in at the provider as `name`, and says yes to what it asks, until it leads back to `origin`. */
export function signerIn(origin) {
  const home = new RegExp(`^${origin}/`);
  return async (page, name) => {
    for (let step = 0; step < 5; step += 1) {
      await page.waitForLoadState("load");
      if (home.test(page.url()) && !(await page.locator('meta[http-equiv="refresh"]').count())) return;
      const login = page.locator('input[name="login"]');
      if (await login.count()) {
        await login.fill(name);
        await page.locator('input[name="password"]').fill("any");
      }
      const button = page.locator('button[type="submit"]').first();
      await button.waitFor({ timeout: 10_000 }).catch(() => {});
      if (!home.test(page.url())) await button.click();
      await page.waitForTimeout(200);
    }
  };
}
