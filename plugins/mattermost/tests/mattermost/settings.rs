//! What an operator may write.

use expect_test::expect;
use quintant_plugin_mattermost::Mattermost;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use serde_json::{Value, json};

use crate::server::{server, source};

#[test]
fn the_schema_tells_everything() {
    let schema: Value = serde_json::from_str(&Source::<Mattermost>::settings_schema()).unwrap();
    expect![[r##"
        {
          "$defs": {
            "Mode": {
              "description": "Where the numbers come from.",
              "oneOf": [
                {
                  "const": "counts",
                  "description": "How much the message counters of public channels grew between two runs. No message is read. Bots are included.",
                  "type": "string"
                },
                {
                  "const": "posts",
                  "description": "Posts of people in public channels, counted by person and calendar day. Messages cross the wire and are dropped\ninside the plugin.",
                  "type": "string"
                },
                {
                  "const": "analytics",
                  "description": "The server's own daily analytics. They include private channels, and only a system administrator may read them.",
                  "type": "string"
                }
              ]
            },
            "TeamName": {
              "description": "A team's name as its URL has it. Needs no percent-encoding in a path.",
              "pattern": "^[a-z0-9][a-z0-9-]{0,63}$",
              "type": "string"
            }
          },
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "additionalProperties": false,
          "description": "Settings of a Mattermost source; all of them may be left out.",
          "examples": [
            {},
            {
              "channels_except": [
                "alerts-*",
                "town-square"
              ],
              "mode": "posts",
              "teams": [
                "engineering"
              ]
            }
          ],
          "properties": {
            "channels_except": {
              "default": [],
              "description": "Channels to leave out, by the name in their URL; `*` matches any run of characters. Without effect on `analytics`.",
              "examples": [
                [
                  "alerts-*"
                ]
              ],
              "items": {
                "maxLength": 64,
                "minLength": 1,
                "type": "string"
              },
              "maxItems": 200,
              "type": "array"
            },
            "mode": {
              "$ref": "#/$defs/Mode",
              "default": "counts",
              "description": "What is read: `counts`, `posts` or `analytics`."
            },
            "page_size": {
              "default": 200,
              "description": "Items a page of a listing, 10 to 200. Lower it when answers exceed the host's size limit.",
              "format": "uint32",
              "maximum": 200,
              "minimum": 10,
              "type": "integer"
            },
            "teams": {
              "default": [],
              "description": "The Mattermost teams to read, by the name in their URL. Left out: all open teams that the account sees.",
              "examples": [
                [
                  "engineering"
                ]
              ],
              "items": {
                "$ref": "#/$defs/TeamName"
              },
              "type": "array",
              "uniqueItems": true
            }
          },
          "title": "Settings",
          "type": "object"
        }"##]].assert_eq(&serde_json::to_string_pretty(&schema).unwrap());
}

#[test]
fn unknown_and_wrong_settings_are_refused() {
    for (settings, said) in [
        (json!({ "team": [] }), "unknown field `team`"),
        (json!({ "mode": "all" }), "unknown variant `all`, expected one of `counts`, `posts`, `analytics`"),
        (json!({ "teams": ["../x"] }), "team `../x` is not a name as URLs have it"),
    ] {
        let error = source(&server(), settings).collect("message_counts", None).unwrap_err();
        let Error::Misconfigured(message) = error else { panic!("{error}") };
        assert!(message.contains(said), "{message}");
    }
}
