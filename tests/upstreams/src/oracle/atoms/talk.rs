//! What people say: messages in public channels, and answers of a survey.

use super::super::Oracle;
use super::super::counted::{messages, seats};
use super::super::rules::Group;
use super::super::spans::Span;
use super::super::spoken::{Posted, campaign};
use super::{Facts, Measure, Measures, whole};

const ENOUGH_ANSWERS: i64 = 5;
const BAND: i64 = 5;
/// So many answers are of another class than most.
const LEAST_OTHERS: i64 = 2;

pub(super) fn usage(oracle: &Oracle<'_>, facts: &Facts<'_>, span: &Span) -> (i64, Measures) {
    let posts: Vec<&Posted> =
        facts.posts.iter().filter(|post| span.holds_work(oracle, post.week, Some(&post.author))).collect();
    let mut measures = Measures::new();
    if Group::counting(posts.iter().map(|post| Some(&post.author))).may_be_told() {
        measures.insert("messages", Measure::count(whole(posts.len())));
    }
    (whole(posts.len()), measures)
}

/// What services had counted, of a week: nobody is in it. Users of a tool, and those who do not use it, are enough.
pub(super) fn tally(oracle: &Oracle<'_>, span: &Span) -> (i64, Measures) {
    let mut measures = Measures::new();
    let messages = messages(oracle, span.start).filter(|_| oracle.sources.counters);
    if let Some(messages) = messages {
        measures.insert("tallied_messages", Measure::count(messages));
    }
    if let Some((used, all)) = seats(oracle, span.start).filter(|_| oracle.sources.copilot)
        && used >= ENOUGH_ANSWERS
        && all - used >= ENOUGH_ANSWERS
    {
        measures.insert("tallied_ai_users", Measure::of(used, all).alone());
    }
    (messages.unwrap_or(0), measures)
}

pub(super) fn survey(oracle: &Oracle<'_>, span: &Span) -> (i64, Measures) {
    let classes = campaign(oracle, span.start);
    let all: i64 = classes.iter().sum();
    let mut measures = Measures::new();
    if all >= ENOUGH_ANSWERS {
        measures.insert("responses", Measure::of(all / BAND * BAND, 0).alone());
        if all - classes.iter().max().expect("there are three classes") >= LEAST_OTHERS {
            let [promoters, _, detractors] = classes;
            measures.insert("net_promoters", Measure::of(promoters - detractors, all).alone());
        }
    }
    (all, measures)
}
