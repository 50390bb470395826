//! TOML text → a checked [`Config`]. Unknown keys are refused, and all mistakes are reported at once, each at its place.

mod check;
mod difference;
mod document;
mod endpoint;
mod file;
mod mistake;
mod read;
mod render;
mod schema;
mod secret;
mod suggest;
mod value;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use url::{Origin, Url};

pub use difference::Difference;
pub use document::{Document, Place};
pub use endpoint::GithubApp;
pub use mistake::{ConfigError, MistakeReport, Note};
pub use render::Style;
pub use schema::schema;
pub use secret::{Auth, Secret, SecretError, SecretRef, SecretRefs};
pub use suggest::{nearest, unknown};
pub use value::Variable;

use read::Reader;

use crate::model::{Calendar, Dimension, ServiceName, SourceName, Subject, TeamName, Word};

/// Everything the operator decides. Paths are absolute or relative to the working directory by now.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it was read from, for mistakes that are found later.
    pub document: Document,
    pub listen: SocketAddr,
    pub database: Database,
    pub calendar: Calendar,
    pub privacy: Privacy,
    pub release: Release,
    pub metrics: Metrics,
    pub health: Health,
    pub survey: Survey,
    pub friction: Friction,
    pub compat: Compat,
    pub plugins: Plugins,
    pub teams: Vec<Team>,
    pub services: Vec<Service>,
    pub roster: Roster,
    pub sources: Vec<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A server of the operator's.
    Url(SecretRef),
    /// A cluster that the host runs itself in this directory.
    Embedded { data_directory: PathBuf },
}

#[derive(Debug, Clone)]
pub struct Privacy {
    /// k: the fewest people that any released figure rests on; at least 5.
    pub minimum_group: u32,
    /// How long raw facts are kept, and how far back a first run looks.
    pub retention: Duration,
    /// Whether days of what runs in the whole organization are told.
    pub daily_system: bool,
    /// Holds the key of every pseudonym; made on first use, never stored in the database.
    pub identity_key: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseStart {
    /// Nothing is released before `quintant release start`.
    Manual,
    Auto,
}

#[derive(Debug, Clone)]
pub struct Release {
    pub start: ReleaseStart,
    /// How long after a span's end its feeds must have been read.
    pub settle: Duration,
}

/// Surveys that are asked by this program itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Where the keys lie that open answers.
    pub keys: PathBuf,
    /// Where people reach the pages.
    pub address: Option<Url>,
    /// Where reminders are posted to, and the networks that are not public and it may lie in.
    pub webhook: Option<SecretRef>,
    pub webhook_networks: Vec<IpNet>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Friction {
    /// What a report's category may be, beside `other`.
    pub categories: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compat {
    /// Whether what is submitted without a token is answered as if it counted.
    pub original_api: bool,
}

#[derive(Debug, Clone)]
pub struct Metrics {
    /// The tools whose use counts as use of the platform.
    pub platform_tools: Vec<Word>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// What each dimension weighs in the health score.
    pub weights: BTreeMap<Dimension, f64>,
}

#[derive(Debug, Clone)]
pub struct Plugins {
    /// Where a plugin's name is looked for.
    pub directory: PathBuf,
    /// Compiled plugins. A folder of this user alone: what lies there is run as it is.
    pub cache: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub name: TeamName,
    /// Repositories it owns, as `owner/name` with `*`.
    pub owns: Vec<String>,
}

/// The environments of what no service covers that are production; those of a service, where it says nothing else.
pub const DEFAULT_PRODUCTION: &str = "prod*";

/// Something that a team runs. Patterns have `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    pub name: ServiceName,
    pub team: TeamName,
    pub repositories: Vec<String>,
    pub pipelines: Vec<String>,
    /// Environments that are production.
    pub production: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Roster {
    pub file: Option<PathBuf>,
    /// Account spellings that are machines, with `*`.
    pub bots: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    pub name: SourceName,
    /// The component's file.
    pub plugin: PathBuf,
    /// None: what the plugin suggests.
    pub interval: Option<Duration>,
    /// None: all that the plugin has.
    pub feeds: Option<Vec<String>>,
    pub endpoints: BTreeMap<String, Endpoint>,
    /// The metrics of the plugin's own that may be kept, and whom each is about.
    pub samples: BTreeMap<String, Subject>,
    pub settings: serde_json::Map<String, serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// None: the plugin's default.
    pub url: Option<Url>,
    pub auth: Option<Auth>,
    /// Networks that are not public and may be connected to.
    pub networks: Vec<IpNet>,
    /// Where redirects and handed-out URLs may lead to, without the credential.
    pub also: Vec<Origin>,
    pub proxy: Option<Url>,
    /// PEM files of certificate authorities, beside the system's.
    pub ca: Vec<PathBuf>,
    /// None: what the plugin declares.
    pub requests_per_hour: Option<NonZeroU32>,
}

impl Config {
    /// Reads and checks a file. Relative paths in it are taken from its own folder.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::unreadable(path, &error))?;
        Self::parse(path, &text)
    }

    /// As [`Config::load`], with the text at hand.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let document = Document::new(path, text);
        let mut reader = Reader::new(path.parent().unwrap_or(Path::new("")));
        let file = document.read(&mut reader);
        let config = file.map(|file| check::config(file, document, &mut reader));
        match config {
            Some(config) if reader.mistakes.is_empty() => Ok(config),
            _ => Err(ConfigError::new(path, text, reader.mistakes)),
        }
    }
}
