// Has axe judge the pages that a script comes by, and takes pictures of them. Not a test: the scripts beside it are.

import { AxeBuilder } from "@axe-core/playwright";
import { join } from "node:path";

/** The rules that the law of most places names, and what axe finds good practice. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** A function that looks at the page as it is now, on a small screen and a large one; `shots` may be missing. */
export function looker(page, shots) {
  const look = async (name) => {
    for (const [width, colorScheme] of [[360, "light"], [1280, "dark"]]) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      look.violations.push(...violations.map(({ id, nodes }) => `${name} ${width}: ${id} ${nodes.map((n) => n.html)}`));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (overflow > 0) look.violations.push(`${name}: ${overflow} pixels too wide at ${width}`);
      if (shots) await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  };
  look.violations = [];
  return look;
}
