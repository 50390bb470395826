//! Every atom that a host releases of four services equals the one that the oracle makes of the truth, and so does every answer.
//!
//! | what is odd about time or people | in which case |
//! |---|---|
//! | a year of 53 ISO weeks, and the week that lies in two years | `the_weeks_around_new_year_tell_the_truth` |
//! | days of 23 and of 25 hours, on both sides of the ocean | `the_weeks_of_zones_whose_clocks_change_tell_the_truth` |
//! | a zone in which Monday begins while it is Sunday in UTC | the same, and Tokyo in the first |
//! | a leap day; weeks in which nothing happens at all | `oracle_voices` |
//! | weeks in which nobody, or hardly anybody, is asked by a survey | all that read `nps` |
//! | the boundary of two epochs, between looks and within the look-back | `weeks_read_one_by_one_tell_the_truth` |
//! | people who change teams, join, or leave theirs in mid-week | all: the roster of a story is edited on any day |
//! | somebody with two accounts, machines, outsiders, deleted accounts | all |
//! | somebody who opted out | `oracle_voices` |

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use quintant_tests::{Host, HostOptions, SEED, plugins, simulation_end};
use quintant_upstreams::check::check;
use quintant_upstreams::configuration::{Options, write_configuration};
use quintant_upstreams::oracle::{Atom, Calendar, Oracle, Sources};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::services::Services;
use quintant_upstreams::{github, jenkins, mattermost, nps};
use tokio_util::sync::CancellationToken;

pub(crate) const SETTLE: SignedDuration = SignedDuration::from_hours(36);
pub(crate) const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
pub(crate) const SOURCES: [&str; 4] = ["github", "jenkins", "mattermost", "nps"];

/// One line for each atom, and one for each of its measures.
const RELEASED: &str = "
    SELECT concat_ws(' ', cell, start_week, weeks, family, facet) FROM release.atom
    UNION ALL
    SELECT concat_ws(' ', cell, start_week, weeks, family, facet, component, total, count, parts_hidden) FROM release.measure";

fn lines(atoms: &[Atom]) -> Vec<String> {
    let mut lines = Vec::new();
    for atom in atoms {
        let days = atom.span.start - jiff::civil::Date::constant(1970, 1, 5);
        let week = days.get_days() / 7;
        let name = format!("{} {week} {} {} {}", atom.span.cell, atom.span.weeks, atom.family, atom.facet);
        for (component, measure) in &atom.measures {
            let alone = if measure.alone { 't' } else { 'f' };
            lines.push(format!("{name} {component} {} {} {alone}", measure.total, measure.count));
        }
        lines.push(name);
    }
    lines
}

/// A story, and from when to when it is read how often.
struct Case {
    seed: u64,
    end: Timestamp,
    zone: &'static str,
    looks: Vec<Timestamp>,
}

impl Case {
    async fn check_answers(self) {
        let (organisation, host) = self.told().await;
        let (served, database, _folder) = host.serve().await;
        served.wait_for("/readyz", |status, _| status == 200).await;
        let report = check(&served.url(""), &self.oracle(&organisation)).await.unwrap();
        served.stop().await;
        database.drop_now().await;
        crate::answers::assert_equal(&report);
    }

    /// A host that has told every atom as it should.
    async fn told(&self) -> (Arc<Organisation>, Host) {
        let organisation = Arc::new(Organisation::generate(self.seed, self.end));
        let services = services(&organisation).await;
        let zone = format!("timezone = \"{}\"", self.zone);
        let host = host_of(&organisation, &services, self.looks[0], &[("timezone = \"UTC\"", &zone)]).await;
        for look in &self.looks {
            services.set_now(*look);
            host.set_now(*look);
            Collector::new(&host.app, CancellationToken::new()).forget().await.unwrap();
            for source in SOURCES {
                let summaries = host.collect_from(source).await;
                assert!(summaries.iter().all(|summary| summary.outcome != "failed"), "{look}: {summaries:?}");
            }
            host.release().await;
        }
        assert_told(&format!("seed {}", self.seed), &host, &self.oracle(&organisation)).await;
        (organisation, host)
    }

    fn oracle<'a>(&self, organisation: &'a Organisation) -> Oracle<'a> {
        let mut oracle = Oracle::new(organisation, self.looks[0], self.end, SETTLE);
        oracle.looks.clone_from(&self.looks);
        oracle.sources = Sources::ALL;
        oracle.calendar = Calendar(TimeZone::get(self.zone).unwrap());
        oracle
    }
}

/// A host that reads all four services.
pub(crate) async fn host_of(
    organisation: &Organisation,
    services: &Services,
    now: Timestamp,
    edits: &[(&str, &str)],
) -> Host {
    let folder = tempfile::tempdir().unwrap();
    let plugin = plugins().join("github.wasm").display().to_string();
    let options = Options { listen: "127.0.0.1:0".to_owned(), plugin, ..Options::default() };
    write_configuration(organisation, folder.path(), services.github.url(), &services.configured(options)).unwrap();
    Host::for_folder(folder, edits, HostOptions { now, feeds: &[], ..HostOptions::default() }).await
}

/// A GitHub that bounds nothing: it would have a whole quarter read in a minute otherwise.
pub(crate) async fn services(organisation: &Arc<Organisation>) -> Services {
    let organisation = || Arc::clone(organisation);
    let github =
        github::Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..github::Options::default() };
    Services {
        github: github::Simulation::start(organisation(), github).await.unwrap(),
        jenkins: jenkins::Simulation::start(organisation(), jenkins::Options::default()).await.unwrap(),
        mattermost: mattermost::Simulation::start(organisation(), mattermost::Options::default()).await.unwrap(),
        nps: nps::Simulation::start(organisation(), nps::Options::default()).await.unwrap(),
    }
}

/// Every atom of a host is as it should be.
pub(crate) async fn assert_told(what: &str, host: &Host, oracle: &Oracle<'_>) {
    let mut found = host.database.texts(RELEASED).await;
    let mut expected = lines(&oracle.atoms());
    found.sort();
    expected.sort();
    let share = oracle.share_released();
    assert!(share.percent() >= 60, "{share:?}");
    assert_eq_lines(what, &found, &expected);
}

fn assert_eq_lines(what: &str, found: &[String], expected: &[String]) {
    let beside = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|line| other.binary_search(line).is_err()).cloned().collect()
    };
    let (surplus, missing) = (beside(found, expected), beside(expected, found));
    assert!(
        found == expected,
        "{what}: {} lines, {} expected\nreleased, not expected ({}):\n{}\nexpected, not released ({}):\n{}",
        found.len(),
        expected.len(),
        surplus.len(),
        surplus.join("\n"),
        missing.len(),
        missing.join("\n")
    );
    assert!(found.len() > 900, "{} lines", found.len());
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn weekly(from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let mut looks = vec![to];
    while looks[looks.len() - 1] - WEEK >= from {
        looks.push(looks[looks.len() - 1] - WEEK);
    }
    looks.reverse();
    looks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_tells_the_truth() {
    let end = simulation_end();
    for seed in [SEED, 3, 11] {
        Case { seed, end, zone: "UTC", looks: vec![end] }.check_answers().await;
    }
}

/// The look-back crosses the boundary of two epochs, and the looks another one.
#[tokio::test(flavor = "multi_thread")]
async fn weeks_read_one_by_one_tell_the_truth() {
    let end = simulation_end();
    for seed in [5, SEED] {
        Case { seed, end, zone: "UTC", looks: weekly(end - 12 * WEEK, end) }.check_answers().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_weeks_of_zones_whose_clocks_change_tell_the_truth() {
    let end = at("2026-11-17T18:00:00Z");
    for (seed, zone) in [(2, "Europe/Berlin"), (4, "America/New_York")] {
        Case { seed, end, zone, looks: weekly(end - 5 * WEEK, end) }.check_answers().await;
    }
}

/// The week that belongs to both years is the 53rd of the first one.
#[tokio::test(flavor = "multi_thread")]
async fn the_weeks_around_new_year_tell_the_truth() {
    let end = at("2027-01-19T12:00:00Z");
    Case { seed: 6, end, zone: "Asia/Tokyo", looks: weekly(end - 3 * WEEK, end) }.check_answers().await;
}
