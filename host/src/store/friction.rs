//! `raw.friction`.

use sqlx::PgConnection;

use super::StoreError;
use super::table::{table, team, word};
use crate::model::{Friction, ReportedFriction, TeamName, Week};

table! {
    "friction", "convert_to(coalesce(f.team, ''), 'UTF8')", Friction {
        "category" "$7::text[]" = |friction| friction.category.as_str(),
        "severity" "$8::text[]" = |friction| friction.severity.as_str(),
        "team" "$9::text[]" = |friction| friction.team.as_ref().map(TeamName::as_str),
    }
}

/// The friction that was reported in these weeks.
pub(super) async fn fetch_reported(
    connection: &mut PgConnection,
    start: Week,
    end: Week,
) -> Result<Vec<ReportedFriction>, StoreError> {
    let rows = sqlx::query!(
        "SELECT week, category, team FROM raw.friction WHERE week >= $1 AND week < $2",
        start.index(),
        end.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let (category, team) = (word(&row.category)?, team(row.team)?);
            Ok(ReportedFriction { week: Week::from_index(row.week), category, team })
        })
        .collect()
}
