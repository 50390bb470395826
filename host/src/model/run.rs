//! What a run came to in detail. For operators: it names repositories and jobs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FactKind, RejectedCounts};

const MOST_PROBLEMS: usize = 100;

/// What a run brought, left out and could not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    pub facts: BTreeMap<FactKind, u32>,
    pub rejected: RejectedCounts,
    /// The first hundred.
    pub problems: Vec<RunProblem>,
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
    fn a_part_is_told_once_and_a_hundred_of_them() {
        let mut report = RunReport::default();
        for _ in 0..2 {
            (0..150).for_each(|part| report.problem("not_found", Some(&format!("octo/{part}")), 1));
        }
        assert_eq!((report.problems.len(), report.problems[99].count), (100, 2));
    }
}
