//! Ten thousand pull requests with their reviews from the simulated GitHub: what is asked, how fast, and at what cost of
//! processor time; then a run in which nothing is new.
//!
//! Processor time is that of the thread that everything of Quintant runs on: the simulation has its own, and PostgreSQL is
//! another process. The guest's share is what a collection needs that stores nothing, less what the same requests need
//! when nobody reads the answers.

#![allow(clippy::unwrap_used, reason = "a benchmark that unwraps in vain fails at the right line")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use quintant::plugin::CollectRequest;
use quintant_tests::bench::{Bound, tell};
use quintant_tests::{Host, HostOptions, TOKEN, github_source, simulation_end};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::{
    AccountId, Change, Comment, Event, EventKind, Organisation, Review, ReviewState,
};
use quintant_upstreams::requests::Request;
use tokio::runtime::{Builder, Runtime};

const PULL_REQUESTS: u32 = 10_000;
const REPOSITORIES: u32 = 5;
const REVIEWS_A_PULL_REQUEST: u32 = 3;
const LOOK_BACK_DAYS: i64 = 90;
/// Items: pull requests and reviews.
const ITEMS: u32 = PULL_REQUESTS * (1 + REVIEWS_A_PULL_REQUEST);

fn main() {
    let upstream = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = upstream.block_on(Simulation::start(Arc::new(organisation()), options)).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let host = runtime.block_on(host(&simulation));

    let first = measured(&runtime, || simulation.requests().len(), collect(&host));
    assert_eq!(runtime.block_on(host.database.count("SELECT count(*) FROM raw.change")), i64::from(PULL_REQUESTS));
    let reviews = runtime.block_on(host.database.count("SELECT count(*) FROM raw.review"));
    assert_eq!(reviews, i64::from(ITEMS - PULL_REQUESTS));
    let asked = simulation.requests();
    tell("github_first_run_requests", first.requests as f64, &Bound::AtMost(300.0));
    tell("github_first_run_points", simulation.points() as f64, &Bound::None);
    tell("github_items_a_second", f64::from(ITEMS) / first.wall.as_secs_f64(), &Bound::None);
    tell("github_first_run_cpu_s", first.cpu.as_secs_f64(), &Bound::None);

    let unstored = measured(&runtime, || simulation.requests().len(), collect_without_storing(&host));
    let unread = measured(&runtime, || simulation.requests().len(), ask_again(&simulation, &asked));
    assert_eq!(unread.requests, asked.len());
    let guest = unstored.cpu.saturating_sub(unread.cpu);
    tell("github_guest_cpu_s", guest.as_secs_f64(), &Bound::None);
    tell("github_http_cpu_s", unread.cpu.as_secs_f64(), &Bound::None);
    tell("github_store_cpu_s", first.cpu.saturating_sub(unstored.cpu).as_secs_f64(), &Bound::None);

    let before = simulation.requests().len();
    let idle = measured(&runtime, || simulation.requests().len(), collect(&host));
    let asked = simulation.requests().split_off(before);
    let unchanged = asked.iter().filter(|request| request.status == 304).count();
    let mut of_feed: BTreeMap<&str, usize> = BTreeMap::new();
    for request in &asked {
        let feed = if request.target.contains("/commits") { "commits" } else { "pull_requests" };
        *of_feed.entry(feed).or_default() += 1;
    }
    let most = of_feed.values().copied().max().unwrap_or_default();
    tell("github_idle_requests_a_repository_and_feed", most as f64 / f64::from(REPOSITORIES), &Bound::AtMost(1.0));
    tell("github_idle_share_of_304", unchanged as f64 / asked.len() as f64, &Bound::AtLeast(1.0));
    tell("github_idle_run_ms", (idle.wall.as_secs_f64() * 1000.0).round(), &Bound::None);
    runtime.block_on(host.finish());
}

struct Measured {
    wall: Duration,
    cpu: Duration,
    requests: usize,
}

fn measured(runtime: &Runtime, requests: impl Fn() -> usize, work: impl Future<Output = ()>) -> Measured {
    let (began, cpu, asked) = (Instant::now(), thread_cpu(), requests());
    runtime.block_on(work);
    Measured { wall: began.elapsed(), cpu: thread_cpu() - cpu, requests: requests() - asked }
}

/// Time that this thread has spent on a processor.
fn thread_cpu() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

async fn host(simulation: &Simulation) -> Host {
    let names: Vec<String> =
        simulation.organisation().repositories.iter().map(|repository| format!("\"{}\"", repository.name)).collect();
    let text = github_source(simulation.url(), &format!("repositories = [{}]", names.join(", ")));
    Host::for_text(&text, HostOptions::default()).await
}

async fn collect(host: &Host) {
    let summaries = host.collect().await;
    assert!(summaries.iter().all(|summary| summary.outcome == "ok" && summary.rejected == 0), "{summaries:?}");
}

/// Both feeds, from the beginning, page after page; what comes is thrown away.
async fn collect_without_storing(host: &Host) {
    let setup = &host.app.setup;
    let now = simulation_end();
    let from = now - SignedDuration::from_hours(LOOK_BACK_DAYS * 24);
    for feed in &setup.sources[0].feeds {
        let mut session = setup.sources[0].start(&setup.config.calendar).await.unwrap();
        let mut cursor = None;
        loop {
            let request =
                CollectRequest { feed: &feed.name, cursor: cursor.take(), from, until: now, now, most_facts: 1000 };
            let page = session.collect(request).await.unwrap();
            cursor = page.cursor;
            if !page.more {
                break;
            }
        }
    }
}

/// The same requests by the same kind of client, one after the other.
async fn ask_again(simulation: &Simulation, asked: &[Request]) {
    let client = reqwest::Client::builder().no_proxy().user_agent("bench").build().unwrap();
    let origin = simulation.url();
    for request in asked {
        let url = format!("{origin}{}", request.target);
        let method = request.method.parse().unwrap();
        let sent = client.request(method, url).bearer_auth(TOKEN).body(request.body.clone());
        sent.send().await.unwrap().bytes().await.unwrap();
    }
}

/// A generated organisation whose first repositories have as many pull requests as wanted, all of the last weeks.
fn organisation() -> Organisation {
    let mut organisation = Organisation::generate(1, simulation_end());
    organisation.repositories.truncate(REPOSITORIES as usize);
    let people = u32::try_from(organisation.roster.len()).unwrap();
    let mut next = 0;
    for repository in &mut organisation.repositories {
        repository.former_name = None;
        let commit = repository.commits.len() - 1;
        repository.changes = (1..=PULL_REQUESTS / REPOSITORIES)
            .map(|number| {
                next += 1;
                change(number, next, people, commit)
            })
            .collect();
    }
    organisation
}

fn change(number: u32, id: u32, people: u32, commit: usize) -> Change {
    let person = |offset: u32| Some(AccountId(((id + offset) % people.min(50)) as usize));
    let minutes_ago = i64::from(id) * (LOOK_BACK_DAYS - 1) * 24 * 60 / i64::from(PULL_REQUESTS);
    let opened_at = simulation_end() - SignedDuration::from_mins(minutes_ago + 30);
    let after = |minutes: i64| -> Timestamp { opened_at + SignedDuration::from_mins(minutes) };
    let event = |offset: u64, kind| Event { id: u64::from(id) * 2 + offset, at: after(20), actor: person(0), kind };
    let review = |of: u32| Review {
        id: 4_000_000_000 + u64::from(id * REVIEWS_A_PULL_REQUEST + of),
        reviewer: person(of + 1),
        at: after(i64::from(of) + 5),
        state: if of + 1 == REVIEWS_A_PULL_REQUEST { ReviewState::Approved } else { ReviewState::Commented },
        dismissed_at: None,
        comments: of,
    };
    Change {
        number,
        id: u64::from(id),
        title: "Make the queue safer".to_owned(),
        body: None,
        branch: format!("work-{number}"),
        fork_deleted: false,
        author: person(0),
        opened_at,
        opened_as_draft: false,
        events: vec![event(0, EventKind::Merged { commit }), event(1, EventKind::Closed)],
        reviews: (0..REVIEWS_A_PULL_REQUEST).map(review).collect(),
        heads: vec![(opened_at, format!("{id:040x}"))],
        comments: vec![Comment { at: after(10), author: person(1) }],
    }
}
