//! The one pipe: normalize → pseudonym → store. Whatever brings facts goes through it.

mod familiar;
mod flow;
mod progress;
mod reports;
mod run;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;

pub use flow::Flow;
pub use progress::Step;
pub use reports::{REPORTED, own_feed};
pub use run::FeedRun;

use crate::config::Config;
use crate::model::{
    Calendar, Epoch, FactKind, RawFact, RawKey, RejectedCounts, SampleMetric, SourceName, StampedFact, TeamName,
    glob_match,
};
use crate::normalize::{Rules, Services, normalize};
use crate::plugin::Page;
use crate::pseudonym::{EpochKeys, IdentityKey, KeyError, Learned, OptOuts, Pseudonymous, pseudonymize};
use crate::store::{Reading, StoreError};

/// What the pipe judges and hides facts by.
pub struct Pipe {
    pub key: IdentityKey,
    pub calendar: Calendar,
    pub bots: Vec<String>,
    pub retention: Duration,
    owners: Vec<(String, TeamName)>,
    teams: Vec<TeamName>,
    services: Services,
}

/// A page on its way.
pub struct Arrival<'a> {
    pub source: &'a SourceName,
    pub reading: Reading,
    pub emits: &'a [FactKind],
    /// What the plugin declares for samples.
    pub metrics: &'a [SampleMetric],
    pub now: Timestamp,
    /// Facts from before it are not kept; the same for a whole run, so that what the run covers has no hole.
    pub keep_from: Timestamp,
    /// Facts from before it are of weeks that were released before the feed was added.
    pub released_before: Option<Timestamp>,
}

/// Why a page was not stored.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What became of a page.
#[derive(Debug, Default)]
pub struct Ingested {
    pub facts: BTreeMap<FactKind, u32>,
    /// Facts that came after their week was released.
    pub late: u32,
    pub rejected: RejectedCounts,
    /// Of pipelines and services that no `[[service]]` covers, where there is any.
    pub unmapped: BTreeMap<String, u32>,
}

/// A page's facts, while it is known whose they are.
struct Judged {
    facts: Vec<RawFact>,
    rejected: RejectedCounts,
    unmapped: BTreeMap<String, u32>,
}

impl Pipe {
    pub fn new(config: &Config, key: IdentityKey) -> Self {
        let owners = config
            .teams
            .iter()
            .flat_map(|team| team.owns.iter().map(|pattern| (pattern.clone(), team.name.clone())))
            .collect();
        Self {
            key,
            calendar: config.calendar.clone(),
            bots: config.roster.bots.clone(),
            retention: config.privacy.retention,
            owners,
            teams: config.teams.iter().map(|team| team.name.clone()).collect(),
            services: Services::new(config.services.clone()),
        }
    }

    /// Facts from before this instant are not kept.
    pub fn keep_from(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.retention).unwrap_or(Timestamp::MIN)
    }

    /// A page's facts as they may be kept: judged, without those who have opted out, and under pseudonyms.
    fn veil(
        &self,
        page: Page,
        arrival: &Arrival<'_>,
        keys: &EpochKeys,
        opt_outs: &OptOuts,
    ) -> (Pseudonymous, Vec<Learned>, Ingested) {
        let Judged { facts, rejected, unmapped } = self.judge(page.facts, page.rejected, arrival);
        let kept = opt_outs.keep_out(self.key.opt_outs(), keys, arrival.source, facts);
        let veiled = pseudonymize(keys, arrival.source, &self.calendar, kept.facts, &page.retractions);
        let facts = count(&veiled.facts);
        (veiled, kept.learned, Ingested { facts, late: 0, rejected, unmapped })
    }

    /// What of a page's facts is to be taken, and what becomes of the rest.
    fn judge(&self, facts: Vec<RawFact>, rejected: RejectedCounts, arrival: &Arrival<'_>) -> Judged {
        let rules = Rules {
            now: arrival.now,
            keep_from: arrival.keep_from,
            released_before: arrival.released_before,
            emits: arrival.emits,
            bots: &self.bots,
            calendar: &self.calendar,
            teams: &self.teams,
            services: &self.services,
            metrics: arrival.metrics,
        };
        let rejected_before = rejected;
        let (facts, mut rejected) = normalize(facts, &rules, |repository| self.owner_of(repository));
        for (reason, count) in rejected_before {
            *rejected.entry(reason).or_default() += count;
        }
        let unmapped = self.services.unmapped(&facts);
        Judged { facts, rejected, unmapped }
    }

    /// From that of the oldest fact that is kept to that of one whose clock is a little ahead.
    fn live_epochs(&self, keep_from: Timestamp, now: Timestamp) -> RangeInclusive<Epoch> {
        self.calendar.week_of(keep_from).epoch()..=self.calendar.week_of(now).plus(1).epoch()
    }

    fn owner_of(&self, repository: &RawKey) -> Option<TeamName> {
        self.owners.iter().find(|(pattern, _)| glob_match(pattern, repository.text())).map(|(_, team)| team.clone())
    }
}

fn count(facts: &[StampedFact]) -> BTreeMap<FactKind, u32> {
    let mut counts = BTreeMap::new();
    for stamped in facts {
        *counts.entry(stamped.fact.body.kind()).or_default() += 1;
    }
    counts
}
