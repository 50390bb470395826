//! The file as people write it: one section a table. A key is added here, and nowhere else is it declared.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::ReleaseStart;
use super::endpoint::{Network, OtherOrigin, Proxy};
use super::read::{Key, Node, Placed, Read, Reader, section};
use super::secret::{Auth, SecretRef};
use super::value::{BaseUrl, Pattern, Pause, Settings, Weight, Whole, Word};
use crate::model::{self, ServiceName, SourceName, Subject, TeamName};

section! {
    /// Every section there is.
    File {
        /// Where the host listens.
        server: Server = {},
        /// Who may ask.
        api: Api = {},
        /// Where facts and atoms are kept.
        database: Database = {},
        /// The zone in which weeks begin.
        calendar: Calendar = {},
        /// What protects people.
        privacy: Privacy = {},
        /// When facts become answers.
        release: Release = {},
        /// What figures are computed from.
        metrics: Metrics = {},
        /// How the health score is made.
        health: Health = {},
        /// Surveys that are asked by Quintant itself.
        survey: Survey = {},
        /// Friction that is reported to Quintant itself.
        friction: Friction = {},
        /// What clients of other services need.
        compat: Compat = {},
        /// Where plugins lie.
        plugins: Plugins = {},
        /// Who belongs to which team, from when.
        roster: Roster = {},
        /// The teams that figures are released for.
        team: Vec<Team> = [],
        /// What the teams run.
        service: Vec<Service> = [],
        /// The upstreams that are collected from.
        source: Vec<Source> = [],
    }
}

section! {
    /// Where the host listens.
    Server {
        /// Address and port to listen on. Beyond this machine only with `api.auth`.
        listen: Placed<SocketAddr> = "127.0.0.1:8000",
    }
}

section! {
    /// Who may ask.
    Api {
        /// `none` means everybody who can reach the address, without a token. Must be written down before the host listens
        /// beyond this machine.
        auth: Option<ApiAuth>,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ApiAuth {
    None,
}

impl Word for ApiAuth {
    const WORDS: &'static [(&'static str, Self)] = &[("none", ApiAuth::None)];
    const SHOWS_WRONG: bool = false;
}

section! {
    /// Where facts and atoms are kept.
    Database {
        /// A PostgreSQL, 15 or newer, as a secret. Without it `DATABASE_URL` is used, and without that an embedded cluster.
        url: Option<SecretRef>,
        /// The embedded cluster's folder, `data` where it is left out. Not together with `url`.
        data_dir: Option<Placed<PathBuf>>,
    }
}

section! {
    /// The zone in which weeks begin.
    Calendar {
        /// An IANA name such as `Europe/Berlin`.
        timezone: TimeZone = "UTC",
    }
}

section! {
    /// What protects people.
    Privacy {
        /// The fewest people behind a figure. May be raised above the default, never lowered.
        minimum_group: Whole<5, 1000> = 5,
        /// Days that raw facts are kept, and how far back a first collection looks.
        retention_days: Whole<28, 90> = 90,
        /// Whether days of builds, deployments and incidents of the whole organization are told, from 50 people on. A withheld team's may be
        /// estimated from them.
        daily_system: bool = false,
        /// The key of every pseudonym, made on first use.
        identity_key: KeyFile = { file = "data/identity.key" },
    }
}

section! {
    /// A file that holds a key.
    KeyFile {
        /// The path of the file, which holds the key and nothing else.
        file: PathBuf,
    }
}

section! {
    /// When facts become answers.
    Release {
        /// `manual` waits for `quintant release start`; `auto` does not.
        start: ReleaseStart = "manual",
        /// How long after a week's end its sources must have been read, at most 336h.
        settle: Pause<0, { 14 * 24 * 3600 }> = "36h",
    }
}

impl Word for ReleaseStart {
    const WORDS: &'static [(&'static str, Self)] = &[("manual", ReleaseStart::Manual), ("auto", ReleaseStart::Auto)];
    const SHOWS_WRONG: bool = true;
}

section! {
    /// What figures are computed from.
    Metrics {
        /// The tools whose use counts as use of the platform, as plugins call them.
        platform_tools: Vec<model::Word> = [],
    }
}

section! {
    /// How the health score is made.
    Health {
        /// What each dimension weighs.
        weights: Weights = {},
    }
}

section! {
    /// What each dimension weighs in the health score, compared with the others.
    Weights {
        /// How people feel about their work.
        satisfaction: Weight = 1,
        /// What runs.
        performance: Weight = 1,
        /// What people did together.
        activity: Weight = 1,
        /// How people work with each other.
        communication: Weight = 1,
        /// How work feels, and what is in its way.
        efficiency: Weight = 1,
    }
}

section! {
    /// Surveys that are asked by Quintant itself.
    Survey {
        /// The folder of the keys that open answers, each until its campaign is closed. Where it is left out, `surveys` beside `privacy.identity_key`.
        keys: Option<PathBuf>,
        /// Where people reach Quintant's pages, for reminders.
        address: Option<BaseUrl>,
        /// The URL of an incoming webhook of a Mattermost, as a secret: reminders are posted there, to everybody.
        webhook: Option<SecretRef>,
        /// Networks that are not public and the webhook may lie in, such as `10.1.2.0/24`.
        webhook_networks: Vec<Network>,
    }
}

section! {
    /// Friction that is reported to Quintant itself.
    Friction {
        /// What a report's category may be; any other word counts as `other`.
        categories: Vec<model::Word> = ["build", "code-review", "deployment", "documentation", "environment", "meetings", "tests", "tools"],
    }
}

section! {
    /// What clients of other services need.
    Compat {
        /// Whether answers and reports without a token are answered as if they had been taken. They count for nothing.
        original_api: bool = false,
    }
}

section! {
    /// Where plugins lie.
    Plugins {
        /// The folder in which `plugin = "NAME"` means `NAME.wasm`.
        directory: PathBuf = "plugins",
        /// The folder of compiled plugins, of this user alone: what lies there is run as it is.
        cache: PathBuf = "data/compiled",
    }
}

section! {
    /// Who belongs to which team, from when.
    Roster {
        /// CSV: `person,team,from` and a column per source with that person's accounts there.
        file: Option<PathBuf>,
        /// Accounts that are machines; `*` matches any run of characters.
        bots: Vec<String> = [],
    }
}

section! {
    /// A team that figures are released for.
    Team {
        /// Letters, digits, `-`, `_`, `.` and spaces, at most 64 characters.
        name: Placed<TeamName>,
        /// The repositories it owns, `owner/name` with `*`, for work across teams.
        owns: Vec<String> = [],
    }
}

section! {
    /// Something that a team builds and deploys.
    Service {
        /// Letters, digits, `-`, `_`, `.` and `/`, at most 64 characters.
        name: Placed<ServiceName>,
        /// The configured team that runs it.
        team: Placed<TeamName>,
        /// The repositories that it comes from, `owner/name` with `*`.
        repositories: Vec<Pattern> = [],
        /// The pipelines that build and deploy it, as their source calls them, with `*`.
        pipelines: Vec<Pattern> = [],
        /// The environments that are production, with `*`. Upper and lower case are the same.
        production: Vec<Pattern> = ["prod*"],
    }
}

section! {
    /// One upstream, read by one plugin.
    Source {
        /// Lower-case letters, digits and `-`, at most 64 characters. Stays the same for good.
        name: Placed<SourceName>,
        /// A name in the plugins' folder, or a path that ends in `.wasm`.
        plugin: Placed<String>,
        /// Pause between two collections, 60s to 168h. Where it is left out, what the plugin suggests.
        interval: Option<Pause<60, { 7 * 24 * 3600 }>>,
        /// The feeds that are read. Where it is left out, all that the plugin has.
        feeds: Option<Vec<String>>,
        /// How the source is reached, for each endpoint that the plugin declares.
        endpoints: BTreeMap<String, Endpoint> = {},
        /// The metrics of the plugin's own that may be kept, each with whom it is about: `system`, `person` or `anonymous`, as the plugin declares it.
        samples: BTreeMap<String, Subject> = {},
        /// The plugin's own settings, checked against its schema.
        settings: Settings = {},
    }
}

impl Word for Subject {
    const WORDS: &'static [(&'static str, Self)] =
        &[("system", Subject::System), ("person", Subject::Person), ("anonymous", Subject::Anonymous)];
    const SHOWS_WRONG: bool = true;
}

section! {
    /// How an upstream is reached.
    Endpoint {
        /// The base URL, without user or query. Where it is left out, the plugin's default.
        url: Option<BaseUrl>,
        /// The credential.
        auth: Option<Auth>,
        /// Networks that are not public and may be connected to, such as `10.1.2.0/24`.
        networks: Vec<Network>,
        /// Other origins that redirects and handed-out URLs may lead to, without the credential.
        also: Vec<OtherOrigin>,
        /// `http://HOST:PORT` of a proxy. The environment is not asked.
        proxy: Option<Proxy>,
        /// PEM files of certificate authorities, beside the system's.
        ca: Vec<PathBuf>,
        /// Requests an hour, of each host and with each credential; no more than the plugin's.
        requests_per_hour: Option<Whole<1, { u32::MAX }>>,
    }
}
