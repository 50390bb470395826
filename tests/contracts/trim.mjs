// Cuts GitHub's OpenAPI description down to what the plugin asks:
//   npm install --no-save @octokit/openapi@23.0.2
//   node trim.mjs node_modules/@octokit/openapi/generated/api.github.com.json > github-openapi.json
// Only requests are checked, so answers keep nothing but their status and media type. Two things that the description
// leaves out or gets wrong are put right: the media type that GitHub recommends, and the format of `created`.

import { readFileSync } from "node:fs";

const PATHS = [
  "/rate_limit",
  "/repos/{owner}/{repo}",
  "/repos/{owner}/{repo}/commits",
  "/repos/{owner}/{repo}/compare/{basehead}",
  "/repos/{owner}/{repo}/pulls",
  "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
  "/repos/{owner}/{repo}/issues/{issue_number}/events",
  "/repos/{owner}/{repo}/deployments",
  "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
  "/repos/{owner}/{repo}/actions/runs",
  "/repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}",
  "/repos/{owner}/{repo}/issues",
  "/repos/{owner}/{repo}/releases",
  "/orgs/{org}/repos",
  "/orgs/{org}/teams",
  "/orgs/{org}/teams/{team_slug}/members",
  "/orgs/{org}/copilot/billing",
  "/orgs/{org}/copilot/metrics/reports/organization-1-day",
];
const MEDIA_TYPES = ["application/json", "application/vnd.github+json"];

const whole = JSON.parse(readFileSync(process.argv[2], "utf8"));

function resolved(value) {
  const path = value.$ref?.split("/").slice(1);
  return path ? path.reduce((place, name) => place[name], whole) : value;
}

function parameter(value) {
  const { name, in: place, required, schema, style, explode } = resolved(value);
  const { description: _, ...rest } = resolved(schema);
  if (name === "created") delete rest.format;
  return { name, in: place, required: place === "path" || Boolean(required), style, explode, schema: rest };
}

function answer(value, status) {
  const content = Object.fromEntries(MEDIA_TYPES.map((type) => [type, { schema: {} }]));
  const { description } = resolved(value);
  return { description, content: status === "200" ? content : undefined };
}

const paths = PATHS.map((path) => {
  const { operationId, parameters = [], responses } = whole.paths[path].get;
  const kept = Object.entries(responses).filter(([status]) => status === "200");
  const get = {
    operationId,
    parameters: parameters.map(parameter),
    responses: Object.fromEntries(kept.map(([status, value]) => [status, answer(value, status)])),
  };
  return [path, { get }];
});
const { title, version, license } = whole.info;
const trimmed = { openapi: whole.openapi, info: { title, version, license }, paths: Object.fromEntries(paths) };
process.stdout.write(`${JSON.stringify(trimmed, null, 2)}\n`);
