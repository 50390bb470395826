//! `raw.sample`.

use super::table::{key, table};
use crate::model::{EntityKey, Pseudonym, Sample};

table! {
    "sample", "coalesce(f.actor, '')", Sample<Pseudonym, EntityKey> {
        "metric" "$7::text[]" = |sample| sample.metric.as_str(),
        "value" "$8::float8[]" = |sample| sample.value,
        "actor" "$9::bytea[]" = |sample| sample.actor.as_ref().map(Pseudonym::as_bytes),
        "scope" "$10::bytea[]" = |sample| key(sample.scope.as_ref()),
    }
}
