// People answer every survey by keyboard, with and without scripts, and leave nothing behind.
//   node answer.mjs CHROMIUM '{ "origin": …, "surveys": [{ "name", "answers", "tokens": [two] }] }'

import assert from "node:assert/strict";
import { fillIn, focused, send } from "./person.mjs";
import { expectQuiet, told, withBrowser, watched } from "./watch.mjs";

const { origin, surveys } = told;

async function answer(browser, javaScriptEnabled, { name, answers, tokens }) {
  const window = await watched(browser, { javaScriptEnabled });
  const { page } = window;
  const token = tokens[Number(javaScriptEnabled)];
  await fillIn(page, `${origin}/surveys/${name}`, { ...answers, token });
  await send(page);
  assert.equal(page.url(), `${origin}/surveys/${name}/thanks`);
  assert.match(await page.getByRole("status").innerText(), /sealed until the survey is closed/);
  await expectQuiet(window, origin, [token]);
  // Reading it again sends nothing again, and the form that lies before it in the history is empty.
  await page.reload();
  assert.equal(page.url(), `${origin}/surveys/${name}/thanks`);
  await page.goBack();
  assert.equal(page.url(), `${origin}/surveys/${name}`);
  for (const input of await page.locator("input:not([type=radio])").all()) assert.equal(await input.inputValue(), "");
  assert.equal(await page.locator("input[type=radio]:checked:not([value=''])").count(), 0);
  await expectQuiet(window, origin, [token]);
  await window.context.close();
}

// What a browser refuses by itself is not sent, and it leads to the field.
async function isHeldBack(browser) {
  const window = await watched(browser);
  const { page } = window;
  await fillIn(page, `${origin}/surveys/pulse`, { valuable_work_percentage: "70", flow_state_days: "8", cognitive_load: "3" });
  const before = window.seen.asked.length;
  await page.keyboard.press("Enter");
  await page.locator("[name=flow_state_days]:focus").waitFor();
  assert.equal((await focused(page)).name, "flow_state_days");
  assert.equal(window.seen.asked.length, before);
  await window.context.close();
}

await withBrowser(async (browser) => {
  const people = surveys.flatMap((survey) => [false, true].map((javaScriptEnabled) => answer(browser, javaScriptEnabled, survey)));
  await Promise.all([...people, isHeldBack(browser)]);
});
