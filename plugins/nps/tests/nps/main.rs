//! The plugin through its own door, natively, against recorded payloads and a survey service as it really behaves.
#![expect(clippy::unwrap_used, reason = "tests")]

mod check;
mod failures;
mod responses;
mod server;
mod settings;
mod windows;

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

/// One line a campaign: when it ended, and how many answered with which score.
fn show(facts: &BTreeMap<String, Envelope>) -> String {
    let mut campaigns: BTreeMap<(String, String), BTreeMap<String, u32>> = BTreeMap::new();
    for fact in facts.values() {
        let Fact::SurveyResponse(response) = &fact.fact else { panic!("{fact:?} is no response") };
        assert_eq!(response.instrument, "nps");
        assert!(fact.key.starts_with(&format!("{}/", response.campaign)), "{}", fact.key);
        let score = response.answers.iter().map(|(question, value)| format!("{question} {value}")).collect();
        let campaign = (response.campaign.clone(), format_rfc3339(fact.at));
        *campaigns.entry(campaign).or_default().entry(score).or_default() += 1;
    }
    let line = |((campaign, at), scores): (&(String, String), &BTreeMap<String, u32>)| {
        let scores: Vec<String> = scores.iter().map(|(score, count)| format!("{count} × {score}")).collect();
        format!("{campaign} at {at}: {}\n", scores.join(", "))
    };
    campaigns.iter().map(line).collect()
}
