//! A host that asks people and is told things by them: operated by the real program, answered over real HTTP, with a clock of its own.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use quintant::app::Collector;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::program::quintant;
use crate::{Host, HostOptions, Served, Serving};

/// People on the roster: so many in each team.
const TEAMS: [(&str, usize); 2] = [("amber", 12), ("cobalt", 6)];

pub struct Asking {
    pub host: Host,
    configuration: PathBuf,
}

impl Asking {
    /// With these further lines of the configuration.
    pub async fn start(further: &str) -> Self {
        // The test's own client needs one; a host without sources brings none.
        drop(rustls::crypto::ring::default_provider().install_default());
        let folder = tempfile::tempdir().unwrap();
        let sections: String = TEAMS.iter().map(|(team, _)| format!("[[team]]\nname = \"{team}\"\n")).collect();
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[database]\nurl = {{ file = \"database.url\" }}\n[release]\nstart = \"auto\"\n\
             {further}[roster]\nfile = \"roster.csv\"\n{sections}"
        );
        let people: String = TEAMS
            .iter()
            .flat_map(|(team, size)| {
                (0..*size).map(move |number| format!("canary-{team}-{number:02},{team},2026-01-05\n"))
            })
            .collect();
        std::fs::write(folder.path().join("roster.csv"), format!("person,team,from\n{people}")).unwrap();
        let configuration = folder.path().join("quintant.toml");
        std::fs::write(&configuration, text).unwrap();
        let options = HostOptions { now: Timestamp::now(), feeds: &[], ..HostOptions::default() };
        Self { host: Host::for_folder(folder, &[], options).await, configuration }
    }

    /// What the program answers an operator, who works now.
    pub fn operate(&self, arguments: &[&str]) -> Value {
        let ran = self.try_to(&[&["--format", "json"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        serde_json::from_str(&ran.stdout).unwrap()
    }

    pub fn try_to(&self, arguments: &[&str]) -> crate::Ran {
        quintant(&[&["--config", self.configuration.to_str().unwrap()], arguments].concat(), &[])
    }

    /// Opens a survey; the number of each cell's campaign.
    pub fn open(&self, instrument: &str) -> impl Fn(&str) -> u64 + use<> {
        let opened = self.operate(&["survey", "open", instrument])["opened"].clone();
        move |cell| {
            let campaigns = opened.as_array().unwrap();
            let campaign = campaigns.iter().find(|campaign| campaign["cell"] == cell);
            campaign.unwrap_or_else(|| panic!("`{cell}` is not in {opened}"))["campaign"].as_u64().unwrap()
        }
    }

    pub fn tokens(&self, campaign: u64, count: usize) -> Vec<String> {
        let (campaign, count) = (campaign.to_string(), count.to_string());
        let printed = self.operate(&["survey", "tokens", &campaign, "--count", &count]);
        serde_json::from_value(printed["tokens"].clone()).unwrap()
    }

    /// A program that submits for people of a team.
    pub fn client(&self, name: &str, team: &str) -> String {
        let made = self.operate(&["token", "new", "--scope", "submit", "--name", name, "--team", team]);
        made["token"].as_str().unwrap().to_owned()
    }

    /// Another host on the same database and with the same clock, which listens.
    pub async fn serve(&self) -> Served {
        Served::start(self.host.replica().await).await
    }

    /// The program itself, on the same database, by the real clock.
    pub fn serve_program(&self) -> Serving {
        Serving::start(&["--config", self.configuration.to_str().unwrap()], &[])
    }

    /// So many days later.
    pub fn wait_days(&self, days: i64) {
        let now = self.host.app.setup.clock.now();
        self.host.set_now(now + SignedDuration::from_hours(24 * days));
    }

    /// Takes in what was submitted, and closes what is over.
    pub async fn listen(&self) {
        Collector::new(&self.host.app, CancellationToken::new()).listen().await.unwrap();
    }
}

/// The original service's body, of somebody who is recognized by it.
pub fn pulse(valuable: u32, flow: u32, load: u32) -> Value {
    json!({ "valuable_work_percentage": valuable, "flow_state_days": flow, "cognitive_load": load })
}

impl Served {
    /// One POST of JSON over real HTTP.
    pub async fn post(&self, path: &str, body: &Value, bearer: Option<&str>) -> (u16, Value) {
        let mut request = reqwest::Client::new().post(self.url(path)).header("content-type", "application/json");
        if let Some(bearer) = bearer {
            request = request.header("authorization", format!("Bearer {bearer}"));
        }
        let response = request.body(body.to_string()).send().await.unwrap();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// An answer to the pulse with a token.
    pub async fn vote(&self, token: &str, mut answer: Value) -> (u16, Value) {
        answer["token"] = json!(token);
        self.post("/api/v1/surveys/pulse/submit", &answer, None).await
    }
}
