// What is wrong with an answer is told on the page, at the field that it is about, and the field is in focus.
//   node mistakes.mjs CHROMIUM '{ "origin": …, "token": …, "tries": [{ "token", "words" }] }'

import assert from "node:assert/strict";
import { fillIn, focused, readOut, send } from "./person.mjs";
import { expectQuiet, told, withBrowser, watched } from "./watch.mjs";

const { origin, token, tries } = told;
const PULSE = { valuable_work_percentage: "70", flow_state_days: "2.5", cognitive_load: "3" };

async function expectToldAt(page, field, words) {
  assert.match(await page.title(), /^Nothing was taken: /);
  assert.match(await page.getByRole("alert").innerText(), /Nothing was taken/);
  const told = await readOut(page, field);
  assert.ok(told.invalid && told.words.includes(words), `${field}: ${told.words}`);
  assert.equal(await page.locator("[aria-invalid]").count(), 1);
  assert.equal((await focused(page)).name, field);
}

await withBrowser(async (browser) => {
  for (const { token: tried, words } of tries) {
    for (const javaScriptEnabled of [false, true]) {
      const window = await watched(browser, { javaScriptEnabled });
      await fillIn(window.page, `${origin}/surveys/pulse`, { ...PULSE, token: tried });
      await send(window.page);
      await expectToldAt(window.page, "token", words);
      await expectQuiet(window, origin, [tried]);
      await window.context.close();
    }
  }
  // Where a browser does not hold it back, the server does; the token is still good afterwards.
  for (const [field, value, words] of [
    ["flow_state_days", "8", "Give a number from 0 to 7."],
    ["cognitive_load", "", "Give a whole number from 1 to 5."],
  ]) {
    const window = await watched(browser);
    const { page } = window;
    const answers = { ...PULSE, [field]: value, token };
    if (value === "") delete answers[field];
    await fillIn(page, `${origin}/surveys/pulse`, answers);
    await page.locator("form").evaluate((form) => { form.noValidate = true; });
    await send(page);
    await expectToldAt(page, field, words);
    await expectQuiet(window, origin, [token]);
    await window.context.close();
  }
});
