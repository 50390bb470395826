//! What a run came to in detail. For operators: it names repositories and jobs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FactKind, RejectedCounts};

const MOST_PROBLEMS: usize = 100;
const MOST_UNMAPPED: usize = 20;

/// What a run brought, left out and could not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    pub facts: BTreeMap<FactKind, u32>,
    pub rejected: RejectedCounts,
    /// The first hundred.
    pub problems: Vec<RunProblem>,
    /// Pipelines and services that no `[[service]]` covers, the first twenty, and how many facts are about each.
    #[serde(default)]
    pub unmapped: BTreeMap<String, u32>,
}

/// A part of the source that could not be read or mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunProblem {
    pub kind: String,
    /// Repository, job, channel.
    pub scope: Option<String>,
    pub count: u32,
}

impl RunReport {
    /// Adds facts about a pipeline or a service that no `[[service]]` covers.
    pub fn unmapped(&mut self, name: &str, count: u32) {
        if let Some(known) = self.unmapped.get_mut(name) {
            *known = known.saturating_add(count);
        } else if self.unmapped.len() < MOST_UNMAPPED {
            self.unmapped.insert(name.to_owned(), count);
        }
    }

    /// Adds to what is known of the same part.
    pub fn problem(&mut self, kind: &str, scope: Option<&str>, count: u32) {
        let same = |known: &&mut RunProblem| known.kind == kind && known.scope.as_deref() == scope;
        if let Some(known) = self.problems.iter_mut().find(same) {
            known.count = known.count.saturating_add(count);
        } else if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(RunProblem { kind: kind.to_owned(), scope: scope.map(str::to_owned), count });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_once_and_not_all_of_them() {
        let mut report = RunReport::default();
        for _ in 0..2 {
            (0..150).for_each(|part| report.problem("not_found", Some(&format!("octo/{part}")), 1));
            (0..30).for_each(|part| report.unmapped(&format!("job/{part}"), 1));
        }
        assert_eq!((report.problems.len(), report.problems[99].count), (100, 2));
        assert_eq!((report.unmapped.len(), report.unmapped["job/19"]), (20, 2));
    }
}
