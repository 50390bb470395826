//! A real Prometheus scrapes two replicas of the real program: what PromQL answers is what REST answers, and how runs go.

use std::collections::BTreeMap;
use std::path::Path;

use expect_test::expect;
use jiff::Timestamp;
use quintant::model::Atom;
use quintant_tests::{
    Host, HostOptions, Prometheus, Released, Series, Serving, emitting_sources, promtool_check_metrics,
};
use quintant_upstreams::fetch;
use quintant_upstreams::script::{Answer, Script, Scripted};
use serde_json::{Value, json};

use crate::api::GAUGES;

const SPACE: &str = "/api/v1/metrics/space";
const RELEASED: Released = Released { teams: 5, weeks: 24, seed: 3 };
/// Of the weeks, before more are released.
const FIRST_WEEKS: i32 = 20;
const EVER: &str = "from=2026-01-05&to=2026-12-28";
const HEALTH: &str = "space_devex_health_score";
const COUNTERS: [&str; 2] = ["space_commits_total", "space_pull_requests_total"];

/// By name and team.
type Figures = BTreeMap<(String, String), f64>;

/// Of three sources one works, one is down, and one asks for an hour's patience.
struct World {
    host: Host,
    _good: Scripted,
    limited: Scripted,
}

impl World {
    async fn new() -> Self {
        let good = Script::new().on("/", Answer::json(200, &json!({}))).start().await.unwrap();
        let limited = Script::new().on("/", Answer::new(429, "").header("retry-after", "3600")).start().await.unwrap();
        let sources = [("good", good.url(), ""), ("gone", "http://127.0.0.1:9", ""), ("limited", limited.url(), "")];
        let teams: String = RELEASED.names().iter().map(|name| format!("[[team]]\nname = \"{name}\"\n")).collect();
        let text = emitting_sources(&sources) + &teams;
        let host = Host::for_text(&text, HostOptions { now: Timestamp::now(), ..HostOptions::default() }).await;
        std::fs::write(host.folder().join("quintant.toml"), text).unwrap();
        Self { host, _good: good, limited }
    }
}

async fn release(host: &Host, is_told: impl Fn(&Atom) -> bool) {
    let atoms: Vec<Atom> = RELEASED.atoms().into_iter().filter(is_told).collect();
    let releasing = host.app.store().releasing().await.unwrap();
    releasing.commit(&[], &atoms, &[], Timestamp::now()).await.unwrap();
}

fn serve(folder: &Path) -> Serving {
    Serving::start(&["--config", folder.join("quintant.toml").to_str().unwrap()], &[])
}

/// Every figure that REST answers, under the name of its series; and those that it withholds.
async fn answered(serving: &Serving) -> (Figures, Vec<(String, String)>) {
    let get = async |path: String| -> Value { serde_json::from_str(&serving.get(&path).await.2).unwrap() };
    let teams = get("/api/v1/teams".to_owned()).await;
    let cells = teams["teams"].as_array().unwrap().iter().map(|cell| cell["name"].as_str().unwrap());
    let (mut figures, mut withheld) = (Figures::new(), Vec::new());
    for cell in cells.chain([""]) {
        let team = if cell.is_empty() { String::new() } else { format!("&team={}", cell.replace('+', "%2B")) };
        let month = get(format!("{SPACE}?time_range=30d{team}")).await;
        let ever = get(format!("{SPACE}/activity?{EVER}{team}")).await;
        let further = [
            (HEALTH, &month["health_score"]),
            (COUNTERS[0], &ever["commits_count"]),
            (COUNTERS[1], &ever["pull_requests_count"]),
        ];
        let gauges = GAUGES.map(|(name, dimension, field)| (name, &month[dimension][field]));
        for (name, value) in gauges.into_iter().chain(further) {
            let key = (name.to_owned(), cell.to_owned());
            match value.as_f64() {
                Some(value) => drop(figures.insert(key, value)),
                None => withheld.push(key),
            }
        }
    }
    (figures, withheld)
}

/// Of every team, each series whose figure REST answers under a name of its own.
fn told_by_rest() -> String {
    let names = GAUGES.into_iter().map(|(name, _, _)| name).chain([HEALTH]).chain(COUNTERS);
    format!("{{__name__=~\"{}\"}}", names.collect::<Vec<_>>().join("|"))
}

/// A label that is empty is none to Prometheus.
fn label<'a>(labels: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    labels.get(name).map_or("", String::as_str)
}

fn figures(series: &Series) -> Figures {
    let key =
        |labels: &BTreeMap<String, String>| (label(labels, "__name__").to_owned(), label(labels, "team").to_owned());
    series.iter().map(|(labels, value)| (key(labels), *value)).collect()
}

/// The one series with this label.
fn value(series: &Series, name: &str, of: &str) -> Option<f64> {
    series.iter().find(|(labels, _)| label(labels, name) == of).map(|(_, value)| *value)
}

async fn close(replicas: impl IntoIterator<Item = Serving>, host: Host) {
    for replica in replicas {
        assert_eq!(replica.terminate().code, Some(0));
    }
    host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promql_answers_what_rest_answers_and_counters_count() {
    let World { host, limited: _limited, _good } = World::new().await;
    let before = |atom: &Atom| atom.span.start < Released::start().plus(FIRST_WEEKS);
    release(&host, before).await;
    let [one, two] = [serve(host.folder()), serve(host.folder())];
    for replica in [&one, &two] {
        replica.wait_for("/metrics", |_, text| text.contains("space_commits_total{")).await;
    }
    let prometheus = Prometheus::start(&[one.authority(), two.authority()]);
    prometheus.wait_for("up == 1", |up| up.len() == 2).await;

    // Every replica tells the same, and what is told is what is answered: no series more, none less.
    let series = told_by_rest();
    let largest = format!("max by (__name__, team) ({series})");
    let (first, withheld) = answered(&one).await;
    assert!(first.len() > 40 && withheld.len() > 5, "{} figures, {withheld:?}", first.len());
    prometheus.wait_for(&largest, |series| figures(series) == first).await;
    let smallest = format!("min by (__name__, team) ({series})");
    prometheus.wait_for(&smallest, |series| figures(series) == first).await;
    for (name, team) in &withheld {
        let absent = prometheus.ask(&format!("absent({name}{{team=\"{team}\"}})")).await;
        assert_eq!(absent.len(), 1, "{name} of `{team}` is withheld");
    }

    // More is released: both follow, and what is withheld by now is gone and not kept as it was.
    release(&host, |atom| !before(atom)).await;
    let commits = first.get(&("space_commits_total".to_owned(), String::new())).copied();
    let has_more =
        |_, text: &str| serde_json::from_str::<Value>(text).is_ok_and(|told| told["commits_count"].as_f64() > commits);
    two.wait_for(&format!("{SPACE}/activity?{EVER}"), has_more).await;
    let (second, _) = answered(&two).await;
    assert!(first.keys().any(|key| !second.contains_key(key)), "nothing is withheld that was told before");
    prometheus.wait_for(&largest, |series| figures(series) == second).await;
    prometheus.wait_for(&smallest, |series| figures(series) == second).await;

    // A counter rises by what was released, whatever Prometheus makes of it.
    prometheus.wait_for("min(count_over_time(space_commits_total[5m])) >= 5", |series| series.len() == 1).await;
    let over = "max by (team) (max_over_time(space_commits_total[1h]) - min_over_time(space_commits_total[1h]))";
    let risen = prometheus.ask(over).await;
    let increased = prometheus.ask("max by (team) (increase(space_commits_total[5m]))").await;
    let rated = prometheus.ask("max by (team) (rate(space_commits_total[5m]))").await;
    let mut compared = 0;
    for ((name, team), now) in &second {
        let Some(then) = first.get(&(name.clone(), team.clone())) else { continue };
        if name == "space_commits_total" && *now > *then {
            assert_eq!(value(&risen, "team", team), Some(now - then), "`{team}`");
            // It guesses what lies before the first and behind the last sample: of five, less than half as much again.
            let guessed = value(&increased, "team", team).unwrap() / (now - then);
            assert!((0.99..=1.5).contains(&guessed), "`{team}`: {guessed}");
            assert!(value(&rated, "team", team) > Some(0.0), "`{team}`: {rated:?}");
            compared += 1;
        }
    }
    assert!(compared > 2, "{compared} counters rose");

    // A counter that comes from what was released outlasts its process.
    let address = one.authority().to_owned();
    assert_eq!(one.terminate().code, Some(0));
    prometheus.wait_for("up == 0", |down| down.len() == 1).await;
    let text = std::fs::read_to_string(host.folder().join("quintant.toml")).unwrap();
    std::fs::write(host.folder().join("quintant.toml"), text.replace("127.0.0.1:0", &address)).unwrap();
    let again = serve(host.folder());
    assert_eq!(again.authority(), address);
    prometheus.wait_for("up == 1", |up| up.len() == 2).await;
    prometheus.wait_for("count by (instance) (space_commits_total)", |counts| counts.len() == 2).await;
    for counter in COUNTERS {
        let fallen = format!("resets({counter}[1h]) > 0");
        assert_eq!(prometheus.ask(&fallen).await, Series::new(), "{counter} fell");
    }

    // Dashboards know these names; of no other is there a complaint.
    let (_, _, exposition) = again.get("/metrics").await;
    expect![[r#"
        space_flow_state_days use base unit "seconds" instead of "days"
        space_lead_time_hours use base unit "seconds" instead of "hours"
        space_mttr_minutes use base unit "seconds" instead of "minutes"
        space_review_time_hours use base unit "seconds" instead of "hours"
    "#]]
    .assert_eq(&format!("{}\n", promtool_check_metrics(&exposition).join("\n")));
    close([again, two], host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promql_answers_how_runs_go() {
    let World { host, limited, _good } = World::new().await;
    let serving = serve(host.folder());
    let prometheus = Prometheus::start(&[serving.authority()]);
    let runs =
        |source: &str, status: &str| format!("quintant_runs_total{{source=\"{source}\",status=\"{status}\"}} == 2");
    for (source, status) in [("good", "ok"), ("gone", "transient"), ("limited", "rate_limited")] {
        prometheus.wait_for(&runs(source, status), |series| series.len() == 1).await;
    }
    for (name, [good, gone, limited]) in [
        ("quintant_throttled", [0, 0, 1]),
        ("quintant_quarantined", [0, 0, 0]),
        ("quintant_release_waiting", [0, 1, 1]),
    ] {
        for (source, told) in [("good", good), ("gone", gone), ("limited", limited)] {
            prometheus.wait_for(&format!("{name}{{source=\"{source}\"}} == {told}"), |series| series.len() == 1).await;
        }
    }
    // It is left alone for the hour that it asked for.
    let due = "quintant_next_run_timestamp_seconds{source=\"limited\"} - time()";
    let due = *prometheus.ask(due).await.values().next().unwrap();
    assert!((3000.0..=3600.0).contains(&due), "{due} s until the next run");
    assert_eq!(limited.requests().len(), 1);
    let age = prometheus.ask("time() - quintant_last_success_timestamp_seconds").await;
    assert!(age.len() == 1 && value(&age, "source", "good").is_some_and(|age| age < 120.0), "{age:?}");

    assert_eq!(prometheus.ask("quintant_config_last_reload_successful == 1").await.len(), 1);
    assert_eq!(prometheus.ask("quintant_build_info").await.len(), 1);
    assert_eq!(
        prometheus.labels().await,
        ["__name__", "instance", "job", "source", "status", "version"],
        "labels come from closed lists; a person, an account or a repository is none of them"
    );
    let (_, _, exposition) = serving.get("/metrics").await;
    assert_eq!(promtool_check_metrics(&exposition), Vec::<String>::new());
    // Who has it already is told so for as long as nothing has changed, and what the process tells of itself is a part of it.
    let url = format!("{}/metrics", serving.origin());
    let tag = fetch::get(&url, &[]).await.unwrap().header("etag").unwrap().to_owned();
    assert_eq!(fetch::get(&url, &[("If-None-Match", &tag)]).await.unwrap().status, 304);
    std::fs::write(host.folder().join("quintant.toml"), "[serve]\n").unwrap();
    serving.hang_up();
    prometheus.wait_for("quintant_config_last_reload_successful == 0", |series| series.len() == 1).await;
    assert_eq!(fetch::get(&url, &[("If-None-Match", &tag)]).await.unwrap().status, 200);
    close([serving], host).await;
}
