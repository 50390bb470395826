//! The plugin through its own door, natively, against sample payloads and a simulated Mattermost.
#![expect(clippy::unwrap_used, reason = "tests")]

mod analytics;
mod check;
mod counts;
mod failures;
mod mapping;
mod posts;
mod server;
mod settings;

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

/// One line a fact and problem.
fn show(pages: &[Page]) -> String {
    let facts = stored(pages);
    let problems = pages.iter().flat_map(|page| &page.problems).map(|problem| {
        let scope = problem.scope.as_deref().unwrap_or("-");
        let kind = format!("{:?}", problem.kind).replace("ProblemKind::", "");
        format!("problem {kind} {scope} x{}\n", problem.count)
    });
    facts.values().map(line).chain(problems).collect()
}

fn line(fact: &Envelope) -> String {
    match &fact.fact {
        Fact::Tally(tally) => {
            let Window { start, end } = tally.period;
            assert_eq!(tally.tool, "mattermost");
            assert_eq!(fact.key, format!("mattermost/{}/{start}-{end}", tally.scope.as_deref().unwrap()));
            assert_eq!(fact.at, end - 1);
            assert_eq!((tally.people, tally.eligible), (None, None));
            let bots = if tally.bots_included { "with" } else { "without" };
            let (start, end) = (format_rfc3339(start), format_rfc3339(end));
            format!("{} {start} to {end}: {:?} {bots} bots\n", tally.scope.as_deref().unwrap(), tally.count)
        }
        Fact::Usage(usage) => {
            assert_eq!(usage.tool, "mattermost");
            assert!(!usage.actor.bot);
            let names = usage.actor.names.join("|");
            format!("{} at {}: {} by {}={names}\n", fact.key, format_rfc3339(fact.at), usage.count, usage.actor.id)
        }
        other => panic!("{other:?} is not expected"),
    }
}
