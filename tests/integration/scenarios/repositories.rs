//! Repositories that are not there.

use quintant_tests::{SEED, github_source};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;

use super::*;

#[tokio::test]
async fn scenario_16_a_lost_repository_is_told_and_the_others_are_read() {
    let statuses = [
        ("status-403", 403, "forbidden"),
        ("status-404", 404, "not_found"),
        ("status-410", 410, "not_found"),
        ("status-451", 451, "forbidden"),
    ];
    let scripts = statuses.map(|(name, status, _)| {
        let answer = Answer::json(status, &json!({ "message": "no" }));
        (name, Script::new().until_healed("/repos/octo/gone/", answer))
    });
    let bench = Bench::with_repositories("\"octo/gone\", \"octo/app\"", scripts).await;
    for (case, (name, _, problem)) in bench.cases().zip(statuses) {
        for summary in bench.host.collect_from(name).await {
            assert_eq!((summary.outcome.as_str(), summary.code, summary.problems), ("partial", None, 1), "{name}");
        }
        assert_eq!(case.asked("/repos/octo/gone/").len(), 2, "{name}: one try a feed");
        assert_eq!(case.changes().await, 6, "{name}");
        for feed in ["pull_requests", "commits"] {
            assert_eq!(case.covered(feed).await, [simulation_end().as_millisecond()], "{name}");
            let told = format!("problem=\"{problem}\" scope=\"octo/gone\" count=1");
            let [source, feed] = [format!("source.name={name} "), format!("feed.name={feed}")];
            bench.log.assert_line(&[&source, &feed, "could not be read", &told]);
        }
        case.assert_goes_on().await;
    }
    bench.finish().await;
}

#[tokio::test]
async fn scenario_16_an_empty_repository_is_no_problem() {
    let empty = Answer::json(409, &json!({ "message": "Git Repository is empty." }));
    let scripts = [("empty", Script::new().until_healed("/repos/octo/gone/", empty))];
    let bench = Bench::with_repositories("\"octo/gone\", \"octo/app\"", scripts).await;
    let summary = bench.only().collect().await;
    assert_eq!((summary.outcome.as_str(), summary.problems, summary.facts), ("ok", 0, 6));
    assert_eq!(bench.only().asked("/repos/octo/gone/").len(), 2);
    bench.only().assert_goes_on().await;
    bench.finish().await;
}

/// As a fine-grained token lacks one that was not ticked.
#[tokio::test(flavor = "multi_thread")]
async fn scenario_16_a_permission_that_is_missing_is_told_and_the_other_feeds_are_read() {
    let log = Log::capture();
    let organisation = Organisation::generate(SEED, simulation_end());
    let options = Options { lacks: &["deployments", "actions"], ..Options::default() };
    let simulation = Simulation::start(organisation.into(), options).await.unwrap();
    let settings = "repositories = [\"acme/amber-api\", \"acme/birch-api\"]\nincident_labels = [\"incident\"]";
    let text = github_source(simulation.url(), settings);
    let feeds = "[\"commits\", \"deployments\", \"workflow_runs\", \"incidents\"]";
    let host = Host::for_text(&text.replace("[\"pull_requests\", \"commits\"]", feeds), HostOptions::default()).await;
    let ended: Vec<(String, u32)> =
        host.collect().await.into_iter().map(|summary| (summary.outcome, summary.problems)).collect();
    let told = |outcome: &str, problems| (outcome.to_owned(), problems);
    assert_eq!(ended, [told("ok", 0), told("partial", 2), told("partial", 2), told("ok", 0)]);
    for feed in ["deployments", "workflow_runs"] {
        for repository in ["acme/amber-api", "acme/birch-api"] {
            let told = format!("problem=\"forbidden\" scope=\"{repository}\" count=1");
            log.assert_line(&[&format!("feed.name={feed}"), "could not be read", &told]);
        }
    }
    host.finish().await;
}
