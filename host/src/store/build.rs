//! `raw.build`.

use super::table::{key, millisecond, table};
use crate::model::{Build, EntityKey, LineCoverage, ServiceName, TeamName};

table! {
    "build", "''", Build<EntityKey> {
        "pipeline" "$7::bytea[]" = |build| build.pipeline.key.as_bytes(),
        "earlier_pipeline" "$8::bytea[]" = |build| key(build.pipeline.earlier.as_ref()),
        "service" "$9::text[]" = |build| build.service.as_ref().map(ServiceName::as_str),
        "owner" "$10::text[]" = |build| build.owner.as_ref().map(TeamName::as_str),
        "attempt" "$11::bigint[]" = |build| i64::from(build.attempt),
        "sha" "$12::bytea[]" = |build| key(build.sha.as_ref()),
        "on_default_branch" "$13::bool[]" = |build| build.on_default_branch,
        "started_ms" "$14::bigint[]" = |build| millisecond(build.started_at),
        "result" "$15::text[]" = |build| build.result.as_str(),
        "lines_covered" "$16::bigint[]" = |build| build.coverage.map(|LineCoverage { covered, .. }| i64::from(covered)),
        "lines_total" "$17::bigint[]" = |build| build.coverage.map(|LineCoverage { total, .. }| i64::from(total)),
        "tests_failed" "$18::bigint[]" = |build| build.tests_failed.map(i64::from),
    }
}
