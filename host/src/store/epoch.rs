//! The partitions of raw facts, one an epoch.

use std::ops::RangeInclusive;

use super::{Store, StoreError};
use crate::model::Epoch;

impl Store {
    /// Makes the partitions of these epochs where they are missing. What is there is remembered, so that a page does not ask.
    pub async fn epochs_open(&self, epochs: &RangeInclusive<Epoch>) -> Result<(), StoreError> {
        let is_open = |opened: &Option<RangeInclusive<Epoch>>| {
            opened.as_ref().is_some_and(|opened| opened.contains(epochs.start()) && opened.contains(epochs.end()))
        };
        if is_open(&self.opened.lock().expect("nobody panics while holding it")) {
            return Ok(());
        }
        sqlx::query!("SELECT raw.epochs_make($1, $2)", epochs.start().index(), epochs.end().index())
            .execute(&self.pool)
            .await?;
        *self.opened.lock().expect("nobody panics while holding it") = Some(epochs.clone());
        Ok(())
    }
}
