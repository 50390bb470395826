//! The plugin through its own door, natively, against recorded payloads and a simulated GitHub.
#![expect(clippy::unwrap_used, reason = "tests")]

mod check;
mod comments;
mod commits;
mod copilot;
mod delivery;
mod deployments;
mod failures;
mod graphql;
mod history;
mod incidents;
mod mapping;
mod organizations;
mod pulls;
mod releases;
mod runs;
mod server;
mod settings;
mod spoiled;
mod teams;

use std::collections::BTreeMap;

use quintant_sdk::instant::format_rfc3339;
use quintant_sdk::prelude::*;

/// The facts a host would hold after these pages, in the order of their keys.
fn stored(pages: &[Page]) -> BTreeMap<String, Envelope> {
    let mut facts = BTreeMap::new();
    for page in pages {
        for retraction in &page.retractions {
            facts.remove(&retraction.key);
        }
        facts.extend(page.facts.iter().map(|fact| (fact.key.clone(), fact.clone())));
    }
    facts
}

/// One line a fact, retraction and problem.
fn show(page: &Page) -> String {
    let mut text = String::new();
    for fact in &page.facts {
        text += &format!("{} at {}: {}\n", fact.key, format_rfc3339(fact.at), body(&fact.fact));
    }
    for retraction in &page.retractions {
        text += &format!("retract {}\n", retraction.key);
    }
    for problem in &page.problems {
        let scope = problem.scope.as_deref().unwrap_or("-");
        let kind = format!("{:?}", problem.kind).replace("ProblemKind::", "");
        text += &format!("problem {kind} {scope} x{}\n", problem.count);
    }
    text
}

fn body(fact: &Fact) -> String {
    let who = |account: &Option<Account>| match account {
        Some(Account { id, names, bot }) => {
            format!("{}={id}{}", names.join("|"), if *bot { " (bot)" } else { "" })
        }
        None => "nobody".to_owned(),
    };
    let when = |at: Option<Instant>| at.map_or_else(|| "never".to_owned(), format_rfc3339);
    match fact {
        Fact::Change(change) => format!(
            "{} {} by {}, merged {}, default {}, opened {}, ready {}, reviewed {} by {}, \
             approved {}, sha {:?}",
            change.repo,
            change.id,
            who(&change.author),
            change.merged,
            change.to_default_branch,
            when(Some(change.opened_at)),
            when(change.ready_at),
            when(change.first_review_at),
            who(&change.first_reviewer),
            when(change.approved_at),
            change.merge_sha,
        ),
        Fact::Review(review) => format!(
            "{} {} of {} by {}: {:?}",
            review.repo,
            review.change,
            who(&review.change_author),
            who(&review.reviewer),
            review.state,
        ),
        Fact::Commit(commit) => format!(
            "{} {} by {}, authored {}, {} parents",
            commit.repo,
            commit.sha.get(..7).unwrap_or(&commit.sha),
            who(&commit.author),
            when(Some(commit.authored_at)),
            commit.parents,
        ),
        Fact::Membership(membership) => {
            format!("{} in {}", who(&Some(membership.account.clone())), membership.team.as_deref().unwrap_or("none"))
        }
        Fact::Tally(tally) => delivery::tally(tally),
        Fact::Incident(incident) => delivery::incident(incident),
        Fact::Build(build) => delivery::build(build),
        Fact::Deployment(deployment) => delivery::deployment(deployment),
        other => format!("{other:?}"),
    }
}
