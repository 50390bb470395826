//! Compares what a running Quintant says that its first collection brought, feed by feed, with what there was to be collected.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::oracle::conversation::{self, Channels};
use crate::oracle::jenkins::{jenkins_builds, jenkins_deployments};
use crate::oracle::{LOOK_BACK, github};
use crate::organisation::{Organisation, date_of};

/// How much later than the story's end a host may begin.
const LATEST_START: SignedDuration = SignedDuration::from_mins(30);
/// How long the survey is let settle.
const SURVEY_SETTLES: SignedDuration = SignedDuration::from_hours(1);

/// How many facts of each kind.
type Facts = BTreeMap<String, usize>;

/// What `quintant status --format json` prints.
#[derive(Deserialize)]
pub struct Status {
    feeds: Vec<Feed>,
}

#[derive(Deserialize)]
struct Feed {
    source: String,
    feed: String,
    last_run: Option<Run>,
    covered: Option<Covered>,
}

#[derive(Deserialize)]
struct Run {
    outcome: String,
    rejected: u32,
    problems: u32,
    details: Details,
}

#[derive(Deserialize)]
struct Details {
    #[serde(default)]
    facts: Facts,
}

#[derive(Deserialize)]
struct Covered {
    #[serde(deserialize_with = "instant")]
    from: Timestamp,
}

/// One feed, as it went and as it should have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// `source/feed`.
    pub name: String,
    pub brought: Facts,
    /// One line for each difference.
    pub differences: Vec<String>,
}

impl fmt::Display for Collected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.differences.is_empty() { "equal" } else { "DIFFERS" };
        let facts: Vec<String> = self.brought.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        let facts = if facts.is_empty() { "nothing".to_owned() } else { facts.join(", ") };
        write!(formatter, "{verdict:8} {:26}{facts}", self.name)?;
        self.differences.iter().try_for_each(|difference| write!(formatter, "\n           {difference}"))
    }
}

/// For a host that has collected once, from services that stand still at the organisation's end. Every feed that is expected
/// to bring something must be there.
#[must_use]
pub fn collected(organisation: &Organisation, status: &Status) -> Vec<Collected> {
    // What people report to Quintant itself is no service's.
    let of_services = status.feeds.iter().filter(|feed| feed.source != "quintant");
    let mut all: Vec<Collected> = of_services.map(|feed| judge(organisation, feed)).collect();
    let is_there = |name: &str| status.feeds.iter().any(|feed| feed.name() == name);
    all.extend(FEEDS.iter().filter(|name| !is_there(name)).map(|name| Collected {
        name: (*name).to_owned(),
        brought: Facts::new(),
        differences: vec!["is not collected at all".to_owned()],
    }));
    all
}

/// Those that bring something.
pub(super) const FEEDS: [&str; 8] = [
    "github/pull_requests",
    "github/commits",
    "github/deployments",
    "github/workflow_runs",
    "github/incidents",
    "jenkins/builds",
    "mattermost/posts",
    "nps/responses",
];

impl Feed {
    fn name(&self) -> String {
        format!("{}/{}", self.source, self.feed)
    }
}

fn judge(organisation: &Organisation, feed: &Feed) -> Collected {
    let name = feed.name();
    let Some(run) = &feed.last_run else {
        return Collected { name, brought: Facts::new(), differences: vec!["was never run".to_owned()] };
    };
    let brought = run.details.facts.clone();
    let is_expected = FEEDS.contains(&name.as_str());
    let mut differences = Vec::new();
    // What is switched off covers nothing, and so is told to be partial.
    if (run.rejected, run.problems) != (0, 0) || (is_expected && run.outcome != "ok") {
        let Run { outcome, rejected, problems, .. } = run;
        differences
            .push(format!("ended `{outcome}`, {rejected} rejected, {problems} problems; expected `ok` and none"));
    }
    let earliest = organisation.end - LOOK_BACK;
    match feed.covered.as_ref().map(|covered| covered.from) {
        Some(from) if is_expected && !(earliest..=earliest + LATEST_START).contains(&from) => {
            differences.push(format!("covers what is since {from}, expected about {earliest}"));
        }
        None if is_expected => differences.push("covers nothing".to_owned()),
        from => {
            differences.extend(differing(&brought, &expected(organisation, &name, from.unwrap_or(earliest))));
        }
    }
    Collected { name, brought, differences }
}

fn differing(brought: &Facts, expected: &BTreeMap<&str, usize>) -> Vec<String> {
    let mut differences = Vec::new();
    for (kind, expected) in expected {
        let brought = brought.get(*kind).copied().unwrap_or_default();
        if brought != *expected {
            differences.push(format!("{kind}: brought {brought}, expected {expected}"));
        }
    }
    let others = brought.iter().filter(|(kind, _)| !expected.contains_key(kind.as_str()));
    differences.extend(others.map(|(kind, brought)| format!("{kind}: brought {brought}, expected none")));
    differences
}

/// How many facts of each kind.
pub(super) fn expected(organisation: &Organisation, feed: &str, from: Timestamp) -> BTreeMap<&'static str, usize> {
    let end = organisation.end;
    let work = || github::work(organisation, from, end);
    let looks = [end];
    let facts: Vec<(&'static str, usize)> = match feed {
        "github/pull_requests" => {
            let [changes, reviews, _] = work();
            vec![("change", changes), ("review", reviews)]
        }
        "github/commits" => vec![("commit", work()[2])],
        "github/deployments" => vec![("deployment", github::deployments(organisation, from, end).len())],
        "github/workflow_runs" => vec![("build", github::builds(organisation, from, end).len())],
        "github/incidents" => vec![("incident", github::incidents(organisation, from, end).len())],
        "jenkins/builds" => {
            let builds = jenkins_builds(organisation, &looks);
            let deployments = jenkins_deployments(organisation, &looks);
            vec![
                ("build", builds.iter().filter(|build| build.finished_at >= from).count()),
                ("deployment", deployments.iter().filter(|deployment| deployment.finished_at >= from).count()),
            ]
        }
        "mattermost/posts" => vec![("usage", person_days(organisation, from))],
        "nps/responses" => vec![("survey_response", answers(organisation, from))],
        _ => vec![],
    };
    facts.into_iter().collect()
}

/// Days of people, from the first whole one; a channel that is archived by then was never seen.
fn person_days(organisation: &Organisation, from: Timestamp) -> usize {
    let end = organisation.end;
    let channels = organisation.chat.channels.iter();
    let archived: Vec<&str> = channels
        .filter(|channel| channel.archived_at.is_some_and(|at| at <= end))
        .map(|channel| channel.name.as_str())
        .collect();
    let first = first_whole_day(from);
    conversation::posts(organisation, Channels { except: &archived }, first, end).len()
}

fn first_whole_day(from: Timestamp) -> Date {
    let date = date_of(from);
    if midnight(date) == from { date } else { date + 1.day() }
}

/// Of whole weeks: from that in which the look-back begins to the last one that is over and settled.
fn answers(organisation: &Organisation, from: Timestamp) -> usize {
    let [from, through] = [from, organisation.end - SURVEY_SETTLES].map(|at| {
        let date = date_of(at);
        midnight(date - i64::from(date.weekday().to_monday_zero_offset()).days())
    });
    conversation::answers(&organisation.survey, from, through).iter().map(|count| *count as usize).sum()
}

fn midnight(date: Date) -> Timestamp {
    date.to_zoned(jiff::tz::TimeZone::UTC).expect("the story lies in this era").timestamp()
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
