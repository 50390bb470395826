//! Which change came into production with which deployment, and which deployment an incident was caused by. Pure joins over keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Calendar, EntityKey, FinishedDeployment, KnownIncident, Linked, MergedChange, Pseudonym, ReachableCommit, Week,
};
use crate::store::Weeks;

/// How far back what is joined may lie: an epoch, as facts are kept no longer.
pub(super) const MOST_WEEKS_BACK: i32 = 13;
/// An incident is blamed on the service's latest deployment for so long.
pub const BLAME: SignedDuration = SignedDuration::from_hours(24);

/// A change that came into production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// In which it came there.
    pub week: Week,
    pub author: Option<Pseudonym>,
    pub seconds: i64,
}

/// Changes by the week in which they came into production.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries(BTreeMap<Week, Vec<Delivery>>);

/// The commits that came into production first in some weeks, and when.
pub struct FirstDelivered(BTreeMap<EntityKey, (Week, Timestamp)>);

impl FromIterator<Delivery> for Deliveries {
    fn from_iter<I: IntoIterator<Item = Delivery>>(deliveries: I) -> Self {
        let mut weeks: BTreeMap<Week, Vec<Delivery>> = BTreeMap::new();
        for delivery in deliveries {
            weeks.entry(delivery.week).or_default().push(delivery);
        }
        Self(weeks)
    }
}

impl Deliveries {
    pub fn iter(&self) -> impl Iterator<Item = &Delivery> {
        self.0.values().flatten()
    }

    pub fn in_weeks(&self, weeks: Weeks) -> impl Iterator<Item = &Delivery> {
        self.0.range(weeks).flat_map(|(_, deliveries)| deliveries)
    }

    /// The newest commits of deployments that name no other.
    pub(super) fn heads(deployments: &[FinishedDeployment]) -> Vec<EntityKey> {
        let heads = deployments
            .iter()
            .filter(|deployment| deployment.shas.is_empty())
            .filter_map(|deployment| deployment.head_sha);
        heads.flat_map(|head| std::iter::once(head.key).chain(head.earlier)).collect()
    }

    /// What came into production in these weeks and not before. `deployments` are in order, earlier ones too; `reachable` holds what landed in
    /// the repositories of their heads.
    pub fn first(deployments: &[FinishedDeployment], reachable: &[ReachableCommit], weeks: &Weeks) -> FirstDelivered {
        let by_sha: HashMap<EntityKey, &ReachableCommit> =
            reachable.iter().map(|commit| (commit.sha, commit)).collect();
        let mut services = Services::default();
        let mut newest_heads: HashMap<usize, Timestamp> = HashMap::new();
        let mut first: BTreeMap<EntityKey, (Week, Timestamp)> = BTreeMap::new();
        for deployment in deployments {
            let service = services.number(deployment);
            let listed = deployment.shas.iter().flat_map(keys);
            let head = deployment.head_sha.as_ref().filter(|_| deployment.shas.is_empty());
            let head = head.and_then(|head| keys(head).find_map(|key| by_sha.get(&key).copied()));
            let reached = head.map(|head| {
                let before = newest_heads.insert(service, head.at);
                reached_by(head, before, reachable)
            });
            for commit in listed.chain(reached.into_iter().flatten()) {
                first.entry(commit).or_insert((deployment.week, deployment.at));
            }
        }
        first.retain(|_, (week, _)| weeks.contains(week));
        FirstDelivered(first)
    }
}

/// What landed up to the head since the service's deployment before. Without one before, nobody knows since when: just the head.
fn reached_by(head: &ReachableCommit, before: Option<Timestamp>, reachable: &[ReachableCommit]) -> Vec<EntityKey> {
    let Some(before) = before else { return vec![head.sha] };
    let repositories: BTreeSet<EntityKey> = keys(&head.repository).collect();
    let is_reached = |commit: &&ReachableCommit| {
        repositories.contains(&commit.repository.key) && before < commit.at && commit.at <= head.at
    };
    reachable.iter().filter(is_reached).map(|commit| commit.sha).collect()
}

impl FirstDelivered {
    pub fn commits(&self) -> impl Iterator<Item = EntityKey> {
        self.0.keys().copied()
    }

    /// The changes that landed as these commits. One that would have been delivered before it began is left out.
    pub fn of(self, changes: Vec<MergedChange>) -> Deliveries {
        let delivery = |change: MergedChange| {
            let (week, at) = *self.0.get(&change.merge_commit?)?;
            let began_at = change.first_commit_at.map_or(change.opened_at, |first| first.min(change.opened_at));
            let seconds = at.as_second() - began_at.as_second();
            (seconds >= 0).then_some(Delivery { week, author: change.author, seconds })
        };
        changes.into_iter().filter_map(delivery).collect()
    }
}

fn keys(linked: &Linked<EntityKey>) -> impl Iterator<Item = EntityKey> + use<> {
    std::iter::once(linked.key).chain(linked.earlier)
}

/// Numbers services: one that the configuration names is one under all its keys.
#[derive(Default)]
pub(super) struct Services {
    names: HashMap<String, usize>,
    keys: HashMap<EntityKey, usize>,
}

impl Services {
    pub(super) fn number(&mut self, deployment: &FinishedDeployment) -> usize {
        self.number_of(deployment.service.as_ref().map(|name| name.as_str()), &deployment.service_key)
    }

    fn number_of(&mut self, name: Option<&str>, key: &Linked<EntityKey>) -> usize {
        let next = self.names.len() + self.keys.len();
        let known =
            name.and_then(|name| self.names.get(name)).or_else(|| keys(key).find_map(|key| self.keys.get(&key)));
        let number = known.copied().unwrap_or(next);
        if let Some(name) = name {
            self.names.entry(name.to_owned()).or_insert(number);
        }
        for key in keys(key) {
            self.keys.entry(key).or_insert(number);
        }
        number
    }
}

/// What went wrong with which deployment.
pub struct Failures {
    /// Indices of deployments that caused a failure.
    failed: BTreeSet<usize>,
    /// For each incident that has a known cause, by its position: when the deployment finished.
    causes: HashMap<usize, Timestamp>,
}

impl Failures {
    /// `deployments` are in the order in which they finished.
    pub fn of(deployments: &[FinishedDeployment], incidents: &[KnownIncident]) -> Self {
        let mut services = Services::default();
        let mut named: HashMap<EntityKey, usize> = HashMap::new();
        let mut of_service: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, deployment) in deployments.iter().enumerate() {
            named.insert(deployment.deployment, index);
            of_service.entry(services.number(deployment)).or_default().push(index);
        }
        let find = |link: &Linked<EntityKey>| keys(link).find_map(|key| named.get(&key).copied());
        let mut failed: BTreeSet<usize> =
            deployments.iter().filter_map(|deployment| deployment.rolls_back.as_ref().and_then(find)).collect();
        let mut causes = HashMap::new();
        for (position, incident) in incidents.iter().enumerate() {
            let blamed = || {
                let service =
                    services.number_of(incident.service.as_ref().map(|name| name.as_str()), &incident.service_key);
                let latest = |index: &&usize| deployments[**index].at <= incident.opened_at;
                let latest = of_service.get(&service)?.iter().rev().find(latest)?;
                (incident.opened_at.duration_since(deployments[*latest].at) <= BLAME).then_some(*latest)
            };
            let cause = incident.caused_by.as_ref().map_or_else(blamed, find);
            if let Some(cause) = cause {
                failed.insert(cause);
                causes.insert(position, deployments[cause].at);
            }
        }
        Self { failed, causes }
    }

    pub fn is_failed(&self, deployment: usize) -> bool {
        self.failed.contains(&deployment)
    }

    /// When the deployment that caused an incident finished.
    pub fn cause_of(&self, incident: usize) -> Option<Timestamp> {
        self.causes.get(&incident).copied()
    }
}

/// Days on which services were deployed, and how many services no configuration names.
pub(super) fn days<'a>(
    deployments: impl Iterator<Item = &'a FinishedDeployment>,
    calendar: &Calendar,
) -> (usize, usize) {
    let mut services = Services::default();
    let mut unnamed = BTreeSet::new();
    let days: BTreeSet<_> = deployments
        .map(|deployment| {
            let service = services.number(deployment);
            if deployment.service.is_none() {
                unnamed.insert(service);
            }
            (service, calendar.date_of(deployment.at))
        })
        .collect();
    (days.len(), unnamed.len())
}
