//! Writes what an operator would write for a made-up organisation: `quintant.toml`, `roster.csv` and the tokens' files.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::github;
use crate::organisation::{Organisation, Team};

/// What tests and the demo choose; paths are relative to the configuration's folder.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where Quintant listens.
    pub listen: String,
    /// Where the embedded database lives.
    pub data_dir: String,
    /// A plugin's name or the path of its component.
    pub plugin: String,
    /// Pause between two collections.
    pub interval: String,
    /// `auto` or `manual`.
    pub release_start: String,
    pub settle: String,
    pub token: String,
    /// Where Mattermost is, if it is a source too.
    pub mattermost: Option<Chat>,
    /// The URL of the survey service, if it is a source too.
    pub nps: Option<String>,
}

/// A Mattermost that is a source.
#[derive(Clone, Debug)]
pub struct Chat {
    pub url: String,
    pub token: String,
    /// `counts`, `posts` or `analytics`.
    pub mode: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".to_owned(),
            data_dir: "data".to_owned(),
            plugin: "github".to_owned(),
            interval: "1h".to_owned(),
            release_start: "auto".to_owned(),
            settle: "36h".to_owned(),
            token: github::TOKEN.to_owned(),
            mattermost: None,
            nps: None,
        }
    }
}

/// Answers the path of the `quintant.toml` that was written.
///
/// # Errors
/// When `directory` cannot be made or written to.
pub fn write_configuration(
    organisation: &Organisation,
    directory: &Path,
    github_url: &str,
    options: &Options,
) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    fs::write(directory.join("roster.csv"), roster(organisation, options)?)?;
    write_secret(&directory.join("github.token"), &options.token)?;
    if let Some(chat) = &options.mattermost {
        write_secret(&directory.join("mattermost.token"), &chat.token)?;
    }
    let path = directory.join("quintant.toml");
    fs::write(&path, settings(organisation, github_url, options))?;
    Ok(path)
}

fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())
}

/// With a column for each source that knows people.
fn roster(organisation: &Organisation, options: &Options) -> io::Result<Vec<u8>> {
    let has_chat = options.mattermost.is_some();
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(["person", "team", "from", "github"].into_iter().chain(has_chat.then_some("mattermost")))?;
    for row in &organisation.roster {
        let [from, github, mattermost] = [row.from.to_string(), row.github.join(";"), row.mattermost.join(";")];
        let columns = [row.person.as_str(), row.team.as_deref().unwrap_or(""), &from, &github];
        rows.write_record(columns.into_iter().chain(has_chat.then_some(mattermost.as_str())))?;
    }
    rows.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn settings(organisation: &Organisation, github_url: &str, options: &Options) -> String {
    let Options { listen, data_dir, plugin, interval, release_start, settle, .. } = options;
    let [listen, data_dir, plugin, interval, release_start, settle, url] =
        [listen, data_dir, plugin, interval, release_start, settle, github_url].map(quoted);
    let teams: String = organisation.teams.iter().map(team).collect();
    let bots = list(organisation.bots.iter().map(String::as_str));
    let repositories: String =
        organisation.configured_repositories().into_iter().map(|name| format!("    {},\n", quoted(name))).collect();
    let more = chat_and_survey(options);
    format!(
        r#"# A simulated organisation and its simulated services.

[server]
listen = {listen}

[database]
data_dir = {data_dir}

[calendar]
timezone = "UTC"

[privacy]
minimum_group = 5

[release]
start = {release_start}
settle = {settle}

{teams}[roster]
file = "roster.csv"
bots = {bots}

[[source]]
name = "github"
plugin = {plugin}
interval = {interval}

[source.endpoints.api]
url = {url}
auth = {{ bearer = {{ file = "github.token" }} }}
networks = ["127.0.0.0/8"]

[source.settings]
repositories = [
{repositories}]
incident_labels = ["incident"]
incident_severity_prefix = "severity:"
{more}"#
    )
}

fn chat_and_survey(options: &Options) -> String {
    let source = |name: &str, url: &str, lines: &str| {
        let [plugin, interval, url] =
            [beside(&options.plugin, name), options.interval.clone(), url.to_owned()].map(quoted);
        format!(
            "\n[[source]]\nname = \"{name}\"\nplugin = {plugin}\ninterval = {interval}\n\n[source.endpoints.api]\nurl = {url}\n\
             networks = [\"127.0.0.0/8\"]\n{lines}"
        )
    };
    let chat = options.mattermost.as_ref().map(|chat| {
        let auth = "auth = { bearer = { file = \"mattermost.token\" } }";
        source("mattermost", &chat.url, &format!("{auth}\n\n[source.settings]\nmode = {}\n", quoted(&chat.mode)))
    });
    let survey = options.nps.as_ref().map(|url| source("nps", url, ""));
    chat.into_iter().chain(survey).collect()
}

/// Another plugin, named as this one is: by name, or by a path in the same folder.
fn beside(plugin: &str, other: &str) -> String {
    match plugin.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{other}.wasm"),
        None => other.to_owned(),
    }
}

fn team(team: &Team) -> String {
    format!("[[team]]\nname = {}\nowns = {}\n\n", quoted(&team.name), list(team.owns.iter().map(String::as_str)))
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

fn quoted(text: impl AsRef<str>) -> String {
    format!("\"{}\"", text.as_ref().replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_is_toml_and_the_roster_names_everybody() {
        let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let path =
            write_configuration(&organisation, directory.path(), "http://127.0.0.1:4000", &Options::default()).unwrap();
        let settings: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert_eq!(settings["team"].as_array().unwrap().len(), 7);
        assert_eq!(settings["source"][0]["endpoints"]["api"]["auth"]["bearer"]["file"].as_str(), Some("github.token"));
        let repositories = settings["source"][0]["settings"]["repositories"].as_array().unwrap();
        assert!(repositories.iter().any(|name| name.as_str() == Some("acme/amber-legacy")));
        assert_eq!(fs::read_to_string(directory.path().join("github.token")).unwrap(), github::TOKEN);
        let roster = fs::read_to_string(directory.path().join("roster.csv")).unwrap();
        assert!(roster.starts_with("person,team,from,github\nPerson 001,team-amber,"), "{roster}");
        assert_eq!(roster.lines().count(), organisation.roster.len() + 1);
    }

    #[test]
    fn a_source_that_knows_people_has_a_column_and_a_token_of_its_own() {
        let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
        let directory = tempfile::tempdir().unwrap();
        let chat =
            Chat { url: "http://127.0.0.1:5000".to_owned(), token: "secret".to_owned(), mode: "posts".to_owned() };
        let options = Options {
            plugin: "/plugins/github.wasm".to_owned(),
            mattermost: Some(chat),
            nps: Some("http://127.0.0.1:6000".to_owned()),
            ..Options::default()
        };
        let path = write_configuration(&organisation, directory.path(), "http://127.0.0.1:4000", &options).unwrap();
        let settings: toml::Table = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let sources: Vec<(&str, &str)> = settings["source"]
            .as_array()
            .unwrap()
            .iter()
            .map(|source| (source["name"].as_str().unwrap(), source["plugin"].as_str().unwrap()))
            .collect();
        let expected = [
            ("github", "/plugins/github.wasm"),
            ("mattermost", "/plugins/mattermost.wasm"),
            ("nps", "/plugins/nps.wasm"),
        ];
        assert_eq!(sources, expected);
        assert_eq!(fs::read_to_string(directory.path().join("mattermost.token")).unwrap(), "secret");
        let roster = fs::read_to_string(directory.path().join("roster.csv")).unwrap();
        assert!(roster.starts_with("person,team,from,github,mattermost\n"), "{roster}");
        assert!(roster.contains(",person.002\n"), "{roster}");
    }
}
