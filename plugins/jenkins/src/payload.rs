//! What Jenkins answers, read generously: a field that is not what it should be is as good as missing.

use quintant_sdk::prelude::*;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

/// What is asked of each build. No causes' users, no culprits, no authors: builds carry no person.
pub const BUILD: &str = "number,result,building,timestamp,duration,\
    actions[failCount,skipCount,totalCount,lastBuiltRevision[SHA1,branch[name]],remoteUrls,causes[upstreamProject,upstreamBuild],\
    lineCoverage[covered,total]],\
    changeSet[items[commitId]],changeSets[items[commitId]]";

/// The same for a build that another one was started by.
pub const REVISION: &str =
    "actions[lastBuiltRevision[SHA1,branch[name]],remoteUrls,causes[upstreamProject,upstreamBuild]]";

/// The last second of the year 9999.
const LATEST: Instant = 253_402_300_799_000;
const LONGEST_MS: i64 = 10 * 366 * instant::DAY;

/// A value of the expected form, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Soft<T>(pub Option<T>);

impl<T> Default for Soft<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Soft<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// A list of which each item may be of another form.
pub type SoftList<T> = Soft<Vec<Soft<T>>>;

impl<T> Soft<Vec<Soft<T>>> {
    /// Those that have the expected form.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().flatten().filter_map(|item| item.0.as_ref())
    }
}

/// What a folder holds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Listing {
    #[serde(rename = "_class")]
    class: Soft<String>,
    pub jobs: SoftList<Item>,
}

impl Listing {
    #[must_use]
    pub fn is_multibranch(&self) -> bool {
        self.class.0.as_deref().is_some_and(is_multibranch)
    }
}

/// A job or folder in a listing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Item {
    #[serde(rename = "_class")]
    pub class: Soft<String>,
    pub name: Soft<String>,
    #[serde(rename = "fullName")]
    pub full_name: Soft<String>,
    /// Only folders have it.
    pub jobs: Option<SoftList<Item>>,
    #[serde(rename = "lastBuild")]
    pub last_build: Option<LastBuild>,
    /// Only where they were asked for.
    pub builds: SoftList<Build>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastBuild {
    pub timestamp: Option<Instant>,
    pub building: bool,
}

impl<'de> Deserialize<'de> for LastBuild {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Found {
            timestamp: Soft<Instant>,
            building: Soft<bool>,
        }
        let Found { timestamp, building } = Soft::deserialize(deserializer)?.0.unwrap_or_default();
        Ok(Self { timestamp: timestamp.0, building: building.0.unwrap_or(true) })
    }
}

impl Item {
    /// Whether it holds jobs itself.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        let by_class = |class: &String| {
            class.ends_with(".Folder") || class.ends_with(".OrganizationFolder") || is_multibranch(class)
        };
        self.jobs.is_some() || self.class.0.as_ref().is_some_and(by_class)
    }

    #[must_use]
    pub fn is_multibranch(&self) -> bool {
        self.class.0.as_deref().is_some_and(is_multibranch)
    }

    #[must_use]
    pub fn has_stages(&self) -> bool {
        self.class.0.as_ref().is_some_and(|class| class.ends_with(".WorkflowJob"))
    }
}

fn is_multibranch(class: &str) -> bool {
    class.ends_with("MultiBranchProject")
}

/// A page of builds.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Builds {
    /// The newest 100 at most.
    pub builds: SoftList<Build>,
    #[serde(rename = "allBuilds")]
    pub all_builds: SoftList<Build>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Build {
    pub number: Soft<u32>,
    result: Soft<String>,
    building: Soft<bool>,
    timestamp: Soft<Instant>,
    duration: Soft<i64>,
    actions: SoftList<Action>,
    #[serde(rename = "changeSet")]
    change_set: Soft<ChangeSet>,
    #[serde(rename = "changeSets")]
    change_sets: ChangeSets,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Action {
    #[serde(rename = "failCount")]
    fail_count: Soft<u32>,
    #[serde(rename = "totalCount")]
    total_count: Soft<u32>,
    #[serde(rename = "lastBuiltRevision")]
    last_built_revision: Soft<Revision>,
    #[serde(rename = "remoteUrls")]
    remote_urls: SoftList<String>,
    causes: SoftList<Cause>,
    /// JaCoCo alone of the plugins that measure tells it here.
    #[serde(rename = "lineCoverage")]
    line_coverage: Soft<CountedLines>,
}

/// As JaCoCo counts them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct CountedLines {
    covered: Soft<u32>,
    total: Soft<u32>,
}

impl CountedLines {
    /// Covered lines and all lines.
    #[must_use]
    pub fn lines(&self) -> Option<(u32, u32)> {
        Some((self.covered.0?, self.total.0?)).filter(|(covered, total)| covered <= total)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Revision {
    #[serde(rename = "SHA1")]
    sha: Soft<String>,
    branch: SoftList<Branch>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Branch {
    name: Soft<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Cause {
    #[serde(rename = "upstreamProject")]
    project: Soft<String>,
    #[serde(rename = "upstreamBuild")]
    number: Soft<u32>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ChangeSet {
    items: SoftList<Commit>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Commit {
    #[serde(rename = "commitId")]
    id: CommitId,
}

/// A hash; of Subversion a number, as text or as such.
#[derive(Clone, Debug, Default)]
struct CommitId(Option<String>);

impl<'de> Deserialize<'de> for CommitId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let text =
            serde_json::from_str::<String>(raw).or_else(|_| serde_json::from_str::<u64>(raw).map(|id| id.to_string()));
        Ok(Self(text.ok()))
    }
}

/// A list of pipelines; one alone in old answers.
#[derive(Clone, Debug, Default)]
struct ChangeSets(SoftList<ChangeSet>);

impl<'de> Deserialize<'de> for ChangeSets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let one = |_| serde_json::from_str(raw).map(|one| Soft(Some(vec![Soft(Some(one))])));
        Ok(Self(serde_json::from_str(raw).or_else(one).unwrap_or_default()))
    }
}

/// How far a build is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Running,
    /// Not built is aborted.
    Finished {
        at: Instant,
        result: BuildResult,
    },
}

/// What was checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedOut {
    pub sha: Option<String>,
    /// Without the remote's name.
    pub branches: Vec<String>,
    /// `owner/name`.
    pub repository: Option<String>,
}

impl Build {
    /// Number, start and state; none where it is of no form that Jenkins has.
    #[must_use]
    pub fn read(&self) -> Option<(u32, Instant, State)> {
        let number = self.number.0?;
        let started_at = self.timestamp.0.filter(|at| (0..=LATEST).contains(at))?;
        let result = self.result.0.as_deref();
        if self.building.0 == Some(true) {
            return Some((number, started_at, State::Running));
        }
        let duration = self.duration.0.filter(|duration| (0..=LONGEST_MS).contains(duration))?;
        let result = match result? {
            "SUCCESS" => BuildResult::Success,
            "FAILURE" => BuildResult::Failure,
            "UNSTABLE" => BuildResult::Unstable,
            "ABORTED" | "NOT_BUILT" => BuildResult::Aborted,
            _ => return None,
        };
        Some((number, started_at, State::Finished { at: started_at + duration, result }))
    }

    /// How many tests failed; none where no tests were counted.
    #[must_use]
    pub fn tests_failed(&self) -> Option<u32> {
        let counts = |action: &Action| action.total_count.0.and(action.fail_count.0);
        self.actions.iter().find_map(counts)
    }

    /// Covered lines and all lines, where the build itself tells.
    #[must_use]
    pub fn lines(&self) -> Option<(u32, u32)> {
        self.actions.iter().find_map(|action| action.line_coverage.0.as_ref()?.lines())
    }

    /// What Git checked out, libraries aside; the last one where there are several.
    #[must_use]
    pub fn checked_out(&self, is_library: impl Fn(&str) -> bool) -> Option<CheckedOut> {
        self.actions
            .iter()
            .filter_map(|action| {
                let revision = action.last_built_revision.0.as_ref()?;
                Some(CheckedOut {
                    sha: revision.sha.0.clone().filter(|sha| is_hash(sha)),
                    branches: revision.branch.iter().filter_map(|branch| branch.name.0.as_deref()).map(bare).collect(),
                    repository: action.remote_urls.iter().find_map(|url| repository(url)),
                })
            })
            .rfind(|found| !found.repository.as_deref().is_some_and(&is_library))
    }

    /// The build that started this one: full name and number.
    #[must_use]
    pub fn upstream(&self) -> Option<(&str, u32)> {
        let causes = self.actions.iter().flat_map(|action| action.causes.iter());
        causes.filter_map(|cause| Some((cause.project.0.as_deref()?, cause.number.0?))).next()
    }

    /// Commits since the build before, each once.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        let mut ids: Vec<String> = Vec::new();
        for set in self.change_set.0.iter().chain(self.change_sets.0.iter()) {
            for id in set.items.iter().filter_map(|commit| commit.id.0.as_ref()) {
                if !ids.contains(id) {
                    ids.push(id.clone());
                }
            }
        }
        ids
    }
}

fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `origin/main` and `refs/remotes/origin/main` are `main`.
fn bare(branch: &str) -> String {
    let branch = branch.strip_prefix("refs/remotes/").or_else(|| branch.strip_prefix("refs/heads/")).unwrap_or(branch);
    branch.strip_prefix("origin/").unwrap_or(branch).to_owned()
}

/// The repository's path of an address, whatever its form; what may be a credential is not in it.
fn repository(url: &str) -> Option<String> {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?.1,
        None => url.split_once(':')?.1,
    };
    let path = path.trim_matches('/').strip_suffix(".git").unwrap_or(path.trim_matches('/'));
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "-_.~".contains(c));
    (path.contains('/') && path.len() <= 200 && path.split('/').all(plain)).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_read_from_every_form_of_address() {
        for (url, expected) in [
            ("https://github.com/octo/app.git", Some("octo/app")),
            ("https://user:secret@github.com/octo/app", Some("octo/app")),
            ("git@github.com:octo/app.git", Some("octo/app")),
            ("ssh://git@host:22/group/sub/app.git/", Some("group/sub/app")),
            ("https://host/app", None),
            ("/srv/git/app", None),
            ("https://host/octo/app?token=x", None),
            ("", None),
        ] {
            assert_eq!(repository(url).as_deref(), expected, "{url}");
        }
    }
}
