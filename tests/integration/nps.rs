//! The collector for the survey service finds everybody who answered, once, in their week.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use quintant_plugin_nps::Nps;
use quintant_sdk::prelude::*;
use quintant_upstreams::nps::{Make, Options, Simulation};
use quintant_upstreams::oracle::conversation;
use quintant_upstreams::organisation::Organisation;
use serde_json::json;

use crate::native::{Feeding, steps};

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

async fn simulation(make: Make) -> (Arc<Organisation>, Simulation) {
    let organisation = Arc::new(Organisation::generate(1, "2026-07-01T12:00:00Z".parse().unwrap()));
    let simulation =
        Simulation::start(Arc::clone(&organisation), Options { make, ..Options::default() }).await.unwrap();
    (organisation, simulation)
}

fn responses(simulation: &Simulation, from: Timestamp) -> Feeding<Nps> {
    Feeding::new(simulation.url(), "", json!({}), "responses", (from, 2 * WEEK))
}

/// Promoters, passives and detractors of each week that has any.
fn by_week(feeding: &Feeding<Nps>) -> BTreeMap<String, [u32; 3]> {
    let mut weeks: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    for fact in feeding.stored.values() {
        let Fact::SurveyResponse(response) = &fact.fact else { panic!("{fact:?} is not expected") };
        let [(question, score)] = response.answers.as_slice() else { panic!("{response:?} has one answer") };
        assert_eq!((response.instrument.as_str(), question.as_str()), ("nps", "score"));
        let class = if *score >= 9.0 { 0 } else { usize::from(*score < 7.0) + 1 };
        weeks.entry(response.campaign.clone()).or_default()[class] += 1;
    }
    weeks
}

fn expected(organisation: &Organisation, first_monday: &str, weeks: i32) -> BTreeMap<String, [u32; 3]> {
    let first: Timestamp = format!("{first_monday}T00:00:00Z").parse().unwrap();
    let weeks = (0..weeks).map(|number| {
        let begins = first + WEEK * number;
        let classes = conversation::answers(&organisation.survey, begins, begins + WEEK);
        (format!("week-{}", &begins.to_string()[..10]), classes)
    });
    weeks.filter(|(_, classes)| *classes != [0; 3]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_found_once_in_its_week() {
    for make in [Make::Original, Make::Repaired] {
        let (organisation, simulation) = simulation(make).await;
        let mut feeding = responses(&simulation, "2026-04-06T00:00:00Z".parse().unwrap());
        feeding.run(organisation.end);
        assert_eq!(feeding.problems, Vec::<String>::new());
        let expected = expected(&organisation, "2026-04-06", 12);
        assert_eq!(by_week(&feeding), expected);
        assert!(expected.len() > 8, "{expected:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_store_what_one_run_does() {
    let (organisation, simulation) = simulation(Make::Original).await;
    let from = "2026-03-02T00:00:00Z".parse().unwrap();
    let mut small = responses(&simulation, from);
    for now in steps(from, organisation.end, SignedDuration::from_hours(90)) {
        simulation.set_now(now);
        small.run(now);
    }
    let mut whole = responses(&simulation, from);
    whole.run(organisation.end);
    assert_eq!(small.stored, whole.stored);
    assert_eq!(by_week(&small), expected(&organisation, "2026-03-02", 17));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_defect_and_a_database_that_is_away_are_told_apart() {
    for (make, has_database, expected) in [
        (Make::Defective, true, "permanent: a defect of the NPS service"),
        (Make::Original, false, "transient: the NPS service reports that its database is not connected"),
    ] {
        let (organisation, simulation) = simulation(make).await;
        simulation.set_database(has_database);
        let from = organisation.end - WEEK * 4;
        let error = responses(&simulation, from).try_run(organisation.end).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(simulation.requests().len() <= 3);
    }
}
