//! What a well-formed file must also satisfy.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
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
    let listen = listen(&file.server, &file.api)?;
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
        database: database(file.database, folder)?,
        calendar: Calendar::new(zone),
        privacy: privacy(&file.privacy, folder)?,
        release: release(&file.release)?,
        teams: teams(file.team)?,
        roster: Roster { file: file.roster.file.map(|path| folder.join(path)), bots: file.roster.bots },
        sources: sources(file.source, &folder.join(&file.plugins.directory), folder)?,
    })
}

fn listen(server: &file::Server, api: &file::Api) -> Result<SocketAddr, Mistake> {
    let written = server.listen.get_ref();
    let address: SocketAddr = written.parse().map_err(|_| {
        mistake(
            &server.listen,
            format!("`{written}` is not an address and a port; write for example `127.0.0.1:8000` or `[::1]:8000`"),
        )
    })?;
    if !address.ip().is_loopback() && api.auth.is_none() {
        return Err(mistake(
            &server.listen,
            format!(
                "`{address}` can be reached from other machines and the API asks for no token; listen on `127.0.0.1`, or write `[api] auth = \"none\"` if that is meant"
            ),
        ));
    }
    Ok(address)
}

fn database(section: file::Database, folder: &Path) -> Result<Database, Mistake> {
    match (section.url, section.data_dir) {
        (Some(_), Some(data_dir)) => {
            let message = "`data_dir` is for the embedded database, which is not used when there is a `url`; remove one of the two";
            Err(mistake(&data_dir, message.to_owned()))
        }
        (Some(secret), None) => Ok(Database::Url(secret.relative_to(folder))),
        (None, None) if std::env::var_os("DATABASE_URL").is_some() => {
            Ok(Database::Url(SecretRef::Env("DATABASE_URL".to_owned())))
        }
        (None, data_dir) => {
            let data_dir = data_dir.map_or_else(|| "data".into(), Spanned::into_inner);
            Ok(Database::Embedded { data_directory: folder.join(data_dir) })
        }
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
                return Err(mistake(
                    &section.name,
                    format!("there are two teams `{}`; give each a name of its own", section.name.get_ref()),
                ));
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
                return Err(mistake(
                    &section.name,
                    format!("there are two sources `{}`; give each a name of its own", section.name.get_ref()),
                ));
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
            let given = SignedDuration::try_from(given).unwrap_or(SignedDuration::MAX);
            return Err(mistake(interval, format!("source `{name}`: `interval` is `{given:#}`, {bound}")));
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
    let auth = section.auth.map(|auth| match (&auth.get_ref().bearer, &auth.get_ref().basic) {
        (Some(secret), None) => Ok(Auth::Bearer(secret.clone().relative_to(folder))),
        (None, Some(secret)) => Ok(Auth::Basic(secret.clone().relative_to(folder))),
        _ => {
            let message =
                format!("source `{source}`: `auth` is either `{{ bearer = SECRET }}` or `{{ basic = SECRET }}`");
            Err(mistake(&auth, message))
        }
    });
    Ok(Endpoint { url: url.transpose()?, auth: auth.transpose()? })
}

fn mistake<T>(place: &Spanned<T>, message: String) -> Mistake {
    Mistake { span: place.span(), message }
}
