//! `release.span`: the grid as it was laid.

use sqlx::PgConnection;

use super::StoreError;
use crate::model::{Span, TeamName, Week};

pub(super) async fn insert(connection: &mut PgConnection, spans: &[Span]) -> Result<(), StoreError> {
    for span in spans {
        let teams: Vec<String> = span.teams.iter().map(|team| team.as_str().to_owned()).collect();
        sqlx::query!(
            "INSERT INTO release.span (cell, start_week, weeks, teams, admitted) VALUES ($1, $2, $3, $4, $5)",
            span.cell,
            span.start.index(),
            span.weeks,
            &teams,
            span.admitted,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Those that end after this week.
pub(super) async fn fetch(connection: &mut PgConnection, from: Week) -> Result<Vec<Span>, StoreError> {
    let rows = sqlx::query!(
        "SELECT cell, start_week, weeks, teams, admitted FROM release.span WHERE start_week + weeks > $1 ORDER BY start_week, cell",
        from.index(),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(|row| span(row.cell, row.start_week, row.weeks, &row.teams, row.admitted)).collect()
}

/// A span from its columns.
pub(super) fn span(cell: String, start: i32, weeks: i32, teams: &[String], admitted: bool) -> Result<Span, StoreError> {
    let teams = teams.iter().map(|team| team.parse()).collect::<Result<Vec<TeamName>, _>>();
    let teams = teams.map_err(|_| StoreError::Corrupt("a team that is no name"))?;
    Ok(Span { cell, teams, start: Week::from_index(start), weeks, admitted })
}
