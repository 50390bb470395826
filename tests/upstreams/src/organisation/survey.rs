//! How people answered when they were asked, every week, whether they would recommend working here.

use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::delivery::Delivery;
use super::hours::{DAY, HOUR};
use super::people::People;
use super::random::Random;
use super::{Scale, date_of};

/// The whole truth of one survey service. It knows no people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// Oldest first.
    pub invitations: Vec<Invitation>,
    /// Oldest first.
    pub responses: Vec<Response>,
}

/// A campaign that was sent out.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    pub at: Timestamp,
    pub sent: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// With microseconds.
    pub at: Timestamp,
    /// 0 to 10.
    pub score: u8,
}

/// Weeks in which nobody was asked, in which hardly anybody answered, and in which the invitations went out before they began.
const ODD_WEEKS: [i64; 3] = [6, 10, 21];

pub(super) fn survey(
    scale: Scale,
    seed: u64,
    start: Timestamp,
    end: Timestamp,
    people: &People,
    delivery: &Delivery,
) -> Survey {
    let mut random = Random::new(seed, "survey");
    let first = date_of(start);
    let monday = first + i64::from((7 - first.weekday().to_monday_zero_offset()) % 7).days();
    let mut survey = Survey::default();
    for week in 0..scale.weeks {
        let date = monday + (7 * week).days();
        let begins = date.to_zoned(jiff::tz::TimeZone::UTC).expect("the story lies in this era").timestamp();
        let [skipped, thin, early] = ODD_WEEKS;
        if week == skipped {
            continue;
        }
        let trouble = trouble(delivery, begins);
        let asked = u32::try_from(people.people.len()).unwrap_or(u32::MAX);
        let asked_at = begins + SignedDuration::from_hours(if week == early { -14 } else { 8 });
        survey.invitations.push(Invitation { at: asked_at, sent: asked });
        if week == early {
            // Somebody was forgotten, and asked a day later.
            survey.invitations.push(Invitation { at: begins + SignedDuration::from_hours(30), sent: 5 });
        }
        for number in 0..people.people.len() {
            let answers = if week == thin { number < 3 } else { random.permille(420) };
            let (second, micro) = (random.between(9 * HOUR, 5 * DAY), random.between(0, 999_999));
            let score = 9 - trouble + random.between(-2, 2);
            if answers {
                let at = begins + SignedDuration::from_secs(second) + SignedDuration::from_micros(micro);
                let score = u8::try_from(score.clamp(0, 10)).expect("clamped to a score");
                survey.responses.push(Response { at, score });
            }
        }
        if week % 4 == 1 {
            // On the stroke of midnight, where two windows meet, and just before.
            survey.responses.push(Response { at: begins, score: 10 });
            survey.responses.push(Response { at: begins - SignedDuration::from_micros(1), score: 0 });
        }
    }
    survey.invitations.retain(|invitation| invitation.at < end);
    survey.responses.retain(|response| response.at < end);
    survey.invitations.sort_by_key(|invitation| invitation.at);
    survey.responses.sort_by_key(|response| response.at);
    survey
}

/// 0 to 4: a week with incidents feels worse.
fn trouble(delivery: &Delivery, begins: Timestamp) -> i64 {
    let week = begins..begins + SignedDuration::from_hours(7 * 24);
    let incidents = delivery.incidents.iter().filter(|incident| week.contains(&incident.opened_at)).count();
    i64::try_from(incidents.min(4)).unwrap_or(4)
}

#[cfg(test)]
mod tests {
    use super::super::Organisation;
    use super::*;

    fn organisation() -> Organisation {
        Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn weeks_are_answered_fully_hardly_and_not_at_all() {
        let Organisation { survey, .. } = organisation();
        let mut weeks: std::collections::BTreeMap<i64, usize> = std::collections::BTreeMap::new();
        for response in &survey.responses {
            // 1970-01-05 was a Monday.
            *weeks.entry((response.at.as_second() - 4 * DAY).div_euclid(7 * DAY)).or_default() += 1;
        }
        let (first, last) = (*weeks.keys().next().unwrap(), *weeks.keys().last().unwrap());
        assert!(weeks.values().any(|count| *count > 15), "{weeks:?}");
        assert!(weeks.values().any(|count| (1..5).contains(count)), "{weeks:?}");
        assert!((first..last).any(|week| !weeks.contains_key(&week)), "{weeks:?}");
    }

    #[test]
    fn people_feel_worse_in_weeks_with_incidents() {
        let Organisation { survey, delivery, .. } = organisation();
        let mean = |troubled: bool| {
            let scores = survey.responses.iter().filter(|response| {
                let days = date_of(response.at).weekday().to_monday_zero_offset();
                let monday = date_of(response.at) - i64::from(days).days();
                let begins = monday.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
                (trouble(&delivery, begins) > 1) == troubled
            });
            let scores: Vec<u32> = scores.map(|response| u32::from(response.score)).collect();
            f64::from(scores.iter().sum::<u32>()) / f64::from(u32::try_from(scores.len()).unwrap().max(1))
        };
        assert!(mean(true) + 0.5 < mean(false), "{} {}", mean(true), mean(false));
    }

    #[test]
    fn answers_lie_on_the_boundary_of_two_windows() {
        let Organisation { survey, .. } = organisation();
        let is_midnight = |response: &&Response| response.at.as_microsecond() % (DAY * 1_000_000) == 0;
        assert!(survey.responses.iter().filter(is_midnight).count() > 3);
    }
}
