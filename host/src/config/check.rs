//! What a well-formed file must also satisfy.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;
use toml::Spanned;
use url::Url;

use super::error::Mistake;
use super::{Auth, Config, Database, Endpoint, Privacy, Release, ReleaseStart, Roster, SecretRef, Source, Team, file};
use crate::model::Calendar;

const SMALLEST_GROUP: u32 = 5;
const LARGEST_GROUP: u32 = 1000;
const SHORTEST_INTERVAL: Duration = Duration::from_secs(60);
const LONGEST_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);
const LONGEST_SETTLE: Duration = Duration::from_secs(14 * 24 * 3600);

/// Checks a file whose relative paths start at `folder`.
pub(super) fn config(file: file::File, folder: &Path) -> Result<Config, Mistake> {
    let listen = *file.server.listen.get_ref();
    if !listen.ip().is_loopback() && file.api.auth.is_none() {
        return Err(mistake(
            &file.server.listen,
            format!(
                "`{listen}` can be reached from other machines and the API asks for no token; listen on `127.0.0.1`, or write `[api] auth = \"none\"` if that is meant"
            ),
        ));
    }
    let zone = TimeZone::get(file.calendar.timezone.get_ref()).map_err(|_| {
        mistake(
            &file.calendar.timezone,
            format!(
                "`{}` is not a time zone; write an IANA name such as `Europe/Berlin`",
                file.calendar.timezone.get_ref()
            ),
        )
    })?;
    Ok(Config {
        listen,
        database: database(file.database, folder),
        calendar: Calendar::new(zone),
        privacy: privacy(&file.privacy, folder)?,
        release: release(&file.release)?,
        teams: teams(file.team)?,
        roster: Roster { file: file.roster.file.map(|path| folder.join(path)), bots: file.roster.bots },
        plugin_directory: folder.join(&file.plugins.directory),
        sources: sources(file.source, &folder.join(&file.plugins.directory), folder)?,
    })
}

fn database(section: file::Database, folder: &Path) -> Database {
    match section.url {
        Some(secret) => Database::Url(secret.relative_to(folder)),
        None if section.data_dir.is_none() && std::env::var_os("DATABASE_URL").is_some() => {
            Database::Url(SecretRef::Env("DATABASE_URL".to_owned()))
        }
        None => Database::Embedded { data_directory: folder.join(section.data_dir.unwrap_or_else(|| "data".into())) },
    }
}

fn privacy(section: &file::Privacy, folder: &Path) -> Result<Privacy, Mistake> {
    let minimum_group = *section.minimum_group.get_ref();
    if !(SMALLEST_GROUP..=LARGEST_GROUP).contains(&minimum_group) {
        return Err(mistake(
            &section.minimum_group,
            format!(
                "`minimum_group` is {minimum_group}; it may be raised above {SMALLEST_GROUP}, up to {LARGEST_GROUP}, never lowered"
            ),
        ));
    }
    let days = *section.retention_days.get_ref();
    if !(28..=90).contains(&days) {
        return Err(mistake(
            &section.retention_days,
            format!("`retention_days` is {days}; raw facts are kept for 28 to 90 days"),
        ));
    }
    Ok(Privacy {
        minimum_group,
        retention: Duration::from_secs(u64::from(days) * 24 * 3600),
        identity_key: folder.join(&section.identity_key.file),
    })
}

fn release(section: &file::Release) -> Result<Release, Mistake> {
    let settle = section.settle.get_ref().0;
    if settle > LONGEST_SETTLE {
        return Err(mistake(
            &section.settle,
            "`settle` is longer than 14 days (`336h`), the longest allowed".to_owned(),
        ));
    }
    let start = match section.start {
        file::ReleaseStart::Manual => ReleaseStart::Manual,
        file::ReleaseStart::Auto => ReleaseStart::Auto,
    };
    Ok(Release { start, settle })
}

fn teams(sections: Vec<file::Team>) -> Result<Vec<Team>, Mistake> {
    let mut seen = BTreeSet::new();
    sections
        .into_iter()
        .map(|section| {
            if !seen.insert(section.name.get_ref().clone()) {
                return Err(mistake(&section.name, format!("there are two teams `{}`", section.name.get_ref())));
            }
            Ok(Team { name: section.name.into_inner(), owns: section.owns })
        })
        .collect()
}

fn sources(sections: Vec<file::Source>, plugins: &Path, folder: &Path) -> Result<Vec<Source>, Mistake> {
    let mut seen = BTreeSet::new();
    sections
        .into_iter()
        .map(|section| {
            if !seen.insert(section.name.get_ref().clone()) {
                return Err(mistake(&section.name, format!("there are two sources `{}`", section.name.get_ref())));
            }
            source(section, plugins, folder)
        })
        .collect()
}

fn source(section: file::Source, plugins: &Path, folder: &Path) -> Result<Source, Mistake> {
    let name = section.name.into_inner();
    if let Some(interval) = &section.interval {
        let given = interval.get_ref().0;
        if !(SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&given) {
            let bound = if given < SHORTEST_INTERVAL {
                "the shortest allowed is `60s`"
            } else {
                "the longest allowed is `168h`"
            };
            return Err(mistake(interval, format!("source `{name}`: `interval` is `{}s`, {bound}", given.as_secs())));
        }
    }
    let written = section.plugin.get_ref();
    let plugin = match written.strip_suffix(".wasm") {
        Some(_) => folder.join(written),
        None if written.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && !written.is_empty() => {
            plugins.join(format!("{written}.wasm"))
        }
        None => {
            let message = format!(
                "source `{name}`: `plugin` is `{written}`; write a name in the plugins' folder, or a path that ends in `.wasm`"
            );
            return Err(mistake(&section.plugin, message));
        }
    };
    let endpoints = section
        .endpoints
        .into_iter()
        .map(|(alias, endpoint)| Ok((alias, self::endpoint(&name, endpoint, folder)?)))
        .collect::<Result<_, Mistake>>()?;
    Ok(Source {
        name,
        plugin,
        interval: section.interval.map(|pause| pause.into_inner().0),
        endpoints,
        settings: section.settings,
    })
}

fn endpoint(source: &crate::model::SourceName, section: file::Endpoint, folder: &Path) -> Result<Endpoint, Mistake> {
    let url = section.url.map(|written| {
        Url::parse(written.get_ref())
            .ok()
            .filter(|url| ["http", "https"].contains(&url.scheme()) && url.has_host())
            .filter(|url| url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none())
            .ok_or_else(|| {
                let message = format!("source `{source}`: `url` must be `http://` or `https://` with a host, without user, query or fragment; secrets go into `auth`");
                mistake(&written, message)
            })
    });
    let auth = section.auth.map(|auth| match auth {
        file::Auth::Bearer(secret) => Auth::Bearer(secret.relative_to(folder)),
        file::Auth::Basic(secret) => Auth::Basic(secret.relative_to(folder)),
    });
    Ok(Endpoint { url: url.transpose()?, auth })
}

fn mistake<T>(place: &Spanned<T>, message: String) -> Mistake {
    Mistake { span: place.span(), message }
}
