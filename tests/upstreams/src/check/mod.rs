//! Compares what a running Quintant answers with what the oracle knows, question by question.

pub mod collected;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::Value;

use crate::fetch::get;
use crate::oracle::{Answers, DIMENSIONS, ORGANIZATION, Oracle, Range, Scope};

/// One question and its two answers.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Path and query.
    pub question: String,
    pub answered: Value,
    pub expected: Value,
    /// One line for each place where they differ.
    pub differences: Vec<String>,
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.differences.is_empty() { "equal" } else { "DIFFERS" };
        write!(formatter, "{verdict:8} {}", self.question)?;
        self.differences.iter().try_for_each(|difference| write!(formatter, "\n           {difference}"))
    }
}

/// Everything that was asked.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub comparisons: Vec<Comparison>,
    /// The organisation's own answers: field, then a value per range.
    pub table: Vec<(String, Vec<Value>)>,
}

const RANGES: [Range; 4] = [Range::Day, Range::Week, Range::Month, Range::Quarter];

impl Report {
    #[must_use]
    pub fn different(&self) -> usize {
        self.comparisons.iter().filter(|comparison| !comparison.differences.is_empty()).count()
    }

    /// Figures that both sides gave and agreed on.
    #[must_use]
    pub fn figures(&self) -> usize {
        let numbers = |answer: &Value| {
            answer.as_object().map_or(0, |fields| fields.values().filter(|value| value.is_number()).count())
        };
        self.comparisons
            .iter()
            .filter(|comparison| comparison.differences.is_empty())
            .map(|comparison| numbers(&comparison.expected))
            .sum()
    }

    #[must_use]
    pub fn passed(&self) -> bool {
        self.different() == 0 && self.figures() > 0
    }

    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!("{:26}{:>12}{:>12}{:>12}{:>12}\n", "organisation", "24h", "7d", "30d", "90d");
        for (field, values) in &self.table {
            text.push_str(&format!("{field:26}"));
            for value in values {
                let shown = if value.is_null() { "-".to_owned() } else { value.to_string() };
                text.push_str(&format!("{shown:>12}"));
            }
            text.push('\n');
        }
        text
    }
}

/// Asks for every range and a number of dates, for the organisation and for every cell.
///
/// # Errors
/// When Quintant at `url` cannot be reached, or answers something else than 200 and JSON.
pub async fn check(url: &str, oracle: &Oracle<'_>) -> io::Result<Report> {
    let atoms = oracle.atoms();
    let answers = Answers { oracle, atoms: &atoms };
    let url = url.trim_end_matches('/');
    let mut report = Report::default();
    for scope in scopes(oracle) {
        let ranges = RANGES.into_iter().chain(dates(oracle)).collect::<Vec<_>>();
        for range in ranges {
            let query = format!("{}{}", range.query(), team(&scope));
            let whole_question = format!("/api/v1/metrics/space?{query}");
            let whole = ask(url, &whole_question).await?;
            for dimension in DIMENSIONS {
                let expected = answers.dimension(dimension, range, &scope);
                let question = format!("/api/v1/metrics/space/{dimension}?{query}");
                let answered = ask(url, &question).await?;
                report.comparisons.push(compare(question, answered, &expected));
                let part = whole[dimension].clone();
                report.comparisons.push(compare(format!("{whole_question} .{dimension}"), part, &expected));
                if scope == Scope::Organisation && RANGES.contains(&range) {
                    add_to_table(&mut report.table, &whole[dimension]);
                }
            }
        }
    }
    Ok(report)
}

fn compare(question: String, answered: Value, expected: &Value) -> Comparison {
    let mut differences = Vec::new();
    differ("", &answered, expected, &mut differences);
    Comparison { question, answered, expected: expected.clone(), differences }
}

/// Fields that the oracle does not speak of may stand beside those that it does.
fn differ(path: &str, answered: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (answered, expected) {
        (Value::Object(answered), Value::Object(fields)) => {
            for (name, value) in fields {
                differ(&format!("{path}.{name}"), answered.get(name).unwrap_or(&Value::Null), value, differences);
            }
            if path == ".withheld" {
                let more = answered.keys().filter(|name| !fields.contains_key(*name));
                differences.extend(more.map(|name| format!("{path}.{name}: is withheld, expected a value")));
            }
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => {}
        (one, other) if one == other => {}
        (one, other) => differences.push(format!("{}: answered {one}, expected {other}", path.trim_start_matches('.'))),
    }
}

fn scopes(oracle: &Oracle<'_>) -> Vec<Scope> {
    let mut cells: Vec<String> = oracle.organisation.teams.iter().map(|team| team.name.clone()).collect();
    // What no team is named in is asked for with the whole organization only.
    cells.extend(oracle.spans().into_iter().map(|span| span.cell).filter(|cell| cell != ORGANIZATION));
    cells.sort();
    cells.dedup();
    std::iter::once(Scope::Organisation).chain(cells.into_iter().map(Scope::Cell)).collect()
}

/// Whole weeks, ragged ends, a window that is too short, and one before all history.
fn dates(oracle: &Oracle<'_>) -> Vec<Range> {
    let spans = oracle.spans();
    let (Some(first), Some(last)) =
        (spans.iter().map(|span| span.start).min(), spans.iter().map(crate::oracle::Span::end).max())
    else {
        return Vec::new();
    };
    let range = |from: Date, to: Date| Range::Dates { from, to };
    vec![
        range(first, last),
        range(last - 3.weeks(), last - 1.week()),
        range(last - 6.weeks() + 2.days(), last - 1.week() - 3.days()),
        range(last - 9.weeks() - 1.day(), last - 2.weeks() + 1.day()),
        range(last - 5.days(), last - 1.day()),
        range(first - 8.weeks(), first - 4.weeks()),
        range(first - 4.weeks(), first + 4.weeks()),
        range(last - 2.weeks(), last + 2.weeks()),
    ]
}

fn team(scope: &Scope) -> String {
    match scope {
        Scope::Organisation => String::new(),
        Scope::Cell(name) => format!("&team={}", name.replace('+', "%2B")),
    }
}

fn add_to_table(table: &mut Vec<(String, Vec<Value>)>, answer: &Value) {
    let Some(fields) = answer.as_object() else {
        return;
    };
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_object()) {
        match table.iter_mut().find(|(known, _)| known == name) {
            Some((_, values)) => values.push(value.clone()),
            None => table.push((name.clone(), vec![value.clone()])),
        }
    }
}

async fn ask(url: &str, question: &str) -> io::Result<Value> {
    let answer = get(&format!("{url}{question}"), &[("Accept", "application/json")]).await?;
    let text = || String::from_utf8_lossy(&answer.body).chars().take(300).collect::<String>();
    if answer.status != 200 {
        return Err(io::Error::other(format!(
            "`{question}` was answered {} instead of 200: {}",
            answer.status,
            text()
        )));
    }
    answer
        .json()
        .map_err(|error| io::Error::other(format!("`{question}` was not answered with JSON ({error}): {}", text())))
}
