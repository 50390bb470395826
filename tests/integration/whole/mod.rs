//! One organisation, told by four services to one host: the same truth, however it is read.

mod first_run;
mod increments;
mod joins;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant::plugin::Limits;
use quintant::store::RunSummary;
use quintant_tests::{Host, HostOptions, SEED, TOKEN, ground, jenkins_settings, plugins, simulation_end};
use quintant_upstreams::organisation::delivery::Runner;
use quintant_upstreams::organisation::{Organisation, Repository};
use quintant_upstreams::{github, jenkins, mattermost, nps};

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The chat is read twice: post by post, and by its counters.
const SOURCES: [&str; 5] = ["github", "jenkins", "posts", "counts", "nps"];

/// Those that a repository tells without further settings.
const GITHUB_FEEDS: [&str; 5] = ["pull_requests", "commits", "deployments", "workflow_runs", "incidents"];

/// As if one installation had been copied: no two of them have the same salts otherwise.
const SALTS: &str =
    "INSERT INTO app.epoch SELECT epoch, sha256(convert_to(epoch::text, 'UTF8')) FROM generate_series(225, 230) epoch";

/// The four services, and what every host that reads them shares.
struct World {
    organisation: Arc<Organisation>,
    github: github::Simulation,
    jenkins: jenkins::Simulation,
    mattermost: mattermost::Simulation,
    nps: nps::Simulation,
    folder: tempfile::TempDir,
    retention_days: u32,
}

impl World {
    async fn start(retention_days: u32) -> Self {
        let mut organisation = Organisation::generate(SEED, simulation_end());
        // So few that some are discarded between two looks at them.
        let mut pipelines = organisation.delivery.pipelines.iter_mut();
        pipelines.find(|pipeline| pipeline.name == "ember/api").unwrap().keeps = Some(8);
        let organisation = Arc::new(organisation);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("jenkins.login"), jenkins::Options::default().login()).unwrap();
        let github =
            github::Options { requests_per_hour: 1_000_000, points_per_hour: 1_000_000, ..github::Options::default() };
        let mattermost = mattermost::Options { token: TOKEN.to_owned(), ..mattermost::Options::default() };
        Self {
            github: github::Simulation::start(Arc::clone(&organisation), github).await.unwrap(),
            jenkins: jenkins::Simulation::start(Arc::clone(&organisation), jenkins::Options::default()).await.unwrap(),
            mattermost: mattermost::Simulation::start(Arc::clone(&organisation), mattermost).await.unwrap(),
            nps: nps::Simulation::start(Arc::clone(&organisation), nps::Options::default()).await.unwrap(),
            organisation,
            folder,
            retention_days,
        }
    }

    /// The first instant of which a host that begins at `now` knows.
    fn first(&self, now: Timestamp) -> Timestamp {
        now - SignedDuration::from_hours(24 * i64::from(self.retention_days))
    }

    /// For every service and every host, wherever they are.
    fn set_now(&self, host: &Host, now: Timestamp) {
        self.github.set_now(now);
        self.jenkins.set_now(now);
        self.mattermost.set_now(now);
        self.nps.set_now(now);
        host.set_now(now);
    }

    /// How often the service behind a source was asked.
    fn asked(&self, source: &str) -> usize {
        match source {
            "github" => self.github.requests().len(),
            "jenkins" => self.jenkins.requests().len(),
            "nps" => self.nps.requests().len(),
            _ => self.mattermost.requests().len(),
        }
    }

    async fn host(&self, now: Timestamp, limits: Limits) -> Host {
        let options = HostOptions { now, limits, ..HostOptions::default() };
        let host = Host::for_text(&self.text(), options).await;
        host.database.execute(SALTS).await;
        self.set_now(&host, now);
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self) -> String {
        let token = "auth = { bearer = { file = \"github.token\" } }";
        let login = format!("auth = {{ basic = {{ file = \"{}\" }} }}", self.path("jenkins.login").display());
        let sources = [
            ("github", "github", self.github.url(), token, self.github_settings()),
            ("jenkins", "jenkins", self.jenkins.url(), &login, jenkins_settings(1)),
            ("posts", "mattermost", self.mattermost.url(), token, "mode = \"posts\"".to_owned()),
            ("counts", "mattermost", self.mattermost.url(), token, "mode = \"counts\"".to_owned()),
            ("nps", "nps", self.nps.url(), "", String::new()),
        ];
        let mut text = format!(
            "{}[privacy]\nidentity_key = {{ file = \"{}\" }}\nretention_days = {}\n[roster]\nbots = {:?}\n",
            ground(),
            self.path("identity.key").display(),
            self.retention_days,
            self.organisation.bots,
        );
        for team in &self.organisation.teams {
            text += &format!("[[team]]\nname = {:?}\nowns = {:?}\n", team.name, team.owns);
        }
        text += &self.services();
        for (name, plugin, url, auth, settings) in sources {
            let component = plugins().join(plugin).with_extension("wasm");
            let feeds = if plugin == "github" { format!("feeds = {GITHUB_FEEDS:?}\n") } else { String::new() };
            text += &format!(
                "[[source]]\nname = \"{name}\"\nplugin = \"{}\"\n{feeds}[source.endpoints.api]\nurl = \"{url}\"\n{auth}\n\
                 networks = [\"127.0.0.0/8\"]\n[source.settings]\n{settings}\n",
                component.display()
            );
        }
        text
    }

    fn github_settings(&self) -> String {
        format!(
            "repositories = {:?}\nincident_labels = [\"incident\"]\nincident_severity_prefix = \"severity:\"",
            self.organisation.configured_repositories()
        )
    }

    /// Each by its name, which Jenkins' deployments say, by its pipelines, and by its repository, which GitHub's deployments and incidents say.
    fn services(&self) -> String {
        let mut text = String::new();
        for repository in &self.organisation.repositories {
            let Some(service) = self.service_of(repository) else { continue };
            let team = &self.organisation.teams[0].name;
            // Under the name that is configured too, which is the one before it was renamed.
            let repositories: Vec<&str> = [Some(&repository.name), repository.former_name.as_ref()]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect();
            let pipelines = self.pipelines_of(repository);
            text += &format!(
                "[[service]]\nname = \"{service}\"\nteam = {team:?}\nrepositories = {repositories:?}\npipelines = {pipelines:?}\n"
            );
        }
        text
    }

    fn pipelines_of(&self, repository: &Repository) -> Vec<String> {
        let pipelines = self.organisation.delivery.pipelines.iter();
        let own = pipelines.filter(|pipeline| self.organisation.repositories[pipeline.repository].id == repository.id);
        own.map(|pipeline| match pipeline.runner {
            Runner::Actions => format!("{}/*", repository.name),
            Runner::Jenkins(_) => pipeline.name.clone(),
        })
        .collect()
    }

    fn service_of(&self, repository: &Repository) -> Option<&str> {
        let mut pipelines = self.organisation.delivery.pipelines.iter();
        let own = pipelines.find(|pipeline| self.organisation.repositories[pipeline.repository].id == repository.id)?;
        Some(&own.service)
    }
}

/// Every source once, in their order in the configuration.
async fn collect(host: &Host) -> Vec<RunSummary> {
    let mut summaries = Vec::new();
    for source in SOURCES {
        summaries.extend(host.collect_from(source).await);
    }
    summaries
}

/// As [`collect`], and none of them may have anything to tell but facts.
async fn collect_whole(host: &Host) {
    let summaries = collect(host).await;
    let is_whole = |summary: &RunSummary| summary.outcome == "ok" && summary.rejected == 0;
    assert!(summaries.iter().all(is_whole), "{summaries:?}");
}

/// Pseudo-random, and always the same for a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn assert_same(what: &str, mut found: Vec<String>, mut expected: Vec<String>) {
    found.sort_unstable();
    expected.sort_unstable();
    let missing: Vec<&String> = expected.iter().filter(|line| found.binary_search(line).is_err()).take(5).collect();
    let surplus: Vec<&String> = found.iter().filter(|line| expected.binary_search(line).is_err()).take(5).collect();
    assert!(
        found == expected,
        "{what}: {} instead of {}; missing: {missing:#?}, surplus: {surplus:#?}",
        found.len(),
        expected.len()
    );
}
