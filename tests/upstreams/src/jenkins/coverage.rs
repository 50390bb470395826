//! Four coverage plugins: each pipeline uses one, and each tells lines in its own way.

use serde_json::{Value, json};

use crate::organisation::delivery::{Attempt, Coverage, Pipeline};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Coverage,
    CodeCoverage,
    Jacoco,
    Cobertura,
}

fn tool(pipeline: &Pipeline) -> Tool {
    match pipeline.name.split('/').next().unwrap_or_default() {
        "amber" | "ember" => Tool::Coverage,
        "cobalt" => Tool::CodeCoverage,
        "dune" => Tool::Cobertura,
        _ => Tool::Jacoco,
    }
}

/// What of an attempt's coverage can be seen: where shares are texts of two decimals, the rest is lost.
#[must_use]
pub fn shown(pipeline: &Pipeline, attempt: &Attempt) -> Option<Coverage> {
    let coverage = attempt.coverage?;
    if tool(pipeline) != Tool::Coverage {
        return Some(coverage);
    }
    let share: f64 = share(coverage).trim_end_matches('%').parse().expect("a share is a number");
    let lines = share / 100.0 * f64::from(coverage.lines_total);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most all lines")]
    let lines_covered = lines.round() as u32;
    Some(Coverage { lines_covered, ..coverage })
}

fn share(coverage: Coverage) -> String {
    format!("{:.2}%", 100.0 * f64::from(coverage.lines_covered) / f64::from(coverage.lines_total))
}

/// What JaCoCo leaves in a build.
pub(super) fn action(pipeline: &Pipeline, attempt: &Attempt) -> Option<Value> {
    let page = page(pipeline, attempt, &["jacoco"])?;
    Some(json!({ "_class": "hudson.plugins.jacoco.JacocoBuildAction", "lineCoverage": page["lineCoverage"] }))
}

/// The page of a plugin below a build; none where that plugin is not used.
pub(super) fn page(pipeline: &Pipeline, attempt: &Attempt, page: &[&str]) -> Option<Value> {
    let coverage = attempt.coverage?;
    let Coverage { lines_covered: covered, lines_total: total } = coverage;
    let element = |name: &str| {
        json!({ "name": name, "ratio": 100.0 * f64::from(covered) / f64::from(total),
        "numerator": f64::from(covered), "denominator": f64::from(total) })
    };
    match (tool(pipeline), page) {
        (Tool::Coverage, ["coverage"]) => Some(json!({
            "_class": "io.jenkins.plugins.coverage.metrics.restapi.CoverageApi",
            "projectStatistics": { "line": share(coverage), "loc": total.to_string(), "branch": "50.19%", "complexity": "1263" },
            "projectDelta": { "line": "+0.02%" },
        })),
        (Tool::CodeCoverage, ["coverage"]) => Some(json!({ "_class": "io.jenkins.plugins.coverage.CoverageAction" })),
        (Tool::CodeCoverage, ["coverage", "result"]) => Some(json!({
            "_class": "io.jenkins.plugins.coverage.targets.CoverageResult",
            "results": { "elements": [element("Report"), element("Line")], "name": "All reports" },
        })),
        (Tool::Jacoco, ["jacoco"]) => Some(json!({
            "_class": "hudson.plugins.jacoco.report.CoverageReport",
            "lineCoverage": { "covered": covered, "missed": total - covered, "percentage": 70, "total": total },
        })),
        (Tool::Cobertura, ["cobertura"]) => {
            Some(json!({ "results": { "elements": [element("Classes"), element("Lines")] } }))
        }
        _ => None,
    }
}
