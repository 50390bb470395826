//! Mattermost and the survey service through a whole host: the real plugins, real HTTP, real rows.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use quintant::plugin::Limits;
use quintant_tests::{Host, HostOptions, Log, TOKEN, source_of};
use quintant_upstreams::mattermost::{self, Reset};
use quintant_upstreams::nps;
use quintant_upstreams::oracle::conversation::{self, Channels};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::requests::Request;

/// Archived, or made public, in the middle of the story.
const PASSING: [&str; 2] = ["old-project", "was-private"];

fn organisation() -> Arc<Organisation> {
    Arc::new(Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap()))
}

async fn host(organisation: &Organisation, text: &str) -> Host {
    Host::for_text(text, HostOptions { now: organisation.end, ..HostOptions::default() }).await
}

/// How long each refusal was waited for.
fn waits(requests: &[Request]) -> Vec<Duration> {
    let refused = requests.windows(2).filter(|pair| pair[0].status == 429);
    refused.map(|pair| pair[1].at.duration_since(pair[0].at)).collect()
}

#[tokio::test]
async fn scenario_22_chat_is_read_whole_past_limits_and_short_pages_and_none_of_it_is_kept() {
    for reset in [Reset::Seconds, Reset::Epoch] {
        let log = Log::capture();
        let organisation = organisation();
        let options = mattermost::Options {
            token: TOKEN.to_owned(),
            largest_page: 50,
            requests_per_second: Some(10_000),
            crowded_after: Some(130),
            reset,
            ..mattermost::Options::default()
        };
        let simulation = mattermost::Simulation::start(Arc::clone(&organisation), options).await.unwrap();
        let settings = "mode = \"posts\"\nchannels_except = [\"old-project\", \"was-private\"]";
        let text = source_of("mattermost", simulation.url(), settings) + "[roster]\nbots = [\"*-ci\"]\n";
        let host = host(&organisation, &text).await;
        let summaries = host.collect().await;
        assert!(summaries.iter().all(|summary| summary.outcome == "ok" && summary.rejected == 0), "{summaries:?}");

        // The day that the look-back begins in is older than what is kept.
        let channels = Channels { except: &PASSING };
        let expected = conversation::posts(&organisation, channels, "2026-04-03".parse().unwrap(), organisation.end);
        let sum = expected.values().map(|count| i64::from(*count)).sum();
        let stored = host
            .database
            .numbers("SELECT count(*) FROM raw.usage UNION ALL SELECT sum(count)::bigint FROM raw.usage")
            .await;
        assert_eq!(stored, [i64::try_from(expected.len()).unwrap(), sum]);

        let requests = simulation.requests();
        assert!(requests.iter().all(|request| [200, 429].contains(&request.status)), "something unknown was asked");
        assert!(requests.iter().all(|request| !request.target.contains("since=")));
        let waits = waits(&requests);
        assert!(!waits.is_empty() && waits.iter().all(|wait| *wait >= Duration::from_millis(990)), "{waits:?}");
        let covered = host.database.numbers("SELECT covered_through_ms FROM app.feed ORDER BY name").await;
        assert_eq!(covered, [organisation.end.as_millisecond()], "of posts: `mode` leaves the counters out");

        let mut seen = log.text();
        for schema in ["raw", "app", "release"] {
            seen += &host.database.dump(schema).await;
        }
        for path in ["/metrics", "/api/v1/metrics/space", "/health"] {
            seen += &host.get_text(path).await.1;
        }
        for canary in ["xylophone", "town-square", "example.invalid", "person.0", TOKEN] {
            assert!(!seen.contains(canary), "`{canary}` is kept or told");
        }
        host.finish().await;
    }
}

/// Every row that runs of so many pages leave behind, and how many runs that took.
async fn rows_after(organisation: &Organisation, text: &str, table: &str, pages: u32) -> (Vec<String>, u32) {
    let limits = Limits { pages, retry_pause: Duration::from_millis(1), ..Limits::default() };
    let host = Host::for_text(text, HostOptions { now: organisation.end, limits, ..HostOptions::default() }).await;
    let mut runs = 1;
    while host.collect().await.iter().any(|summary| summary.outcome != "ok") {
        runs += 1;
        assert!(runs < 300, "no progress");
    }
    let rows = host.database.rows(table).await;
    host.finish().await;
    (rows, runs)
}

#[tokio::test]
async fn runs_that_are_cut_short_store_what_one_run_does() {
    let organisation = organisation();
    let options = mattermost::Options { token: TOKEN.to_owned(), ..mattermost::Options::default() };
    let chat = mattermost::Simulation::start(Arc::clone(&organisation), options).await.unwrap();
    let survey = nps::Simulation::start(Arc::clone(&organisation), nps::Options::default()).await.unwrap();
    for (text, table, pages) in [
        (source_of("mattermost", chat.url(), "mode = \"posts\""), "raw.usage", 2),
        (source_of("nps", survey.url(), ""), "raw.survey_response", 1),
    ] {
        let (whole, runs) = rows_after(&organisation, &text, table, 10_000).await;
        assert!(whole.len() > 200 && runs == 1, "{} rows in {runs} runs", whole.len());
        let (pieces, runs) = rows_after(&organisation, &text, table, pages).await;
        assert!(pieces == whole && runs > 5, "{} rows in {runs} runs", pieces.len());
    }
}

#[tokio::test]
async fn message_counters_tell_nothing_at_first_and_their_growth_then() {
    let organisation = organisation();
    let options = mattermost::Options { token: TOKEN.to_owned(), ..mattermost::Options::default() };
    let simulation = mattermost::Simulation::start(Arc::clone(&organisation), options).await.unwrap();
    let host = host(&organisation, &source_of("mattermost", simulation.url(), "")).await;
    let begin = organisation.end - SignedDuration::from_hours(24);
    let mut now = begin;
    while now <= organisation.end {
        simulation.set_now(now);
        host.set_now(now);
        let summaries = host.collect().await;
        assert!(summaries.iter().all(|summary| summary.outcome == "ok" && summary.rejected == 0), "{summaries:?}");
        if now == begin {
            assert_eq!(host.database.count("SELECT count(*) FROM raw.tally").await, 0);
        }
        now += SignedDuration::from_hours(4);
    }
    let told = host.database.count("SELECT sum(count)::bigint FROM raw.tally WHERE bots_included").await;
    let expected = conversation::messages(&organisation, Channels { except: &PASSING }, begin, organisation.end);
    let passing = conversation::messages(&organisation, Channels { except: &[] }, begin, organisation.end) - expected;
    assert_eq!(u64::try_from(told).unwrap(), expected + passing);
    assert!(told > 50, "{told}");
    host.finish().await;
}

#[tokio::test]
async fn scenario_23_a_survey_is_asked_with_two_naive_dates_and_its_500s_are_explained() {
    let organisation = organisation();
    let simulation = nps::Simulation::start(Arc::clone(&organisation), nps::Options::default()).await.unwrap();
    let host = host(&organisation, &source_of("nps", simulation.url(), "")).await;
    let [summary]: [_; 1] = host.collect().await.try_into().unwrap();
    assert_eq!((summary.outcome.as_str(), summary.rejected, summary.problems), ("ok", 0, 0));

    // Whole weeks, the first one being that in which the look-back begins.
    let (from, through) = ("2026-03-30T00:00:00Z".parse().unwrap(), "2026-06-29T00:00:00Z".parse().unwrap());
    let [promoters, passives, detractors] = conversation::answers(&organisation.survey, from, through).map(i64::from);
    let stored = host.database.numbers("SELECT count(*) FROM raw.survey_response GROUP BY score ORDER BY score").await;
    assert_eq!(stored, [detractors, passives, promoters]);
    let covered = host.database.numbers("SELECT covered_through_ms FROM app.feed").await;
    assert_eq!(covered, [organisation.end.as_millisecond()], "the last campaign that has ended is read");
    for request in simulation.requests() {
        let (_, query) = request.target.split_once('?').unwrap();
        assert!(
            query.starts_with("start_date=20") && query.contains("&end_date=20") && !query.contains('Z'),
            "{query}"
        );
        assert!(query.ends_with("T23:59:59.999999") || query.ends_with("T23%3A59%3A59.999999"), "{query}");
    }

    simulation.set_database(false);
    let [summary]: [_; 1] = host.collect().await.try_into().unwrap();
    assert_eq!(
        (summary.outcome.as_str(), summary.code.as_deref(), summary.is_strike),
        ("failed", Some("transient"), false)
    );
    assert_eq!(host.database.numbers("SELECT covered_through_ms FROM app.feed").await, covered);
    host.finish().await;
}

#[tokio::test]
async fn the_newest_campaign_is_told_as_soon_as_it_has_settled() {
    let organisation = organisation();
    let simulation = nps::Simulation::start(Arc::clone(&organisation), nps::Options::default()).await.unwrap();
    let people: String = (0..10).map(|number| format!("person-{number},amber,2026-01-05\n")).collect();
    let text = source_of("nps", simulation.url(), "") + "[[team]]\nname = \"amber\"\n[roster]\nfile = \"roster.csv\"\n";
    let options = HostOptions { now: organisation.end, ..HostOptions::default() };
    let host = Host::for_text_and_roster(&text, &format!("person,team,from\n{people}"), options).await;
    let ended: jiff::Timestamp = "2026-06-29T00:00:00Z".parse().unwrap();
    let newest = "SELECT max(start_week + weeks)::bigint FROM release.atom WHERE family = 'survey'";
    let week = i64::from(host.app.setup.config.calendar.week_of(ended).index());
    for (minutes, told_through) in [(36 * 60 - 1, week - 1), (36 * 60, week)] {
        host.set_now(ended + SignedDuration::from_mins(minutes));
        host.collect().await;
        host.release().await;
        assert_eq!(host.database.numbers(newest).await, [told_through], "{minutes} minutes after its end");
    }
    host.finish().await;
}

#[tokio::test]
async fn a_survey_service_that_is_broken_is_not_asked_for_ever() {
    let organisation = organisation();
    let options = nps::Options { make: nps::Make::Defective, ..nps::Options::default() };
    let simulation = nps::Simulation::start(Arc::clone(&organisation), options).await.unwrap();
    let host = host(&organisation, &source_of("nps", simulation.url(), "")).await;
    let [summary]: [_; 1] = host.collect().await.try_into().unwrap();
    assert_eq!(
        (summary.outcome.as_str(), summary.code.as_deref(), summary.is_strike),
        ("failed", Some("permanent"), true)
    );
    let asked = simulation.requests();
    assert!(asked.len() <= 12, "{} requests for one window", asked.len());
    host.finish().await;
}
