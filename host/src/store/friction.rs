//! `raw.friction`.

use super::table::{fetch, table, team, word};
use crate::model::{Friction, ReportedFriction, TeamName, Week};

table! {
    "friction", "convert_to(coalesce(f.team, ''), 'UTF8')", Friction {
        "category" "$7::text[]" = |friction| friction.category.as_str(),
        "severity" "$8::text[]" = |friction| friction.severity.as_str(),
        "team" "$9::text[]" = |friction| friction.team.as_ref().map(TeamName::as_str),
    }
}

fetch! {
    /// The friction that was reported in these weeks.
    fetch_reported: ReportedFriction =
        "SELECT week, category, team FROM raw.friction WHERE week >= $1 AND week < $2",
    |row| {
        let (category, team) = (word(&row.category)?, team(row.team)?);
        Ok(ReportedFriction { week: Week::from_index(row.week), category, team })
    }
}
