//! The collector for Mattermost finds what was said, whenever it looks, and nothing that is private.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant_plugin_mattermost::Mattermost;
use quintant_sdk::prelude::*;
use quintant_upstreams::mattermost::{self, Options, Reset, Simulation};
use quintant_upstreams::oracle::conversation::{self, Channels};
use quintant_upstreams::organisation::{Organisation, date_of};
use serde_json::json;

use crate::native::{Feeding, steps};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Archived, or made public, in the middle of the story: what is seen of them depends on when one looks.
const PASSING: [&str; 2] = ["old-project", "was-private"];

async fn simulation(options: Options) -> Simulation {
    let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
    Simulation::start(Arc::new(organisation), options).await.unwrap()
}

fn posts(simulation: &Simulation, from: Timestamp) -> Feeding<Mattermost> {
    let settings = json!({ "mode": "posts", "channels_except": PASSING });
    Feeding::new(simulation.url(), mattermost::TOKEN, settings, "posts", (from, 2 * DAY))
}

fn by_day(feeding: &Feeding<Mattermost>) -> BTreeMap<String, u32> {
    let count = |fact: &Envelope| match &fact.fact {
        Fact::Usage(usage) => usage.count,
        other => panic!("{other:?} is not expected"),
    };
    feeding.stored.iter().map(|(key, fact)| (key.clone(), count(fact))).collect()
}

fn expected(organisation: &Organisation, from: Timestamp, now: Timestamp) -> BTreeMap<String, u32> {
    let channels = Channels { except: &PASSING };
    let counts = conversation::posts(organisation, channels, date_of(from), now);
    counts.into_iter().map(|((date, user), count)| (format!("mattermost/{date}/{user}"), count)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_run_over_90_days_finds_every_post_of_every_person() {
    let simulation = simulation(Options { largest_page: 90, ..Options::default() }).await;
    let organisation = simulation.organisation();
    let from = organisation.end - 90 * DAY;
    let mut feeding = posts(&simulation, from);
    feeding.run(organisation.end);
    assert_eq!(feeding.problems, Vec::<String>::new());
    let expected = expected(organisation, from, organisation.end);
    assert_eq!(by_day(&feeding), expected);
    assert!(expected.len() > 2_000, "{} people's days", expected.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_store_what_one_run_does() {
    let simulation = simulation(Options::default()).await;
    let organisation = simulation.organisation();
    let (from, end) = (organisation.end - 15 * DAY, organisation.end);
    let mut small = posts(&simulation, from);
    for now in steps(from + DAY, end, DAY) {
        simulation.set_now(now);
        small.run(now);
    }
    let mut whole = posts(&simulation, from);
    whole.run(end);
    assert_eq!(small.stored, whole.stored);
    assert_eq!(by_day(&small), expected(organisation, from, end));
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_tell_every_message_between_the_first_and_the_last_reading() {
    let simulation = simulation(Options { largest_page: 7, ..Options::default() }).await;
    let organisation = simulation.organisation();
    let except = [PASSING[0], PASSING[1], "imported"];
    let (from, end) = (organisation.end - 35 * DAY, organisation.end);
    let settings = json!({ "channels_except": except });
    let mut feeding = Feeding::<Mattermost>::new(
        simulation.url(),
        mattermost::TOKEN,
        settings,
        "message_counts",
        (from, SignedDuration::ZERO),
    );
    let mut last = from;
    for now in steps(from, end, SignedDuration::from_hours(5)) {
        simulation.set_now(now);
        feeding.run(now);
        last = now;
    }
    let (mut told, mut in_no_week) = (0, 0);
    for fact in feeding.stored.values() {
        let Fact::Tally(tally) = &fact.fact else { panic!("{fact:?} is not expected") };
        let count = u64::from(tally.count.unwrap());
        told += count;
        let monday = |at: Instant| (at - 4 * 86_400_000).div_euclid(7 * 86_400_000);
        if monday(tally.period.start) != monday(tally.period.end - 1) {
            in_no_week += count;
        }
    }
    assert_eq!(feeding.problems, Vec::<String>::new());
    assert_eq!(told, conversation::messages(organisation, Channels { except: &except }, from, last));
    assert!(told > 1_500 && in_no_week * 50 < told, "{in_no_week} of {told} lie in no week");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_is_asked_for_and_no_word_of_a_message_is_kept() {
    let simulation = simulation(Options::default()).await;
    let organisation = simulation.organisation();
    let mut feeding = posts(&simulation, organisation.end - 30 * DAY);
    feeding.run(organisation.end);
    let stored = format!("{:?}", feeding.stored);
    assert!(!stored.contains("xylophone") && !stored.contains("town-square"));
    let asked: String =
        simulation.requests().iter().map(|request| format!("{} {}\n", request.method, request.target)).collect();
    let mut private = 0;
    for post in conversation::private_posts(&organisation.chat) {
        private += 1;
        let channel = &organisation.chat.channels[post.channel.0].id;
        assert!(!asked.contains(channel.as_str()), "a private channel was asked for");
    }
    assert!(private > 100 && asked.contains("POST /api/v4/users/ids\n"), "{private} private posts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_in_seconds_and_one_as_an_epoch_wait_alike() {
    for reset in [Reset::Seconds, Reset::Epoch] {
        let simulation = simulation(Options { requests_per_second: Some(0), reset, ..Options::default() }).await;
        let end = simulation.organisation().end;
        let url = simulation.url().to_owned();
        let answered = quintant_upstreams::fetch::get(&format!("{url}/api/v4/teams"), &[]).await.unwrap();
        let header = |name: &'static str| (name, answered.header(name).unwrap_or_default().to_owned());
        // The server also sends `Retry-After`, which a proxy may drop.
        let response = [header("date"), header("x-ratelimit-reset")]
            .into_iter()
            .fold(Response::new(answered.status), |response, (name, value)| response.with(name, value));
        let source = quintant_sdk::testing::Source::<Mattermost>::new(json!({}), move |_| Ok(response.clone()))
            .window(end.as_millisecond(), end.as_millisecond());
        assert_eq!(source.collect("message_counts", None).unwrap_err(), Error::RateLimited(Some(1)));
    }
}
