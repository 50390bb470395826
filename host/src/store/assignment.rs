//! `raw.assignment`: in which cell an account's work, or what a team runs, was released.

use sqlx::PgConnection;

use super::{StoreError, digest};
use crate::model::{Assignment, Bearer, FactKind, Pseudonym, Week};

/// Keeps the first cell of each bearer, kind and week.
pub(super) async fn insert(connection: &mut PgConnection, assignments: &[Assignment]) -> Result<(), StoreError> {
    let column = |value: fn(&Assignment) -> String| assignments.iter().map(value).collect::<Vec<_>>();
    let weeks: Vec<i32> = assignments.iter().map(|assignment| assignment.week.index()).collect();
    let bearer = |assignment: &Assignment| match &assignment.bearer {
        Bearer::Account(account) => account.as_bytes().to_vec(),
        Bearer::Team(team) => team.as_str().as_bytes().to_vec(),
        Bearer::Nobody => Vec::new(),
    };
    let bearers: Vec<Vec<u8>> = assignments.iter().map(bearer).collect();
    sqlx::query!(
        "INSERT INTO raw.assignment (week, kind, account, cell)
         SELECT * FROM UNNEST($1::int[], $2::text[], $3::bytea[], $4::text[]) ON CONFLICT DO NOTHING",
        &weeks,
        &column(|assignment| assignment.kind.as_str().to_owned()),
        &bearers,
        &column(|assignment| assignment.cell.clone()),
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Those of accounts, and of nobody known.
pub(super) async fn fetch(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<Assignment>, StoreError> {
    let people: Vec<String> =
        FactKind::ALL.into_iter().filter(|kind| kind.has_account()).map(|kind| kind.as_str().to_owned()).collect();
    let rows = sqlx::query!(
        "SELECT week, kind, account, cell FROM raw.assignment WHERE week >= $1 AND week < $2 AND kind = ANY($3)",
        start.index(),
        end.index(),
        &people,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let kind = FactKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
            let bearer = match row.account.as_slice() {
                [] => Bearer::Nobody,
                account => Bearer::Account(Pseudonym::from_bytes(digest(account)?)),
            };
            Ok(Assignment {
                week: Week::from_index(row.week),
                kind: kind.ok_or(StoreError::Corrupt("a kind of fact that this version does not know"))?,
                bearer,
                cell: row.cell,
            })
        })
        .collect()
}
