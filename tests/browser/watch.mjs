// A browser, and a watch over what it does that nobody at the screen would see: what it asks for, what it complains of, what a policy
// blocked, and what it keeps.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const PATIENCE_MS = 15_000;

const [, , executablePath, argument] = process.argv;

// What the test has told.
export const told = JSON.parse(argument);

// Runs `work` with a browser that ends with it. The sandbox of Chromium does not work for root.
export async function withBrowser(work) {
  const args = process.getuid() === 0 ? ["--no-sandbox", "--disable-gpu"] : ["--disable-gpu"];
  const browser = await chromium.launch({ executablePath, args });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

// A person's own window; what happens in it is written down.
export async function watched(browser, { javaScriptEnabled = true, colorScheme = "light", width = 900 } = {}) {
  const context = await browser.newContext({ javaScriptEnabled, colorScheme, viewport: { width, height: 800 } });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const seen = { complaints: [], asked: [], policies: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) seen.complaints.push(message.text());
  });
  page.on("pageerror", (error) => seen.complaints.push(String(error)));
  page.on("request", (request) => seen.asked.push({ url: request.url(), headers: request.headers() }));
  page.on("response", (response) => {
    if (response.request().isNavigationRequest()) seen.policies.push(response.headers()["content-security-policy"]);
  });
  // The browser's own report, which needs no script on the page.
  const inspector = await context.newCDPSession(page);
  inspector.on("Audits.issueAdded", ({ issue }) => {
    if (issue.code === "ContentSecurityPolicyIssue") seen.complaints.push(JSON.stringify(issue.details));
  });
  await inspector.send("Audits.enable");
  return { context, page, seen };
}

// Nothing was asked of anybody else, no address held a secret, nothing was complained of, and nothing is kept.
export async function expectQuiet({ context, page, seen }, origin, secrets) {
  assert.deepEqual(seen.complaints, []);
  assert.ok(seen.asked.length > 0 && seen.policies.length > 0);
  for (const { url, headers } of seen.asked) {
    assert.equal(new URL(url).origin, origin);
    assert.equal(headers.referer, undefined, `${url} is told where somebody came from`);
    for (const secret of secrets) assert.ok(!url.includes(secret), "a token is in an address");
  }
  for (const policy of seen.policies) assert.match(policy ?? "", /^default-src 'none'; /);
  const { cookies, origins } = await context.storageState({ indexedDB: true });
  assert.deepEqual({ cookies, origins }, { cookies: [], origins: [] });
  const text = await page.content();
  for (const secret of secrets) assert.ok(!text.includes(secret), "a token is on the page");
}
