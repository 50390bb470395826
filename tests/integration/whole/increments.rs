//! In which steps, and with which interruptions, a span was read cannot be seen in what is stored of it.

use std::time::Duration;

use jiff::SignedDuration;
use quintant_upstreams::oracle::jenkins::jenkins_builds;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::*;

/// What the services tell of a span. Left out are `raw.tally`, as counters of messages tell how much they grew between two readings,
/// whenever those were, and `raw.alias`, which says when it was seen last.
const TABLES: [&str; 8] = ["change", "review", "commit", "build", "deployment", "incident", "usage", "survey_response"];

/// So many days are kept: they cross the boundary of two epochs.
const RETENTION_DAYS: u32 = 35;

fn whole_runs() -> Limits {
    HostOptions::default().limits
}

/// From minutes to days.
fn steps(seed: u64, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let (mut chance, mut instants) = (Chance(seed), vec![from]);
    while let Some(last) = instants.last().copied().filter(|last| *last < to) {
        let minutes = match chance.below(3) {
            0 => 1 + chance.below(50),
            1 => 60 + chance.below(10 * 60),
            _ => 24 * 60 + chance.below(36 * 60),
        };
        let step = SignedDuration::from_mins(i64::try_from(minutes).unwrap());
        instants.push((last + step).min(to));
    }
    instants
}

async fn rows(host: &Host, table: &str, from: Timestamp) -> Vec<String> {
    let from = from.as_millisecond();
    host.database.texts(&format!("SELECT to_jsonb(t)::text FROM raw.{table} t WHERE at_ms >= {from}")).await
}

fn began_and_ended(row: &str) -> String {
    let row: Value = serde_json::from_str(row).unwrap();
    format!("{} {}", row["started_ms"], row["at_ms"])
}

/// The same of builds that only a host could see that looked before they were discarded or their job was made anew.
fn seen_in_time(world: &World, looks: &[Timestamp], from: Timestamp) -> Vec<String> {
    let of = |looks: &[Timestamp]| jenkins_builds(&world.organisation, looks);
    let seen_late = of(&looks[looks.len() - 1..]);
    let seen = of(looks).into_iter().filter(|build| build.finished_at >= from && !seen_late.contains(build));
    seen.map(|build| format!("{} {}", build.started_at.as_millisecond(), build.finished_at.as_millisecond())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_increments_store_what_one_run_does() {
    let (world, end) = (World::start(RETENTION_DAYS).await, simulation_end());
    let from = world.first(end);
    let one = world.host(end, whole_runs()).await;
    collect_whole(&one).await;

    let looks = steps(20_261_124, end - 11 * DAY, end);
    let many = world.host(looks[0], whole_runs()).await;
    for look in &looks {
        world.set_now(&many, *look);
        collect_whole(&many).await;
    }
    assert!(looks.len() > 12, "{} increments", looks.len());
    for table in TABLES {
        let (found, expected) = (rows(&many, table, from).await, rows(&one, table, from).await);
        assert!(expected.len() > 30, "{} of {table}", expected.len());
        let (found, surplus): (Vec<String>, Vec<String>) =
            found.into_iter().partition(|row| table != "build" || expected.contains(row));
        if table == "build" {
            let seen = seen_in_time(&world, &looks, from);
            assert!(seen.len() > 2, "{} builds were discarded", seen.len());
            assert_same("discarded builds", surplus.iter().map(|row| began_and_ended(row)).collect(), seen);
        }
        assert_same(table, found, expected);
    }
    one.finish().await;
    many.finish().await;
}

/// Until the service behind a source has been asked so much more.
async fn asked(world: &World, source: &str, times: usize) {
    let enough = world.asked(source) + times;
    while world.asked(source) < enough {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// One run of a source that is disturbed: it is told to stop in the middle, or its host is gone without a word and comes back.
async fn disturbed(world: &World, host: &mut Host, source: &str, chance: &mut Chance) {
    let (is_gone, requests) = (chance.below(2) == 0, 1 + chance.below(60));
    let cancel = CancellationToken::new();
    {
        let run = host.collect_until(source, cancel.clone());
        tokio::pin!(run);
        let is_over = tokio::select! {
            _ = &mut run => true,
            () = asked(world, source, requests) => false,
        };
        if is_over {
            return;
        }
        if !is_gone {
            cancel.cancel();
            run.await;
        }
    }
    if is_gone {
        host.restart().await;
        // As when its lease has run out.
        host.database
            .execute("UPDATE app.source SET lease_until = now() - interval '1 second' WHERE owner IS NOT NULL")
            .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_are_cut_stopped_or_lost_store_what_one_run_does() {
    let (world, end) = (World::start(RETENTION_DAYS).await, simulation_end());
    let one = world.host(end, whole_runs()).await;
    collect_whole(&one).await;
    let expected = one.database.dump("raw").await;
    one.finish().await;

    let limits = Limits { pages: 3, ..whole_runs() };
    let (mut host, mut chance, mut runs) = (world.host(end, limits).await, Chance(4711), 0);
    for source in SOURCES {
        while !is_whole(&host, source).await {
            disturbed(&world, &mut host, source, &mut chance).await;
            runs += 2;
            assert!(runs < 200, "no progress with {source}");
        }
    }
    assert!(runs > 20, "{runs} runs");
    let lines = |dump: String| dump.lines().map(str::to_owned).collect();
    assert_same("rows", lines(host.database.dump("raw").await), lines(expected));
    host.finish().await;
}

/// Whether a run, which its limit of pages may cut, has read everything.
async fn is_whole(host: &Host, source: &str) -> bool {
    let summaries = host.collect_from(source).await;
    assert!(summaries.iter().all(|summary| summary.rejected == 0 && summary.problems == 0), "{summaries:?}");
    summaries.iter().all(|summary| summary.outcome == "ok")
}
