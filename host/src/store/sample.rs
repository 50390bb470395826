//! `raw.sample`.

use super::table::{fetch, key, table, word};
use super::{digest, instant};
use crate::model::{EntityKey, Pseudonym, Sample, TakenSample, Week};

table! {
    "sample", "coalesce(f.actor, '')", Sample<Pseudonym, EntityKey> {
        "metric" "$7::text[]" = |sample| sample.metric.as_str(),
        "value" "$8::float8[]" = |sample| sample.value,
        "actor" "$9::bytea[]" = |sample| sample.actor.as_ref().map(Pseudonym::as_bytes),
        "scope" "$10::bytea[]" = |sample| key(sample.scope.as_ref()),
    }
}

fetch! {
    /// The samples of these weeks, in the order in which they were taken.
    fetch_taken: TakenSample =
        "SELECT week, at_ms, metric, value, actor FROM raw.sample WHERE week >= $1 AND week < $2 ORDER BY at_ms, key",
    |row| {
        Ok(TakenSample {
            week: Week::from_index(row.week),
            at: instant(row.at_ms),
            metric: word(&row.metric)?,
            value: row.value,
            actor: row.actor.map(|actor| digest(&actor).map(Pseudonym::from_bytes)).transpose()?,
        })
    }
}
