//! Use of tools: people's own, and what sources had counted.

use std::collections::{BTreeMap, BTreeSet};

use super::group::Group;
use super::{Cell, ENOUGH_FOR_MACHINES, Measures, Rule, count};
use crate::model::{Component, CountedUse, Measure, Parts, TakenTally, Week};
use crate::release::PersonKey;

/// The words that plugins know these tools by.
const AI: &str = "ai";
const MESSAGES: &str = "mattermost";

impl Cell<'_> {
    pub(super) fn uses(&self) -> Measures {
        let here: Vec<&CountedUse> = (self.evidence.facts.uses.iter())
            .filter(|usage| usage.count > 0 && self.has(Some(usage.actor), usage.week))
            .collect();
        let mut measures = Measures::new();
        if let Some(share) = self.share_of_weeks(here.iter().copied().filter(|usage| usage.tool.as_str() == AI)) {
            measures.insert(Component::AiUsers, share);
        }
        let platform = &self.ground.terms.platform_tools;
        let sums = [
            (Component::PlatformUses, self.sum(here.iter().filter(|usage| platform.contains(&usage.tool)))),
            (Component::Messages, self.sum(here.iter().filter(|usage| usage.tool.as_str() == MESSAGES))),
        ];
        measures.extend(sums.into_iter().filter_map(|(component, sum)| Some((component, sum?))));
        measures
    }

    fn sum<'f>(&self, uses: impl Iterator<Item = &'f &'f CountedUse>) -> Option<Measure> {
        let amounts: Vec<_> = uses.map(|usage| (Some(usage.actor), i64::from(usage.count))).collect();
        let may_tell = Group::of(amounts.iter().copied(), self.membership()).may_tell_sum(self.rules());
        may_tell.then(|| Measure::count(amounts.iter().map(|(_, amount)| amount).sum()))
    }

    /// Weeks with some use of the people whom the span began with, of all their weeks. Those who had some and those who lacked some must
    /// each be enough.
    fn share_of_weeks<'f>(&self, uses: impl Iterator<Item = &'f CountedUse>) -> Option<Measure> {
        let roster = self.membership().people_of(self.span);
        let mut weeks_of: BTreeMap<usize, BTreeSet<Week>> = BTreeMap::new();
        for usage in uses {
            if let PersonKey::Rostered(person) = self.membership().person(usage.actor)
                && roster.contains(&person)
            {
                weeks_of.entry(person).or_default().insert(usage.week);
            }
        }
        let (rules, weeks) = (self.rules(), i64::from(self.span.weeks));
        let always = weeks_of.values().filter(|used| count(used.len()) == weeks).count();
        let are_enough = weeks_of.len() >= rules.minimum_group || !rules.holds(Rule::Threshold);
        let others_are_enough = roster.len() - always >= rules.minimum_group || !rules.holds(Rule::Complement);
        let used = weeks_of.values().map(|used| count(used.len())).sum();
        (are_enough && others_are_enough)
            .then(|| Measure { parts: Parts::Hidden, ..Measure::of(used, count(roster.len()) * weeks) })
    }

    /// Nobody is in them: they are told of the organization, where it is large enough.
    pub(super) fn tallies(&self) -> Measures {
        if self.size() < ENOUGH_FOR_MACHINES && self.rules().holds(Rule::Organization) {
            return Measures::new();
        }
        let taken = |tool: &'static str| {
            let is_here = move |tally: &&TakenTally| tally.tool.as_str() == tool && self.span.contains(tally.week);
            self.evidence.facts.tallies.iter().filter(is_here)
        };
        let mut measures = Measures::new();
        let messages: Vec<i64> = taken(MESSAGES).filter_map(|tally| tally.count.map(i64::from)).collect();
        if !messages.is_empty() {
            measures.insert(Component::TalliedMessages, Measure::count(messages.iter().sum()));
        }
        let seats: Vec<(i64, i64)> =
            taken(AI).filter_map(|tally| Some((i64::from(tally.people?), i64::from(tally.eligible?)))).collect();
        let (people, eligible): (i64, i64) =
            seats.iter().fold((0, 0), |(people, eligible), seat| (people + seat.0, eligible + seat.1));
        let least = count(self.rules().minimum_group);
        let hides = people >= least && eligible - people >= least || !self.rules().holds(Rule::Complement);
        if !seats.is_empty() && hides {
            measures
                .insert(Component::TalliedAiUsers, Measure { parts: Parts::Hidden, ..Measure::of(people, eligible) });
        }
        measures
    }
}
