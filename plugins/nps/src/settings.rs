//! What an operator may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of an NPS source; all of them may be left out.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("examples" = [{}, { "windows": "quarter", "team": "payments" }]))]
pub struct Settings {
    /// The stretch of time whose responses make one campaign: `week`, `month` or `quarter`, in the calendar's zone.
    /// Choose once: responses that were read in other windows before would count twice.
    #[serde(default)]
    pub windows: Windows,
    /// The team that answers this service's surveys, as the configuration names it. Left out: the whole organization.
    #[serde(default)]
    #[schemars(length(min = 1, max = 64), extend("examples" = ["payments"]))]
    pub team: Option<String>,
}

/// How long a window is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Windows {
    /// From Monday to Monday.
    #[default]
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months, from January, April, July or October on.
    Quarter,
}

impl Windows {
    /// As the settings and the names of campaigns spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }
}
