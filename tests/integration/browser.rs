//! The survey pages of the real program in a real Chromium (`tests/browser`): by keyboard, without scripts, in the dark, on a narrow screen.

use quintant_tests::{Asking, browse};
use serde_json::{Value, json};

/// What somebody fills in, from the top of each page to its end.
fn answers(survey: &str) -> Value {
    match survey {
        "pulse" => json!({ "valuable_work_percentage": "70", "flow_state_days": "2.5", "cognitive_load": "3" }),
        "nps" => json!({ "score": "9" }),
        _ => {
            json!({ "satisfaction_rating": "4", "burnout": "1", "constructive_feedback": "5", "score": "10", "context_switches": "7" })
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_answer_by_keyboard_with_and_without_scripts_and_leave_nothing_behind() {
    let asking = Asking::start("").await;
    let surveys: Vec<Value> = ["pulse", "nps", "annual"]
        .into_iter()
        .map(|name| json!({ "name": name, "answers": answers(name), "tokens": asking.tokens(asking.open(name)("amber"), 2) }))
        .collect();
    let serving = asking.serve_program();
    browse("answer", &json!({ "origin": serving.origin(), "surveys": surveys }));
    let taken = asking.host.database.numbers("SELECT count(*) FROM app.survey_answer GROUP BY campaign").await;
    assert_eq!(taken, [2, 2, 2]);
    assert_eq!(serving.terminate().code, Some(0));
    asking.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_at_its_field() {
    let asking = Asking::start("").await;
    let (pulses, nps) = (asking.open("pulse"), asking.open("nps"));
    let [used, good] = <[String; 2]>::try_from(asking.tokens(pulses("amber"), 2)).unwrap();
    let (other, ended) = (asking.tokens(nps("amber"), 1).remove(0), asking.tokens(pulses("cobalt"), 1).remove(0));
    asking.operate(&["survey", "close", &pulses("cobalt").to_string(), "--discard"]);
    let served = asking.serve().await;
    assert_eq!(served.vote(&used, quintant_tests::pulse(70, 3, 3)).await.0, 200);
    served.stop().await;
    let serving = asking.serve_program();
    let tries = [
        ("ABCD-1234", "This is none of the tokens that were issued."),
        (&used, "This token was used already."),
        (&other, "This token is for another survey."),
        (&ended, "This survey is closed."),
    ];
    let tries = tries.map(|(token, words)| json!({ "token": token, "words": words }));
    browse("mistakes", &json!({ "origin": serving.origin(), "token": good, "tries": tries }));
    let taken = asking.host.database.numbers("SELECT count(*) FROM app.survey_answer").await;
    assert_eq!(taken, [1], "a mistake was taken for an answer");
    assert_eq!(serving.terminate().code, Some(0));
    asking.host.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_for_everybody_in_light_and_dark_wide_and_narrow() {
    let asking = Asking::start("").await;
    let serving = asking.serve_program();
    let screenshots = std::env::var("QUINTANT_TEST_SCREENSHOTS").ok();
    browse("looks", &json!({ "origin": serving.origin(), "screenshots": screenshots }));
    assert_eq!(serving.terminate().code, Some(0));
    asking.host.finish().await;
}
