//! A real Prometheus with storage of its own, which scrapes what it is told to; and what its `promtool` says of an exposition.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use quintant_upstreams::fetch;
use serde_json::Value;

/// A second is room enough for a slow machine to be scraped in.
const INTERVAL: &str = "1s";
const PATIENCE: Duration = Duration::from_secs(60);

/// The labels of a series, its name among them, and its value.
pub type Series = BTreeMap<BTreeMap<String, String>, f64>;

/// Killed when dropped.
pub struct Prometheus {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Scrapes these, given as `host:port`, from now on.
    pub fn start(targets: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let configuration = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{ scrape_interval: {INTERVAL}, scrape_timeout: {INTERVAL} }}\n\
             scrape_configs: [{{ job_name: quintant, static_configs: [{{ targets: {targets:?} }}] }}]\n"
        );
        std::fs::write(&configuration, text).unwrap();
        let mut command = Command::new(program("prometheus"));
        command.arg("--config.file").arg(&configuration);
        command.arg("--storage.tsdb.path").arg(folder.path().join("data"));
        command.args(["--web.listen-address", "127.0.0.1:0", "--log.format", "json"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let address = loop {
            let line = lines.next().expect("Prometheus ended before it listened");
            let told: Value = serde_json::from_str(&line).unwrap();
            if told["msg"] == "Listening on" {
                break told["address"].as_str().unwrap().to_owned();
            }
        };
        // It blocks when nobody reads.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: format!("http://{address}"), _folder: folder }
    }

    /// What a query answers now.
    pub async fn ask(&self, query: &str) -> Series {
        let written: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let answer = self.get(&format!("/api/v1/query?query={written}")).await;
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let one = |sample: &Value| {
            let labels = serde_json::from_value(sample["metric"].clone()).unwrap();
            (labels, sample["value"][1].as_str().unwrap().parse().unwrap())
        };
        answer["data"]["result"].as_array().unwrap().iter().map(one).collect()
    }

    /// Asks until the answer satisfies.
    pub async fn wait_for(&self, query: &str, is_it: impl Fn(&Series) -> bool) -> Series {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let series = self.ask(query).await;
            if is_it(&series) {
                return series;
            }
            assert!(tokio::time::Instant::now() < deadline, "`{query}` still answers {series:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Every label that it has met.
    pub async fn labels(&self) -> Vec<String> {
        serde_json::from_value(self.get("/api/v1/labels").await["data"].clone()).unwrap()
    }

    /// While it starts, it refuses.
    async fn get(&self, path: &str) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let answer = fetch::get(&format!("{}{path}", self.address), &[]).await.unwrap();
            if answer.status != 503 {
                return serde_json::from_slice(&answer.body).unwrap();
            }
            assert!(tokio::time::Instant::now() < deadline, "Prometheus does not become ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself, which a test has noticed by then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What `promtool check metrics` finds wrong with an exposition, a line each; nothing where it is content.
pub fn promtool_check_metrics(exposition: &str) -> Vec<String> {
    let mut input = tempfile::tempfile().unwrap();
    input.write_all(exposition.as_bytes()).unwrap();
    input.rewind().unwrap();
    let mut child = Command::new(program("promtool"))
        .args(["check", "metrics"])
        .stdin(input)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.success(), told.is_empty(), "{status}: {told}");
    told.lines().map(str::to_owned).collect()
}

/// Needs `QUINTANT_TEST_PROMETHEUS_BIN`, which `cargo xtask test` sets.
fn program(name: &str) -> PathBuf {
    let folder = std::env::var_os("QUINTANT_TEST_PROMETHEUS_BIN").expect("run the tests with `cargo xtask test`");
    PathBuf::from(folder).join(name)
}
