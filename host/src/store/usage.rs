//! `raw.usage`.

use super::digest;
use super::table::{fetch, table, word};
use crate::model::{CountedUse, Pseudonym, Usage, Week};

table! {
    "usage", "f.actor", Usage<Pseudonym> {
        "actor" "$7::bytea[]" = |usage| usage.actor.as_bytes(),
        "tool" "$8::text[]" = |usage| usage.tool.as_str(),
        "count" "$9::bigint[]" = |usage| i64::from(usage.count),
    }
}

fetch! {
    /// People's use of tools in these weeks.
    fetch_counted: CountedUse =
        "SELECT week, actor, tool, count FROM raw.usage WHERE week >= $1 AND week < $2",
    |row| {
        Ok(CountedUse {
            week: Week::from_index(row.week),
            actor: Pseudonym::from_bytes(digest(&row.actor)?),
            tool: word(&row.tool)?,
            count: u32::try_from(row.count).unwrap_or(u32::MAX),
        })
    }
}
