//! A host that is fed commits by hand, page by page, without a plugin.

use jiff::Timestamp;
use quintant::ingest::{Arrival, Flow, IngestError, Ingested};
use quintant::model::{Commit, FactBody, FactKind, RawFact, RawIdentity, RawKey, RejectedCounts, Retraction};
use quintant::plugin::Page;
use quintant::store::{Lease, Reading};

use crate::{Host, HostOptions, github_source, simulation_end};

/// The one feed of the source `github`.
pub struct CommitFeed {
    pub host: Host,
    pub lease: Lease,
    /// As of the run's beginning.
    keep_from: Timestamp,
}

impl CommitFeed {
    pub async fn open() -> Self {
        let text = github_source("http://127.0.0.1:9", "repositories = [\"acme/app\"]");
        let host = Host::for_text(&text, HostOptions::default()).await;
        let source = host.app.store().source_register(&"github".parse().unwrap()).await.unwrap();
        let keep_from = host.app.setup.pipe.keep_from(simulation_end());
        let lease = host.app.store().lease_claim(source, "test").await.unwrap().unwrap();
        host.app.store().feed_open(lease, &"commits".parse().unwrap(), keep_from, None, keep_from).await.unwrap();
        Self { lease, host, keep_from }
    }

    /// Of a new run.
    pub fn flow(&self) -> Flow<'_> {
        self.host.app.setup.pipe.flow(self.host.app.store(), self.lease, &"commits".parse().unwrap())
    }

    /// Answers how many came late.
    pub async fn page(&self, facts: Vec<RawFact>, retractions: Vec<Retraction<RawKey>>) -> u32 {
        self.page_behind(&mut self.flow(), facts, retractions).await.unwrap().late
    }

    /// As [`CommitFeed::page`], of a run that has had pages before.
    pub async fn page_behind(
        &self,
        flow: &mut Flow<'_>,
        facts: Vec<RawFact>,
        retractions: Vec<Retraction<RawKey>>,
    ) -> Result<Ingested, IngestError> {
        let name = "github".parse().unwrap();
        let (now, keep_from) = (self.host.app.setup.clock.now(), self.keep_from);
        let page = Page {
            facts,
            rejected: RejectedCounts::new(),
            retractions,
            problems: Vec::new(),
            covered_through: None,
            cursor: None,
            more: false,
            progress: None,
        };
        let (emits, reading, metrics, released_before) = (&[FactKind::Commit], Reading::Onward, &[], None);
        let arrival = Arrival { source: &name, reading, emits, metrics, now, keep_from, released_before };
        flow.take(page, &arrival).await?;
        Ok(flow.settle().await?.expect("a page was taken"))
    }

    pub async fn lands(&self, at: &str) -> u32 {
        self.page(vec![commit("c1", at)], Vec::new()).await
    }

    pub async fn weeks(&self) -> Vec<i64> {
        self.host.database.numbers("SELECT week::bigint FROM raw.commit ORDER BY week").await
    }

    /// As a release does with what it tells.
    pub async fn tell(&self) {
        let told = "INSERT INTO raw.assignment SELECT week, 'commit', author, 'amber' FROM raw.commit";
        self.host.database.execute(told).await;
    }
}

/// A commit of the account `17`, known as `dev-017`.
pub fn commit(sha: &str, at: &str) -> RawFact {
    commit_by("17", "dev-017", sha, at)
}

/// A commit of an account by its id and name.
pub fn commit_by(id: &str, name: &str, sha: &str, at: &str) -> RawFact {
    let author = RawIdentity::new(id.to_owned(), vec![name.to_owned()], false);
    RawFact {
        key: RawKey::new(sha),
        at: at.parse::<Timestamp>().unwrap(),
        body: FactBody::Commit(Commit {
            repository: RawKey::new("acme/app").into(),
            sha: RawKey::new(sha),
            author: Some(author),
            parents: 1,
        }),
    }
}
