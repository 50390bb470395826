// Somebody with a keyboard and nothing else, who answers a survey.

import assert from "node:assert/strict";

const MOST_STEPS = 40;

// What is in focus: its name, its type and its value.
export async function focused(page) {
  const focus = page.locator(":focus");
  if ((await focus.count()) === 0) return {};
  const attribute = (name) => focus.getAttribute(name);
  return { name: await attribute("name"), type: await attribute("type"), value: await attribute("value") };
}

async function tabTo(page, isIt) {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    if (isIt(await focused(page))) return;
    await page.keyboard.press("Tab");
  }
  assert.fail("the keyboard does not lead there");
}

// Chooses or types, as the field wants it.
async function fill(page, name, value) {
  await tabTo(page, (focus) => focus.name === name);
  if ((await focused(page)).type !== "radio") {
    await page.keyboard.type(value);
    return;
  }
  for (let step = 0; (await focused(page)).value !== value; step += 1) {
    assert.ok(step < MOST_STEPS, `\`${name}\` offers no ${value}`);
    await page.keyboard.press("ArrowRight");
  }
  await page.keyboard.press("Space");
}

// Opens a survey and fills it in from the top.
export async function fillIn(page, address, answers) {
  await page.goto(address);
  for (const [name, value] of Object.entries(answers)) await fill(page, name, value);
}

export async function send(page) {
  await tabTo(page, (focus) => focus.type === "submit");
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
}

// The words that are read out with a field: its label, or the question of its group, and what describes it.
export async function readOut(page, name) {
  const field = page.locator(`[name=${name}]`).first();
  const group = page.locator(`fieldset:has([name=${name}])`);
  const owner = (await group.count()) > 0 ? group : field;
  const ids = ((await owner.getAttribute("aria-describedby")) ?? "").split(" ");
  const words = await Promise.all(ids.map((id) => page.locator(`#${id}`).innerText()));
  return { invalid: (await owner.getAttribute("aria-invalid")) === "true", words: words.join(" ") };
}
