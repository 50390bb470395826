//! How much of what there was is told.

use std::collections::BTreeMap;

use super::Atom;

/// Work that is told and all work of the spans, per family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Share {
    pub families: BTreeMap<&'static str, (i64, i64)>,
}

/// What is told of a family if anything is.
fn first_component(family: &str) -> &'static str {
    match family {
        "change" => "merged_changes",
        "review" => "reviews",
        "commit" => "commits",
        "active" => "active_people",
        "lead_time" => "lead_time",
        "build" => "builds",
        "deployment" => "deployments",
        "incident" => "open_incidents",
        "usage" => "messages",
        "tally" => "tallied_messages",
        "friction" => "friction_reports",
        _ => "responses",
    }
}

impl Share {
    pub(super) fn of(atoms: &[Atom]) -> Self {
        let mut share = Self::default();
        for atom in atoms {
            let (told, all) = share.families.entry(atom.family).or_default();
            *all += atom.truth;
            if atom.measures.contains_key(first_component(atom.family)) {
                *told += atom.truth;
            }
        }
        share
    }

    /// Of all families together, but of each piece of work only once: people's activity is made of the others.
    #[must_use]
    pub fn percent(&self) -> i64 {
        let work: Vec<&(i64, i64)> =
            self.families.iter().filter(|(family, _)| **family != "active").map(|(_, work)| work).collect();
        let all: i64 = work.iter().map(|(_, all)| all).sum();
        100 * work.iter().map(|(told, _)| told).sum::<i64>() / all.max(1)
    }

    #[must_use]
    pub fn percent_of(&self, family: &str) -> i64 {
        let (told, all) = self.families.get(family).copied().unwrap_or_default();
        100 * told / all.max(1)
    }
}
