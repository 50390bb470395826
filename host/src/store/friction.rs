//! `raw.friction`.

use super::table::table;
use crate::model::{Friction, TeamName};

table! {
    "friction", "''", Friction {
        "category" "$7::text[]" = |friction| friction.category.as_str(),
        "severity" "$8::text[]" = |friction| friction.severity.as_str(),
        "team" "$9::text[]" = |friction| friction.team.as_ref().map(TeamName::as_str),
    }
}
