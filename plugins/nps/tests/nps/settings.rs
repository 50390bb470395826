//! What an operator may write.

use expect_test::expect;
use quintant_plugin_nps::Nps;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::server::{server, source};

#[test]
fn the_schema_tells_everything() {
    let schema: Value = serde_json::from_str(&Source::<Nps>::settings_schema()).unwrap();
    expect![[r##"
        {
          "$defs": {
            "Windows": {
              "description": "How long a window is.",
              "oneOf": [
                {
                  "const": "week",
                  "description": "From Monday to Monday.",
                  "type": "string"
                },
                {
                  "const": "month",
                  "description": "A calendar month.",
                  "type": "string"
                },
                {
                  "const": "quarter",
                  "description": "Three calendar months, from January, April, July or October on.",
                  "type": "string"
                }
              ]
            }
          },
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "additionalProperties": false,
          "description": "Settings of an NPS source; all of them may be left out.",
          "examples": [
            {},
            {
              "team": "payments",
              "windows": "quarter"
            }
          ],
          "properties": {
            "team": {
              "default": null,
              "description": "The team that answers this service's surveys, as the configuration names it. Left out: the whole organization.",
              "examples": [
                "payments"
              ],
              "maxLength": 64,
              "minLength": 1,
              "type": [
                "string",
                "null"
              ]
            },
            "windows": {
              "$ref": "#/$defs/Windows",
              "default": "week",
              "description": "The stretch of time whose responses make one campaign: `week`, `month` or `quarter`, in the calendar's zone.\nChoose once: responses that were read in other windows before would count twice."
            }
          },
          "title": "Settings",
          "type": "object"
        }"##]].assert_eq(&serde_json::to_string_pretty(&schema).unwrap());
}

#[test]
fn unknown_and_wrong_settings_are_refused() {
    for (settings, said) in [
        (json!({ "window": "week" }), "unknown field `window`, expected `windows` or `team`"),
        (json!({ "windows": "day" }), "unknown variant `day`, expected one of `week`, `month`, `quarter`"),
    ] {
        let error = source(&server(&[]), settings).collect("responses", None).unwrap_err();
        let Error::Misconfigured(message) = error else { panic!("{error}") };
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn a_source_keeps_the_windows_that_it_began_with() {
    let server = server(&[("2026-07-01T10:00:00", 9)]);
    let cursor = source(&server, json!({})).drain("responses", None).unwrap().pop().unwrap().cursor;
    let error = source(&server, json!({ "windows": "month" })).collect("responses", cursor.as_deref()).unwrap_err();
    expect![[r#"misconfigured: `windows` is `month`, but this source has read responses by `week`: name a new source for other windows, so that none counts twice"#]]
        .assert_eq(&error.to_string());
}
