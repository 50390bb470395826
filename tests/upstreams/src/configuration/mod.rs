//! Writes what an operator would write for a made-up organisation: `quintant.toml`, `roster.csv` and the secrets' files.

mod settings;
mod sources;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::github;
use crate::organisation::Organisation;

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
    /// Where the files of Copilot's reports lie, if its use is read too.
    pub copilot: Option<String>,
    /// Where Jenkins is, if it is a source too.
    pub jenkins: Option<Pipelines>,
    /// Where Mattermost is, if it is a source too.
    pub mattermost: Option<Chat>,
    /// The URL of the survey service, if it is a source too.
    pub nps: Option<String>,
}

/// A Jenkins that is a source.
#[derive(Clone, Debug)]
pub struct Pipelines {
    pub url: String,
    /// What stands after `Authorization: Basic`.
    pub login: String,
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
            copilot: None,
            jenkins: None,
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
    if let Some(jenkins) = &options.jenkins {
        write_secret(&directory.join("jenkins.login"), &jenkins.login)?;
    }
    if let Some(chat) = &options.mattermost {
        write_secret(&directory.join("mattermost.token"), &chat.token)?;
    }
    let path = directory.join("quintant.toml");
    fs::write(&path, settings::settings(organisation, github_url, options))?;
    Ok(path)
}

fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // The mode above is for a file that is new.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
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
