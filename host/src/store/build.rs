//! `raw.build`.

use super::table::{fetch, key, linked, millisecond, table, team};
use super::{StoreError, instant};
use crate::model::{Build, BuildResult, EntityKey, FinishedBuild, LineCoverage, ServiceName, TeamName, Week};

table! {
    "build", "convert_to(coalesce(f.owner, ''), 'UTF8')", Build<EntityKey> {
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

fetch! {
    /// The builds of default branches that came to a result in these weeks.
    fetch_finished: FinishedBuild =
        "SELECT week, at_ms, pipeline, earlier_pipeline, owner, result, lines_covered, lines_total FROM raw.build
         WHERE week >= $1 AND week < $2 AND on_default_branch AND result <> 'aborted' ORDER BY at_ms, key",
    |row| {
        let result = match row.result.as_str() {
            "success" => BuildResult::Success,
            "failure" => BuildResult::Failure,
            "unstable" => BuildResult::Unstable,
            _ => return Err(StoreError::Corrupt("a result of a build that this version does not know")),
        };
        let line = |lines: i64| u32::try_from(lines).unwrap_or(u32::MAX);
        Ok(FinishedBuild {
            week: Week::from_index(row.week),
            at: instant(row.at_ms),
            pipeline: linked(&row.pipeline, row.earlier_pipeline.as_deref())?,
            owner: team(row.owner)?,
            result,
            coverage: row
                .lines_covered
                .zip(row.lines_total)
                .map(|(covered, total)| LineCoverage { covered: line(covered), total: line(total) }),
        })
    }
}
