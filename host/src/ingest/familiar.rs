//! What a run has learned from its pages about the next one.

use std::collections::HashSet;

use crate::model::{Spelling, Week};
use crate::pseudonym::OptOuts;
use crate::store::{Expected, ListVersion, Store, StoreError, Stored};

/// As many as a few megabytes hold; whoever has more people asks the database again.
const MOST_SPELLINGS: usize = 100_000;

/// Most spellings of a page came in the page before, and behind a page of new facts comes another one.
#[derive(Debug, Default)]
pub(super) struct Familiar {
    week: Option<Week>,
    /// Those that were stored in that week.
    spellings: HashSet<Spelling>,
    last_was_new: bool,
    opt_outs: Option<(ListVersion, OptOuts)>,
}

impl Familiar {
    /// Whom nothing is kept of, as it was read when it was asked for first.
    pub(super) async fn opt_outs(&mut self, store: &Store) -> Result<&(ListVersion, OptOuts), StoreError> {
        let list = match self.opt_outs.take() {
            Some(list) => list,
            None => {
                let (version, entries) = store.opt_outs_fetch().await?;
                (version, entries.into_iter().collect())
            }
        };
        Ok(self.opt_outs.insert(list))
    }

    /// Whoever was erased is nobody whose spellings are stored.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The spellings that are still to be stored.
    pub(super) fn unknown(&mut self, week: Week, mut spellings: Vec<Spelling>) -> Vec<Spelling> {
        if self.week != Some(week) || self.spellings.len() >= MOST_SPELLINGS {
            (self.week, self.spellings) = (Some(week), HashSet::new());
        }
        spellings.retain(|spelling| !self.spellings.contains(spelling));
        spellings
    }

    pub(super) fn expected(&self) -> Expected {
        if self.last_was_new { Expected::New } else { Expected::Anything }
    }

    /// A page is stored now, and these spellings with it.
    pub(super) fn learn(&mut self, stored: Stored, spellings: Vec<Spelling>) {
        self.spellings.extend(spellings);
        self.last_was_new = stored.known == 0;
    }
}
