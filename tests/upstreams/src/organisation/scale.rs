//! How large the organisation is: divisions that are built alike, each with chances of its own.

use super::repositories::PLOTS;

/// Teams of a division.
pub(super) const TEAMS_A_DIVISION: usize = 7;

/// How many people there are, and for how long they work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Each has 72 people, of whom 59 are in seven teams, and 21 repositories.
    pub divisions: usize,
    pub weeks: i64,
}

impl Default for Scale {
    fn default() -> Self {
        Self { divisions: 1, weeks: 26 }
    }
}

impl Scale {
    pub(super) fn repositories(self) -> usize {
        self.divisions * PLOTS.len()
    }

    pub(super) fn teams(self) -> usize {
        self.divisions * TEAMS_A_DIVISION
    }
}

/// What the names of a division's teams, pipelines and GitHub organisation end with; nothing for the first one.
#[must_use]
pub fn suffix(division: usize) -> String {
    if division == 0 { String::new() } else { format!("-{}", division + 1) }
}

/// The folder that a division's pipelines lie in, with its slash; nothing for the first one.
#[must_use]
pub fn folder(division: usize) -> String {
    if division == 0 { String::new() } else { format!("division{}/", suffix(division)) }
}
