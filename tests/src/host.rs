//! A whole host in this process: its own folder, database, plugin and clock.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use quintant::app::{App, Backfilled, Collector, ServeError, Server, Setup};
use quintant::config::Config;
use quintant::plugin::{CompileLimits, Compiler, Limits, PluginSource};
use quintant::schedule::Clock;
use quintant::store::{RunSummary, Stretch};
use quintant_upstreams::configuration::{Options, write_configuration};
use quintant_upstreams::organisation::Organisation;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::Database;
use crate::program::program;

/// Of the organisation that most tests use.
pub const SEED: u64 = 7;

/// What the harness's hosts authenticate with.
pub const TOKEN: &str = "simulated-github-token";

/// What every configuration of a test begins with.
pub fn ground() -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = {{ file = \"database.url\" }}\n[release]\nstart = \"auto\"\n\
         {}",
        code_cache()
    )
}

/// The section that names the code cache which all tests share: a plugin is compiled once.
pub fn code_cache() -> String {
    let cache: PathBuf = std::env::var_os("QUINTANT_TEST_CACHE").expect("run the tests with `cargo xtask test`").into();
    format!("[plugins]\ncache = \"{}\"\n", cache.display())
}

/// The built program compiles: in a test, this process is another.
pub fn compiler() -> Compiler {
    Compiler { program: program(), limits: CompileLimits::default() }
}

/// What upstreams of tests are reached by.
const LOOPBACK: &str = "networks = [\"127.0.0.0/8\"]";

/// A Tuesday at noon: the last whole week has settled.
pub fn simulation_end() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// Where the built components are; needs `QUINTANT_TEST_PLUGINS`, which `cargo xtask test` sets.
pub fn plugins() -> PathBuf {
    std::env::var_os("QUINTANT_TEST_PLUGINS").expect("run the tests with `cargo xtask test`").into()
}

/// Where the guests are that only tests load; needs `QUINTANT_TEST_GUESTS`, which `cargo xtask test` sets.
pub fn guests() -> PathBuf {
    std::env::var_os("QUINTANT_TEST_GUESTS").expect("run the tests with `cargo xtask test`").into()
}

/// A configuration with one source for each behaviour of the misbehaving guest, named like it.
pub fn guest_sources(url: &str, behaviours: &[&str]) -> String {
    let source = |behaviour: &&str| {
        let endpoint = format!("url = \"{url}\"\n{LOOPBACK}");
        (behaviour.replace('_', "-"), endpoint, format!("behaviour = \"{behaviour}\""))
    };
    guest_sources_at(&behaviours.iter().map(source).collect::<Vec<_>>())
}

/// A configuration with one source, `guest`, of the misbehaving guest, with these lines of its endpoint and its settings.
pub fn guest_source(endpoint: &str, settings: &str) -> String {
    guest_sources_at(&[("guest".to_owned(), endpoint.to_owned(), settings.to_owned())])
}

/// As [`guest_source`], with one source for each name, endpoint and settings.
pub fn guest_sources_at(sources: &[(String, String, String)]) -> String {
    let plugin = guests().join("misbehaving.wasm");
    let mut text = ground();
    for (name, endpoint, settings) in sources {
        text.push_str(&format!(
            "[[source]]\nname = \"{name}\"\nplugin = \"{}\"\n[source.endpoints.api]\n{endpoint}\n\
             [source.settings]\n{settings}\n",
            plugin.display()
        ));
    }
    text
}

/// A configuration with sources of the guest that brings what its upstream lists, by name, URL and further lines.
pub fn emitting_sources(sources: &[(&str, &str, &str)]) -> String {
    let plugin = guests().join("emitting.wasm");
    let mut text = ground();
    for (name, url, lines) in sources {
        text.push_str(&format!(
            "[[source]]\nname = \"{name}\"\nplugin = \"{}\"\n{lines}\n[source.endpoints.api]\nurl = \"{url}\"\n{LOOPBACK}\n",
            plugin.display()
        ));
    }
    text
}

/// A configuration with one source, named like its plugin, whose endpoint takes the harness's token.
pub fn source_of(plugin: &str, url: &str, settings: &str) -> String {
    let component = plugins().join(plugin).with_extension("wasm");
    format!(
        "{}[[source]]\nname = \"{plugin}\"\nplugin = \"{}\"\n[source.endpoints.api]\nurl = \"{url}\"\n\
         auth = {{ bearer = {{ file = \"github.token\" }} }}\n{LOOPBACK}\n[source.settings]\n{settings}\n",
        ground(),
        component.display()
    )
}

/// A configuration with one source that is read through the GitHub plugin, without teams.
pub fn github_source(url: &str, settings: &str) -> String {
    github_sources(&[("github", url)], settings)
}

/// As [`github_source`], with one source for each name and URL.
pub fn github_sources(sources: &[(&str, &str)], settings: &str) -> String {
    let plugin = plugins().join("github.wasm");
    let mut text = ground();
    for (name, url) in sources {
        text.push_str(&format!(
            "[[source]]\nname = \"{name}\"\nplugin = \"{}\"\nfeeds = [\"pull_requests\", \"commits\"]\n[source.endpoints.api]\nurl = \"{url}\"\n\
             auth = {{ bearer = {{ file = \"github.token\" }} }}\n{LOOPBACK}\n[source.settings]\n{settings}\n",
            plugin.display()
        ));
    }
    text
}

/// A configuration with one source that is read through the Jenkins plugin, without teams; `login` is the path of a secret's file.
pub fn jenkins_source(url: &str, login: &Path, settings: &str) -> String {
    ground() + &jenkins_section(url, login, settings)
}

/// As [`jenkins_source`], for the end of another configuration.
pub fn jenkins_section(url: &str, login: &Path, settings: &str) -> String {
    format!(
        "[[source]]\nname = \"jenkins\"\nplugin = \"{}\"\n[source.endpoints.api]\nurl = \"{url}\"\n\
         auth = {{ basic = {{ file = \"{}\" }} }}\n{LOOPBACK}\n[source.settings]\n{settings}\n",
        plugins().join("jenkins.wasm").display(),
        login.display()
    )
}

/// What answers rest on today.
pub const WORK_ON_CODE: &[&str] = &["pull_requests", "commits"];

/// A configuration whose source `github` reads these feeds alone.
pub(crate) fn read_only(text: &str, feeds: &[&str]) -> String {
    let name = "name = \"github\"\n";
    assert!(text.contains(name), "`{name}` is not in\n{text}");
    text.replace(name, &format!("{name}feeds = {feeds:?}\n"))
}

/// The settings of a Jenkins of the simulated organisation with so many divisions, as TOML.
pub fn jenkins_settings(divisions: usize) -> String {
    let settings = quintant_upstreams::jenkins::settings_of(divisions);
    let line = |rule: &Value| {
        let keys = rule.as_object().unwrap().iter().map(|(key, value)| format!("{key} = {value}"));
        format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
    };
    let rules = settings["deployments"].as_array().unwrap();
    format!("deployments = [{}]", rules.iter().map(line).collect::<Vec<_>>().join(", "))
}

/// How a host is set up.
pub struct HostOptions {
    pub limits: Limits,
    pub compiler: Compiler,
    pub now: Timestamp,
    /// Of the simulated GitHub's organisation; empty: all.
    pub feeds: &'static [&'static str],
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            limits: Limits { retry_pause: Duration::from_millis(1), ..Limits::default() },
            compiler: compiler(),
            now: simulation_end(),
            feeds: WORK_ON_CODE,
        }
    }
}

/// A host that can be run by hand or be served.
pub struct Host {
    pub app: App,
    pub database: Database,
    folder: tempfile::TempDir,
    now: Arc<Mutex<Timestamp>>,
}

/// A host that listens; collecting stays in the test's hands.
pub struct Served {
    address: SocketAddr,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Host {
    /// For an organisation, with its teams and roster.
    pub async fn for_organisation(organisation: &Organisation, url: &str, options: HostOptions) -> Self {
        Self::for_edited_organisation(organisation, url, &[], options).await
    }

    /// As [`Host::for_organisation`], with texts of the configuration replaced by others.
    pub async fn for_edited_organisation(
        organisation: &Organisation,
        url: &str,
        edits: &[(&str, &str)],
        options: HostOptions,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let plugin = plugins().join("github.wasm");
        let written =
            Options { listen: "127.0.0.1:0".to_owned(), plugin: plugin.display().to_string(), ..Options::default() };
        write_configuration(organisation, folder.path(), url, &written).unwrap();
        Self::for_folder(folder, edits, options).await
    }

    /// For the configuration that [`write_configuration`] has put into a folder, with texts of it replaced by others.
    pub async fn for_folder(folder: tempfile::TempDir, edits: &[(&str, &str)], options: HostOptions) -> Self {
        let text = std::fs::read_to_string(folder.path().join("quintant.toml")).unwrap();
        let mut text = text.replace("data_dir = \"data\"", "url = { file = \"database.url\" }") + &code_cache();
        if !options.feeds.is_empty() {
            text = read_only(&text, options.feeds);
        }
        for (from, to) in edits {
            assert!(text.contains(from), "`{from}` is not in\n{text}");
            text = text.replace(from, to);
        }
        Self::start(folder, &text, options).await
    }

    /// For a configuration as text; the database's URL and the token are in `database.url` and `github.token`.
    pub async fn for_text(text: &str, options: HostOptions) -> Self {
        Self::for_text_and_roster(text, "person,team,from\n", options).await
    }

    /// As [`Host::for_text`], with a roster in `roster.csv`.
    pub async fn for_text_and_roster(text: &str, roster: &str, options: HostOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("github.token"), TOKEN).unwrap();
        std::fs::write(folder.path().join("roster.csv"), roster).unwrap();
        Self::start(folder, text, options).await
    }

    async fn start(folder: tempfile::TempDir, text: &str, options: HostOptions) -> Self {
        let database = Database::create().await;
        std::fs::write(folder.path().join("database.url"), database.url()).unwrap();
        let config =
            Config::parse(&folder.path().join("quintant.toml"), text).unwrap_or_else(|error| panic!("{error}"));
        let now = Arc::new(Mutex::new(options.now));
        let clock = Clock::from_fn({
            let now = Arc::clone(&now);
            move || *now.lock().unwrap()
        });
        let setup = Setup::build(config, options.compiler, options.limits, clock)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let app = App::open(setup).await.unwrap();
        app.prepare_database().await.unwrap();
        Self { app, database, folder, now }
    }

    /// Why a host with this configuration cannot be built.
    pub async fn refusal(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let config =
            Config::parse(&folder.path().join("quintant.toml"), text).unwrap_or_else(|error| panic!("{error}"));
        match Setup::build(config, compiler(), Limits::default(), Clock::system()).await {
            Ok(_) => panic!("a host was built from\n{text}"),
            Err(error) => error.to_string(),
        }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn set_now(&self, now: Timestamp) {
        *self.now.lock().unwrap() = now;
    }

    /// Runs every feed of the first source once.
    pub async fn collect(&self) -> Vec<RunSummary> {
        self.run(&self.app.setup.sources[0], CancellationToken::new()).await
    }

    /// Runs every feed of one source once.
    pub async fn collect_from(&self, name: &str) -> Vec<RunSummary> {
        self.run(self.source(name), CancellationToken::new()).await
    }

    /// As [`Host::collect_from`], until cancelled.
    pub async fn collect_until(&self, name: &str, cancel: CancellationToken) -> Vec<RunSummary> {
        self.run(self.source(name), cancel).await
    }

    async fn run(&self, source: &PluginSource, cancel: CancellationToken) -> Vec<RunSummary> {
        Collector::new(&self.app, cancel).run_source(source).await.unwrap()
    }

    fn source(&self, name: &str) -> &PluginSource {
        self.app.setup.sources.iter().find(|source| source.name.as_str() == name).unwrap()
    }

    /// Reads a stretch of every feed of the first source once more.
    pub async fn backfill(&self, stretch: Stretch) -> Backfilled {
        let collector = Collector::new(&self.app, CancellationToken::new());
        collector.backfill_source(&self.app.setup.sources[0], stretch, &|_, _| {}).await.unwrap()
    }

    /// Releases what is due.
    pub async fn release(&self) -> u64 {
        Collector::new(&self.app, CancellationToken::new()).release().await.unwrap()
    }

    /// A host anew, which has forgotten what it learnt of its sources.
    pub async fn restart(&mut self) {
        let (config, clock) = (self.app.setup.config.clone(), self.app.setup.clock.clone());
        let limits = self.app.setup.sources[0].limits().clone();
        let app = App::open(Setup::build(config, compiler(), limits, clock).await.unwrap()).await.unwrap();
        std::mem::replace(&mut self.app, app).close().await.unwrap();
    }

    /// Another host on the same database, with nothing of its own to do.
    pub async fn replica(&self) -> App {
        let mut config = self.app.setup.config.clone();
        config.release.start = quintant::config::ReleaseStart::Manual;
        let setup = Setup::build(config, compiler(), Limits::default(), self.app.setup.clock.clone()).await.unwrap();
        App::open(setup).await.unwrap()
    }

    /// Listens on a port of its own and gives the host away; whatever is due is collected at once.
    pub async fn serve(self) -> (Served, Database, tempfile::TempDir) {
        (Served::start(self.app).await, self.database, self.folder)
    }

    /// Answers one GET from the router, as the served host would.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.get_text(path).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// As [`Host::get`], with the body as text.
    pub async fn get_text(&self, path: &str) -> (u16, String) {
        use tower::ServiceExt;
        let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = self.app.router().await.unwrap().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    pub async fn finish(self) {
        self.app.close().await.unwrap();
        self.database.drop_now().await;
    }
}

impl Served {
    pub async fn start(app: App) -> Self {
        let server = Server::bind(app).await.unwrap();
        let address = server.address().unwrap();
        let cancel = CancellationToken::new();
        let task = tokio::spawn(server.run(cancel.clone(), None));
        Self { address, cancel, task }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// One GET over real HTTP.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(self.url(path)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Asks until the answer satisfies; fails after a minute.
    pub async fn wait_for(&self, path: &str, is_it: impl Fn(u16, &str) -> bool) -> String {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        loop {
            let (status, text) = self.get(path).await;
            if is_it(status, &text) {
                return text;
            }
            assert!(tokio::time::Instant::now() < deadline, "`{path}` still answers {status}: {text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap().unwrap();
    }
}
