//! When a feed is due. Pure but for the clock, which is handed in.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::store::LastRun;

const PAUSE_AFTER_DEATH: Duration = Duration::from_secs(60);

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

/// When a feed should run next: an interval after its last start, not before the source allows it again, at once when it never ran.
pub fn due(last: Option<&LastRun>, interval: Duration) -> Timestamp {
    let Some(last) = last else { return Timestamp::MIN };
    // One that never ended died with its process, or could not say how it ended.
    let interval = if last.ended.is_none() { interval.min(PAUSE_AFTER_DEATH) } else { interval };
    let regular = last.started.checked_add(interval).unwrap_or(Timestamp::MAX);
    last.summary.retry_at.map_or(regular, |retry| retry.max(last.started))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RunSummary;

    #[test]
    fn a_feed_is_due_an_interval_after_its_last_start() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let hour = Duration::from_secs(3600);
        let mut last = LastRun { started: at("2026-11-23T12:00:00Z"), ended: None, summary: RunSummary::default() };
        assert_eq!(due(None, hour), Timestamp::MIN);
        assert_eq!(due(Some(&last), hour), at("2026-11-23T12:01:00Z"));
        last.ended = Some(at("2026-11-23T12:05:00Z"));
        assert_eq!(due(Some(&last), hour), at("2026-11-23T13:00:00Z"));
        last.summary.retry_at = Some(at("2026-11-23T12:20:00Z"));
        assert_eq!(due(Some(&last), hour), at("2026-11-23T12:20:00Z"));
    }
}
