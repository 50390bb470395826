//! `raw.usage`.

use sqlx::PgConnection;

use super::table::{table, word};
use super::{StoreError, digest};
use crate::model::{CountedUse, Pseudonym, Usage, Week};

table! {
    "usage", "f.actor", Usage<Pseudonym> {
        "actor" "$7::bytea[]" = |usage| usage.actor.as_bytes(),
        "tool" "$8::text[]" = |usage| usage.tool.as_str(),
        "count" "$9::bigint[]" = |usage| i64::from(usage.count),
    }
}

/// People's use of tools in these weeks.
pub(super) async fn fetch_counted(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<CountedUse>, StoreError> {
    let rows = sqlx::query!(
        "SELECT week, actor, tool, count FROM raw.usage WHERE week >= $1 AND week < $2",
        start.index(),
        end.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(CountedUse {
                week: Week::from_index(row.week),
                actor: Pseudonym::from_bytes(digest(&row.actor)?),
                tool: word(&row.tool)?,
                count: u32::try_from(row.count).unwrap_or(u32::MAX),
            })
        })
        .collect()
}
