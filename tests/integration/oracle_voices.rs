//! What services had counted themselves, and what people submit over HTTP, is told as the oracle knows it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use quintant::app::Collector;
use quintant::model::{Campaign, CampaignId, Instrument, TeamName};
use quintant_tests::{Host, HostOptions, Served, plugins};
use quintant_upstreams::check::check;
use quintant_upstreams::configuration::{Chat, Options, write_configuration};
use quintant_upstreams::fetch::post;
use quintant_upstreams::oracle::{Opened, Oracle, Sources};
use quintant_upstreams::organisation::{Organisation, date_of};
use quintant_upstreams::script::{Answer, Script, Scripted};
use quintant_upstreams::{github, mattermost};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::oracle::{SETTLE, WEEK, assert_told, at, weekly};

const FEEDS: &[&str] = &["pull_requests", "commits", "copilot"];
const DAYS_OF_REPORTS: i64 = 150;
/// When counters are read after a look, in hours: on Thursday, on Sunday evening and on Monday morning.
const READINGS: [i64; 3] = [48, 128, 138];
/// Which surveys are opened at which look.
const OPENED: [(usize, &str); 8] =
    [(0, "pulse"), (1, "pulse"), (2, "pulse"), (3, "pulse"), (4, "pulse"), (0, "nps"), (1, "annual"), (5, "pulse")];

/// Where the files of days lie that GitHub's reports name.
async fn files(organisation: &Organisation) -> Scripted {
    let last = date_of(organisation.end) + 30.days();
    let days = (0..DAYS_OF_REPORTS).map(|day| last - day.days());
    let with_day = |script: Script, day: Date| {
        let users = organisation.copilot.users(day);
        script.on(&format!("/reports/{day}?"), Answer::json(200, &json!({ "daily_active_users": users })))
    };
    days.fold(Script::new(), with_day).start().await.unwrap()
}

struct Services {
    github: github::Simulation,
    mattermost: mattermost::Simulation,
    files: Scripted,
}

impl Services {
    async fn start(organisation: &Arc<Organisation>) -> Self {
        let files = files(organisation).await;
        let options = github::Options {
            requests_per_hour: 1_000_000,
            points_per_hour: 1_000_000,
            downloads: Some(files.url().to_owned()),
            ..github::Options::default()
        };
        let chat = mattermost::Options::default();
        Self {
            github: github::Simulation::start(Arc::clone(organisation), options).await.unwrap(),
            mattermost: mattermost::Simulation::start(Arc::clone(organisation), chat).await.unwrap(),
            files,
        }
    }

    async fn host(&self, organisation: &Organisation, now: Timestamp) -> Host {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            listen: "127.0.0.1:0".to_owned(),
            plugin: plugins().join("github.wasm").display().to_string(),
            copilot: Some(self.files.url().to_owned()),
            mattermost: Some(Chat {
                url: self.mattermost.url().to_owned(),
                token: mattermost::TOKEN.to_owned(),
                mode: "counts".to_owned(),
            }),
            ..Options::default()
        };
        write_configuration(organisation, folder.path(), self.github.url(), &options).unwrap();
        Host::for_folder(folder, &[], HostOptions { now, feeds: FEEDS, ..HostOptions::default() }).await
    }

    async fn read(&self, host: &Host, source: &str, now: Timestamp) {
        self.github.set_now(now);
        self.mattermost.set_now(now);
        host.set_now(now);
        let summaries = host.collect_from(source).await;
        assert!(summaries.iter().all(|summary| summary.outcome == "ok"), "{source} {now}: {summaries:?}");
    }
}

/// The people of a story, who answer and report.
struct People<'a> {
    organisation: &'a Organisation,
    clients: BTreeMap<Option<&'a str>, String>,
    /// Whoever answers has one token of each campaign.
    have_answered: BTreeSet<(CampaignId, &'a str)>,
}

impl<'a> People<'a> {
    async fn of(organisation: &'a Organisation, host: &Host) -> Self {
        let mut clients = BTreeMap::new();
        for team in organisation.teams.iter().map(|team| Some(team.name.as_str())).chain([None]) {
            clients.insert(team, host.client_of(team).await);
        }
        Self { organisation, clients, have_answered: BTreeSet::new() }
    }

    fn team_of(&self, person: &str, week: Date) -> Option<&'a str> {
        let rows = self.organisation.roster.iter().filter(|row| row.person == person && row.from <= week);
        rows.max_by_key(|row| row.from).and_then(|row| row.team.as_deref())
    }

    /// All that is said in a week.
    async fn speak(&mut self, host: &Host, week: Date) {
        let served = Served::start(host.replica().await).await;
        let campaigns = host.campaigns().await;
        for given in self.organisation.voices.answers.iter().filter(|given| given.week == week) {
            let team: Option<TeamName> = self.team_of(&given.person, week).map(|team| team.parse().unwrap());
            let asks = |campaign: &&Campaign| {
                !campaign.is_closed
                    && campaign.instrument.as_str() == given.instrument
                    && campaign.span.end().monday() > week
                    && campaign.span.holds(team.as_ref())
            };
            let Some(campaign) = campaigns.iter().find(asks) else { continue };
            if self.have_answered.insert((campaign.id, &given.person)) {
                let answers = given.answers.iter().map(|(question, value)| ((*question).to_owned(), json!(value)));
                let mut body: Map<String, Value> = answers.collect();
                body.insert("token".to_owned(), json!(host.survey_token(campaign.id).await));
                submit(&served, &format!("surveys/{}/submit", given.instrument), &Value::Object(body), None).await;
            }
        }
        for report in self.organisation.voices.reports.iter().filter(|report| report.week == week) {
            let client = &self.clients[&self.team_of(&report.person, week)];
            let (category, severity) = (report.category, report.severity);
            let body = json!({ "title": "slow", "description": "", "category": category, "severity": severity });
            submit(&served, "friction/log", &body, Some(client)).await;
        }
        served.stop().await;
    }
}

async fn submit(served: &Served, path: &str, body: &Value, client: Option<&str>) {
    let bearer = client.map(|client| format!("Bearer {client}"));
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
    let answer = post(&served.url(&format!("/api/v1/{path}")), &headers, &body.to_string()).await.unwrap();
    assert_eq!(answer.status, 200, "{path} {body}: {}", String::from_utf8_lossy(&answer.body));
}

/// The story ends on a leap day, so that its last two weeks are empty, and somebody has opted out before it is read.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_elsewhere_and_what_people_submit_tell_the_truth() {
    let (story_ends, end) = (at("2028-02-29T12:00:00Z"), at("2028-03-14T12:00:00Z"));
    let mut organisation = Organisation::generate(8, story_ends);
    organisation.opted_out = vec!["Person 004".to_owned()];
    let organisation = Arc::new(organisation);
    let looks = weekly(end - 6 * WEEK, end);
    let services = Services::start(&organisation).await;
    let host = services.host(&organisation, looks[0]).await;
    for person in &organisation.opted_out {
        host.app.opt_out(person).await.unwrap();
    }
    let mut people = People::of(&organisation, &host).await;
    let mut oracle = Oracle::new(&organisation, looks[0], end, SETTLE);
    oracle.sources = Sources { copilot: true, counters: true, people: true, ..Sources::default() };
    oracle.looks.clone_from(&looks);
    for (number, look) in looks.iter().enumerate() {
        services.read(&host, "github", *look).await;
        services.read(&host, "mattermost", *look).await;
        Collector::new(&host.app, CancellationToken::new()).forget().await.unwrap();
        host.listen().await;
        host.release().await;
        oracle.readings.push(*look);
        if *look == end {
            break;
        }
        let week = oracle.calendar.week_of(*look);
        for (_, instrument) in OPENED.iter().filter(|(opened, _)| *opened == number) {
            host.ask(Instrument::from_name(instrument).unwrap()).await;
            oracle.opened.push(Opened { instrument, week });
        }
        people.speak(&host, week).await;
        oracle.heard.push(week);
        for hours in READINGS {
            let reading = *look + SignedDuration::from_hours(hours);
            services.read(&host, "mattermost", reading).await;
            oracle.readings.push(reading);
        }
    }
    assert_told("seed 8", &host, &oracle).await;
    let (served, database, _folder) = host.serve().await;
    served.wait_for("/readyz", |status, _| status == 200).await;
    let report = check(&served.url(""), &oracle).await.unwrap();
    served.stop().await;
    database.drop_now().await;
    crate::answers::assert_equal(&report);
    for field in [
        "nps_score",
        "satisfaction_rating",
        "burnout_percentage",
        "response_rate",
        "constructive_feedback_rate",
        "flow_state_days",
        "context_switches",
        "cognitive_load_avg",
        "friction_incidents",
        "friction_per_100_devs_30d",
        "ai_tool_adoption_rate",
        "mattermost_messages",
    ] {
        let is_told = |(name, values): &(String, Vec<Value>)| name == field && values.iter().any(Value::is_number);
        assert!(report.table.iter().any(is_told), "`{field}` is never told:\n{}", report.table());
    }
}
