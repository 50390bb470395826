//! The plugin through its own door, natively, against recorded payloads and a small Jenkins.
#![expect(clippy::unwrap_used, reason = "tests")]

mod builds;
mod check;
mod coverage;
mod deployments;
mod failures;
mod recorded;
mod server;
mod settings;
mod walk;
mod whole;

use quintant_sdk::instant::format_rfc3339;
use quintant_sdk::prelude::*;

/// One line a fact and problem.
fn show(pages: &[Page]) -> String {
    let mut text = String::new();
    for page in pages {
        for fact in &page.facts {
            text += &format!("{} at {}: {}\n", fact.key, format_rfc3339(fact.at), body(&fact.fact));
        }
        for problem in &page.problems {
            let scope = problem.scope.as_deref().unwrap_or("-");
            let kind = format!("{:?}", problem.kind).replace("ProblemKind::", "");
            text += &format!("problem {kind} {scope} x{}\n", problem.count);
        }
    }
    text
}

fn body(fact: &Fact) -> String {
    let plain = |text: String, of: &str| text.replace(of, "").to_lowercase();
    match fact {
        Fact::Build(build) => {
            let mut text = format!("{} #{}", build.pipeline, build.number);
            text += &format!(" {}", plain(format!("{:?}", build.build_result), "BuildResult::"));
            text += if build.on_default_branch { "" } else { ", branch" };
            text += &build.sha.as_ref().map_or_else(String::new, |sha| format!(", sha {sha}"));
            text += &build.tests_failed.map_or_else(String::new, |failed| format!(", {failed} tests failed"));
            let lines = build.lines_covered.zip(build.lines_total);
            text + &lines.map_or_else(String::new, |(covered, total)| format!(", {covered}/{total} lines"))
        }
        Fact::Deployment(deployment) => {
            let mut text = format!("{} to {}", deployment.service, deployment.environment);
            text += &format!(" {}", plain(format!("{:?}", deployment.deployment_result), "DeploymentResult::"));
            text += if deployment.rollback { ", rollback" } else { "" };
            text += &deployment.rolls_back.as_ref().map_or_else(String::new, |undone| format!(" of {}", undone.id));
            text += &deployment.repo.as_ref().map_or_else(String::new, |repo| format!(", {repo}"));
            text += &deployment.head_sha.as_ref().map_or_else(String::new, |sha| format!("@{sha}"));
            let shas = deployment.shas.join(" ");
            if shas.is_empty() { text } else { format!("{text}, commits {shas}") }
        }
        other => format!("{other:?}"),
    }
}

fn covered(pages: &[Page]) -> Option<String> {
    pages.last().unwrap().covered_through.map(format_rfc3339)
}
