//! Adds up what the atoms of a window tell, and divides last.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::Value;

use super::atoms::{Atom, Measure};
use super::rounding::{to_decimals, to_nearest, to_two_digits};

/// A figure, or the reason why there is none.
pub(super) type Field = Result<Value, &'static str>;

/// A rate or a median of fewer tells of single ones.
const LEAST_EVENTS: i64 = 5;
/// From so many answers on a score is told to a tenth.
const MANY_ANSWERS: i64 = 20;
/// So long a score may be carried on.
const WEEKS_OF_A_SCORE: i64 = 13;
const SECONDS_AN_HOUR: i64 = 3600;
const DAYS_A_WEEK: i64 = 7;

pub(super) struct Window<'a> {
    /// The atoms of the scope that lie wholly in the window.
    pub(super) found: &'a [&'a Atom],
    /// All atoms of the scope.
    pub(super) own: &'a [&'a Atom],
    /// Its weeks.
    pub(super) asked: &'a [Date],
}

impl Window<'_> {
    fn measures(&self, family: &str, component: &str) -> Result<Vec<Measure>, &'static str> {
        let atoms: Vec<&&Atom> = self.found.iter().filter(|atom| atom.family == family).collect();
        if atoms.is_empty() {
            return Err("not_covered");
        }
        let told: Vec<Measure> = atoms.iter().filter_map(|atom| atom.measures.get(component).copied()).collect();
        if told.is_empty() { Err("suppressed") } else { Ok(told) }
    }

    /// The weeks of which a component is told.
    fn weeks(&self, component: &str) -> Vec<Date> {
        let told = self.found.iter().filter(|atom| atom.measures.contains_key(component));
        let mut weeks: Vec<Date> = told.flat_map(|atom| atom.span.mondays()).collect();
        weeks.sort();
        weeks.dedup();
        weeks
    }

    pub(super) fn sum(&self, family: &str, component: &str) -> Field {
        let told = self.measures(family, component)?;
        Ok(Value::from(told.iter().map(|measure| measure.total).sum::<i64>()))
    }

    fn quotient(&self, family: &str, component: &str) -> Result<(i128, i128, bool), &'static str> {
        let told = self.measures(family, component)?;
        let total: i64 = told.iter().map(|measure| measure.total).sum();
        let count: i64 = told.iter().map(|measure| measure.count).sum();
        Ok((total.into(), count.into(), told.iter().any(|measure| measure.alone)))
    }

    /// Of observations in a unit of which so many make one of the figure's.
    pub(super) fn mean(&self, family: &str, component: &str, unit: i64) -> Field {
        let (total, count, is_alone) = self.quotient(family, component)?;
        let count = count * i128::from(unit);
        Ok(if is_alone { to_two_digits(total, count) } else { to_decimals(total, count, 2) })
    }

    pub(super) fn hours(&self, family: &str, component: &str) -> Field {
        self.mean(family, component, SECONDS_AN_HOUR)
    }

    pub(super) fn percent(&self, family: &str, component: &str) -> Field {
        let (total, count, is_alone) = self.quotient(family, component)?;
        Ok(if is_alone { to_two_digits(100 * total, count) } else { to_decimals(100 * total, count, 1) })
    }

    /// As [`Window::percent`], of what carries no people.
    pub(super) fn rate_of_events(&self, family: &str, component: &str) -> Field {
        let (total, count, _) = self.quotient(family, component)?;
        match count {
            0 => Err("no_events"),
            _ if count < LEAST_EVENTS.into() => Err("suppressed"),
            _ => Ok(to_decimals(100 * total, count, 1)),
        }
    }

    pub(super) fn active_developers(&self) -> Field {
        let (person_weeks, ..) = self.quotient("active", "active_people")?;
        Ok(to_decimals(person_weeks, self.weeks("active_people").len() as i128, 1))
    }

    pub(super) fn deployments_a_day(&self) -> Field {
        let (deployments, ..) = self.quotient("deployment", "deployments")?;
        let weeks = self.weeks("deployments");
        if deployments == 0 && weeks.len() < self.asked.len() {
            return Err("not_covered");
        }
        Ok(to_decimals(deployments, weeks.len() as i128 * i128::from(DAYS_A_WEEK), 3))
    }

    /// The middle one, as near as a quarter of an octave tells.
    pub(super) fn recovery_minutes(&self) -> Field {
        let (_, count, _) = self.quotient("incident", "recovery")?;
        match count {
            0 => return Err("no_events"),
            _ if count < LEAST_EVENTS.into() => return Err("suppressed"),
            _ => {}
        }
        let mut recoveries: Vec<i64> = self.found.iter().flat_map(|atom| atom.recoveries.clone()).collect();
        recoveries.sort_unstable();
        let middle = recoveries[recoveries.len().div_ceil(2) - 1].max(1);
        let octave_quarter = (f64::from(i32::try_from(middle).expect("less than decades")).log2() * 4.0).floor();
        let seconds = ((octave_quarter + 0.5) / 4.0).exp2();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of years")]
        Ok(to_two_digits((seconds * 1000.0).round() as i128, 60_000))
    }

    /// Those atoms of each cell that end last.
    fn last(&self, family: &str) -> Result<Vec<&Atom>, &'static str> {
        let of_family: Vec<&Atom> = self.found.iter().copied().filter(|atom| atom.family == family).collect();
        if of_family.is_empty() {
            return Err("not_covered");
        }
        let is_last = |atom: &&Atom| {
            !of_family.iter().any(|other| other.span.cell == atom.span.cell && other.span.start > atom.span.start)
        };
        Ok(of_family.iter().copied().filter(is_last).collect())
    }

    pub(super) fn coverage(&self) -> Field {
        let last = self.last("build")?;
        let told: Vec<&Measure> = last.iter().filter_map(|atom| atom.measures.get("covered_lines")).collect();
        let lines: i64 = told.iter().map(|measure| measure.count).sum();
        if lines == 0 {
            let is_told = last.iter().any(|atom| atom.measures.contains_key("builds"));
            return Err(if is_told { "no_events" } else { "suppressed" });
        }
        let covered: i64 = told.iter().map(|measure| measure.total).sum();
        Ok(to_decimals(i128::from(100 * covered), lines.into(), 1))
    }

    pub(super) fn open_incidents(&self) -> Field {
        let told: Vec<i64> = self.last("incident")?.iter().filter_map(|atom| atom.total("open_incidents")).collect();
        if told.is_empty() { Err("suppressed") } else { Ok(Value::from(told.iter().sum::<i64>())) }
    }

    pub(super) fn nps(&self) -> Field {
        let told = |atom: &&&Atom| atom.measures.contains_key("net_promoters");
        let mut campaigns: Vec<&Atom> = self.found.iter().filter(told).copied().collect();
        if campaigns.is_empty()
            && let Some(to) = self.asked.last().map(|monday| *monday + 1.week())
        {
            let earlier = self
                .own
                .iter()
                .filter(told)
                .filter(|atom| atom.span.end() <= to && atom.span.end() > to - WEEKS_OF_A_SCORE.weeks());
            campaigns.extend(earlier.max_by_key(|atom| atom.span.end()));
        }
        if campaigns.is_empty() {
            let is_covered = self.found.iter().any(|atom| atom.family == "survey");
            return Err(if is_covered { "suppressed" } else { "not_covered" });
        }
        let net: i64 = campaigns.iter().map(|atom| atom.measures["net_promoters"].total).sum();
        let all: i64 = campaigns.iter().map(|atom| atom.measures["net_promoters"].count).sum();
        let (net, answers) = (i128::from(100 * net), i128::from(all));
        Ok(if all < MANY_ANSWERS { to_nearest(5, net, answers) } else { to_decimals(net, answers, 1) })
    }
}
