//! What an operator may write.

use expect_test::expect;
use quintant_plugin_jenkins::Jenkins;
use quintant_plugin_jenkins::settings::Settings;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::server::{JenkinsServer, source};

#[test]
fn the_schema_says_it_all() {
    let schema: Value = serde_json::from_str(&Source::<Jenkins>::settings_schema()).unwrap();
    expect![[r##"
        {
          "$defs": {
            "Folder": {
              "description": "The full name of a folder, as Jenkins shows it in addresses without the `job/`: `platform/backend`.",
              "maxLength": 1000,
              "pattern": "^[^/]+(/[^/]+)*$",
              "type": "string"
            },
            "Pattern": {
              "description": "A whole text; `*` stands for any run of characters, `/` included. Upper and lower case differ.",
              "maxLength": 500,
              "minLength": 1,
              "type": "string"
            },
            "Rule": {
              "additionalProperties": false,
              "description": "Jobs, or stages of pipelines, that deploy.",
              "properties": {
                "any_branch": {
                  "default": false,
                  "description": "Whether builds of other branches than the default one deploy too.",
                  "type": "boolean"
                },
                "environment": {
                  "$ref": "#/$defs/Template",
                  "description": "The environment that it is deployed to; `$1` as in `service`."
                },
                "job": {
                  "$ref": "#/$defs/Pattern",
                  "description": "Full names of jobs, of multibranch projects without the branch; `*` stands for any run of characters."
                },
                "rollback": {
                  "default": false,
                  "description": "Whether these deployments bring an earlier state back.",
                  "type": "boolean"
                },
                "service": {
                  "anyOf": [
                    {
                      "$ref": "#/$defs/Template"
                    },
                    {
                      "type": "null"
                    }
                  ],
                  "description": "The service that is deployed; `$1` is what the first `*` of `job` and `stage` stood for. Left out: the job's full name."
                },
                "stage": {
                  "anyOf": [
                    {
                      "$ref": "#/$defs/Pattern"
                    },
                    {
                      "type": "null"
                    }
                  ],
                  "description": "Names of stages. Where it is left out every build of the job is one deployment, and no build."
                },
                "unstable": {
                  "$ref": "#/$defs/Unstable",
                  "description": "What an unstable build or stage is taken for."
                }
              },
              "required": [
                "job"
              ],
              "type": "object"
            },
            "Template": {
              "description": "A text in which `$1` to `$9` stand for what the first to ninth `*` stood for.",
              "maxLength": 200,
              "minLength": 1,
              "type": "string"
            },
            "Unstable": {
              "description": "What a deployment that ended unstable is taken for.",
              "oneOf": [
                {
                  "const": "success",
                  "description": "It was deployed.",
                  "type": "string"
                },
                {
                  "const": "failure",
                  "description": "It was not.",
                  "type": "string"
                },
                {
                  "const": "ignored",
                  "description": "It is not counted.",
                  "type": "string"
                }
              ]
            }
          },
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "additionalProperties": false,
          "description": "Settings of a Jenkins source. Every one may be left out.",
          "properties": {
            "coverage": {
              "default": true,
              "description": "Whether coverage is read: a request more for each good build of a default branch, where a coverage plugin is known.",
              "type": "boolean"
            },
            "default_branches": {
              "description": "Names of default branches, for multibranch projects and for jobs whose Git revision names a branch.",
              "items": {
                "$ref": "#/$defs/Pattern"
              },
              "minItems": 1,
              "type": "array"
            },
            "deployments": {
              "description": "What is a deployment; the first rule that fits holds.",
              "examples": [
                [
                  {
                    "job": "payments/deploy/*-production",
                    "service": "$1"
                  },
                  {
                    "environment": "$2",
                    "job": "payments/*",
                    "service": "payments-$1",
                    "stage": "Deploy to *"
                  }
                ]
              ],
              "items": {
                "$ref": "#/$defs/Rule"
              },
              "type": "array"
            },
            "exclude": {
              "description": "Jobs and folders that are not read, by full name; `*` stands for any run of characters.",
              "examples": [
                [
                  "sandbox",
                  "*/experiments"
                ]
              ],
              "items": {
                "$ref": "#/$defs/Pattern"
              },
              "maxItems": 1000,
              "type": "array"
            },
            "folders": {
              "description": "Read only what lies in these folders, by full name; everything where it is left out.",
              "examples": [
                [
                  "payments",
                  "platform/backend"
                ]
              ],
              "items": {
                "$ref": "#/$defs/Folder"
              },
              "maxItems": 1000,
              "type": "array",
              "uniqueItems": true
            },
            "libraries": {
              "description": "Repositories, as `owner/name`, of shared libraries: Jenkins names them among what was built, but they never are it.",
              "examples": [
                [
                  "octo/jenkins-*"
                ]
              ],
              "items": {
                "$ref": "#/$defs/Pattern"
              },
              "type": "array"
            }
          },
          "title": "Settings",
          "type": "object"
        }"##]].assert_eq(&serde_json::to_string_pretty(&schema).unwrap());
}

#[test]
fn nothing_must_be_set() {
    let settings: Settings = serde_json::from_value(json!({})).unwrap();
    assert!(settings.coverage && settings.is_default_branch("master") && settings.wants("anything"));
}

#[test]
fn folders_that_could_leave_their_path_are_refused() {
    for name in ["", "/a", "a/", "a//b", "..", "a/../b", "."] {
        assert!(serde_json::from_value::<Settings>(json!({ "folders": [name] })).is_err(), "{name}");
    }
}

#[test]
fn a_template_that_asks_for_too_much_is_told() {
    let settings = json!({ "deployments": [{ "job": "a/*", "stage": "Deploy", "service": "$2" }] });
    let source = source(&JenkinsServer::default().shared(), settings);
    let expected =
        Error::Misconfigured("deployments: `$2` asks for more than the 1 `*` of the rule for job `a/*`".to_owned());
    assert_eq!(source.collect("builds", None).unwrap_err(), expected);
    assert_eq!(source.check().unwrap_err(), expected);
}
