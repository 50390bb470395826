//! A world behind a whole host: guests list it, the database holds it, and the router answers, week by week.

use axum::body::Body;
use axum::http::Request;
use quintant::api::Router;
use quintant::model::{Atom, Span};
use quintant_upstreams::script::{Answer, Script, Scripted};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Row, raw_sql};
use tower::ServiceExt;

use super::listing::{listings, service};
use super::play::moment;
use super::world::World;
use crate::{Host, HostOptions, emitting_sources};

/// A host whose two sources know more with each step.
pub struct Hosted<'w> {
    pub host: Host,
    world: &'w World,
    _upstreams: [Scripted; 2],
}

/// Whatever somebody who asks gets to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl<'w> Hosted<'w> {
    pub async fn start(world: &'w World) -> Self {
        let upstreams = [script(world, [0, 1]).await, script(world, [3, 2]).await];
        let teams: String = (world.teams.iter())
            .map(|team| {
                let service = service(team);
                format!(
                    "[[team]]\nname = \"{team}\"\nowns = [\"octo/{team}\"]\n[[service]]\nname = \"{service}\"\nteam = \"{team}\"\n"
                )
            })
            .collect();
        let sources = emitting_sources(&[("code", upstreams[0].url(), ""), ("chat", upstreams[1].url(), "")]);
        let sources = sources.replace("start = \"auto\"\n", "start = \"auto\"\nsettle = \"0s\"\n");
        let text =
            format!("{sources}\n{teams}[roster]\nfile = \"roster.csv\"\n[metrics]\nplatform_tools = [\"backstage\"]\n");
        let options = HostOptions { now: moment(world, 1), ..HostOptions::default() };
        let host = Host::for_text_and_roster(&text, &world.roster(1), options).await;
        Self { host, world, _upstreams: upstreams }
    }

    /// Another week is over: it is collected and released. What can be asked then, and what it is answered from.
    pub async fn step(&self, over: i32) -> (Router, Vec<Atom>) {
        std::fs::write(self.host.folder().join("roster.csv"), self.world.roster(over)).unwrap();
        self.host.set_now(moment(self.world, over));
        self.host.collect_from("code").await;
        self.host.collect_from("chat").await;
        self.host.release().await;
        (self.host.app.router().await.unwrap(), self.host.app.store().reader().atoms_fetch().await.unwrap())
    }

    /// What a statement shows to a role, a row a line; or the code of its refusal.
    pub async fn select(&self, role: &str, statement: &str) -> Result<Vec<String>, String> {
        let mut connection = self.host.database.connect().await;
        raw_sql(AssertSqlSafe(format!("SET ROLE {role}"))).execute(&mut connection).await.unwrap();
        let rows = sqlx::query(AssertSqlSafe(statement.to_owned())).fetch_all(&mut connection).await;
        connection.close().await.unwrap();
        match rows {
            Ok(rows) => Ok(rows.iter().map(|row| row.get(0)).collect()),
            Err(error) => Err(error
                .as_database_error()
                .and_then(|error| error.code())
                .map_or_else(|| panic!("{statement}: {error}"), Into::into)),
        }
    }
}

/// Cells that somebody may ask about.
pub fn cells(atoms: &[Atom]) -> Vec<String> {
    let mut cells: Vec<String> = atoms.iter().map(|atom| atom.span.cell.clone()).collect();
    cells.sort();
    cells.dedup();
    cells.retain(|cell| cell != Span::ORGANIZATION);
    cells
}

/// Asks the router; every request has the same number, so that two hosts can be compared.
pub async fn see(router: &Router, method: &str, question: &str) -> Seen {
    let request = Request::builder().method(method).uri(question).header("x-request-id", "the-same");
    let request = request.header("content-type", "application/json").body(Body::from("{}")).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers = headers.filter(|(name, _)| name != "date").collect();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Seen { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// A source that knows more with each step. `places`: what it lists as work and what as the rest, nothing beyond the last.
async fn script(world: &World, places: [usize; 2]) -> Scripted {
    let mut script = Script::new();
    for over in 1..=world.weeks {
        let listings = listings(world, moment(world, over));
        for (feed, place) in ["/work", "/rest"].into_iter().zip(places) {
            let listing = listings.get(place).cloned().unwrap_or_else(|| json!({ "facts": [] }));
            script = script.on_nth(feed, usize::try_from(over).unwrap(), Answer::json(200, &listing));
        }
    }
    script.start().await.unwrap()
}
