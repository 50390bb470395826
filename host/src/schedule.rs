//! When a feed is due. Pure but for the clock, which is handed in.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{FeedName, SourceName};
use crate::store::LastRun;

const PAUSE_AFTER_INTERRUPTION: Duration = Duration::from_secs(60);
/// Runs are spread over this share of an interval, so that sources of one interval do not all start at once.
const SPREAD: f64 = 0.1;
/// Crashes in a row after which a plugin is left alone for longer and longer.
const STRIKES: u32 = 3;
const LONGEST_QUARANTINE: Duration = Duration::from_secs(24 * 3600);

/// Where the host takes the time from; tests bring their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// What is scheduled: a feed of a source, and the pause between two runs of it.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm<'a> {
    pub source: &'a SourceName,
    pub feed: &'a FeedName,
    pub interval: Duration,
}

impl Rhythm<'_> {
    /// When the next run should begin, the same in every host: an interval and a little after the last one began, not before the
    /// source allows it again, at once when there was none, soon when it was interrupted, and later and later while the plugin crashes.
    pub fn due(&self, last: Option<&LastRun>) -> Timestamp {
        let Some(last) = last else { return Timestamp::MIN };
        let pause = match quarantine(last.strikes, self.interval) {
            _ if last.was_interrupted() => self.interval.min(PAUSE_AFTER_INTERRUPTION),
            Some(quarantine) => quarantine,
            None => self.interval.mul_f64(1.0 + SPREAD * self.share(last.started)),
        };
        let regular = last.started.checked_add(pause).unwrap_or(Timestamp::MAX);
        last.summary.retry_at.map_or(regular, |retry| retry.max(last.started))
    }

    /// 0 to 1, drawn anew for each run.
    fn share(&self, started: Timestamp) -> f64 {
        let mut hasher = DefaultHasher::new();
        (self.source, self.feed, started.as_millisecond()).hash(&mut hasher);
        f64::from(u32::try_from(hasher.finish() >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
    }
}

/// Whether a plugin that failed so often in a row is left alone for longer than usual.
pub fn is_quarantined(strikes: u32) -> bool {
    strikes >= STRIKES
}

/// For how long; `None` while it is not.
fn quarantine(strikes: u32, interval: Duration) -> Option<Duration> {
    let doublings = is_quarantined(strikes).then(|| 1 + strikes - STRIKES)?;
    Some(interval.saturating_mul(1 << doublings.min(16)).min(LONGEST_QUARANTINE.max(interval)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RunSummary;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn last(ended: Option<&str>) -> LastRun {
        LastRun {
            started: at("2026-11-23T12:00:00Z"),
            ended: ended.map(at),
            strikes: 0,
            summary: RunSummary::default(),
            report: None,
        }
    }

    fn due(source: &str, last: Option<&LastRun>) -> Timestamp {
        Rhythm { source: &source.parse().unwrap(), feed: &"commits".parse().unwrap(), interval: HOUR }.due(last)
    }

    #[test]
    fn a_feed_is_due_an_interval_after_its_last_start() {
        assert_eq!(due("github", None), Timestamp::MIN);
        assert_eq!(due("github", Some(&last(None))), at("2026-11-23T12:01:00Z"));
        let mut cancelled = last(Some("2026-11-23T12:00:01Z"));
        cancelled.summary.code = Some("cancelled".to_owned());
        assert_eq!(due("github", Some(&cancelled)), at("2026-11-23T12:01:00Z"));
        let next = due("github", Some(&last(Some("2026-11-23T12:05:00Z"))));
        assert!((at("2026-11-23T13:00:00Z")..=at("2026-11-23T13:06:00Z")).contains(&next), "{next}");
        let mut refused = last(Some("2026-11-23T12:05:00Z"));
        refused.summary.retry_at = Some(at("2026-11-23T12:20:00Z"));
        assert_eq!(due("github", Some(&refused)), at("2026-11-23T12:20:00Z"));
    }

    #[test]
    fn sources_of_one_interval_are_spread() {
        let last = last(Some("2026-11-23T12:05:00Z"));
        let starts: std::collections::BTreeSet<Timestamp> =
            (0..20).map(|number| due(&format!("source-{number}"), Some(&last))).collect();
        assert_eq!(starts.len(), 20);
        let spread = starts.last().unwrap().duration_since(*starts.first().unwrap());
        assert!(spread > jiff::SignedDuration::from_mins(3), "{spread}");
    }

    #[test]
    fn a_plugin_that_crashes_again_and_again_is_left_alone_for_longer_and_longer() {
        let pauses: Vec<Option<u64>> = [0, 2, 3, 4, 5, 9, 300]
            .map(|strikes| quarantine(strikes, HOUR).map(|pause| pause.as_secs() / 3600))
            .to_vec();
        assert_eq!(pauses, [None, None, Some(2), Some(4), Some(8), Some(24), Some(24)]);
        assert_eq!(quarantine(3, 100 * HOUR), Some(100 * HOUR));
        let mut crashed = last(Some("2026-11-23T12:00:01Z"));
        crashed.strikes = 3;
        assert_eq!(due("github", Some(&crashed)), at("2026-11-23T14:00:00Z"));
    }
}
