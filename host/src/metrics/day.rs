//! `24h` where days are told: the newest released day of what runs in the whole organization. Everything else is told in weeks alone.

use super::catalogue::{self, Recipe};
use super::sum::Sum;
use super::told::{detail, value};
use super::{Answers, Figure, Scope, TimeRange, Window};
use crate::model::{Day, Metric, Withheld};

/// Whether days are told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Days {
    #[default]
    Off,
    /// With the newest one, if any was released.
    On(Option<Day>),
}

impl Answers {
    pub(super) fn tells_days(&self) -> bool {
        self.days != Days::Off
    }

    /// A metric of the day, where it is asked for and may be told of days.
    pub(super) fn of_day(&self, metric: Metric, range: TimeRange, scope: &Scope) -> Option<Result<Figure, Withheld>> {
        let day = self.day(range, scope)?;
        let is_told_of_days = catalogue::recipe(metric).family().is_of_systems();
        is_told_of_days.then(|| self.figure_of_day(metric, day))
    }

    /// The dates that an answer is about.
    pub(super) fn window_asked(&self, range: TimeRange, scope: &Scope) -> Window {
        let weeks = self.window(self.weeks(range), scope);
        match self.day(range, scope) {
            Some(day) => Window { from: Some(day.date), to: Some(day.end()), ..weeks },
            None => weeks,
        }
    }

    fn day(&self, range: TimeRange, scope: &Scope) -> Option<&Day> {
        match (&self.days, range, scope) {
            (Days::On(newest), TimeRange::Day, Scope::Organization) => newest.as_ref(),
            _ => None,
        }
    }

    /// One day is too short to be compared with the one before, or for a band.
    fn figure_of_day(&self, metric: Metric, day: &Day) -> Result<Figure, Withheld> {
        let recipe = self.recipe(metric)?;
        let sum = sum(&recipe, day)?;
        Ok(Figure {
            value: value(&recipe, &sum, true)?,
            detail: detail(&recipe, &sum),
            is_full: false,
            is_carried: false,
        })
    }
}

fn sum(recipe: &Recipe, day: &Day) -> Result<Sum, Withheld> {
    let told = day.measures.get(&recipe.component).filter(|measure| !recipe.needs_count() || measure.count > 0);
    let measure = told.ok_or_else(|| {
        let is_told = day.measures.keys().any(|component| component.family() == recipe.family());
        if is_told { Withheld::NoEvents } else { Withheld::NotCovered }
    })?;
    Ok(Sum {
        total: measure.total.into(),
        count: measure.count,
        parts: measure.parts,
        days: 1,
        end: day.end(),
        histogram: measure.histogram.clone(),
        is_carried: false,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use crate::model::{Component, Dimension, Family, Histogram, Measure};

    fn answers(days: Days) -> Answers {
        let families: BTreeSet<Family> = [Family::Build, Family::Deployment, Family::Incident, Family::Commit].into();
        Answers::new(Vec::new(), vec!["amber".parse().unwrap()], families, false).telling(days)
    }

    fn sunday() -> Day {
        let lasting = |seconds: i64, times: i64| Measure {
            histogram: Some(Histogram::of_machines([(Histogram::bucket(seconds), times)].into())),
            ..Measure::of(seconds * times, times)
        };
        let measures = [
            (Component::Deployments, Measure::count(0)),
            (Component::DeploymentDays, Measure::of(0, 3)),
            (Component::FailedDeployments, Measure::of(0, 0)),
            (Component::Rework, Measure::of(1, 4)),
            (Component::Recovery, lasting(3600, 5)),
            (Component::OpenIncidents, Measure::count(2)),
        ];
        Day { date: date(2026, 11, 22), measures: measures.into() }
    }

    #[test]
    fn a_day_tells_of_what_runs_and_says_why_not() {
        let answers = answers(Days::On(Some(sunday())));
        let shown = |metric| {
            let figure = answers.metric(metric, TimeRange::Day, &Scope::Organization);
            figure.map(|figure| (figure.value.as_f64(), figure.detail.as_of, figure.detail.weeks_covered))
        };
        let monday = date(2026, 11, 23);
        assert_eq!(shown(Metric::DeploymentFrequency), Ok((0.0, monday, None)));
        assert_eq!(shown(Metric::OpenIncidents), Ok((2.0, monday, None)));
        // In the middle of its bucket.
        assert_eq!(shown(Metric::MttrMinutes), Ok((63.0, monday, None)));
        assert_eq!(shown(Metric::ChangeFailureRate), Err(Withheld::NoEvents));
        assert_eq!(shown(Metric::DeploymentReworkRate), Err(Withheld::Suppressed));
        assert_eq!(shown(Metric::BuildSuccessRate), Err(Withheld::NotCovered));
        assert_eq!(shown(Metric::CommitsCount), Err(Withheld::NotCovered), "nothing was released of weeks");
        let window = answers.dimension(Dimension::Performance, TimeRange::Day, &Scope::Organization).window;
        assert_eq!((window.from, window.to), (Some(date(2026, 11, 22)), Some(monday)));
        assert_eq!((window.weeks_covered, window.weeks_total, window.as_of), (0, 0, None));
    }

    #[test]
    fn nothing_else_is_told_of_a_day() {
        let (off, on) = (answers(Days::Off), answers(Days::On(Some(sunday()))));
        let amber = Scope::Cell("amber".to_owned());
        for (range, scope) in [(TimeRange::Day, &amber), (TimeRange::Week, &Scope::Organization)] {
            for dimension in Dimension::ALL {
                assert_eq!(on.dimension(dimension, range, scope), off.dimension(dimension, range, scope));
            }
        }
        let waiting = answers(Days::On(None));
        let (asked, whole) = (TimeRange::Day, &Scope::Organization);
        assert_eq!(
            waiting.dimension(Dimension::Performance, asked, whole),
            off.dimension(Dimension::Performance, asked, whole)
        );
        assert_eq!(on.health(asked, whole), off.health(asked, whole));
        assert_eq!(on.trend(Dimension::Performance, asked, whole), off.trend(Dimension::Performance, asked, whole));
    }
}
