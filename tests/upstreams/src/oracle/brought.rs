//! What any source brings, as far as what was released tells.

use std::collections::BTreeSet;

use super::atoms::Atom;
use super::definitions::Definition;
use super::window::Scope;
use super::{Oracle, Sources};

pub(super) struct Brought {
    families: BTreeSet<&'static str>,
    told_families: BTreeSet<&'static str>,
    told: BTreeSet<&'static str>,
    /// Whether any survey says how many were asked.
    knows_invited: bool,
    /// Whether any repository belongs to a team.
    has_owners: bool,
}

impl Brought {
    pub(super) fn of(oracle: &Oracle<'_>, atoms: &[Atom]) -> Self {
        let told = || atoms.iter().filter(|atom| !atom.measures.is_empty());
        let responses = || atoms.iter().filter_map(|atom| atom.measures.get("responses"));
        Self {
            families: families(oracle.sources).into_iter().chain(atoms.iter().map(|atom| atom.family)).collect(),
            told_families: told().map(|atom| atom.family).collect(),
            told: told().flat_map(|atom| atom.measures.keys().copied()).collect(),
            knows_invited: responses().any(|responses| responses.count > 0),
            has_owners: oracle.organisation.teams.iter().any(|team| !team.owns.is_empty()),
        }
    }

    /// How a field is made here; none: no source tells of it. What a source had counted itself stands in where people were never counted,
    /// and is told of the whole organization alone.
    pub(super) fn here(&self, definition: &Definition, scope: &Scope) -> Option<Definition> {
        let of_people = !self.told.contains(definition.component);
        let counted = definition.counted_by_the_source().filter(|counted| {
            let is_counted = self.told.contains(counted.component);
            let is_instead = !self.families.contains(definition.family) && self.families.contains("tally");
            of_people && (is_counted || is_instead)
        });
        let definition = counted.unwrap_or(*definition);
        let is_never_told = definition.may_be_unknown()
            && self.told_families.contains(definition.family)
            && !self.told.contains(definition.component);
        let lacks_what_it_needs = match definition.name {
            "cross_team_prs" => !self.has_owners,
            "response_rate" => self.told.contains("responses") && !self.knows_invited,
            _ => definition.family == "tally" && *scope != Scope::Organisation,
        };
        let is_brought = self.families.contains(definition.family);
        (is_brought && !is_never_told && !lacks_what_it_needs).then_some(definition)
    }
}

fn families(sources: Sources) -> Vec<&'static str> {
    let mut families = vec!["change", "review", "commit", "active"];
    let mut add = |is_there: bool, more: &[&'static str]| {
        if is_there {
            families.extend(more);
        }
    };
    add(sources.deploys(), &["lead_time", "build", "deployment"]);
    add(sources.delivery, &["incident"]);
    add(sources.posts, &["usage"]);
    add(sources.nps || sources.people, &["survey"]);
    add(sources.people, &["friction"]);
    add(sources.copilot || sources.counters, &["tally"]);
    families
}
