//! What one credential may still ask, as far as is known. The clock is an argument.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use reqwest::Method;
use url::Url;

use super::limit::{Told, Verdict};

const HOUR: Duration = Duration::from_secs(3600);
/// Requests of so long are forgotten together, the youngest a little late.
const SPELL: Duration = Duration::from_secs(60);
/// Where nothing says how long to wait; doubles with each refusal in a row.
const FIRST_WAIT: Duration = Duration::from_secs(60);
const LONGEST_UNTOLD_WAIT: Duration = HOUR;
/// How long others are preferred to a credential that was refused.
const LEFT_OUT: Duration = Duration::from_secs(15 * 60);
const MOST_RESOURCES: usize = 16;
const MOST_MANNERS: usize = 64;

/// What is known of a request before it is sent: those with the same method and first word of the path are taken to spend the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Manner(String);

impl Manner {
    pub(super) fn of(method: &Method, url: &Url) -> Self {
        let word = url.path_segments().and_then(|mut words| words.next()).unwrap_or_default();
        Self(format!("{method} {word}"))
    }
}

#[derive(Debug)]
pub(super) struct Allowance {
    /// Most requests in any hour.
    hourly: Option<NonZeroU32>,
    /// When each spell began, and its requests.
    sent: VecDeque<(Instant, u32)>,
    /// What the source said is left of each resource that it counts, and until when that holds.
    told: BTreeMap<String, (u64, Instant)>,
    /// Which resource requests have spent.
    spends: BTreeMap<Manner, String>,
    blocked_until: Option<Instant>,
    left_out_until: Option<Instant>,
    untold_refusals: u32,
}

impl Allowance {
    pub(super) fn new(hourly: Option<NonZeroU32>) -> Self {
        Self {
            hourly,
            sent: VecDeque::new(),
            told: BTreeMap::new(),
            spends: BTreeMap::new(),
            blocked_until: None,
            left_out_until: None,
            untold_refusals: 0,
        }
    }

    /// How long the next request of this manner must wait.
    pub(super) fn wait(&self, manner: &Manner, now: Instant) -> Duration {
        let used_up = self.told_of(manner, now).filter(|(left, _)| *left == 0).map(|(_, until)| until);
        let until = used_up.max(self.blocked_until);
        let told = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let oldest = self.recent(now).next();
        let hour = match oldest.filter(|_| self.left_of_hour(now) == Some(0)) {
            Some((began, _)) => (began + HOUR + SPELL).saturating_duration_since(now),
            None => Duration::ZERO,
        };
        told.max(hour)
    }

    /// Requests of this manner that are surely left; where nothing is known, as many as one likes.
    pub(super) fn left(&self, manner: &Manner, now: Instant) -> u64 {
        let told = self.told_of(manner, now).map_or(u64::MAX, |(left, _)| left);
        told.min(self.left_of_hour(now).map_or(u64::MAX, u64::from))
    }

    /// Whether the source refused the credential not long ago.
    pub(super) fn is_left_out(&self, now: Instant) -> bool {
        self.left_out_until.is_some_and(|until| until > now)
    }

    /// A request is about to be sent.
    pub(super) fn spend(&mut self, manner: &Manner, now: Instant) {
        let is_past = |(began, _): &(Instant, u32)| now.saturating_duration_since(*began) >= HOUR + SPELL;
        while self.sent.front().is_some_and(is_past) {
            self.sent.pop_front();
        }
        match self.sent.back_mut().filter(|(began, _)| now.saturating_duration_since(*began) < SPELL) {
            Some((_, requests)) => *requests += 1,
            None => self.sent.push_back((now, 1)),
        }
        let resource = self.spends.get(manner);
        if let Some((left, _)) = resource.and_then(|resource| self.told.get_mut(resource)).filter(|(left, _)| *left > 1)
        {
            // That nothing is left, the source says itself.
            *left -= 1;
        }
    }

    /// Takes in an answer to a request of this manner; the wait, where it was a refusal for coming too often.
    pub(super) fn learn(&mut self, manner: &Manner, told: &Told, now: Instant) -> Option<Duration> {
        if let Some(left) = told.remaining {
            self.note(manner, &told.resource, left, now + told.until_reset.unwrap_or_default(), now);
        }
        let Verdict::ComeLater(wait) = told.verdict else {
            self.untold_refusals = 0;
            return None;
        };
        if told.remaining != Some(0) {
            return Some(self.come_later(wait, now));
        }
        // The others are as they were.
        let wait = self.long_enough(wait);
        self.note(manner, &told.resource, 0, now + wait, now);
        Some(wait)
    }

    /// Whatever is asked, it is too much; the wait.
    pub(super) fn come_later(&mut self, wait: Option<Duration>, now: Instant) -> Duration {
        let wait = self.long_enough(wait);
        self.blocked_until = Some(now + wait);
        wait
    }

    fn long_enough(&mut self, told: Option<Duration>) -> Duration {
        told.unwrap_or_else(|| {
            let wait = FIRST_WAIT.saturating_mul(1 << self.untold_refusals.min(16)).min(LONGEST_UNTOLD_WAIT);
            self.untold_refusals += 1;
            wait
        })
    }

    /// A source that makes up ever more names is taken to count one thing.
    fn note(&mut self, manner: &Manner, resource: &str, left: u64, until: Instant, now: Instant) {
        self.told.retain(|_, (_, until)| *until > now);
        if self.spends.len() >= MOST_MANNERS && !self.spends.contains_key(manner) {
            self.spends.clear();
        }
        let is_one_more = !self.told.contains_key(resource) && self.told.len() >= MOST_RESOURCES;
        let resource = if is_one_more { "" } else { resource };
        self.spends.insert(manner.clone(), resource.to_owned());
        self.told.insert(resource.to_owned(), (left, until));
    }

    /// What is told of the resource that such requests spend. Until an answer has named it, that is the one without a name.
    fn told_of(&self, manner: &Manner, now: Instant) -> Option<(u64, Instant)> {
        let resource = self.spends.get(manner).map_or("", String::as_str);
        self.told.get(resource).copied().filter(|(_, until)| *until > now)
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

    fn asked(method: &Method, path: &str) -> Manner {
        Manner::of(method, &Url::parse("https://api.github.com").unwrap().join(path).unwrap())
    }

    fn manner() -> Manner {
        asked(&Method::GET, "/repos/octo/app/pulls")
    }

    fn answered(remaining: Option<u64>, reset: u32) -> Told {
        let until_reset = Some(SECOND * reset);
        Told { verdict: Verdict::Answered, resource: String::new(), remaining, until_reset }
    }

    fn answered_of(resource: &str, remaining: u64, reset: u32) -> Told {
        Told { resource: resource.to_owned(), ..answered(Some(remaining), reset) }
    }

    fn come_later(seconds: Option<u32>) -> Told {
        let wait = seconds.map(|seconds| SECOND * seconds);
        Told { verdict: Verdict::ComeLater(wait), resource: String::new(), remaining: None, until_reset: None }
    }

    #[test]
    fn no_hour_holds_more_requests_than_allowed() {
        let (start, mut allowance) = (Instant::now(), Allowance::new(NonZeroU32::new(100)));
        let mut sent: Vec<Duration> = Vec::new();
        let mut at = Duration::ZERO;
        for step in (1..60).cycle().take(2000) {
            let wait = allowance.wait(&manner(), start + at);
            at += wait;
            assert!(allowance.wait(&manner(), start + at).is_zero(), "what is told is enough");
            allowance.spend(&manner(), start + at);
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
            allowance.spend(&manner(), now);
        }
        assert_eq!((allowance.wait(&manner(), now), allowance.left(&manner(), now)), (Duration::ZERO, u64::MAX));
    }

    #[test]
    fn a_refusal_without_a_word_doubles_the_wait() {
        let (mut now, mut allowance) = (Instant::now(), Allowance::new(None));
        for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(allowance.learn(&manner(), &come_later(None), now), Some(SECOND * 60 * minutes));
            assert_eq!(allowance.wait(&manner(), now), SECOND * 60 * minutes);
            now += SECOND * 60 * minutes;
            assert_eq!(allowance.wait(&manner(), now), Duration::ZERO);
        }
        assert_eq!(allowance.learn(&manner(), &answered(None, 1), now), None);
        assert_eq!(allowance.learn(&manner(), &come_later(None), now), Some(SECOND * 60));
    }

    #[test]
    fn a_wait_that_is_told_holds() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        assert_eq!(allowance.learn(&manner(), &come_later(Some(7)), now), Some(SECOND * 7));
        assert_eq!(
            (allowance.wait(&manner(), now), allowance.wait(&manner(), now + SECOND * 7)),
            (SECOND * 7, Duration::ZERO)
        );
    }

    #[test]
    fn the_last_request_of_a_window_blocks_until_its_reset() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        assert_eq!(allowance.learn(&manner(), &answered(Some(2), 30), now), None);
        assert_eq!((allowance.wait(&manner(), now), allowance.left(&manner(), now)), (Duration::ZERO, 2));
        allowance.spend(&manner(), now);
        assert_eq!(allowance.left(&manner(), now), 1);
        assert_eq!(allowance.learn(&manner(), &answered(Some(0), 30), now), None);
        assert_eq!((allowance.wait(&manner(), now), allowance.left(&manner(), now)), (SECOND * 30, 0));
        assert_eq!(allowance.wait(&manner(), now + SECOND * 30), Duration::ZERO);
        assert_eq!(allowance.left(&manner(), now + SECOND * 30), u64::MAX);
    }

    #[test]
    fn a_refused_credential_comes_last_until_it_is_renewed() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        allowance.leave_out(now);
        assert!(allowance.is_left_out(now) && !allowance.is_left_out(now + LEFT_OUT));
        allowance.renew();
        assert!(!allowance.is_left_out(now));
    }

    #[test]
    fn what_the_source_counts_apart_is_spent_apart() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        let (rest, graphql) = (manner(), asked(&Method::POST, "/graphql"));
        allowance.learn(&graphql, &answered_of("graphql", 0, 300), now);
        assert_eq!(allowance.wait(&rest, now), Duration::ZERO, "what it spends is not known yet");
        allowance.learn(&rest, &answered_of("core", 7, 600), now);
        assert_eq!((allowance.wait(&rest, now), allowance.left(&rest, now)), (Duration::ZERO, 7));
        assert_eq!((allowance.wait(&graphql, now), allowance.left(&graphql, now)), (SECOND * 300, 0));
        let refused = Told { verdict: Verdict::ComeLater(Some(SECOND * 600)), ..answered_of("core", 0, 600) };
        assert_eq!(allowance.learn(&asked(&Method::GET, "/repos/octo/lib"), &refused, now), Some(SECOND * 600));
        assert_eq!(allowance.wait(&rest, now + SECOND * 300), SECOND * 300);
        assert_eq!(allowance.wait(&graphql, now + SECOND * 300), Duration::ZERO);
    }

    #[test]
    fn a_refusal_while_something_is_left_is_of_everything() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        let (rest, graphql) = (manner(), asked(&Method::POST, "/graphql"));
        allowance.learn(&rest, &answered_of("core", 7, 600), now);
        allowance.learn(&graphql, &answered_of("graphql", 9, 600), now);
        let refused = Told { verdict: Verdict::ComeLater(Some(SECOND * 60)), ..answered_of("graphql", 8, 600) };
        assert_eq!(allowance.learn(&graphql, &refused, now), Some(SECOND * 60));
        assert_eq!((allowance.wait(&rest, now), allowance.wait(&graphql, now)), (SECOND * 60, SECOND * 60));
    }

    #[test]
    fn names_without_end_take_no_room_without_end() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        for number in 0..1000 {
            let manner = asked(&Method::GET, &format!("/{number}"));
            allowance.learn(&manner, &answered_of(&number.to_string(), 0, 60), now);
            assert_eq!(allowance.wait(&manner, now), SECOND * 60);
        }
        assert!(allowance.told.len() <= MOST_RESOURCES + 1 && allowance.spends.len() <= MOST_MANNERS);
    }
}
