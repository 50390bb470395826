//! An organisation of 10,000 people in 500 teams, released week by week for a year: what the newest week costs on top of 25 weeks of history,
//! and on top of 50. Some 40,000 facts a week go through the pipe, and leave with their retention.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use quintant::ingest::Arrival;
use quintant::model::{
    Change, Commit, FactBody, FactKind, FeedName, RawFact, RawIdentity, RawKey, RejectedCounts, Review, ReviewState,
    SourceName,
};
use quintant::plugin::Page;
use quintant::release::{FeedCoverage, release_due};
use quintant::store::{Coverage, Lease, Reading};
use quintant_tests::bench::{Bound, median, tell};
use quintant_tests::{Host, HostOptions, Memory, github_source, simulation_end};
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;

const TEAMS: usize = 500;
const PEOPLE_OF_A_TEAM: usize = 20;
const WEEKS: i32 = 52;
const PEOPLE_ON_A_PAGE: usize = 250;
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Behind Monday by as long as late facts are waited for, and a little.
const SETTLED: SignedDuration = SignedDuration::from_hours(40);
const EMITS: [FactKind; 3] = [FactKind::Change, FactKind::Review, FactKind::Commit];

fn main() {
    Builder::new_current_thread().enable_all().build().unwrap().block_on(run());
}

async fn run() {
    let year = Year::start().await;
    let mut releases: Vec<Duration> = Vec::new();
    for week in 0..WEEKS {
        year.work(week).await;
        releases.push(year.release(week).await);
    }
    // The middle of three weeks on top of 25, and of three on top of 50: none of them begins a new epoch's keys.
    let on_top_of = |weeks: usize| median(releases[weeks - 1..weeks + 2].to_vec()).as_secs_f64();
    let (young, old) = (on_top_of(25), on_top_of(50));
    tell("release_week_on_25_s", young, &Bound::None);
    tell("release_week_on_50_s", old, &Bound::None);
    tell("release_week_on_50_against_25", old / young, &Bound::AtMost(1.15));
    let facts = year.host.database.count("SELECT count(*) FROM raw.change").await * 4;
    tell("release_facts_kept", facts as f64, &Bound::None);
    let atoms = year.host.database.count("SELECT count(*) FROM release.atom").await;
    tell("release_atoms", atoms as f64, &Bound::None);
    tell("release_peak_memory_mb", Memory::of(std::process::id()).highest_bytes as f64 / 1e6, &Bound::None);
    year.host.finish().await;
}

struct Year {
    host: Host,
    lease: Lease,
    source: SourceName,
    feed: FeedName,
    /// The Monday that it begins with.
    start: Timestamp,
}

impl Year {
    async fn start() -> Self {
        let start: Timestamp = "2025-11-24T00:00:00Z".parse().unwrap();
        assert!(start + WEEK * WEEKS <= simulation_end() + WEEK);
        let mut text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
        let mut roster = "person,team,from,github\n".to_owned();
        for team in 0..TEAMS {
            writeln!(text, "[[team]]\nname = \"team-{team:03}\"").unwrap();
            for person in team * PEOPLE_OF_A_TEAM..(team + 1) * PEOPLE_OF_A_TEAM {
                writeln!(roster, "person-{person:05},team-{team:03},2025-01-06,dev-{person:05}").unwrap();
            }
        }
        text.push_str("[roster]\nfile = \"roster.csv\"\n");
        let host =
            Host::for_text_and_roster(&text, &roster, HostOptions { now: start, ..HostOptions::default() }).await;
        let (source, feed): (SourceName, FeedName) = ("github".parse().unwrap(), "commits".parse().unwrap());
        let id = host.app.store().source_register(&source).await.unwrap();
        let lease = host.app.store().lease_claim(id, "bench").await.unwrap().unwrap();
        host.app.store().feed_open(lease, &feed, start, None, start).await.unwrap();
        Self { host, lease, source, feed, start }
    }

    fn now(&self, week: i32) -> Timestamp {
        self.start + WEEK * (week + 1) + SETTLED
    }

    /// A merged change, a review and two commits of everybody.
    async fn work(&self, week: i32) {
        let now = self.now(week);
        self.host.set_now(now);
        let pipe = &self.host.app.setup.pipe;
        let mut flow = pipe.flow(self.host.app.store(), self.lease, &self.feed);
        for first in (0..TEAMS * PEOPLE_OF_A_TEAM).step_by(PEOPLE_ON_A_PAGE) {
            let people = first..first + PEOPLE_ON_A_PAGE;
            let facts = people.flat_map(|person| facts(person, week, self.start + WEEK * week)).collect();
            let page = Page {
                facts,
                rejected: RejectedCounts::new(),
                retractions: Vec::new(),
                problems: Vec::new(),
                covered_through: None,
                cursor: None,
                more: false,
                progress: None,
            };
            let arrival = Arrival {
                source: &self.source,
                reading: Reading::Onward,
                emits: &EMITS,
                metrics: &[],
                now,
                keep_from: pipe.keep_from(now),
                released_before: None,
            };
            flow.take(page, &arrival).await.unwrap();
        }
        flow.settle().await.unwrap();
    }

    async fn release(&self, week: i32) -> Duration {
        let (setup, now) = (&self.host.app.setup, self.now(week));
        let (teams, roster) = (setup.teams(), setup.roster().unwrap());
        let from = self.start.max(setup.pipe.keep_from(now));
        let covered = FeedCoverage {
            source: self.source.clone(),
            feed: self.feed.clone(),
            emits: EMITS.to_vec(),
            coverage: Some(Coverage { from, through: now }),
        };
        let began = Instant::now();
        let atoms = release_due(self.host.app.store(), &setup.terms(&teams, &roster), &[covered], now).await.unwrap();
        let took = began.elapsed();
        // Four families of every team.
        assert_eq!(atoms, 4 * TEAMS as u64, "in week {week}");
        Collector::new(&self.host.app, CancellationToken::new()).forget().await.unwrap();
        took
    }
}

fn facts(person: usize, week: i32, monday: Timestamp) -> [RawFact; 4] {
    let neighbour = person / PEOPLE_OF_A_TEAM * PEOPLE_OF_A_TEAM + (person + 1) % PEOPLE_OF_A_TEAM;
    let opened_at = monday + SignedDuration::from_hours(10);
    let id = format!("{week}#{person}");
    let reviewed_at = opened_at + SignedDuration::from_secs(600 + i64::try_from(person).unwrap());
    let fact = |key: String, hours: i64, body| RawFact {
        key: RawKey::new(key),
        at: opened_at + SignedDuration::from_hours(hours),
        body,
    };
    let change = Change {
        repository: RawKey::new(format!("acme/app-{}", person / PEOPLE_OF_A_TEAM)),
        change: RawKey::new(id.clone()),
        owner: None,
        author: Some(account(person)),
        merged: true,
        to_default_branch: true,
        first_commit_at: None,
        opened_at,
        ready_at: None,
        first_review_at: Some(reviewed_at),
        first_reviewer: Some(account(neighbour)),
        approved_at: None,
        merge_commit: None,
        additions: None,
        deletions: None,
        files: None,
        review_comments: Some(1),
        reverts: None,
    };
    let review = Review {
        change: RawKey::new(id.clone()),
        change_author: Some(account(person)),
        reviewer: Some(account(neighbour)),
        state: ReviewState::Approved,
        comments: Some(1),
    };
    let commit = |number: usize| {
        let sha = RawKey::new(format!("{week:08x}{person:016x}{number:016x}"));
        let repository = RawKey::new(format!("acme/app-{}", person / PEOPLE_OF_A_TEAM)).into();
        FactBody::Commit(Commit { repository, sha, author: Some(account(person)), parents: 1 })
    };
    [
        fact(format!("{id}/merged"), 30, FactBody::Change(change)),
        RawFact { key: RawKey::new(id.clone()), at: reviewed_at, body: FactBody::Review(review) },
        fact(format!("{id}/0"), 30, commit(0)),
        fact(format!("{id}/1"), 31, commit(1)),
    ]
}

fn account(person: usize) -> RawIdentity {
    RawIdentity::new(person.to_string(), vec![format!("dev-{person:05}")], false)
}
