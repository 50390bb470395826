//! The file as people write it: one struct a section.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use toml::Spanned;

use super::secret::SecretRef;
use crate::model::{SourceName, TeamName};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) server: Server,
    #[serde(default)]
    pub(super) database: Database,
    #[serde(default)]
    pub(super) calendar: Calendar,
    #[serde(default)]
    pub(super) privacy: Privacy,
    #[serde(default)]
    pub(super) release: Release,
    #[serde(default)]
    pub(super) api: Api,
    #[serde(default)]
    pub(super) plugins: Plugins,
    #[serde(default)]
    pub(super) roster: Roster,
    #[serde(default)]
    pub(super) team: Vec<Team>,
    #[serde(default)]
    pub(super) source: Vec<Source>,
}

/// Where the host listens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Server {
    /// Address and port. Default `127.0.0.1:8000`.
    pub(super) listen: Spanned<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: Spanned::new(0..0, "127.0.0.1:8000".to_owned()) }
    }
}

/// Who may ask.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Api {
    /// `none` must be written down before the host listens beyond this machine.
    pub(super) auth: Option<ApiAuth>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum ApiAuth {
    None,
}

/// Where facts and atoms are kept.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Database {
    /// A PostgreSQL 15 or newer. Without it `DATABASE_URL` is used, and without that an embedded cluster.
    pub(super) url: Option<SecretRef>,
    /// The embedded cluster's folder. Default `data`.
    pub(super) data_dir: Option<Spanned<PathBuf>>,
}

/// The zone in which weeks begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Calendar {
    /// An IANA name. Default `UTC`.
    pub(super) timezone: Spanned<String>,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { timezone: Spanned::new(0..0, "UTC".to_owned()) }
    }
}

/// What protects people.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Privacy {
    /// The fewest people behind a figure. Default 5; may be raised, never lowered.
    pub(super) minimum_group: Spanned<u32>,
    /// Days that raw facts are kept: 28 to 90. Default 90.
    pub(super) retention_days: Spanned<u32>,
    /// The key of every pseudonym. Default `{ file = "data/identity.key" }`.
    pub(super) identity_key: KeyFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyFile {
    pub(super) file: PathBuf,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            minimum_group: Spanned::new(0..0, 5),
            retention_days: Spanned::new(0..0, 90),
            identity_key: KeyFile { file: PathBuf::from("data/identity.key") },
        }
    }
}

/// When facts become answers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Release {
    /// `manual` (default) waits for `quintant release start`; `auto` does not.
    pub(super) start: ReleaseStart,
    /// How long after a week's end its sources must have been read. Default `36h`.
    pub(super) settle: Spanned<Pause>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReleaseStart {
    Manual,
    Auto,
}

impl Default for Release {
    fn default() -> Self {
        Self { start: ReleaseStart::Manual, settle: Spanned::new(0..0, Pause(Duration::from_secs(36 * 3600))) }
    }
}

/// Where plugins lie.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Plugins {
    /// The folder in which `plugin = "github"` means `github.wasm`. Default `plugins`.
    pub(super) directory: PathBuf,
}

impl Default for Plugins {
    fn default() -> Self {
        Self { directory: PathBuf::from("plugins") }
    }
}

/// Who belongs to which team, from when.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Roster {
    /// CSV: `person,team,from` and a column per source with that person's accounts there.
    pub(super) file: Option<PathBuf>,
    /// Accounts that are machines, `*` matches any run of characters.
    #[serde(default)]
    pub(super) bots: Vec<String>,
}

/// A team that figures are released for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    pub(super) name: Spanned<TeamName>,
    /// Repositories it owns, `owner/name` with `*`, for work across teams.
    #[serde(default)]
    pub(super) owns: Vec<String>,
}

/// One upstream, read by one plugin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) name: Spanned<SourceName>,
    /// A name in the plugins' folder, or a path ending in `.wasm`.
    pub(super) plugin: Spanned<String>,
    /// Pause between two runs. Default: the plugin's.
    pub(super) interval: Option<Spanned<Pause>>,
    #[serde(default)]
    pub(super) endpoints: BTreeMap<String, Endpoint>,
    /// The plugin's own settings, checked against its schema.
    #[serde(default)]
    pub(super) settings: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    /// The base URL. Default: the plugin's.
    pub(super) url: Option<Spanned<String>>,
    /// `{ bearer = SECRET }` or `{ basic = SECRET }`, a secret being `{ env = "NAME" }` or `{ file = "PATH" }`.
    pub(super) auth: Option<Spanned<Auth>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "`{ bearer = SECRET }` or `{ basic = SECRET }`")]
pub(super) struct Auth {
    pub(super) bearer: Option<SecretRef>,
    pub(super) basic: Option<SecretRef>,
}

/// A length of time such as `36h`, `90s` or `1h 30m`.
#[derive(Clone, Copy)]
pub(super) struct Pause(pub(super) Duration);

impl<'de> Deserialize<'de> for Pause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse::<SignedDuration>()
            .ok()
            .and_then(|duration| Duration::try_from(duration).ok())
            .map(Pause)
            .ok_or_else(|| {
                D::Error::custom(format!("`{text}` is not a length of time; write for example `90s`, `15m`, `36h`"))
            })
    }
}
