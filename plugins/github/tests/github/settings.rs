//! What an operator may write.

use expect_test::expect;
use quintant_plugin_github::GitHub;
use quintant_plugin_github::settings::Settings;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

#[test]
fn the_schema_says_it_all() {
    let schema: Value = serde_json::from_str(&Source::<GitHub>::settings_schema()).unwrap();
    expect![[r##"
        {
          "$defs": {
            "Label": {
              "description": "The name of a label, in any case.",
              "pattern": "^[^,]+$",
              "type": "string"
            },
            "Organization": {
              "description": "The login of an organization. Needs no percent-encoding in a path.",
              "pattern": "^[A-Za-z0-9_-]{1,100}$",
              "type": "string"
            },
            "PullRequestsBy": {
              "description": "One of GitHub's two APIs.",
              "oneOf": [
                {
                  "const": "graphql",
                  "description": "A page of pull requests with all that belongs to them.",
                  "type": "string"
                },
                {
                  "const": "rest",
                  "description": "A page of pull requests, then up to three requests for each.",
                  "type": "string"
                }
              ]
            },
            "Repository": {
              "description": "A repository as `owner/name`. Needs no percent-encoding in a path.",
              "pattern": "^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$",
              "type": "string"
            }
          },
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "additionalProperties": false,
          "anyOf": [
            {
              "required": [
                "repositories"
              ]
            },
            {
              "required": [
                "organizations"
              ]
            }
          ],
          "description": "Settings of a GitHub source.",
          "properties": {
            "comments": {
              "default": true,
              "description": "Whether comments on pull requests are counted: by GraphQL alone, and a page of pull requests then costs more points.",
              "type": "boolean"
            },
            "copilot": {
              "default": false,
              "description": "Whether the use of Copilot is read, of each of `organizations`: how many people, never who.",
              "type": "boolean"
            },
            "deployments": {
              "default": true,
              "description": "Whether deployments are read.",
              "type": "boolean"
            },
            "forks": {
              "default": false,
              "description": "Whether an organization's forks are read too.",
              "type": "boolean"
            },
            "incident_labels": {
              "default": [],
              "description": "Labels of issues that are incidents, e.g. `[\"incident\"]`; without any no issues are read.",
              "items": {
                "$ref": "#/$defs/Label"
              },
              "type": "array"
            },
            "incident_severity_prefix": {
              "default": null,
              "description": "What the labels that tell an incident's severity begin with: with `severity:` the label `severity: high` means `high`.",
              "minLength": 1,
              "type": [
                "string",
                "null"
              ]
            },
            "organizations": {
              "default": [],
              "description": "Organizations of which every repository is read that the credential sees, e.g. `[\"octo\"]`; archived and disabled ones\nare passed over.",
              "items": {
                "$ref": "#/$defs/Organization"
              },
              "minItems": 1,
              "type": "array",
              "uniqueItems": true
            },
            "page_size": {
              "default": 100,
              "description": "Items a page of a listing, 1 to 100. Lower it when answers exceed the host's size limit.",
              "format": "uint32",
              "maximum": 100,
              "minimum": 1,
              "type": "integer"
            },
            "pull_requests_by": {
              "$ref": "#/$defs/PullRequestsBy",
              "default": "graphql",
              "description": "How pull requests are read: `graphql`, or `rest`, which a run also falls back to where GraphQL is refused."
            },
            "releases_as_deployments": {
              "default": null,
              "description": "The environment that published releases are deployments to, e.g. `production`; without it no releases are read.",
              "minLength": 1,
              "type": [
                "string",
                "null"
              ]
            },
            "repositories": {
              "default": [],
              "description": "The repositories to read, e.g. `[\"octo/payments-api\"]`.",
              "items": {
                "$ref": "#/$defs/Repository"
              },
              "minItems": 1,
              "type": "array",
              "uniqueItems": true
            },
            "services": {
              "additionalProperties": false,
              "default": {},
              "description": "What is deployed from a repository, where that is not called like it: `{ \"octo/payments-api\" = \"payments\" }`.",
              "patternProperties": {
                "^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*$": {
                  "type": "string"
                }
              },
              "type": "object"
            },
            "teams": {
              "default": false,
              "description": "Whether teams are read, of each of `organizations`, as the teams that people belong to.",
              "type": "boolean"
            },
            "workflow_runs": {
              "default": true,
              "description": "Whether workflow runs are read, as builds.",
              "type": "boolean"
            }
          },
          "title": "Settings",
          "type": "object"
        }"##]]
    .assert_eq(&serde_json::to_string_pretty(&schema).unwrap());
}

#[test]
fn names_that_could_leave_their_path_are_refused() {
    for name in ["octo", "octo/", "/app", "octo/..", "octo/.", "octo/a/b", "oc to/app", "octo/a%2f", "octo/ä"] {
        let settings = serde_json::from_value::<Settings>(json!({ "repositories": [name] }));
        assert!(settings.is_err(), "{name}");
    }
    for name in ["octo/app", "octo_corp/.github", "a/b.c-d_e", "-/0"] {
        let settings: Settings = serde_json::from_value(json!({ "repositories": [name] })).unwrap();
        assert_eq!(settings.page_size, 100);
    }
}
