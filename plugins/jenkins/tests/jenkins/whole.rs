//! Against the simulated organisation's Jenkins: what is collected is what happened, read at once and read in many steps.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use expect_test::expect;
use jiff::{SignedDuration, Timestamp};
use quintant_plugin_jenkins::Jenkins;
use quintant_sdk::http::Target;
use quintant_sdk::prelude::*;
use quintant_sdk::testing::Source;
use quintant_upstreams::jenkins::{self, Options, Simulation};
use quintant_upstreams::oracle::LOOK_BACK;
use quintant_upstreams::oracle::jenkins::{ExpectedBuild, ExpectedDeployment, jenkins_builds, jenkins_deployments};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::organisation::delivery as truth;

const END: &str = "2026-07-01T12:00:00Z";
/// `quintant:11simulatedjenkinstoken`
const BASIC: &str = "Basic cXVpbnRhbnQ6MTFzaW11bGF0ZWRqZW5raW5zdG9rZW4=";

async fn simulation(seed: u64) -> Arc<Simulation> {
    let organisation = Arc::new(Organisation::generate(seed, END.parse().unwrap()));
    Arc::new(Simulation::start(organisation, Options::default()).await.unwrap())
}

/// What a host holds: facts by key, the cursor, and how far it is covered.
#[derive(Default)]
struct Held {
    facts: BTreeMap<String, Envelope>,
    cursor: Option<String>,
    covered: Option<Timestamp>,
    looks: Vec<Timestamp>,
}

impl Held {
    /// One run at that instant, as a host makes it; after so many pages it is cut off.
    fn look(&mut self, simulation: &Simulation, now: Timestamp, most_pages: usize) {
        simulation.set_now(now);
        let from = match self.covered {
            Some(covered) => covered - SignedDuration::from_hours(1),
            None => self.looks.first().copied().unwrap_or(now) - LOOK_BACK,
        };
        let url = simulation.url().to_owned();
        let source = Source::<Jenkins>::new(jenkins::settings(), move |request| Ok(send(&url, request)))
            .window(from.as_millisecond(), now.as_millisecond());
        for _ in 0..most_pages {
            let page = source.collect("builds", self.cursor.as_deref()).unwrap();
            assert_eq!(page.problems, []);
            for fact in page.facts {
                if let Some(known) = self.facts.insert(fact.key.clone(), fact.clone()) {
                    assert_eq!(known, fact, "a fact never changes");
                }
            }
            self.cursor = page.cursor.or(self.cursor.take());
            if let Some(through) = page.covered_through {
                let through = Timestamp::from_millisecond(through).unwrap();
                assert!(self.covered.is_none_or(|covered| covered <= through) && through <= now);
                self.covered = Some(through);
                self.looks.push(now);
            }
            if !page.more {
                return;
            }
        }
    }

    fn builds(&self) -> Vec<ExpectedBuild> {
        let mut builds: Vec<ExpectedBuild> = self.facts.values().filter_map(build).collect();
        builds.sort();
        builds
    }

    fn deployments(&self) -> Vec<ExpectedDeployment> {
        let began = |key: &str| self.facts.get(key).map(|fact| deployment(fact, None).unwrap().started_at);
        let known = |fact: &Envelope| {
            let Fact::Deployment(found) = &fact.fact else { return None };
            let undone = found.rolls_back.as_ref();
            let key = undone.map(|undone| format!("{}/{}/{}", undone.service, undone.environment, undone.id));
            deployment(fact, key.and_then(|key| began(&key)))
        };
        let mut deployments: Vec<ExpectedDeployment> = self.facts.values().filter_map(known).collect();
        deployments.sort();
        deployments
    }

    fn is_the_truth(&self, organisation: &Organisation) {
        equal(&self.builds(), &jenkins_builds(organisation, &self.looks));
        equal(&self.deployments(), &jenkins_deployments(organisation, &self.looks));
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(held: &[T], expected: &[T]) {
    assert!(held.len() > 100);
    if held != expected {
        let missing: Vec<&T> = expected.iter().filter(|one| !held.contains(one)).take(3).collect();
        let invented: Vec<&T> = held.iter().filter(|one| !expected.contains(one)).take(3).collect();
        panic!("{} held, {} expected; missing {missing:#?}; invented {invented:#?}", held.len(), expected.len());
    }
}

fn at(instant: Instant) -> Timestamp {
    Timestamp::from_millisecond(instant).unwrap()
}

fn build(envelope: &Envelope) -> Option<ExpectedBuild> {
    let Fact::Build(build) = &envelope.fact else { return None };
    Some(ExpectedBuild {
        pipeline: build.pipeline.clone(),
        number: build.number,
        started_at: at(build.started_at),
        finished_at: at(envelope.at),
        result: match build.build_result {
            BuildResult::Success => truth::BuildResult::Success,
            BuildResult::Failure => truth::BuildResult::Failure,
            BuildResult::Unstable => truth::BuildResult::Unstable,
            BuildResult::Aborted => truth::BuildResult::Aborted,
        },
        sha: build.sha.clone().unwrap_or_default(),
        on_default_branch: build.on_default_branch,
        tests_failed: build.tests_failed,
        lines: build.lines_covered.zip(build.lines_total),
    })
}

fn deployment(envelope: &Envelope, undone_began_at: Option<Timestamp>) -> Option<ExpectedDeployment> {
    let Fact::Deployment(deployment) = &envelope.fact else { return None };
    assert!(deployment.shas.is_empty());
    Some(ExpectedDeployment {
        service: deployment.service.clone(),
        environment: deployment.environment.clone(),
        started_at: at(deployment.started_at),
        finished_at: at(envelope.at),
        is_success: deployment.deployment_result == DeploymentResult::Success,
        repository: deployment.repo.clone().unwrap_or_default(),
        head_sha: deployment.head_sha.clone().unwrap_or_default(),
        rollback: deployment.rollback,
        undone_began_at,
    })
}

/// What the host does with a request, by hand: HTTP/1.0, one connection.
fn send(base: &str, request: &HttpRequest) -> Response {
    let Target::Path(path) = &request.target else { panic!("a URL was followed") };
    let (authority, prefix) = base.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let query: Vec<String> =
        request.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let head = format!("GET /{prefix}{path}{query} HTTP/1.0\r\nHost: {authority}\r\nAuthorization: {BASIC}\r\n\r\n");
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let text = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let response = headers.fold(Response::new(status), |response, (name, value)| response.with(name, value.trim()));
    assert_ne!(status, 501, "{}", String::from_utf8_lossy(&bytes[end..]));
    response.body(&bytes[end + 4..])
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

async fn whole_at_once(seed: u64) {
    let simulation = simulation(seed).await;
    tokio::task::spawn_blocking(move || {
        let mut held = Held::default();
        held.look(&simulation, END.parse().unwrap(), usize::MAX);
        held.is_the_truth(simulation.organisation());
        // Idle, a listing for each folder and what is still running is all that is asked for.
        let (before, facts) = (simulation.requests().len(), held.facts.len());
        held.look(&simulation, END.parse().unwrap(), usize::MAX);
        let asked = simulation.requests().len() - before;
        assert!(asked < 80 && held.facts.len() == facts, "{asked} requests");
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_is_collected_whole() {
    whole_at_once(1).await;
    whole_at_once(2).await;
}

/// What a first run asks for, of a thousand facts: each kind of request where `README.md` says why it is needed.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_run_asks_for_what_it_needs() {
    let simulation = simulation(1).await;
    let asked = tokio::task::spawn_blocking(move || {
        let mut held = Held::default();
        held.look(&simulation, END.parse().unwrap(), usize::MAX);
        let mut asked: BTreeMap<&str, usize> = BTreeMap::new();
        for request in simulation.requests() {
            *asked.entry(kind(&request.target)).or_default() += 1;
        }
        asked.insert("facts", held.facts.len());
        asked
    });
    expect![[r#"
        {
            "builds of a job": 63,
            "builds that started others": 2,
            "coverage": 665,
            "facts": 2787,
            "listings": 22,
            "stages": 724,
        }
    "#]]
    .assert_debug_eq(&asked.await.unwrap());
}

fn kind(target: &str) -> &'static str {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    match path {
        _ if path.contains("/wfapi/") => "stages",
        _ if ["coverage", "jacoco", "cobertura"].iter().any(|page| path.contains(&format!("/{page}/"))) => "coverage",
        _ if query.contains("jobs%5B") => "listings",
        _ if query.contains("number%2C") || query.contains("number,") => "builds of a job",
        _ => "builds that started others",
    }
}

/// Steps of minutes to days, some runs cut off after a page, and read beyond the end until everything has finished.
#[tokio::test(flavor = "multi_thread")]
async fn small_steps_and_cut_off_runs_bring_the_same() {
    let simulation = simulation(1).await;
    tokio::task::spawn_blocking(move || {
        let end: Timestamp = END.parse().unwrap();
        let mut now = end - SignedDuration::from_hours(24 * 40);
        let mut held = Held::default();
        let mut chance = 7_u64;
        while now < end + SignedDuration::from_hours(24 * 8) {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            let most_pages = if chance.is_multiple_of(5) { 1 } else { usize::MAX };
            held.look(&simulation, now, most_pages);
            let step = [40, 3_600, 7_200, 43_200, 86_400, 172_800][usize::try_from(chance / 8 % 6).unwrap()];
            now += SignedDuration::from_secs(step);
        }
        held.look(&simulation, now, usize::MAX);
        assert!(held.looks.len() > 40);
        held.is_the_truth(simulation.organisation());
        let cursor = held.cursor.unwrap();
        assert!(cursor.contains(r#""waiting":[]"#), "everything has finished: {cursor}");
    })
    .await
    .unwrap();
}
