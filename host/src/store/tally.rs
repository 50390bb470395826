//! `raw.tally`.

use super::table::{key, table};
use crate::model::{EntityKey, Tally};

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
