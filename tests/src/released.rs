//! Released atoms of made-up cells, all families of them: for tests and benchmarks of what is computed from atoms.

use std::collections::BTreeMap;

use jiff::civil::date;
use quintant::model::{About, Atom, Component, Family, Histogram, Measure, Parts, Span, TeamName, Week, Word};

/// Cells, and for how long they were released. The same each time.
#[derive(Clone, Copy)]
pub struct Released {
    /// Teams, beside the people without a team and what no team is named in. One in five has spans of two weeks, one of four.
    pub teams: usize,
    pub weeks: i32,
    pub seed: u64,
}

impl Released {
    /// Where the first week is.
    pub fn start() -> Week {
        Week::of_date(date(2026, 1, 5))
    }

    pub fn names(self) -> Vec<TeamName> {
        (0..self.teams).map(|team| format!("team-{team:03}").parse().unwrap()).collect()
    }

    pub fn atoms(self) -> Vec<Atom> {
        let mut dice = Dice(self.seed);
        let mut atoms = Vec::new();
        let names = self.names();
        let teams = names.iter().enumerate().map(|(number, name)| {
            let weeks = match number % 5 {
                3 => 2,
                4 => 4,
                _ => 1,
            };
            (name.as_str(), vec![name.clone()], weeks)
        });
        let others = [Span::UNASSIGNED, Span::ORGANIZATION].map(|cell| (cell, Vec::new(), 1));
        for (cell, teams, weeks) in teams.chain(others) {
            for start in (0..self.weeks).step_by(usize::try_from(weeks).unwrap()) {
                let span = Span {
                    cell: cell.to_owned(),
                    teams: teams.clone(),
                    start: Self::start().plus(start),
                    weeks,
                    admitted: true,
                };
                let families = Family::ALL.into_iter().filter(|family| span.takes(*family));
                atoms.extend(families.flat_map(|family| dice.family(&span, family)).collect::<Vec<_>>());
            }
        }
        atoms
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % bound
    }

    fn family(&mut self, span: &Span, family: Family) -> Vec<Atom> {
        let facets: &[&str] = match family {
            Family::Survey => &["nps", "pulse"],
            Family::Friction => &["ci", "other"],
            Family::Sample => &["queue_length"],
            _ => &[],
        };
        let is_withheld = self.below(8) == 0;
        let facets = facets.iter().map(|facet| Some(facet.parse::<Word>().unwrap()));
        let has_whole = family.about() != About::Organization || family == Family::Tally;
        std::iter::once(None)
            .chain(facets)
            .map(|facet| {
                let is_empty = is_withheld || (facet.is_none() && (family == Family::Survey || !has_whole));
                let measures = if is_empty { BTreeMap::new() } else { self.measures(family, i64::from(span.weeks)) };
                Atom { span: span.clone(), family, facet, measures }
            })
            .collect()
    }

    fn measures(&mut self, family: Family, weeks: i64) -> BTreeMap<Component, Measure> {
        let of_family = Component::ALL.into_iter().filter(|component| component.family() == family);
        let mut measures = BTreeMap::new();
        for component in of_family {
            if self.below(6) > 0 {
                measures.insert(component, self.measure(component, weeks));
            }
        }
        measures
    }

    fn measure(&mut self, component: Component, weeks: i64) -> Measure {
        use Component as C;
        let hidden = |measure: Measure| Measure { parts: Parts::Hidden, ..measure };
        let answers = 5 + self.below(40);
        match component {
            C::ReviewTime | C::LeadTime | C::Recovery => self.durations(component),
            C::ActivePeople => hidden(Measure::of(weeks * 5 * (1 + self.below(6)), weeks)),
            C::ActiveShare | C::AiUsers => hidden(self.part(5, 40)),
            C::NetPromoters => hidden(Measure::of(self.below(2 * answers + 1) - answers, answers)),
            C::BurnedOut | C::ConstructiveFeedback => hidden(Measure::of(self.below(answers + 1), answers)),
            C::Responses => hidden(Measure::of(answers / 5 * 5, self.below(2) * (answers + self.below(30)))),
            C::Rating | C::CognitiveLoad => hidden(Measure::of(answers * 100 + self.below(400 * answers + 1), answers)),
            C::FlowDays => hidden(Measure::of(self.below(700 * answers + 1), answers)),
            C::ValuableWork => hidden(Measure::of(self.below(10_000 * answers + 1), answers)),
            C::ContextSwitches => hidden(Measure::of(self.below(3000 * answers), answers)),
            C::FrictionReports => hidden(Measure::of(10 + self.below(30), 40 * weeks)),
            C::ReviewComments | C::SampleValue => Measure::of(self.below(900), 1 + self.below(60)),
            C::Builds | C::FailedDeployments | C::Rework | C::TalliedAiUsers => self.part(0, 30),
            C::UnreviewedMerges => {
                let part = self.part(1, 60);
                if self.below(2) == 0 { hidden(part) } else { part }
            }
            C::CoveredLines => self.part(1000, 90_000),
            C::DeploymentDays => Measure::of(self.below(7 * weeks), 14 * weeks),
            C::Deployments | C::OpenIncidents => Measure::count(self.below(12)),
            _ => Measure::count(5 + self.below(300)),
        }
    }

    /// So many of at least `least`.
    fn part(&mut self, least: i64, more: i64) -> Measure {
        let count = least + self.below(more);
        Measure::of(self.below(count + 1), count)
    }

    fn durations(&mut self, component: Component) -> Measure {
        let seconds: Vec<i64> = (0..3 + self.below(60)).map(|_| 60 + self.below(400_000)).collect();
        let mut buckets: BTreeMap<i16, i64> = BTreeMap::new();
        for seconds in &seconds {
            *buckets.entry(Histogram::bucket(*seconds)).or_default() += 1;
        }
        let is_hidden = component == Component::LeadTime || (component == Component::ReviewTime && self.below(2) == 0);
        Measure {
            total: seconds.iter().sum(),
            count: i64::try_from(seconds.len()).unwrap(),
            parts: if is_hidden { Parts::Hidden } else { Parts::Told },
            histogram: Some(Histogram::new(buckets, Some((i16::MIN, i16::MAX)))),
        }
    }
}
