// Every state of the pages, light and dark, wide and narrow: what axe finds, what does not fit, and whether one sees where one is.
//   node looks.mjs CHROMIUM '{ "origin": …, "screenshots": FOLDER or null }'

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expectQuiet, told, withBrowser, watched } from "./watch.mjs";

const { origin, screenshots } = told;
const { source: axe } = createRequire(import.meta.url)("axe-core");
const NARROW = 360;
// Of what is not text: the edge of a field, the ring around what is in focus.
const LEAST_CONTRAST = 3;

const STATES = {
  pulse: "pulse",
  nps: "nps",
  annual: "annual",
  "wrong token": "pulse?wrong=unauthorized&field=token",
  "wrong number": "pulse?wrong=bad_field&field=flow_state_days",
  "wrong choice": "annual?wrong=bad_field&field=burnout",
  thanks: "pulse/thanks",
};

async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run());
  assert.ok(found.passes.length > 5, "axe has looked at nothing");
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

// Where an edge or a ring would not be told from what is behind it.
function dim(least) {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([red, green, blue]) => {
    const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const behind = (element) => {
    const color = numbers(getComputedStyle(element).backgroundColor);
    return color.length === 3 || color[3] > 0 ? color : behind(element.parentElement);
  };
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((left, right) => left - right);
    return (bright + 0.05) / (dark + 0.05);
  };
  const told = [];
  for (const element of document.querySelectorAll("input:not([type=radio]), .scale label")) {
    const { borderTopColor } = getComputedStyle(element);
    if (contrast(numbers(borderTopColor), behind(element.parentElement)) < least) told.push(`${element.outerHTML}: its edge`);
  }
  const focus = document.activeElement;
  if (focus && focus !== document.body) {
    const ringed = [focus, focus.parentElement].map((element) => [element, getComputedStyle(element)]);
    const ring = ringed.find(([, style]) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
    if (!ring) told.push(`${focus.outerHTML}: no ring`);
    else if (contrast(numbers(ring[1].outlineColor), behind(ring[0].parentElement)) < least) told.push(`${focus.outerHTML}: its ring`);
  }
  return told;
}

async function look(browser, colorScheme, width) {
  const window = await watched(browser, { colorScheme, width });
  const { page } = window;
  for (const [state, path] of Object.entries(STATES)) {
    const where = `${state}, ${colorScheme}, ${width} px`;
    await page.goto(`${origin}/surveys/${path}`);
    if (screenshots) await page.screenshot({ path: join(screenshots, `${where}.png`), fullPage: true });
    assert.deepEqual(await violations(page), [], where);
    const { scrolled, shown } = await page.evaluate(() => {
      const { scrollWidth: scrolled, clientWidth: shown } = document.documentElement;
      return { scrolled, shown };
    });
    assert.ok(shown <= width && scrolled <= shown, `${where}: ${scrolled} px are wider than ${shown} px`);
    const stops = new Set();
    for (;;) {
      assert.deepEqual(await page.evaluate(dim, LEAST_CONTRAST), [], where);
      await page.keyboard.press("Tab");
      const stop = await page.evaluate(() => document.activeElement.name || document.activeElement.type || "");
      if (stop === "" || stops.has(stop)) break;
      stops.add(stop);
    }
    assert.equal(stops.size > 0, state !== "thanks", where);
    const dark = await page.evaluate(() => getComputedStyle(document.body).color.match(/\d+/)[0] > 128);
    assert.equal(dark, colorScheme === "dark", where);
  }
  await expectQuiet(window, origin, []);
  // The watch does notice: what a page may not load is blocked, and that is told.
  await page.evaluate(() => { document.body.append(Object.assign(new Image(), { src: "/picture" })); });
  while (window.seen.complaints.length === 0) await page.evaluate(() => 0);
  await window.context.close();
}

await withBrowser(async (browser) => {
  const ways = ["light", "dark"].flatMap((colorScheme) => [900, NARROW].map((width) => look(browser, colorScheme, width)));
  await Promise.all(ways);
});
