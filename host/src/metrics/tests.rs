//! What is answered of atoms that are written down here: reasons, windows, rounding, and what must not be told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;

use super::*;
use crate::model::{
    Aggregation, Atom, Component as C, Dimension, Family, Histogram, Measure, Metric, Parts, SampleMetric, Span,
    Subject, TeamName, Week, Withheld, Word,
};

const AMBER: &str = "amber";
const COBALT: &str = "cobalt";

/// The first of thirteen weeks that are released.
fn first() -> Week {
    Week::of_date(date(2026, 1, 5))
}

fn word(word: &str) -> Word {
    word.parse().unwrap()
}

fn hidden(total: i64, count: i64) -> Measure {
    Measure { parts: Parts::Hidden, ..Measure::of(total, count) }
}

fn lying(seconds: &[(i64, i64)], parts: Parts) -> Measure {
    let mut buckets: BTreeMap<i16, i64> = BTreeMap::new();
    for (seconds, times) in seconds {
        *buckets.entry(Histogram::bucket(*seconds)).or_default() += times;
    }
    let histogram = Some(Histogram::new(buckets, Some((i16::MIN, i16::MAX))));
    let count = seconds.iter().map(|(_, times)| times).sum();
    Measure { total: seconds.iter().map(|(seconds, times)| seconds * times).sum(), count, parts, histogram }
}

/// Atoms in the making.
#[derive(Clone, Default)]
struct World {
    atoms: Vec<Atom>,
    families: BTreeSet<Family>,
}

impl World {
    fn about(
        mut self,
        cell: &str,
        (offset, weeks): (i32, i32),
        family: Family,
        facet: Option<&str>,
        measures: &[(C, Measure)],
    ) -> Self {
        let teams = cell.split('+').filter(|team| ![Span::ORGANIZATION, Span::UNASSIGNED].contains(team));
        let span = Span {
            cell: cell.to_owned(),
            teams: teams.map(|team| team.parse().unwrap()).collect(),
            start: first().plus(offset),
            weeks,
            admitted: true,
        };
        let facet = facet.map(word);
        self.atoms.push(Atom { span, family, facet, measures: measures.iter().cloned().collect() });
        self
    }

    fn of(self, cell: &str, weeks: (i32, i32), family: Family, measures: &[(C, Measure)]) -> Self {
        self.about(cell, weeks, family, None, measures)
    }

    /// A cell's thirteen weeks, one by one, all alike.
    fn weekly(self, cell: &str, family: Family, measures: &[(C, Measure)]) -> Self {
        (0..13).fold(self, |world, week| world.of(cell, (week, 1), family, measures))
    }

    fn bringing(mut self, families: &[Family]) -> Self {
        self.families.extend(families);
        self
    }

    fn answers(self) -> Answers {
        let teams = [AMBER, COBALT].map(|team| team.parse().unwrap()).to_vec();
        Answers::new(self.atoms, teams, self.families, true)
    }
}

fn cell(name: &str) -> Scope {
    Scope::Cell(name.to_owned())
}

#[track_caller]
fn told(answers: &Answers, metric: Metric, range: TimeRange, scope: &Scope) -> f64 {
    answers.metric(metric, range, scope).unwrap_or_else(|reason| panic!("{}", reason.as_str())).value.as_f64()
}

#[track_caller]
fn check(answers: &Answers, metric: Metric, range: TimeRange, expected: Result<f64, Withheld>) {
    let answered = answers.metric(metric, range, &Scope::Organization);
    let answered = answered.map(|figure| figure.value.as_f64());
    assert_eq!(answered, expected, "{}", metric.as_str());
}

use TimeRange::{Day, Month, Quarter, Week as SevenDays};

#[test]
fn sums_are_divided_last() {
    let answers = World::default()
        .of(AMBER, (11, 1), Family::Change, &[(C::ReviewTime, Measure::of(3600, 1))])
        .of(COBALT, (12, 1), Family::Change, &[(C::ReviewTime, Measure::of(9 * 36_000, 9))])
        .answers();
    check(&answers, Metric::AvgReviewTimeHours, Month, Ok(9.1));
    let figure = answers.metric(Metric::AvgReviewTimeHours, Month, &Scope::Organization).unwrap();
    assert_eq!(
        (figure.detail.numerator, figure.detail.denominator, figure.detail.weeks_covered),
        (Some(Value::Number(91.0)), Some(Value::Count(10)), Some(2))
    );
}

#[test]
fn every_null_has_its_reason() {
    let none = World::default().bringing(&[Family::Deployment]).answers();
    check(&none, Metric::DeploymentFrequency, Month, Err(Withheld::NotCovered));
    check(&none, Metric::CommitsCount, Month, Err(Withheld::NoSource));

    let nothing_ran = [
        (C::Deployments, Measure::count(0)),
        (C::DeploymentDays, Measure::of(0, 14)),
        (C::FailedDeployments, Measure::of(0, 0)),
        (C::Rework, Measure::of(0, 0)),
    ];
    let answers = World::default()
        .weekly(AMBER, Family::Deployment, &nothing_ran)
        .weekly(AMBER, Family::Commit, &[])
        .of(AMBER, (0, 1), Family::Build, &[(C::Builds, Measure::of(3, 4))])
        .answers();
    check(&answers, Metric::DeploymentFrequency, Month, Ok(0.0));
    check(&answers, Metric::ChangeFailureRate, Month, Err(Withheld::NoEvents));
    check(&answers, Metric::MttrMinutes, Month, Err(Withheld::NoSource));
    check(&answers, Metric::CommitsCount, Month, Err(Withheld::Suppressed));
    check(&answers, Metric::BuildSuccessRate, Month, Err(Withheld::NotCovered));
    check(&answers, Metric::BuildSuccessRate, Quarter, Err(Withheld::Suppressed));
    check(&answers, Metric::TestCoverage, Quarter, Err(Withheld::NoSource));
    check(&answers, Metric::DeploymentFrequency, Day, Err(Withheld::WindowTooShort));
    assert_eq!(answers.metric(Metric::DeploymentFrequency, Month, &cell(COBALT)).unwrap_err(), Withheld::NotCovered);
}

#[test]
fn a_nought_is_told_of_whole_windows_only() {
    let quiet = [(C::Deployments, Measure::count(0))];
    let answers = World::default()
        .of(AMBER, (11, 1), Family::Deployment, &quiet)
        .of(AMBER, (12, 1), Family::Deployment, &quiet)
        .answers();
    check(&answers, Metric::DeploymentFrequency, SevenDays, Ok(0.0));
    check(&answers, Metric::DeploymentFrequency, Month, Err(Withheld::NotCovered));
    let nobody = World::default().of(AMBER, (12, 1), Family::Change, &[(C::CrossTeamChanges, Measure::count(0))]);
    check(&nobody.answers(), Metric::CrossTeamPrs, SevenDays, Err(Withheld::Suppressed));
}

#[test]
fn rates_of_fewer_than_five_events_are_not_told() {
    for (events, expected) in [(4, Err(Withheld::Suppressed)), (5, Ok(20.0))] {
        let measures = [C::FailedDeployments, C::Rework].map(|component| (component, Measure::of(1, events)));
        let answers = World::default()
            .of(AMBER, (12, 1), Family::Deployment, &measures)
            .of(AMBER, (12, 1), Family::Build, &[(C::Builds, Measure::of(1, events))])
            .answers();
        for metric in [Metric::ChangeFailureRate, Metric::DeploymentReworkRate, Metric::BuildSuccessRate] {
            check(&answers, metric, SevenDays, expected);
        }
    }
}

#[test]
fn a_true_nought_of_a_survey_is_a_value() {
    let answers = World::default().of(AMBER, (12, 1), Family::Survey, &[(C::NetPromoters, hidden(0, 30))]).answers();
    check(&answers, Metric::NpsScore, SevenDays, Ok(0.0));
}

#[test]
fn few_answers_are_told_less_exactly() {
    let survey = |count: i64| {
        let measures = [
            (C::Responses, hidden(count / 5 * 5, 0)),
            (C::NetPromoters, hidden(3, count)),
            (C::Rating, hidden(3 * 100 * count + 33, count)),
            (C::BurnedOut, hidden(3, count)),
            (C::FlowDays, hidden(3 * 100 * count + 33, count)),
            (C::ValuableWork, hidden(63 * 100 * count, count)),
            (C::CognitiveLoad, hidden(2 * 100 * count + 33, count)),
        ];
        World::default().about(AMBER, (12, 1), Family::Survey, Some("pulse"), &measures).answers()
    };
    let shown = |answers: &Answers| {
        [
            Metric::NpsScore,
            Metric::SatisfactionRating,
            Metric::BurnoutPercentage,
            Metric::FlowStateDays,
            Metric::ValuableWorkPercentage,
            Metric::CognitiveLoadAvg,
            Metric::ResponseCount,
        ]
        .map(|metric| told(answers, metric, SevenDays, &Scope::Organization))
    };
    assert_eq!(shown(&survey(19)), [15.0, 3.0, 15.0, 3.0, 65.0, 2.0, 15.0]);
    assert_eq!(shown(&survey(22)), [13.6, 3.02, 13.6, 3.02, 63.0, 2.02, 20.0]);
    check(&survey(22), Metric::ResponseRate, SevenDays, Err(Withheld::NoSource));
    let answers = survey(22);
    for metric in Dimension::Satisfaction.metrics() {
        if let Ok(figure) = answers.metric(*metric, SevenDays, &Scope::Organization) {
            assert_eq!((figure.detail.numerator, figure.detail.denominator), (None, None), "{}", metric.as_str());
        }
    }
}

#[test]
fn several_numbers_of_answers_fit_what_is_told() {
    let mut fitting: BTreeMap<String, usize> = BTreeMap::new();
    let shown = |count: i64, promoters: i64| {
        let world = World::default().of(AMBER, (12, 1), Family::Survey, &[(C::NetPromoters, hidden(promoters, count))]);
        told(&world.answers(), Metric::NpsScore, SevenDays, &Scope::Organization).to_string()
    };
    for count in 5..=120 {
        for promoters in -count..=count {
            *fitting.entry(shown(count, promoters)).or_default() += 1;
        }
    }
    for count in 5..=60 {
        for promoters in -count..=count {
            let answer = shown(count, promoters);
            assert!(fitting[&answer] > 1, "{promoters} of {count}: {answer}");
        }
    }
}

#[test]
fn how_many_answered_is_told_from_forty_invited_on() {
    let responses = |invited: i64| {
        let measures = [(C::Responses, hidden(30, invited))];
        World::default().of(AMBER, (12, 1), Family::Survey, &measures).answers()
    };
    check(&responses(39), Metric::ResponseRate, SevenDays, Err(Withheld::Suppressed));
    check(&responses(41), Metric::ResponseRate, SevenDays, Ok(75.0));
}

#[test]
fn a_score_is_carried_and_a_pulse_is_not() {
    let measures = [(C::NetPromoters, hidden(10, 40)), (C::Rating, hidden(16_000, 40))];
    let answers = World::default()
        .weekly(AMBER, Family::Commit, &[(C::Commits, Measure::count(9))])
        .about(AMBER, (0, 4), Family::Survey, Some("nps"), &measures)
        .answers();
    check(&answers, Metric::NpsScore, Month, Ok(25.0));
    check(&answers, Metric::SatisfactionRating, Month, Err(Withheld::NotCovered));
    check(&answers, Metric::SatisfactionRating, Quarter, Ok(4.0));
    let figure = answers.metric(Metric::NpsScore, Month, &Scope::Organization).unwrap();
    assert_eq!((figure.detail.as_of, figure.detail.previous), (first().plus(4).monday(), None));
    let trend = answers.trend(Dimension::Satisfaction, Quarter, &Scope::Organization);
    let points: serde_json::Value = serde_json::to_value(&trend.points).unwrap();
    let scores: Vec<bool> = points.as_array().unwrap().iter().map(|point| point["nps_score"].is_number()).collect();
    assert_eq!((scores.len(), scores.iter().filter(|is_there| **is_there).count(), scores[3]), (13, 1, true));
}

#[test]
fn a_campaign_counts_in_the_window_in_which_it_ends() {
    let rating = |sum| [(C::Rating, hidden(sum, 20))];
    let answers = World::default()
        .of(AMBER, (10, 3), Family::Survey, &rating(8000))
        .of(COBALT, (12, 1), Family::Survey, &rating(4000))
        .answers();
    check(&answers, Metric::SatisfactionRating, SevenDays, Ok(3.0));
}

#[test]
fn what_is_hidden_is_told_alone_and_to_two_digits() {
    let answers = World::default()
        .of(AMBER, (12, 1), Family::Change, &[(C::UnreviewedMerges, hidden(7, 61))])
        .of(AMBER, (12, 1), Family::Active, &[(C::ActivePeople, hidden(15, 1)), (C::ActiveShare, hidden(15, 21))])
        .of(AMBER, (12, 1), Family::Usage, &[(C::AiUsers, hidden(13, 21))])
        .answers();
    for (metric, expected) in [
        (Metric::UnreviewedMergeRate, 11.0),
        (Metric::ActiveDevelopersCount, 15.0),
        (Metric::ActiveShare, 71.0),
        (Metric::AiToolAdoptionRate, 62.0),
    ] {
        check(&answers, metric, SevenDays, Ok(expected));
        let figure = answers.metric(metric, SevenDays, &Scope::Organization).unwrap();
        assert_eq!((figure.detail.numerator, figure.detail.denominator), (None, None), "{}", metric.as_str());
    }
}

#[test]
fn percentiles_need_enough_observations() {
    let percentiles = |count: i64| {
        let measure = lying(&[(3600, count)], Parts::Told);
        let answers = World::default().of(AMBER, (12, 1), Family::Change, &[(C::ReviewTime, measure)]).answers();
        let detail = answers.metric(Metric::AvgReviewTimeHours, SevenDays, &Scope::Organization).unwrap().detail;
        [detail.p50, detail.p75, detail.p90].map(|percentile| percentile.is_some())
    };
    assert_eq!(percentiles(9), [false; 3]);
    assert_eq!(percentiles(10), [true, false, false]);
    assert_eq!(percentiles(20), [true, true, false]);
    assert_eq!(percentiles(50), [true; 3]);

    let recovery = |times: i64| {
        let recovered = lying(&[(1800, times - 2), (36_000, 2)], Parts::Told);
        World::default().of(AMBER, (12, 1), Family::Incident, &[(C::Recovery, recovered)]).answers()
    };
    check(&recovery(4), Metric::MttrMinutes, SevenDays, Err(Withheld::Suppressed));
    check(&recovery(5), Metric::MttrMinutes, SevenDays, Ok(31.0));
    let detail = recovery(5).metric(Metric::MttrMinutes, SevenDays, &Scope::Organization).unwrap().detail;
    assert_eq!((detail.p90, detail.dora_band, detail.numerator), (Some(600.0), Some(Band::Elite), None));
}

#[test]
fn a_stock_is_of_the_newest_span_and_of_each_team_once() {
    let covered = |lines| [(C::CoveredLines, Measure::of(lines, 100))];
    let answers = World::default()
        .weekly(AMBER, Family::Build, &covered(40))
        .of("cobalt", (8, 1), Family::Build, &covered(90))
        .of("cobalt+dune", (9, 4), Family::Build, &covered(80))
        .answers();
    check(&answers, Metric::TestCoverage, Quarter, Ok(60.0));
    let open = |count| [(C::OpenIncidents, Measure::count(count))];
    let answers = World::default()
        .of(AMBER, (11, 1), Family::Incident, &open(3))
        .of(AMBER, (12, 1), Family::Incident, &open(0))
        .answers();
    check(&answers, Metric::OpenIncidents, Month, Ok(0.0));
}

#[test]
fn what_a_source_counted_itself_stands_in_where_people_were_never_counted() {
    let tallied = World::default()
        .weekly(
            Span::ORGANIZATION,
            Family::Tally,
            &[(C::TalliedMessages, Measure::count(100)), (C::TalliedAiUsers, hidden(12, 30))],
        )
        .weekly(AMBER, Family::Commit, &[(C::Commits, Measure::count(9))]);
    let answers = tallied.clone().answers();
    check(&answers, Metric::MattermostMessages, Month, Ok(400.0));
    check(&answers, Metric::AiToolAdoptionRate, Month, Ok(40.0));
    let figure = answers.metric(Metric::MattermostMessages, Month, &Scope::Organization).unwrap();
    assert!(figure.detail.includes_bots);
    assert_eq!(answers.metric(Metric::MattermostMessages, Month, &cell(AMBER)).unwrap_err(), Withheld::NoSource);
    assert!(answers.scope(Span::ORGANIZATION).is_err() && !answers.cells().contains(Span::ORGANIZATION));

    let counted = tallied.of(AMBER, (12, 1), Family::Usage, &[(C::Messages, Measure::count(60))]).answers();
    check(&counted, Metric::MattermostMessages, Month, Ok(60.0));
    let figure = counted.metric(Metric::MattermostMessages, Month, &cell(AMBER)).unwrap();
    assert!(!figure.detail.includes_bots);
}

#[test]
fn a_window_is_compared_with_the_one_before_where_both_are_whole() {
    let commits = |week, count| (week, [(C::Commits, Measure::count(count))]);
    let mut world = World::default();
    for (week, measures) in (5..13).map(|week| commits(week, i64::from(week))) {
        world = world.of(AMBER, (week, 1), Family::Commit, &measures);
    }
    let answers = world.answers();
    let compared = |range| {
        let detail = answers.metric(Metric::CommitsCount, range, &Scope::Organization).unwrap().detail;
        (detail.previous, detail.change)
    };
    assert_eq!(compared(Month), (Some(Value::Count(5 + 6 + 7 + 8)), Some(16.0)));
    assert_eq!(compared(SevenDays), (Some(Value::Count(11)), Some(1.0)));
    assert_eq!(compared(Quarter), (None, None));
}

#[test]
fn friction_is_told_by_category_and_by_the_size_of_the_roster() {
    let reports = |count| [(C::FrictionReports, hidden(count, 40))];
    let answers = World::default()
        .of(AMBER, (12, 1), Family::Friction, &reports(12))
        .about(AMBER, (12, 1), Family::Friction, Some("ci"), &reports(7))
        .about(AMBER, (12, 1), Family::Friction, Some("other"), &reports(5))
        .answers();
    check(&answers, Metric::FrictionIncidents, SevenDays, Ok(12.0));
    check(&answers, Metric::FrictionPer100Devs30d, SevenDays, Ok(130.0));
    let figure = answers.metric(Metric::FrictionIncidents, SevenDays, &Scope::Organization).unwrap();
    assert_eq!(figure.detail.categories, BTreeMap::from([("ci".to_owned(), 7), ("other".to_owned(), 5)]));
}

#[test]
fn whoever_reports_friction_without_a_team_is_counted_once() {
    let reports = |count, person_weeks| [(C::FrictionReports, hidden(count, person_weeks))];
    // Ten people of a pool in two weeks; in the second one everybody's friction is told, too: that of forty people.
    let answers = World::default()
        .of("amber+blue", (11, 2), Family::Friction, &reports(10, 20))
        .of(Span::ORGANIZATION, (12, 1), Family::Friction, &reports(13, 40))
        .answers();
    let per_hundred = |scope: &str| {
        let scope = if scope.is_empty() { Scope::Organization } else { Scope::Cell(scope.to_owned()) };
        answers.value(Metric::FrictionPer100Devs30d, Month, &scope).unwrap().as_f64()
    };
    // 23 reports in 10 + 40 weeks of a person.
    assert_eq!((per_hundred(""), per_hundred("amber+blue")), (200.0, 210.0));
}

#[test]
fn delivery_has_bands() {
    let answers = World::default()
        .weekly(
            AMBER,
            Family::Deployment,
            &[
                (C::Deployments, Measure::count(8)),
                (C::DeploymentDays, Measure::of(4, 14)),
                (C::FailedDeployments, Measure::of(1, 8)),
            ],
        )
        .weekly(AMBER, Family::LeadTime, &[(C::LeadTime, hidden(9 * 30 * 3600, 9))])
        .answers();
    let band = |metric| answers.metric(metric, Month, &Scope::Organization).unwrap().detail.dora_band;
    assert_eq!(band(Metric::DeploymentFrequency), Some(Band::High));
    assert_eq!(band(Metric::LeadTimeHours), Some(Band::High));
    assert_eq!(band(Metric::ChangeFailureRate), Some(Band::Medium));
    check(&answers, Metric::DeploymentFrequency, Month, Ok(1.143));
}

/// Everything that the score looks at.
fn whole(world: World, cell: &str) -> World {
    world
        .weekly(
            cell,
            Family::Deployment,
            &[
                (C::Deployments, Measure::count(8)),
                (C::DeploymentDays, Measure::of(4, 14)),
                (C::FailedDeployments, Measure::of(1, 8)),
            ],
        )
        .weekly(cell, Family::LeadTime, &[(C::LeadTime, hidden(9 * 30 * 3600, 9))])
        .weekly(cell, Family::Incident, &[(C::Recovery, lying(&[(5000, 5)], Parts::Told))])
        .weekly(cell, Family::Build, &[(C::Builds, Measure::of(9, 10)), (C::CoveredLines, Measure::of(7, 10))])
        .weekly(cell, Family::Active, &[(C::ActiveShare, hidden(15, 23))])
        .weekly(cell, Family::Usage, &[(C::AiUsers, hidden(11, 23))])
        .weekly(cell, Family::Change, &[(C::ReviewTime, Measure::of(20 * 50_000, 20))])
        .weekly(cell, Family::Friction, &[(C::FrictionReports, hidden(11, 23))])
        .weekly(
            cell,
            Family::Survey,
            &[
                (C::NetPromoters, hidden(7, 23)),
                (C::Rating, hidden(23 * 370, 23)),
                (C::BurnedOut, hidden(4, 23)),
                (C::ConstructiveFeedback, hidden(17, 23)),
                (C::FlowDays, hidden(23 * 310, 23)),
                (C::ValuableWork, hidden(23 * 6100, 23)),
                (C::CognitiveLoad, hidden(23 * 320, 23)),
            ],
        )
}

#[test]
fn cloning_a_team_does_not_change_the_score() {
    let one = whole(World::default(), AMBER);
    let two = whole(one.clone(), COBALT).answers();
    let one = one.answers();
    for range in [SevenDays, Month, Quarter] {
        let (health, _) = one.health(range, &Scope::Organization);
        assert_eq!((health.coverage, health.dimensions_known), (100.0, 5));
        assert_eq!(two.health(range, &Scope::Organization).0, health);
        assert_eq!(two.health(range, &cell(COBALT)).0, health);
    }
}

#[test]
fn the_score_rests_on_what_is_shown() {
    let rating = |sum| {
        let measures = [(C::Rating, hidden(sum, 11))];
        let world = World::default().of(AMBER, (12, 1), Family::Survey, &measures).answers();
        world.health(SevenDays, &Scope::Organization).0.low
    };
    assert!((rating(11 * 320) - rating(11 * 320 + 30)).abs() < f64::EPSILON, "both are told as 3.2");
}

#[test]
fn no_explanation_counts_people() {
    let answers = whole(World::default(), AMBER).answers();
    for metric in Metric::ALL {
        let explained = answers.explain(metric, Month, &Scope::Organization);
        let text = serde_json::to_string(&explained).unwrap();
        assert!(!explained.rules.is_empty() && !explained.computed_from.is_empty(), "{text}");
        if let Some(detail) = explained.detail {
            assert!(explained.withheld.is_none() && explained.value.is_some(), "{text}");
            // Of a roster, of people with use, of answers: 4 weeks of 23.
            for part in [detail.numerator, detail.denominator].into_iter().flatten() {
                assert!(![92.0, 60.0, 44.0, 68.0, 16.0].contains(&part.as_f64()), "{text}");
            }
        }
    }
}

#[test]
fn a_teams_trend_has_a_point_a_span() {
    let answers = World::default()
        .of(AMBER, (1, 4), Family::Commit, &[(C::Commits, Measure::count(9))])
        .of(AMBER, (5, 4), Family::Commit, &[])
        .of(AMBER, (9, 4), Family::Commit, &[(C::Commits, Measure::count(7))])
        .answers();
    let points = |scope: &Scope| {
        let trend = answers.trend(Dimension::Activity, Quarter, scope);
        let points: serde_json::Value = serde_json::to_value(trend.points).unwrap();
        points.as_array().unwrap().iter().map(|point| point["commits_count"].as_i64()).collect::<Vec<_>>()
    };
    assert_eq!(points(&cell(AMBER)), [Some(9), None, Some(7)]);
    // No week of the organization holds a span of four, and none before the first is a point.
    assert_eq!(points(&Scope::Organization), [None; 12]);
    let cells = answers.teams();
    let amber = cells.iter().find(|cell| cell.name == AMBER).unwrap();
    assert_eq!(amber.teams, [AMBER.parse::<TeamName>().unwrap()]);
    let stretch = Stretch { from: first().plus(1).monday(), to: first().plus(13).monday(), span_weeks: 4 };
    assert_eq!(amber.released, [stretch]);
}

#[test]
fn samples_come_together_as_their_plugin_declares() {
    let metric = |name: &str, aggregation, is_granted| SampleMetric {
        name: word(name),
        subject: Subject::System,
        aggregation,
        is_granted,
    };
    let samples = vec![
        metric("queue", Aggregation::Distribution, true),
        metric("cost", Aggregation::Sum, true),
        metric("disk", Aggregation::Last, true),
        metric("secret", Aggregation::Sum, false),
    ];
    let mut world = World::default();
    for week in [11, 12] {
        world = world.of(Span::ORGANIZATION, (week, 1), Family::Sample, &[]);
        for name in ["queue", "cost", "secret"] {
            let measures = [(C::SampleValue, Measure::of(i64::from(week) * 1000, 4))];
            world = world.about(Span::ORGANIZATION, (week, 1), Family::Sample, Some(name), &measures);
        }
        let measures = [(C::SampleValue, Measure::of(i64::from(week) * 1000, 1))];
        world = world.about(Span::ORGANIZATION, (week, 1), Family::Sample, Some("disk"), &measures);
    }
    let answers = world.answers().knowing(samples);
    let value = |name| answers.sample(name, Month).and_then(|sample| sample.value);
    assert_eq!(["queue", "cost", "disk", "secret"].map(value), [Some(2.875), Some(23.0), Some(12.0), None]);
    assert_eq!(answers.sample("cost", Day).and_then(|sample| sample.withheld), Some(Withheld::WindowTooShort));
    assert_eq!(answers.sample_names(), ["queue", "cost", "disk"]);
    assert_eq!(answers.sample("secret", Month), None);
}
