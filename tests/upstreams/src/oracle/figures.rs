//! One figure of one window: adds up what was told, divides last, and says what it rests on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::atoms::{Atom, Measure};
use super::bands;
use super::brought::Brought;
use super::definitions::{Definition, Exactness, Formula};
use super::durations::{Durations, number_of, percentile};
use super::rounding::{to_decimals, to_nearest, to_two_digits};
use super::spans::{ORGANIZATION, Span};
use super::window::{Scope, Weeks};

/// From so many answers on they are told as exactly as all others.
const MANY_ANSWERS: i128 = 20;
/// So long a score of a survey may be carried on.
const WEEKS_OF_A_SCORE: i64 = 13;
const DAYS_A_WEEK: i64 = 7;
const MILLISECONDS: i64 = 1000;

/// A figure, or the reason why there is none.
pub(super) type Field = Result<Figure, &'static str>;

#[derive(Clone, Debug)]
pub(super) struct Figure {
    pub(super) value: Value,
    pub(super) detail: Map<String, Value>,
    /// Told of all that was asked for.
    is_whole: bool,
    /// Of a survey that ended before.
    pub(super) is_carried: bool,
}

/// Atoms by their family.
pub(super) type Families<'a> = BTreeMap<&'static str, Vec<&'a Atom>>;

/// What there is of one scope, and what any source brings.
pub(super) struct Told<'a> {
    pub(super) own: &'a Families<'a>,
    pub(super) scope: &'a Scope,
    pub(super) brought: &'a Brought,
}

/// What a figure is made of.
struct Sum<'a> {
    total: i128,
    count: i128,
    alone: bool,
    weeks: BTreeSet<Date>,
    end: Date,
    durations: Vec<&'a Durations>,
    is_carried: bool,
}

impl Told<'_> {
    /// What a field shows, and how that compares with the window before it.
    pub(super) fn compared(&self, definition: &Definition, weeks: Weeks) -> Field {
        let mut figure = self.figure(definition, weeks)?;
        if figure.is_whole
            && let Ok(before) = self.figure(definition, weeks.before())
            && before.is_whole
        {
            figure.detail.insert("change".to_owned(), json!(difference(&figure.value, &before.value)));
            figure.detail.insert("previous".to_owned(), before.value);
        }
        Ok(figure)
    }

    pub(super) fn figure(&self, definition: &Definition, weeks: Weeks) -> Field {
        let definition = &self.brought.here(definition, self.scope).ok_or("no_source")?;
        if weeks.from >= weeks.to {
            return Err("window_too_short");
        }
        let sum = self.sum(definition, weeks)?;
        let of_weeks = !(definition.is_a_state() || definition.is_of_a_survey());
        let is_covered = !of_weeks || sum.weeks.len() == weeks.mondays().len();
        let value = value(definition, &sum, is_covered)?;
        let mut detail = detail(definition, &sum);
        if of_weeks {
            detail.insert("weeks_covered".to_owned(), json!(sum.weeks.len()));
        }
        let band = match definition.name {
            "deployment_frequency" => self.days_with_a_deployment(weeks).map(bands::of_deployment_days),
            name => value.as_f64().and_then(|value| bands::of(name, value)),
        };
        if let Some(band) = band {
            detail.insert("dora_band".to_owned(), json!(band));
        }
        if definition.name == "friction_incidents" {
            let categories = self.categories(weeks);
            if !categories.is_empty() {
                detail.insert("categories".to_owned(), Value::Object(categories));
            }
        }
        Ok(Figure { value, detail, is_whole: is_covered && !sum.is_carried, is_carried: sum.is_carried })
    }

    fn of(&self, family: &str) -> impl Iterator<Item = &Atom> {
        self.own.get(family).into_iter().flatten().copied()
    }

    fn sum(&self, definition: &Definition, weeks: Weeks) -> Result<Sum<'_>, &'static str> {
        // Of surveys whatever instrument asked.
        let of_family =
            || self.of(definition.family).filter(|atom| definition.is_of_a_survey() || atom.facet.is_empty());
        let is_inside = |atom: &&Atom| match definition.is_of_a_survey() {
            true => weeks.see_the_end_of(&atom.span),
            false => weeks.hold(&atom.span),
        };
        let inside: Vec<&Atom> = of_family().filter(is_inside).collect();
        let inside = if definition.is_a_state() { newest(&inside) } else { inside };
        let says = |atom: &&Atom| says(definition, atom);
        let told: Vec<&Atom> = inside.iter().copied().filter(says).collect();
        if !told.is_empty() {
            return Ok(added(definition, &told, false));
        }
        if definition.name == "nps_score" {
            let last = Weeks { from: weeks.to - WEEKS_OF_A_SCORE.weeks(), to: weeks.from };
            let ended = of_family().filter(|atom| last.see_the_end_of(&atom.span));
            let told = newest(&ended.filter(says).collect::<Vec<_>>());
            if !told.is_empty() {
                return Ok(added(definition, &told, true));
            }
        }
        let something_ran = definition.is_of_machines() && inside.iter().any(|atom| !atom.measures.is_empty());
        Err(match inside.is_empty() {
            true => "not_covered",
            false if something_ran => "no_events",
            false => "suppressed",
        })
    }

    /// Days on which a service was deployed, of all days of all services.
    fn days_with_a_deployment(&self, weeks: Weeks) -> Option<(i64, i64)> {
        let inside = self.of("deployment").filter(|atom| weeks.hold(&atom.span));
        let days: Vec<&Measure> = inside.filter_map(|atom| atom.measures.get("deployment_days")).collect();
        let (deployed, all) = (days.iter().map(|days| days.total).sum(), days.iter().map(|days| days.count).sum());
        (all > 0).then_some((deployed, all))
    }

    /// Deployments a day of one service.
    pub(super) fn deployments_of_a_service(&self, weeks: Weeks) -> Option<Value> {
        let (_, days) = self.days_with_a_deployment(weeks)?;
        let inside = self.of("deployment").filter(|atom| weeks.hold(&atom.span));
        let deployments: i64 = inside.filter_map(|atom| atom.total("deployments")).sum();
        Some(to_decimals(deployments.into(), days.into(), 3))
    }

    fn categories(&self, weeks: Weeks) -> Map<String, Value> {
        let mut categories = Map::new();
        for atom in self.of("friction").filter(|atom| weeks.hold(&atom.span)) {
            if let Some(reports) = atom.total("friction_reports").filter(|_| !atom.facet.is_empty()) {
                let known = categories.get(atom.facet).and_then(Value::as_i64).unwrap_or(0);
                categories.insert(atom.facet.to_owned(), json!(known + reports));
            }
        }
        categories
    }
}

/// No quotient is told of nothing.
fn says(definition: &Definition, atom: &Atom) -> bool {
    let divides = matches!(definition.formula, Formula::Mean { .. } | Formula::Median { .. });
    atom.measures.get(definition.component).is_some_and(|measure| !divides || measure.count > 0)
}

fn added<'a>(definition: &Definition, told: &[&'a Atom], is_carried: bool) -> Sum<'a> {
    let measures = || told.iter().filter_map(|atom| atom.measures.get(definition.component));
    Sum {
        total: measures().map(|measure| i128::from(measure.total)).sum(),
        count: match definition.name {
            "friction_per_100_devs_30d" => people_by_week(definition, told),
            _ => measures().map(|measure| i128::from(measure.count)).sum(),
        },
        alone: measures().any(|measure| measure.alone),
        weeks: told.iter().flat_map(|atom| atom.span.mondays()).collect(),
        end: told.iter().map(|atom| atom.span.end()).max().expect("something was told"),
        durations: measures().map(|measure| &measure.durations).collect(),
        is_carried,
    }
}

/// Weeks of people who could report: of all of them where what names no team is told, and else of the cells that are.
fn people_by_week(definition: &Definition, told: &[&Atom]) -> i128 {
    let mut by_week: BTreeMap<Date, (i128, i128)> = BTreeMap::new();
    for atom in told {
        let people = i128::from(atom.measures[definition.component].count / atom.span.weeks);
        for monday in atom.span.mondays() {
            let (all, of_teams) = by_week.entry(monday).or_default();
            *if atom.span.cell == ORGANIZATION { all } else { of_teams } += people;
        }
    }
    by_week.into_values().map(|(all, of_teams)| if all > 0 { all } else { of_teams }).sum()
}

/// Those that no later one of the same team, or of the same people without one, follows.
fn newest<'a>(atoms: &[&'a Atom]) -> Vec<&'a Atom> {
    let is_of_the_same =
        |one: &Span, other: &Span| one.cell == other.cell || one.teams.iter().any(|team| other.teams.contains(team));
    let is_followed = |atom: &&Atom| {
        atoms.iter().any(|other| other.span.end() > atom.span.end() && is_of_the_same(&atom.span, &other.span))
    };
    atoms.iter().copied().filter(|atom| !is_followed(atom)).collect()
}

fn value(definition: &Definition, sum: &Sum<'_>, is_covered: bool) -> Result<Value, &'static str> {
    let divides = matches!(definition.formula, Formula::Mean { .. } | Formula::Median { .. });
    if divides && sum.count < definition.least.into() {
        return Err("suppressed");
    }
    if !divides && sum.total == 0 && !definition.is_of_machines() {
        return Err("suppressed");
    }
    if !divides && sum.total == 0 && !is_covered {
        return Err("not_covered");
    }
    let weeks = sum.weeks.len() as i128;
    Ok(match definition.formula {
        Formula::Sum => json!(small(sum.total)),
        Formula::ADay => rounded(definition, sum, sum.total, weeks * i128::from(DAYS_A_WEEK)),
        Formula::AWeek => rounded(definition, sum, sum.total, weeks),
        Formula::Mean { times, unit } => {
            rounded(definition, sum, sum.total * i128::from(times), sum.count * i128::from(unit))
        }
        Formula::Median { unit } => told_percentile(&sum.durations, 50, unit).ok_or("suppressed")?,
    })
}

fn rounded(definition: &Definition, sum: &Sum<'_>, above: i128, below: i128) -> Value {
    let are_few = sum.count < MANY_ANSWERS;
    match definition.exactness {
        Exactness::Answers { few: None, .. } if are_few => to_nearest(5, above, below),
        Exactness::Fives => to_nearest(5, above, below),
        Exactness::Answers { few: Some(few), .. } if are_few => to_decimals(above, below, few),
        Exactness::Answers { many, .. } => to_decimals(above, below, many),
        Exactness::TwoDigits => to_two_digits(above, below),
        Exactness::Decimals(_) if sum.alone && matches!(definition.formula, Formula::Mean { .. }) => {
            to_two_digits(above, below)
        }
        Exactness::Decimals(decimals) => to_decimals(above, below, decimals),
    }
}

fn told_percentile(durations: &[&Durations], percent: usize, unit: i64) -> Option<Value> {
    Some(to_two_digits(percentile(durations, percent)?, (unit * MILLISECONDS).into()))
}

fn detail(definition: &Definition, sum: &Sum<'_>) -> Map<String, Value> {
    let mut detail = Map::new();
    detail.insert("as_of".to_owned(), json!(sum.end.to_string()));
    if definition.shows_parts && !sum.alone {
        let (above, below) = match definition.formula {
            Formula::Mean { unit, .. } if unit > 1 => (to_decimals(sum.total, unit.into(), 2), sum.count),
            Formula::ADay => (json!(small(sum.total)), sum.weeks.len() as i128 * i128::from(DAYS_A_WEEK)),
            _ => (json!(small(sum.total)), sum.count),
        };
        detail.insert("numerator".to_owned(), above);
        detail.insert("denominator".to_owned(), json!(small(below)));
    }
    let unit = match definition.formula {
        Formula::Mean { unit, .. } | Formula::Median { unit } => unit,
        _ => 1,
    };
    for (least, (name, percent)) in
        definition.percentiles().into_iter().flatten().zip([("p50", 50), ("p75", 75), ("p90", 90)])
    {
        if number_of(&sum.durations) >= least
            && let Some(value) = told_percentile(&sum.durations, percent, unit)
        {
            detail.insert(name.to_owned(), value);
        }
    }
    if definition.component == "tallied_messages" {
        detail.insert("includes_bots".to_owned(), json!(true));
    }
    detail
}

fn small(count: i128) -> i64 {
    i64::try_from(count).expect("counts of a story are small")
}

/// Of two numbers as they are shown, which have three decimals at most.
fn difference(value: &Value, before: &Value) -> f64 {
    let thousandths = |value: &Value| (value.as_f64().expect("a figure is a number") * 1000.0).round();
    (thousandths(value) - thousandths(before)) / 1000.0
}
