//! How far the feeds of a family have been read, which is how far it may be released.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::delivery::BLAME;

use crate::model::{FactKind, Family, FeedName, SourceName};
use crate::store::Coverage;

/// A feed of a configured source and what it has covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedCoverage {
    pub source: SourceName,
    pub feed: FeedName,
    pub emits: Vec<FactKind>,
    /// None before its first complete run.
    pub coverage: Option<Coverage>,
}

/// Whether a family can be released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// No feed brings one of the kinds that it rests on.
    NoFeed,
    /// These feeds have not completed a run yet.
    Waiting(Vec<(SourceName, FeedName)>),
    /// Spans inside this stretch may be released: read by every feed, and settled.
    Through { from: Timestamp, through: Timestamp },
}

impl Readiness {
    /// Of both together.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Readiness::Through { from, through }, Readiness::Through { from: later, through: earlier }) => {
                Readiness::Through { from: from.max(later), through: through.min(earlier) }
            }
            (Readiness::Waiting(mut feeds), Readiness::Waiting(more)) => {
                feeds.extend(more);
                feeds.sort();
                feeds.dedup();
                Readiness::Waiting(feeds)
            }
            (Readiness::Through { .. }, waiting) | (waiting, _) => waiting,
        }
    }
}

/// A family is as far as the last of its feeds, less the time that late facts are given.
pub fn readiness(family: Family, feeds: &[FeedCoverage], settle: Duration) -> Readiness {
    let brings = |kind: &FactKind| feeds.iter().any(|feed| feed.emits.contains(kind));
    if !family.needs().iter().all(brings) {
        return Readiness::NoFeed;
    }
    let of_family: Vec<&FeedCoverage> =
        feeds.iter().filter(|feed| family.rests_on().any(|kind| feed.emits.contains(&kind))).collect();
    let waiting: Vec<_> = of_family
        .iter()
        .filter(|feed| feed.coverage.is_none())
        .map(|feed| (feed.source.clone(), feed.feed.clone()))
        .collect();
    let covered = of_family.iter().filter_map(|feed| feed.coverage);
    match (covered.clone().map(|coverage| coverage.from).max(), covered.map(|coverage| coverage.through).min()) {
        (Some(from), Some(through)) if waiting.is_empty() => {
            // An incident may be blamed on a deployment for a while after it.
            let settle = if family == Family::Deployment {
                SignedDuration::try_from(settle).unwrap_or(BLAME).max(BLAME)
            } else {
                SignedDuration::try_from(settle).unwrap_or(SignedDuration::MAX)
            };
            Readiness::Through { from, through: through.checked_sub(settle).unwrap_or(Timestamp::MIN) }
        }
        _ => Readiness::Waiting(waiting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(name: &str, emits: &[FactKind], covered: Option<(&str, &str)>) -> FeedCoverage {
        let coverage =
            covered.map(|(from, through)| Coverage { from: from.parse().unwrap(), through: through.parse().unwrap() });
        FeedCoverage { source: "github".parse().unwrap(), feed: name.parse().unwrap(), emits: emits.to_vec(), coverage }
    }

    const SETTLE: Duration = Duration::from_secs(36 * 3600);

    #[test]
    fn a_family_is_as_far_as_the_last_of_its_feeds() {
        let feeds = [
            feed(
                "pulls",
                &[FactKind::Change, FactKind::Review],
                Some(("2026-08-01T00:00:00Z", "2026-11-20T12:00:00Z")),
            ),
            feed("commits", &[FactKind::Commit], Some(("2026-09-01T00:00:00Z", "2026-11-18T12:00:00Z"))),
        ];
        let through = |from: &str, through: &str| Readiness::Through {
            from: from.parse().unwrap(),
            through: through.parse().unwrap(),
        };
        assert_eq!(readiness(Family::Change, &feeds, SETTLE), through("2026-08-01T00:00:00Z", "2026-11-19T00:00:00Z"));
        assert_eq!(readiness(Family::Commit, &feeds, SETTLE), through("2026-09-01T00:00:00Z", "2026-11-17T00:00:00Z"));
    }

    #[test]
    fn a_feed_that_never_completed_a_run_holds_its_families_back() {
        let feeds = [
            feed(
                "pulls",
                &[FactKind::Change, FactKind::Review],
                Some(("2026-08-01T00:00:00Z", "2026-11-20T12:00:00Z")),
            ),
            feed("commits", &[FactKind::Commit], None),
        ];
        assert_eq!(
            readiness(Family::Active, &feeds, SETTLE),
            Readiness::Waiting(vec![("github".parse().unwrap(), "commits".parse().unwrap())])
        );
        assert_eq!(readiness(Family::Active, &feeds[..1], SETTLE), Readiness::NoFeed);
    }
}
