//! SIGHUP: a new configuration is taken over whole, or not at all.

use std::sync::Arc;

use jiff::Timestamp;
use quintant_tests::{Database, SEED, Serving, Site, github_source};
use quintant_upstreams::github::{Options, Simulation};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::script::{Answer, Script};

const TEXT: &str = "[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = { file = \"database.url\" }\n";
const SUCCESSFUL: &str = "quintant_config_last_reload_successful";

async fn until_reloaded(serving: &Serving, went_well: bool) {
    let series = format!("{SUCCESSFUL} {}\n", u8::from(went_well));
    serving.wait_for("/metrics", |_, text| text.contains(&series)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_one_is_taken_over_and_a_bad_one_is_not() {
    let database = Database::create().await;
    let site = Site::new(TEXT);
    site.write("database.url", &database.url());
    let serving = site.serve();
    until_reloaded(&serving, true).await;
    let team = "/api/v1/metrics/space?team=team-amber";
    assert_eq!(serving.get(team).await.0, 400);

    site.write("quintant.toml", &format!("{TEXT}[[team]]\nname = \"team-amber\"\n[privacy]\nminimum_grop = 6\n"));
    serving.hang_up();
    until_reloaded(&serving, false).await;
    assert_eq!(serving.get(team).await.0, 400);

    site.write("quintant.toml", &format!("{TEXT}[[team]]\nname = \"team-amber\"\n"));
    serving.hang_up();
    serving.wait_for(team, |status, _| status == 200).await;
    until_reloaded(&serving, true).await;

    site.write("quintant.toml", &TEXT.replace("127.0.0.1:0", "127.0.0.1:9"));
    serving.hang_up();
    until_reloaded(&serving, false).await;
    assert_eq!(serving.get(team).await.0, 200);

    let log = serving.terminate().stderr;
    for words in [
        "unknown key `minimum_grop`",
        "is read again: team `team-amber` added",
        "`server.listen` cannot be changed while the host runs; restart it",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_added_is_collected_from() {
    let organisation = Arc::new(Organisation::generate(SEED, Timestamp::now()));
    let options = Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..Options::default() };
    let simulation = Simulation::start(Arc::clone(&organisation), options).await.unwrap();
    let database = Database::create().await;
    let site = Site::for_organisation(&organisation, simulation.url());
    site.write("database.url", &database.url());
    let whole = site.text();
    let (before, _) = whole.split_once("[[source]]").unwrap();
    // The roster has a column for the source.
    site.write("quintant.toml", &before.replace("[roster]\nfile = \"roster.csv\"\n", "[roster]\n"));
    let serving = site.serve();
    until_reloaded(&serving, true).await;
    site.write("quintant.toml", &whole);
    serving.hang_up();
    while database.count("SELECT count(*) FROM app.run WHERE outcome = 'ok'").await < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(serving.terminate().code, Some(0));
    database.drop_now().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_limits_outlasts_it() {
    let limited = Answer::new(429, "").header("retry-after", "3600");
    let scripted = Script::new().on("/repos/octo/app", limited).start().await.unwrap();
    let database = Database::create().await;
    let both = github_source(scripted.url(), "repositories = [\"octo/app\"]");
    let site = Site::new(&both.replace("[\"pull_requests\", \"commits\"]", "[\"pull_requests\"]"));
    site.write("database.url", &database.url());
    let serving = site.serve();
    until_reloaded(&serving, true).await;
    let limited = async |feed: &str| {
        let ended = format!("SELECT count(*) FROM app.run WHERE feed = '{feed}' AND code = 'rate_limited'");
        while database.numbers_by(&ended).await != [1] {
            tokio::task::yield_now().await;
        }
    };
    limited("pull_requests").await;
    assert_eq!(scripted.requests().len(), 1);

    site.write("quintant.toml", &both);
    serving.hang_up();
    limited("commits").await;
    assert_eq!(scripted.requests().len(), 1, "the feed that was added knows what the other was told");
    assert_eq!(serving.terminate().code, Some(0));
    database.drop_now().await;
}
