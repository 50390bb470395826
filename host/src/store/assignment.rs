//! `raw.assignment`: in which cell an account's work of a week was released.

use sqlx::PgConnection;

use super::{Store, StoreError, digest};
use crate::model::{Pseudonym, Week};
use crate::release::Assignment;

/// Keeps the first cell of each account and week.
pub(super) async fn insert(connection: &mut PgConnection, assignments: &[Assignment]) -> Result<(), StoreError> {
    let weeks: Vec<i32> = assignments.iter().map(|assignment| assignment.week.index()).collect();
    let accounts: Vec<Vec<u8>> = assignments.iter().map(|assignment| assignment.account.as_bytes().to_vec()).collect();
    let cells: Vec<String> = assignments.iter().map(|assignment| assignment.cell.clone()).collect();
    sqlx::query!(
        "INSERT INTO raw.assignment (week, account, cell) SELECT * FROM UNNEST($1::int[], $2::bytea[], $3::text[]) ON CONFLICT DO NOTHING",
        &weeks,
        &accounts,
        &cells,
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Store {
    /// The assignments of the weeks from `start` up to, not including, `end`.
    pub async fn assignments_fetch(&self, start: Week, end: Week) -> Result<Vec<Assignment>, StoreError> {
        let rows = sqlx::query!(
            "SELECT week, account, cell FROM raw.assignment WHERE week >= $1 AND week < $2",
            start.index(),
            end.index()
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Assignment {
                    week: Week::from_index(row.week),
                    account: Pseudonym::from_bytes(digest(&row.account)?),
                    cell: row.cell,
                })
            })
            .collect()
    }
}
