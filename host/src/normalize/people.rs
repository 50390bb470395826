//! What usage, tallies, surveys, friction, memberships and samples have to be.

use jiff::{SignedDuration, Timestamp};

use crate::model::{
    Aggregation, Calendar, RawIdentity, RawKey, Rejected, Sample, SampleMetric, Subject, SurveyResponse, Tally,
    TeamName, Usage,
};

/// Of one tool by one person on one day.
const MOST_USES: u32 = 100_000;
const LONGEST_PERIOD: SignedDuration = SignedDuration::from_hours(366 * 24);

pub(super) fn usage(usage: &Usage<RawIdentity>, at: Timestamp, calendar: &Calendar) -> Result<(), Rejected> {
    if calendar.first_day_from(at) != calendar.date_of(at) {
        return Err(Rejected::NotADay);
    }
    if usage.count > MOST_USES {
        return Err(Rejected::OutOfBounds);
    }
    Ok(())
}

/// Answers when it became true: at the end of its period it still belongs to it.
pub(super) fn tally(tally: &Tally<RawKey>, at: Timestamp) -> Result<Timestamp, Rejected> {
    if tally.from >= tally.through || at < tally.from || at > tally.through {
        return Err(Rejected::Contradictory);
    }
    if tally.through.duration_since(tally.from) > LONGEST_PERIOD {
        return Err(Rejected::OutOfBounds);
    }
    if tally.count.is_none() && tally.people.is_none() {
        return Err(Rejected::Empty);
    }
    let last_moment = tally.through.checked_sub(SignedDuration::from_millis(1)).unwrap_or(tally.from);
    Ok(at.min(last_moment))
}

pub(super) fn survey_response(response: &SurveyResponse<RawKey>) -> Result<(), Rejected> {
    if response.answers.is_empty() { Err(Rejected::Empty) } else { Ok(()) }
}

/// Keeps a team that is configured, spelt as it is there; answers how many were not.
pub(super) fn team(team: &mut Option<TeamName>, teams: &[TeamName]) -> u32 {
    let Some(given) = team.take() else { return 0 };
    *team = teams.iter().find(|known| known.as_str().eq_ignore_ascii_case(given.as_str())).cloned();
    u32::from(team.is_none())
}

/// Only what the plugin declares and the operator grants, and about whom it was declared.
pub(super) fn sample(sample: &Sample<RawIdentity, RawKey>, metrics: &[SampleMetric]) -> Result<(), Rejected> {
    let metric = metrics.iter().find(|metric| metric.name == sample.metric).ok_or(Rejected::UndeclaredMetric)?;
    if !metric.is_granted {
        return Err(Rejected::NotGranted);
    }
    match (metric.subject, &sample.actor) {
        (Subject::System | Subject::Anonymous, Some(_)) => return Err(Rejected::UnwantedActor),
        (Subject::Person, None) => return Err(Rejected::NoActor),
        (Subject::System | Subject::Anonymous, None) | (Subject::Person, Some(_)) => {}
    }
    let is_ratio = metric.aggregation == Aggregation::Ratio;
    let is_allowed = sample.value.is_finite() && sample.value >= 0.0;
    if !is_allowed || is_ratio && sample.value != 0.0 && sample.value != 1.0 {
        return Err(Rejected::OutOfBounds);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn person() -> RawIdentity {
        RawIdentity::new("1".to_owned(), Vec::new(), false)
    }

    #[test]
    fn use_begins_with_a_day_of_the_calendar() {
        let berlin = Calendar::new(TimeZone::get("Europe/Berlin").unwrap());
        let of = |count| Usage { actor: person(), tool: "ai".parse().unwrap(), count };
        assert_eq!(usage(&of(0), at("2026-11-18T23:00:00Z"), &berlin), Ok(()));
        assert_eq!(usage(&of(1), at("2026-11-19T00:00:00Z"), &berlin), Err(Rejected::NotADay));
        assert_eq!(usage(&of(100_001), at("2026-11-18T23:00:00Z"), &berlin), Err(Rejected::OutOfBounds));
    }

    #[test]
    fn a_tally_belongs_to_its_period() {
        let (from, through) = (at("2026-11-16T00:00:00Z"), at("2026-11-23T00:00:00Z"));
        let tool: crate::model::Word = "ai".parse().unwrap();
        let of = |people| Tally {
            tool: tool.clone(),
            scope: None,
            from,
            through,
            count: None,
            people,
            eligible: None,
            bots_included: false,
        };
        assert_eq!(tally(&of(Some(6)), through), Ok(at("2026-11-22T23:59:59.999Z")));
        assert_eq!(tally(&of(Some(6)), from), Ok(from));
        assert_eq!(tally(&of(Some(6)), at("2026-11-23T00:00:00.001Z")), Err(Rejected::Contradictory));
        assert_eq!(tally(&of(None), from), Err(Rejected::Empty));
        let longest = Tally { through: from + LONGEST_PERIOD, ..of(Some(6)) };
        assert_eq!(tally(&longest, from), Ok(from));
        let longer = Tally { through: longest.through + SignedDuration::from_millis(1), ..longest };
        assert_eq!(tally(&longer, from), Err(Rejected::OutOfBounds));
    }

    #[test]
    fn a_team_is_kept_as_the_configuration_spells_it() {
        let teams: Vec<TeamName> = vec!["Amber".parse().unwrap()];
        for (given, kept, left_out) in [(Some("amber"), Some("Amber"), 0), (Some("cobalt"), None, 1), (None, None, 0)] {
            let mut given = given.map(|name| name.parse().unwrap());
            assert_eq!(team(&mut given, &teams), left_out);
            assert_eq!(given.as_ref().map(TeamName::as_str), kept);
        }
    }

    #[test]
    fn a_sample_is_about_whom_it_was_declared_and_granted() {
        let metric = |name: &str, subject, aggregation, is_granted| SampleMetric {
            name: name.parse().unwrap(),
            subject,
            aggregation,
            is_granted,
        };
        let metrics = [
            metric("queue", Subject::System, Aggregation::Last, true),
            metric("focus", Subject::Person, Aggregation::Sum, true),
            metric("helped", Subject::Anonymous, Aggregation::Ratio, true),
            metric("mood", Subject::Anonymous, Aggregation::Distribution, false),
        ];
        for (name, value, actor, expected) in [
            ("queue", 0.0, None, Ok(())),
            ("queue", 1.0, Some(person()), Err(Rejected::UnwantedActor)),
            ("queue", -0.5, None, Err(Rejected::OutOfBounds)),
            ("queue", f64::INFINITY, None, Err(Rejected::OutOfBounds)),
            ("queue", f64::NAN, None, Err(Rejected::OutOfBounds)),
            ("focus", 2.5, Some(person()), Ok(())),
            ("focus", 2.5, None, Err(Rejected::NoActor)),
            ("helped", 1.0, None, Ok(())),
            ("helped", 0.5, None, Err(Rejected::OutOfBounds)),
            ("helped", 1.0, Some(person()), Err(Rejected::UnwantedActor)),
            ("mood", 1.0, None, Err(Rejected::NotGranted)),
            ("weather", 1.0, None, Err(Rejected::UndeclaredMetric)),
        ] {
            let given = Sample { metric: name.parse().unwrap(), value, actor, scope: None };
            assert_eq!(sample(&given, &metrics), expected, "{name} {value}");
        }
    }
}
