//! What the keys of a file must satisfy together; and from the file's form to the program's.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::{self, File};
use super::mistake::Note;
use super::read::{Placed, Reader};
use super::value::{Pattern, Variable};
use super::{
    Compat, Database, Document, Endpoint, Friction, Health, Metrics, Plugins, Privacy, Release, Roster, SecretRef,
    Service, Source, Survey, Team, suggest,
};
use crate::config::Config;
use crate::model::{Calendar, Dimension, SourceName, TeamName};

/// What it makes of a file with mistakes, which `reader` notes, is not to be used.
pub(super) fn config(file: File, document: Document, reader: &mut Reader) -> Config {
    distinct("teams", file.team.iter().map(|team| &team.name), reader);
    distinct("services", file.service.iter().map(|service| &service.name), reader);
    distinct("sources", file.source.iter().map(|source| &source.name), reader);
    for service in &file.service {
        known_team(&service.team, &file.team, reader);
    }
    for source in file.source.iter().filter(|source| source.name.value.as_str() == SourceName::OWN) {
        let message = format!("a source cannot be called `{}`", SourceName::OWN);
        let note = Note::new(message).label("so is called what is reported to this program itself").showing_value();
        reader.note(source.name.span.clone(), note);
    }
    Config {
        document,
        listen: listen(&file.server, &file.api, reader),
        database: database(file.database, reader),
        calendar: Calendar::new(file.calendar.timezone),
        survey: survey(file.survey, &file.privacy.identity_key.file),
        friction: Friction { categories: file.friction.categories },
        compat: Compat { original_api: file.compat.original_api },
        privacy: Privacy {
            minimum_group: file.privacy.minimum_group.0,
            retention: Duration::from_secs(u64::from(file.privacy.retention_days.0) * 24 * 3600),
            daily_system: file.privacy.daily_system,
            identity_key: file.privacy.identity_key.file,
        },
        plugins: Plugins { directory: file.plugins.directory.clone(), cache: file.plugins.cache },
        release: Release { start: file.release.start, settle: file.release.settle.0 },
        metrics: Metrics { platform_tools: file.metrics.platform_tools },
        health: health(file.health.weights),
        services: file.service.into_iter().map(service).collect(),
        teams: file.team.into_iter().map(|team| Team { name: team.name.value, owns: team.owns }).collect(),
        roster: Roster { file: file.roster.file, bots: file.roster.bots },
        sources: file.source.into_iter().map(|section| source(section, &file.plugins.directory, reader)).collect(),
    }
}

fn distinct<'a, T: Ord + Display + 'a>(what: &str, names: impl Iterator<Item = &'a Placed<T>>, reader: &mut Reader) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(&name.value) {
            let message = format!("there are two {what} `{}`", name.value);
            reader.note(name.span.clone(), Note::new(message).label("give each a name of its own").showing_value());
        }
    }
}

fn known_team(given: &Placed<TeamName>, teams: &[file::Team], reader: &mut Reader) {
    let known: Vec<&str> = teams.iter().map(|team| team.name.value.as_str()).collect();
    if !known.contains(&given.value.as_str()) {
        let note = suggest::unknown("team", given.value.as_str(), "service", &known);
        let note = if known.is_empty() { note.help("name it in a section `[[team]]` first") } else { note };
        reader.note(given.span.clone(), note);
    }
}

fn health(weights: file::Weights) -> Health {
    let file::Weights { satisfaction, performance, activity, communication, efficiency } = weights;
    let weights = [
        (Dimension::Satisfaction, satisfaction),
        (Dimension::Performance, performance),
        (Dimension::Activity, activity),
        (Dimension::Communication, communication),
        (Dimension::Efficiency, efficiency),
    ];
    Health { weights: weights.into_iter().map(|(dimension, weight)| (dimension, weight.0)).collect() }
}

fn survey(section: file::Survey, identity_key: &Path) -> Survey {
    Survey {
        keys: section.keys.unwrap_or_else(|| identity_key.with_file_name("surveys")),
        address: section.address.map(|address| address.0),
        webhook: section.webhook,
        webhook_networks: section.webhook_networks.into_iter().map(|network| network.0).collect(),
    }
}

fn service(section: file::Service) -> Service {
    let texts = |patterns: Vec<Pattern>| patterns.into_iter().map(|pattern| pattern.0).collect();
    Service {
        name: section.name.value,
        team: section.team.value,
        repositories: texts(section.repositories),
        pipelines: texts(section.pipelines),
        production: texts(section.production),
    }
}

fn listen(server: &file::Server, api: &file::Api, reader: &mut Reader) -> SocketAddr {
    let address = server.listen.value;
    if !address.ip().is_loopback() && api.auth.is_none() {
        let message = format!("`{address}` can be reached from other machines and the API asks for no token");
        let note = Note::new(message)
            .help("listen on `127.0.0.1`, or write `[api] auth = \"none\"` if that is meant")
            .showing_value();
        reader.note(server.listen.span.clone(), note);
    }
    address
}

fn database(section: file::Database, reader: &mut Reader) -> Database {
    match (section.url, section.data_dir) {
        (Some(secret), data_dir) => {
            if let Some(data_dir) = data_dir {
                let note =
                    Note::new("`data_dir` is for the embedded database, which is not used when there is a `url`")
                        .label("remove one of the two")
                        .showing_value();
                reader.note(data_dir.span, note);
            }
            Database::Url(secret)
        }
        (None, None) if std::env::var_os("DATABASE_URL").is_some() => {
            Database::Url(SecretRef::Env(Variable("DATABASE_URL".to_owned())))
        }
        (None, data_dir) => {
            let data_directory = data_dir.map_or_else(|| reader.folder.join("data"), |data_dir| data_dir.value);
            Database::Embedded { data_directory }
        }
    }
}

fn source(section: file::Source, plugins: &Path, reader: &mut Reader) -> Source {
    let endpoint = |endpoint: file::Endpoint| Endpoint {
        url: endpoint.url.map(|url| url.0),
        auth: endpoint.auth,
        networks: endpoint.networks.into_iter().map(|network| network.0).collect(),
        also: endpoint.also.into_iter().map(|origin| origin.0).collect(),
        proxy: endpoint.proxy.map(|proxy| proxy.0),
        ca: endpoint.ca,
        requests_per_hour: endpoint.requests_per_hour.and_then(|number| NonZeroU32::new(number.0)),
    };
    Source {
        name: section.name.value,
        plugin: plugin(&section.plugin, plugins, reader),
        interval: section.interval.map(|pause| pause.0),
        feeds: section.feeds,
        endpoints: section.endpoints.into_iter().map(|(alias, section)| (alias, endpoint(section))).collect(),
        samples: section.samples,
        settings: section.settings.0,
    }
}

fn plugin(written: &Placed<String>, plugins: &Path, reader: &mut Reader) -> PathBuf {
    let name = &written.value;
    if name.ends_with(".wasm") {
        return reader.folder.join(name);
    }
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        let note = Note::new("`plugin` is neither a name nor the path of a component")
            .label("write a name in the plugins' folder, or a path that ends in `.wasm`")
            .showing_value();
        reader.note(written.span.clone(), note);
    }
    plugins.join(format!("{name}.wasm"))
}
