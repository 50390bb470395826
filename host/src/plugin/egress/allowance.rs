//! What one credential may still ask, as far as is known. The clock is an argument.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::limit::{Told, Verdict};

const HOUR: Duration = Duration::from_secs(3600);
/// Requests of so long are forgotten together, the youngest a little late.
const SPELL: Duration = Duration::from_secs(60);
/// Where nothing says how long to wait; doubles with each refusal in a row.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_UNTOLD_WAIT: Duration = HOUR;
/// How long others are preferred to a credential that was refused.
const LEFT_OUT: Duration = Duration::from_secs(15 * 60);

#[derive(Debug)]
pub(super) struct Allowance {
    /// Most requests in any hour.
    hourly: Option<NonZeroU32>,
    /// When each spell began, and its requests.
    sent: VecDeque<(Instant, u32)>,
    /// What the source said is left, and until when that holds.
    told: Option<(u64, Instant)>,
    blocked_until: Option<Instant>,
    left_out_until: Option<Instant>,
    untold_refusals: u32,
}

impl Allowance {
    pub(super) fn new(hourly: Option<NonZeroU32>) -> Self {
        Self {
            hourly,
            sent: VecDeque::new(),
            told: None,
            blocked_until: None,
            left_out_until: None,
            untold_refusals: 0,
        }
    }

    /// How long the next request must wait.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let blocked = self.blocked_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let oldest = self.recent(now).next();
        let used_up = match oldest.filter(|_| self.left_of_hour(now) == Some(0)) {
            Some((began, _)) => (began + HOUR + SPELL).saturating_duration_since(now),
            None => Duration::ZERO,
        };
        blocked.max(used_up)
    }

    /// Requests that are surely left; where nothing is known, as many as one likes.
    pub(super) fn left(&self, now: Instant) -> u64 {
        let told = self.told.filter(|(_, until)| *until > now).map_or(u64::MAX, |(left, _)| left);
        told.min(self.left_of_hour(now).map_or(u64::MAX, u64::from))
    }

    /// Whether the source refused the credential not long ago.
    pub(super) fn is_left_out(&self, now: Instant) -> bool {
        self.left_out_until.is_some_and(|until| until > now)
    }

    /// A request is about to be sent.
    pub(super) fn spend(&mut self, now: Instant) {
        let is_past = |(began, _): &(Instant, u32)| now.saturating_duration_since(*began) >= HOUR + SPELL;
        while self.sent.front().is_some_and(is_past) {
            self.sent.pop_front();
        }
        match self.sent.back_mut().filter(|(began, _)| now.saturating_duration_since(*began) < SPELL) {
            Some((_, requests)) => *requests += 1,
            None => self.sent.push_back((now, 1)),
        }
        if let Some((left, _)) = &mut self.told {
            *left = left.saturating_sub(1);
        }
    }

    /// Takes in an answer; the wait, where it was a refusal for coming too often.
    pub(super) fn learn(&mut self, told: &Told, now: Instant) -> Option<Duration> {
        if let (Some(left), Some(reset)) = (told.remaining, told.until_reset) {
            self.told = Some((left, now + reset));
            if left == 0 {
                self.blocked_until = Some(now + reset);
            }
        }
        let Verdict::ComeLater(wait) = told.verdict else {
            self.untold_refusals = 0;
            return None;
        };
        let wait = wait.unwrap_or_else(|| {
            let wait = FIRST_WAIT.saturating_mul(1 << self.untold_refusals.min(16)).min(LONGEST_UNTOLD_WAIT);
            self.untold_refusals += 1;
            wait
        });
        self.blocked_until = Some(now + wait);
        Some(wait)
    }

    /// The source refused the credential.
    pub(super) fn leave_out(&mut self, now: Instant) {
        self.left_out_until = Some(now + LEFT_OUT);
    }

    /// The credential is a new one; what was learnt belongs to the old one.
    pub(super) fn renew(&mut self) {
        *self = Self::new(self.hourly);
    }

    fn left_of_hour(&self, now: Instant) -> Option<u32> {
        let sent: u32 = self.recent(now).map(|(_, requests)| requests).sum();
        self.hourly.map(|hourly| hourly.get().saturating_sub(sent))
    }

    fn recent(&self, now: Instant) -> impl Iterator<Item = (Instant, u32)> {
        self.sent.iter().copied().filter(move |(began, _)| now.saturating_duration_since(*began) < HOUR + SPELL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn answered(remaining: Option<u64>, reset: u32) -> Told {
        Told { verdict: Verdict::Answered, remaining, until_reset: Some(SECOND * reset) }
    }

    fn come_later(seconds: Option<u32>) -> Told {
        let wait = seconds.map(|seconds| SECOND * seconds);
        Told { verdict: Verdict::ComeLater(wait), remaining: None, until_reset: None }
    }

    #[test]
    fn no_hour_holds_more_requests_than_allowed() {
        let (start, mut allowance) = (Instant::now(), Allowance::new(NonZeroU32::new(100)));
        let mut sent: Vec<Duration> = Vec::new();
        let mut at = Duration::ZERO;
        for step in (1..60).cycle().take(2000) {
            let wait = allowance.wait(start + at);
            at += wait;
            assert!(allowance.wait(start + at).is_zero(), "what is told is enough");
            allowance.spend(start + at);
            sent.push(at);
            at += SECOND * step / 2;
        }
        for (index, first) in sent.iter().enumerate() {
            let hour = sent[index..].iter().take_while(|at| **at < *first + HOUR).count();
            assert!(hour <= 100, "{hour} requests in the hour after {first:?}");
        }
        assert!(*sent.last().unwrap() < HOUR * 21, "and it is nearly used: {:?}", sent.last());
    }

    #[test]
    fn without_a_limit_there_is_no_wait() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        for _ in 0..100_000 {
            allowance.spend(now);
        }
        assert_eq!((allowance.wait(now), allowance.left(now)), (Duration::ZERO, u64::MAX));
    }

    #[test]
    fn a_refusal_without_a_word_doubles_the_wait() {
        let (mut now, mut allowance) = (Instant::now(), Allowance::new(None));
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(allowance.learn(&come_later(None), now), Some(SECOND * 60 * minutes));
            assert_eq!(allowance.wait(now), SECOND * 60 * minutes);
            now += SECOND * 60 * minutes;
            assert_eq!(allowance.wait(now), Duration::ZERO);
        }
        assert_eq!(allowance.learn(&answered(None, 1), now), None);
        assert_eq!(allowance.learn(&come_later(None), now), Some(SECOND * 60));
    }

    #[test]
    fn a_wait_that_is_told_holds() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        assert_eq!(allowance.learn(&come_later(Some(7)), now), Some(SECOND * 7));
        assert_eq!((allowance.wait(now), allowance.wait(now + SECOND * 7)), (SECOND * 7, Duration::ZERO));
    }

    #[test]
    fn the_last_request_of_a_window_blocks_until_its_reset() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        assert_eq!(allowance.learn(&answered(Some(2), 30), now), None);
        assert_eq!((allowance.wait(now), allowance.left(now)), (Duration::ZERO, 2));
        allowance.spend(now);
        assert_eq!(allowance.left(now), 1);
        assert_eq!(allowance.learn(&answered(Some(0), 30), now), None);
        assert_eq!((allowance.wait(now), allowance.left(now)), (SECOND * 30, 0));
        assert_eq!(allowance.wait(now + SECOND * 30), Duration::ZERO);
        assert_eq!(allowance.left(now + SECOND * 30), u64::MAX);
    }

    #[test]
    fn a_refused_credential_comes_last_until_it_is_renewed() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        allowance.leave_out(now);
        assert!(allowance.is_left_out(now) && !allowance.is_left_out(now + LEFT_OUT));
        allowance.renew();
        assert!(!allowance.is_left_out(now));
    }
}
