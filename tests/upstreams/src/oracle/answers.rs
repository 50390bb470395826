//! Puts atoms together into the answer objects, field by field, each with its reason where there is no figure.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::atoms::{Atom, ReviewTime};
use super::window::{Range, Scope, Weeks};
use super::{Oracle, rounding};

/// A figure, or the reason why there is none.
type Field = Result<Value, &'static str>;
type Fields = Vec<(&'static str, Field)>;

/// Answers many questions over atoms that were made once.
pub struct Answers<'a> {
    pub oracle: &'a Oracle<'a>,
    pub atoms: &'a [Atom],
}

impl Answers<'_> {
    #[must_use]
    pub fn activity(&self, range: Range, scope: &Scope) -> Value {
        self.answer(range, scope, &|found| {
            vec![
                ("commits_count", sum(found, |atom| atom.commits)),
                ("pull_requests_count", sum(found, |atom| atom.pull_requests)),
                ("code_reviews_count", sum(found, |atom| atom.code_reviews)),
                ("active_developers_count", active_developers(found)),
                ("ai_tool_adoption_rate", Err("no_source")),
                ("platform_usage_count", Err("no_source")),
            ]
        })
    }

    #[must_use]
    pub fn communication(&self, range: Range, scope: &Scope) -> Value {
        let owned = self.oracle.organisation.teams.iter().any(|team| !team.owns.is_empty());
        self.answer(range, scope, &|found| {
            vec![
                ("avg_review_time_hours", review_time_hours(found)),
                ("pr_comments_avg", Err("no_source")),
                ("cross_team_prs", if owned { sum(found, |atom| atom.cross_team) } else { Err("no_source") }),
                ("mattermost_messages", Err("no_source")),
                ("constructive_feedback_rate", Err("no_source")),
            ]
        })
    }

    fn answer(&self, range: Range, scope: &Scope, fields: &dyn Fn(&[&Atom]) -> Fields) -> Value {
        let newest: Option<Date> = self.atoms.iter().map(|atom| atom.span.end()).max();
        let weeks = newest.map(|newest| Weeks::of(range, newest));
        let found: Vec<&Atom> = self
            .atoms
            .iter()
            .filter(|atom| scope.holds(&atom.span) && weeks.is_some_and(|weeks| weeks.hold(&atom.span)))
            .collect();
        let asked = weeks.map_or_else(Vec::new, Weeks::mondays);
        let covered =
            asked.iter().filter(|monday| found.iter().any(|atom| atom.span.mondays().contains(monday))).count();

        let mut answer = Map::new();
        let mut withheld = Map::new();
        for (name, field) in fields(&found) {
            let field = match field {
                Err("no_source") => Err("no_source"),
                _ if newest.is_none() => Err("not_covered"),
                _ if asked.is_empty() => Err("window_too_short"),
                field => field,
            };
            match field {
                Ok(value) => answer.insert(name.to_owned(), value),
                Err(reason) => {
                    withheld.insert(name.to_owned(), Value::from(reason));
                    answer.insert(name.to_owned(), Value::Null)
                }
            };
        }
        let window = json!({
            "from": weeks.map(|weeks| weeks.from.to_string()),
            "to": weeks.map(|weeks| weeks.to.to_string()),
            "weeks_total": asked.len(),
            "weeks_covered": covered,
            "as_of": newest.map(|newest| newest.to_string()),
        });
        answer.insert("window".to_owned(), window);
        answer.insert("withheld".to_owned(), Value::Object(withheld));
        Value::Object(answer)
    }
}

fn no_value(found: &[&Atom]) -> &'static str {
    if found.is_empty() { "not_covered" } else { "suppressed" }
}

fn sum(found: &[&Atom], component: impl Fn(&Atom) -> Option<i64>) -> Field {
    let released: Vec<i64> = found.iter().filter_map(|atom| component(atom)).collect();
    if released.is_empty() {
        return Err(no_value(found));
    }
    Ok(Value::from(released.iter().sum::<i64>()))
}

fn active_developers(found: &[&Atom]) -> Field {
    let mut person_weeks = 0;
    let mut weeks = Vec::new();
    for atom in found {
        if let Some(active) = atom.active {
            person_weeks += active * atom.span.weeks;
            weeks.extend(atom.span.mondays());
        }
    }
    weeks.sort();
    weeks.dedup();
    if weeks.is_empty() {
        return Err(no_value(found));
    }
    Ok(rounding::to_decimals(i128::from(person_weeks), weeks.len() as i128, 1))
}

fn review_time_hours(found: &[&Atom]) -> Field {
    let kept: Vec<ReviewTime> = found.iter().filter_map(|atom| atom.review_time).collect();
    if kept.is_empty() {
        return Err(no_value(found));
    }
    let seconds: i64 = kept.iter().map(|time| time.seconds).sum();
    let changes: i64 = kept.iter().map(|time| time.changes).sum();
    let (seconds, hours_of_changes) = (i128::from(seconds), i128::from(changes) * 3600);
    Ok(if kept.iter().any(|time| time.alone) {
        rounding::to_two_digits(seconds, hours_of_changes)
    } else {
        rounding::to_decimals(seconds, hours_of_changes, 2)
    })
}
