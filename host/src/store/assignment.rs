//! `raw.assignment`: in which cell an account's work was released.

use sqlx::PgConnection;

use super::{StoreError, digest};
use crate::model::{Assignment, FactKind, Pseudonym, Week};

/// Keeps the first cell of each account, kind and week.
pub(super) async fn insert(connection: &mut PgConnection, assignments: &[Assignment]) -> Result<(), StoreError> {
    let column = |value: fn(&Assignment) -> String| assignments.iter().map(value).collect::<Vec<_>>();
    let weeks: Vec<i32> = assignments.iter().map(|assignment| assignment.week.index()).collect();
    let account =
        |assignment: &Assignment| assignment.account.map_or_else(Vec::new, |account| account.as_bytes().to_vec());
    let accounts: Vec<Vec<u8>> = assignments.iter().map(account).collect();
    sqlx::query!(
        "INSERT INTO raw.assignment (week, kind, account, cell)
         SELECT * FROM UNNEST($1::int[], $2::text[], $3::bytea[], $4::text[]) ON CONFLICT DO NOTHING",
        &weeks,
        &column(|assignment| assignment.kind.as_str().to_owned()),
        &accounts,
        &column(|assignment| assignment.cell.clone()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn fetch(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<Assignment>, StoreError> {
    let rows = sqlx::query!(
        "SELECT week, kind, account, cell FROM raw.assignment WHERE week >= $1 AND week < $2",
        start.index(),
        end.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let kind = FactKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
            Ok(Assignment {
                week: Week::from_index(row.week),
                kind: kind.ok_or(StoreError::Corrupt("a kind of fact that this version does not know"))?,
                account: if row.account.is_empty() { None } else { Some(Pseudonym::from_bytes(digest(&row.account)?)) },
                cell: row.cell,
            })
        })
        .collect()
}
