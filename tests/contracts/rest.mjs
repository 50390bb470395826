// Sends the recorded REST requests to prism, a server that knows GitHub's OpenAPI description, on loopback; then sends wrong
// ones, to make sure that they do not pass.
//   node rest.mjs RECORDING

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const DESCRIPTION = "github-openapi.json";
const API_VERSIONS = ["2022-11-28"];
const PATIENCE_MS = 60_000;

const { paths } = JSON.parse(readFileSync(DESCRIPTION, "utf8"));

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

// Why a request is wrong; nothing: it is not.
async function judged(origin, { method, target, headers }) {
  const url = new URL(target, origin);
  const answer = await fetch(url, { method, headers, redirect: "manual" });
  const body = await answer.text();
  if (answer.status !== 200) return `status ${answer.status}: ${body}`;
  const violations = JSON.parse(answer.headers.get("sl-violations") ?? "[]");
  const wrong = violations.filter(({ location }) => location[0] === "request");
  if (wrong.length > 0) return JSON.stringify(wrong);
  // OpenAPI lets parameters pass that it does not know.
  const is = (template) => new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, "[^/]+")}$`).test(url.pathname);
  const { parameters } = paths[Object.keys(paths).find(is)].get;
  const known = new Set(parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name));
  const unknown = [...url.searchParams.keys()].filter((name) => !known.has(name));
  if (unknown.length > 0) return `unknown parameters: ${unknown}`;
  if (!API_VERSIONS.includes(headers["x-github-api-version"])) return "no version of the API that GitHub knows";
  return undefined;
}

async function listening(origin, prism) {
  for (const began = Date.now(); Date.now() - began < PATIENCE_MS; await pause(50)) {
    assert.equal(prism.exitCode, null, "prism ended");
    if (await fetch(`${origin}/rate_limit`).then(() => true, () => false)) return;
  }
  assert.fail("prism does not listen");
}

const { rest: asked } = JSON.parse(readFileSync(process.argv[2], "utf8"));
assert(asked.length > 0, "nothing was asked by REST");
const port = await freePort();
const origin = `http://127.0.0.1:${port}`;
const program = createRequire(import.meta.url).resolve("@stoplight/prism-cli/dist/index.js");
const prism = spawn(process.execPath, [program, "mock", "--errors", "--host", "127.0.0.1", "--port", port, DESCRIPTION], {
  stdio: ["ignore", "ignore", "inherit"],
});
try {
  await listening(origin, prism);
  for (const request of asked) {
    assert.equal(await judged(origin, request), undefined, `${request.method} ${request.target}`);
  }
  const [pulls] = asked.filter(({ target }) => target.includes("/pulls?"));
  assert(pulls, "no listing of pull requests was asked for");
  const wrong = [
    { ...pulls, target: pulls.target.replace("/pulls?", "/pull?") },
    { ...pulls, target: pulls.target.replace("state=all", "state=everything") },
    { ...pulls, target: pulls.target.replace(/per_page=\d+/, "per_page=many") },
    { ...pulls, target: `${pulls.target}&since=2026-01-01` },
    { ...pulls, method: "DELETE" },
    { ...pulls, headers: { ...pulls.headers, accept: "text/html" } },
    { ...pulls, headers: { ...pulls.headers, "x-github-api-version": "1999-12-31" } },
  ];
  for (const request of wrong) {
    assert.notEqual(await judged(origin, request), undefined, `passed: ${JSON.stringify(request)}`);
  }
  console.log(`${asked.length} recorded requests are valid, ${wrong.length} wrong ones were refused`);
} finally {
  prism.kill();
}
