//! What people would tell whoever asks them in their own organisation: how they answer each week, and what they report by themselves.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::date_of;
use super::people::People;
use super::random::Random;

/// The whole truth of what is said, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Voices {
    pub answers: Vec<Given>,
    pub reports: Vec<Report>,
}

/// Somebody answers, if asked in that week.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// The Monday of the week.
    pub week: Date,
    pub person: String,
    pub instrument: &'static str,
    /// By question, as its field is called.
    pub answers: Vec<(&'static str, i64)>,
}

/// Somebody reports friction in that week.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The Monday of the week.
    pub week: Date,
    pub person: String,
    pub category: &'static str,
    pub severity: &'static str,
}

pub const INSTRUMENTS: [&str; 3] = ["pulse", "nps", "annual"];
const CATEGORIES: [&str; 6] = ["build", "build", "tests", "tests", "meetings", "documentation"];
const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];

pub(super) fn voices(seed: u64, start: Timestamp, end: Timestamp, people: &People) -> Voices {
    let mut random = Random::new(seed, "voices");
    let mut voices = Voices::default();
    let first = date_of(start);
    let mut week = first - i64::from(first.weekday().to_monday_zero_offset()).days();
    while week < date_of(end) {
        // Some weeks are quiet, and in some everything breaks.
        let mood = random.between(0, 2);
        for name in people.people.iter().filter_map(|person| person.name.as_ref()) {
            for instrument in INSTRUMENTS {
                if random.permille(620) {
                    let (person, answers) = (name.clone(), answers(instrument, mood, &mut random));
                    voices.answers.push(Given { week, person, instrument, answers });
                }
            }
            for _ in 0..random.between(0, 1 + mood) {
                if random.permille(600) {
                    let (category, severity) = (*random.pick(&CATEGORIES), *random.pick(&SEVERITIES));
                    voices.reports.push(Report { week, person: name.clone(), category, severity });
                }
            }
        }
        week += 7.days();
    }
    voices
}

/// In a bad week everything is answered a little worse. Questions that need not be answered are left out now and then.
fn answers(instrument: &str, mood: i64, random: &mut Random) -> Vec<(&'static str, i64)> {
    let mut work = vec![
        ("valuable_work_percentage", 5 * random.between(6, 18) - 5 * mood),
        ("flow_state_days", random.between(1, 5) - mood / 2),
        ("cognitive_load", random.between(2, 4) + mood / 2),
        ("context_switches", random.between(2, 12) + 2 * mood),
    ];
    match instrument {
        "nps" => vec![("score", (random.between(3, 11) - mood).clamp(0, 10))],
        "annual" => {
            work.push(("score", (random.between(3, 11) - mood).clamp(0, 10)));
            work.retain(|_| random.permille(930));
            let feeling = [
                ("satisfaction_rating", random.between(2, 5)),
                ("burnout", random.between(1, 4) + mood / 2),
                ("constructive_feedback", random.between(2, 5)),
            ];
            work.into_iter().chain(feeling).collect()
        }
        _ => {
            work.retain(|(question, _)| *question != "context_switches" || random.permille(800));
            work
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Organisation;

    #[test]
    fn many_answer_each_week_and_weeks_differ() {
        let organisation = Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap());
        let mut reports: BTreeMap<_, usize> = BTreeMap::new();
        for report in &organisation.voices.reports {
            *reports.entry(report.week).or_default() += 1;
        }
        let (least, most) = (reports.values().min().unwrap(), reports.values().max().unwrap());
        assert!(reports.len() > 20 && least * 2 < *most, "{reports:?}");
        for (question, least, most) in
            [("score", 0, 10), ("burnout", 1, 5), ("flow_state_days", 0, 7), ("cognitive_load", 1, 5)]
        {
            let answers = organisation.voices.answers.iter().flat_map(|given| &given.answers);
            let values: Vec<i64> = answers.filter(|(name, _)| *name == question).map(|(_, value)| *value).collect();
            assert!(values.len() > 500 && values.iter().all(|value| (least..=most).contains(value)), "{question}");
        }
    }
}
