// Validates the plugin's GraphQL queries, the variables that were sent with them and the answers that were given, against
// GitHub's schema; then makes sure that what is wrong does not pass.
//   node graphql.mjs RECORDING QUERIES…

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { schema as published } from "@octokit/graphql-schema";
import { buildSchema, executeSync, parse, validate } from "graphql";

// As published it defines two fields twice.
const schema = buildSchema(published.idl, { assumeValidSDL: true });

function mistakes(text) {
  return validate(schema, parse(text)).map((error) => error.message);
}

// An answer is valid when executing the query over it gives the same answer: every scalar, enumeration and null is then
// one that the schema allows.
function judged({ query, operationName, variables, answer }) {
  const { data, errors = [] } = executeSync({
    schema,
    document: parse(query),
    operationName,
    variableValues: variables,
    rootValue: answer.data,
    fieldResolver: (source, _arguments, _context, info) => source[info.path.key],
    typeResolver: (value) => value.__typename,
  });
  return { data: JSON.parse(JSON.stringify(data ?? null)), mistakes: errors.map((error) => error.message) };
}

const [recording, ...files] = process.argv.slice(2);
assert(files.length > 0, "no queries to validate");
for (const file of files) {
  const text = readFileSync(file, "utf8");
  assert.deepEqual(mistakes(text), [], file);
  assert.notDeepEqual(mistakes(text.replace("updatedAt", "changedAt")), [], "an unknown field passed");
  assert.notDeepEqual(mistakes(text.replace("UPDATED_AT", "CHANGED_AT")), [], "an unknown order passed");
  assert.notDeepEqual(mistakes(text.replace("first: $first", "first: $name")), [], "a variable of another type passed");
}

const { graphql: asked } = JSON.parse(readFileSync(recording, "utf8"));
assert(asked.length > 0, "no GraphQL was asked");
for (const request of asked) {
  assert.deepEqual(mistakes(request.query), []);
  const { data, mistakes: found } = judged(request);
  assert.deepEqual(found, []);
  assert.deepEqual(data, request.answer.data, "the answer holds more or less than was asked for");
  const { first: _, ...incomplete } = request.variables;
  assert.notDeepEqual(judged({ ...request, variables: incomplete }).mistakes, [], "a missing variable passed");
  const odd = structuredClone(request.answer);
  odd.data.repository.databaseId = "seven";
  odd.data.rateLimit.cost = null;
  assert.notDeepEqual(judged({ ...request, answer: odd }).mistakes, [], "a null where none may be passed");
}
console.log(`${files.length} files of queries and ${asked.length} recorded queries are valid`);
