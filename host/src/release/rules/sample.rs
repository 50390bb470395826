//! Plugins' own metrics that the operator has granted: of the organization alone.

use std::collections::BTreeSet;

use super::group::Group;
use super::{Cell, ENOUGH_FOR_MACHINES, Faceted, Measures, Rule, count};
use crate::model::{Aggregation, Component, Measure, SampleMetric, Subject, TakenSample};

impl Cell<'_> {
    pub(super) fn samples(&self) -> Faceted {
        if self.size() < ENOUGH_FOR_MACHINES && self.rules().holds(Rule::Organization) {
            return Faceted::new();
        }
        let needs_grant = self.rules().holds(Rule::Grants);
        let granted = self.ground.terms.samples.iter().filter(|metric| metric.is_granted || !needs_grant);
        let told = granted.filter_map(|metric| Some((Some(metric.name.clone()), self.sample(metric)?)));
        told.collect()
    }

    fn sample(&self, metric: &SampleMetric) -> Option<Measures> {
        let is_here = |sample: &&TakenSample| sample.metric == metric.name && self.span.contains(sample.week);
        let taken: Vec<&TakenSample> = self.evidence.facts.samples.iter().filter(is_here).collect();
        let newest = taken.last()?;
        let is_hidden = match metric.subject {
            Subject::System => true,
            Subject::Person => {
                let values = taken.iter().map(|sample| (sample.actor, thousandths(sample.value)));
                Group::of(values, self.membership()).may_tell_mean(self.rules())
            }
            Subject::Anonymous => self.hides_answers(&taken),
        };
        let is_of_machines = metric.subject == Subject::System;
        let sum = || taken.iter().map(|sample| thousandths(sample.value)).sum();
        let measure = match metric.aggregation {
            Aggregation::Last if !is_of_machines && self.rules().holds(Rule::Grants) => return None,
            Aggregation::Last => Measure::of(thousandths(newest.value), 1),
            Aggregation::Sum | Aggregation::Distribution | Aggregation::Ratio => Measure::of(sum(), count(taken.len())),
        };
        is_hidden.then(|| Measures::from([(Component::SampleValue, measure)]))
    }

    /// Nobody knows whose they are: there are enough, and they are not all alike.
    fn hides_answers(&self, taken: &[&TakenSample]) -> bool {
        let values: BTreeSet<i64> = taken.iter().map(|sample| thousandths(sample.value)).collect();
        let is_enough = taken.len() >= self.rules().minimum_group || !self.rules().holds(Rule::Threshold);
        is_enough && (values.len() > 1 || !self.rules().holds(Rule::Homogeneity))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "what is beyond 64 bits is cut there")]
fn thousandths(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}
