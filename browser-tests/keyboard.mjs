// Walks through a page with the Tab key, as somebody without a mouse does.

/** More stops than any page has. */
const STOPS = 150;

/**
 * What the walk found: the names of the stops in order, those of them that do not show that they have the focus, and
 * the place of the first whose name is `main`, or none.
 */
export async function walk(page, main) {
  const stops = [];
  const unseen = [];
  for (let step = 0; step < STOPS; step += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(describe);
    if (!stop || stop.isFirst) break;
    // what has parts inside, as a date has, is stopped at once for each of them
    if (stop.isSame) continue;
    stops.push(stop.name);
    if (!stop.isSeen) unseen.push(stop.name);
  }
  const reached = main ? stops.findIndex((name) => main.test(name)) : 0;
  await page.evaluate(() => document.activeElement?.blur());
  return { stops, unseen, main: reached < 0 ? null : reached };
}

/** Runs in the page: the element that has the focus, and whether it looks different from when it has not. */
function describe() {
  const it = document.activeElement;
  if (!it || it === document.body || it === document.documentElement) return null;
  const isSame = it.dataset.walked === "here";
  if (isSame) return { isSame };
  const isFirst = it.dataset.walked === "yes";
  const before = document.querySelector('[data-walked="here"]');
  if (before) before.dataset.walked = "yes";
  it.dataset.walked = "here";
  const look = (element) => {
    const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor } = getComputedStyle(element);
    const outline = outlineStyle === "none" ? "none" : `${outlineStyle} ${outlineWidth}`;
    return [outline, boxShadow, borderColor, backgroundColor].join(" | ");
  };
  // a choice may be drawn by its label or the box around it
  const drawn = [it, it.closest("label"), it.parentElement].filter(Boolean);
  const focused = drawn.map(look);
  it.blur();
  const plain = drawn.map(look);
  it.focus({ focusVisible: true, preventScroll: true });
  const { width, height } = it.getBoundingClientRect();
  const isSeen = width > 0 && height > 0 && focused.some((one, index) => one !== plain[index]);
  const label = it.labels?.[0]?.innerText ?? it.getAttribute("aria-label") ?? it.innerText ?? it.value ?? it.name;
  return { isFirst, isSeen, name: `${it.tagName.toLowerCase()} ${(label ?? "").trim().slice(0, 60)}` };
}
