//! `raw.tally`.

use jiff::Timestamp;
use sqlx::PgConnection;

use super::StoreError;
use super::table::{key, table, word};
use crate::model::{EntityKey, TakenTally, Tally, Week};

table! {
    "tally", "''", Tally<EntityKey> {
        "tool" "$7::text[]" = |tally| tally.tool.as_str(),
        "scope" "$8::bytea[]" = |tally| key(tally.scope.as_ref()),
        "from_ms" "$9::bigint[]" = |tally| tally.from.as_millisecond(),
        "through_ms" "$10::bigint[]" = |tally| tally.through.as_millisecond(),
        "count" "$11::bigint[]" = |tally| tally.count.map(i64::from),
        "people" "$12::bigint[]" = |tally| tally.people.map(i64::from),
        "eligible" "$13::bigint[]" = |tally| tally.eligible.map(i64::from),
        "bots_included" "$14::bool[]" = |tally| tally.bots_included,
    }
}

/// What sources counted over periods that lie wholly in one of these weeks, each given with its first moment and the one behind its last.
pub(super) async fn fetch_taken(
    connection: &mut PgConnection,
    weeks: &[(Week, Timestamp, Timestamp)],
) -> Result<Vec<TakenTally>, StoreError> {
    let column = |value: fn(&(Week, Timestamp, Timestamp)) -> i64| weeks.iter().map(value).collect::<Vec<_>>();
    let rows = sqlx::query!(
        r#"SELECT w.week AS "week!", t.tool, t.count, t.people, t.eligible
           FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[]) AS w (week, from_ms, through_ms)
           JOIN raw.tally t ON t.from_ms >= w.from_ms AND t.through_ms <= w.through_ms"#,
        &column(|(week, ..)| week.index().into()),
        &column(|(_, from, _)| from.as_millisecond()),
        &column(|(_, _, through)| through.as_millisecond()),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let number = |number: Option<i64>| number.map(|number| u32::try_from(number).unwrap_or(u32::MAX));
            Ok(TakenTally {
                week: Week::from_index(
                    i32::try_from(row.week).map_err(|_| StoreError::Corrupt("a week out of range"))?,
                ),
                tool: word(&row.tool)?,
                count: number(row.count),
                people: number(row.people),
                eligible: number(row.eligible),
            })
        })
        .collect()
}
