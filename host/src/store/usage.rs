//! `raw.usage`.

use super::table::table;
use crate::model::{Pseudonym, Usage};

table! {
    "usage", "f.actor", Usage<Pseudonym> {
        "actor" "$7::bytea[]" = |usage| usage.actor.as_bytes(),
        "tool" "$8::text[]" = |usage| usage.tool.as_str(),
        "count" "$9::bigint[]" = |usage| i64::from(usage.count),
    }
}
