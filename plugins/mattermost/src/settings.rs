//! What an operator may set.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of a Mattermost source; all of them may be left out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [
    {},
    { "mode": "posts", "teams": ["engineering"], "channels_except": ["alerts-*", "town-square"] },
]))]
pub struct Settings {
    /// What is read: `counts`, `posts` or `analytics`.
    #[serde(default)]
    pub mode: Mode,
    /// The Mattermost teams to read, by the name in their URL. Left out: all open teams that the account sees.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true, "examples" = [["engineering"]]))]
    pub teams: Vec<TeamName>,
    /// Channels to leave out, by the name in their URL; `*` matches any run of characters. Without effect on `analytics`.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 64)), extend("examples" = [["alerts-*"]]))]
    pub channels_except: Vec<String>,
    /// Items a page of a listing, 10 to 200. Lower it when answers exceed the host's size limit.
    #[serde(default = "full_page")]
    #[schemars(range(min = 10, max = 200))]
    pub page_size: u32,
}

/// Where the numbers come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// How much the message counters of public channels grew between two runs. No message is read. Bots are included.
    #[default]
    Counts,
    /// Posts of people in public channels, counted by person and calendar day. Messages cross the wire and are dropped
    /// inside the plugin.
    Posts,
    /// The server's own daily analytics. They include private channels, and only a system administrator may read them.
    Analytics,
}

fn full_page() -> u32 {
    200
}

/// A team's name as its URL has it. Needs no percent-encoding in a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z0-9][a-z0-9-]{0,63}$"))]
pub struct TeamName(String);

impl fmt::Display for TeamName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<TeamName> for String {
    fn from(name: TeamName) -> Self {
        name.0
    }
}

impl TryFrom<String> for TeamName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=64).contains(&text.len()) && text.chars().all(is_plain) && !text.starts_with('-') {
            return Ok(Self(text));
        }
        Err(format!("team `{text}` is not a name as URLs have it: lower-case letters, digits and `-`"))
    }
}
