//! Compares what a running Quintant answers with what the oracle knows, question by question.

pub mod collected;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::Value;

use crate::fetch::get;
use crate::oracle::{Answered, Answers, DIMENSIONS, ORGANIZATION, Oracle, Range, Scope, metrics};

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
/// The windows over which courses are asked, by their place: no week, a quarter, all there is, and one with ragged ends.
const COURSES: [usize; 4] = [0, 3, 4, 6];

impl Report {
    #[must_use]
    pub fn different(&self) -> usize {
        self.comparisons.iter().filter(|comparison| !comparison.differences.is_empty()).count()
    }

    /// Figures that both sides gave and agreed on.
    #[must_use]
    pub fn figures(&self) -> usize {
        self.comparisons
            .iter()
            .filter(|comparison| comparison.differences.is_empty())
            .map(|comparison| numbers(&comparison.expected))
            .sum()
    }

    /// Questions of each kind, and how many of them differ.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<&'static str, (usize, usize)> {
        let mut kinds = BTreeMap::new();
        for comparison in &self.comparisons {
            let (asked, differ): &mut (usize, usize) = kinds.entry(kind(&comparison.question)).or_default();
            *asked += 1;
            *differ += usize::from(!comparison.differences.is_empty());
        }
        kinds
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

/// Figures in an answer, what windows and weights are made of left out.
fn numbers(answer: &Value) -> usize {
    match answer {
        Value::Number(_) => 1,
        Value::Array(items) => items.iter().map(numbers).sum(),
        Value::Object(fields) => {
            let figures = fields.iter().filter(|(name, _)| !["window", "anchors", "weight"].contains(&name.as_str()));
            figures.map(|(_, value)| numbers(value)).sum()
        }
        _ => 0,
    }
}

fn kind(question: &str) -> &'static str {
    match question {
        question if question.contains("/trend?") => "trend",
        question if question.contains("/explain/") => "explain",
        question if question.contains("/health?") => "health",
        _ => "dimension",
    }
}

/// Asks for every range and a number of dates, for the organisation and for every cell: all dimensions and the health score. The course of a
/// dimension is asked over the longest windows, and each metric is explained over one window of each scope, all of them in turn.
///
/// # Errors
/// When Quintant at `url` cannot be reached, or answers something else than 200 and JSON.
pub async fn check(url: &str, oracle: &Oracle<'_>) -> io::Result<Report> {
    let atoms = oracle.atoms();
    let answers = Answers::new(oracle, &atoms);
    let ranges: Vec<Range> = RANGES.into_iter().chain(dates(oracle)).collect();
    let mut asked = Inquiry { url: url.trim_end_matches('/'), report: Report::default() };
    for (number, scope) in scopes(oracle).iter().enumerate() {
        let scoped = answers.about(scope);
        for (place, range) in ranges.iter().enumerate() {
            let (answered, query) = (scoped.over(*range), format!("{}{}", range.query(), team(scope)));
            asked.dimensions(&answered, &query, *scope == Scope::Organisation && RANGES.contains(range)).await?;
            asked.one(format!("/api/v1/metrics/space/health?{query}"), &answered.health()).await?;
            if COURSES.contains(&place) {
                for dimension in DIMENSIONS {
                    let course = answered.trend(dimension);
                    asked.one(format!("/api/v1/metrics/space/{dimension}/trend?{query}"), &course).await?;
                }
            }
            for (_, metric) in metrics().enumerate().filter(|(metric, _)| (metric + number) % ranges.len() == place) {
                asked.one(format!("/api/v1/explain/{metric}?{query}"), &answered.explain(metric)).await?;
            }
        }
    }
    Ok(asked.report)
}

/// What is asked of one Quintant.
struct Inquiry<'a> {
    url: &'a str,
    report: Report,
}

impl Inquiry<'_> {
    async fn one(&mut self, question: String, expected: &Value) -> io::Result<()> {
        let answered = ask(self.url, &question).await?;
        self.report.comparisons.push(compare(question, answered, expected));
        Ok(())
    }

    /// Each for itself, and all at once.
    async fn dimensions(&mut self, expected: &Answered<'_>, query: &str, is_shown: bool) -> io::Result<()> {
        let whole_question = format!("/api/v1/metrics/space?{query}");
        let whole = ask(self.url, &whole_question).await?;
        for dimension in DIMENSIONS {
            let expected = expected.dimension(dimension);
            self.one(format!("/api/v1/metrics/space/{dimension}?{query}"), &expected).await?;
            let part = whole[dimension].clone();
            if is_shown {
                add_to_table(&mut self.report.table, &part);
            }
            self.report.comparisons.push(compare(format!("{whole_question} .{dimension}"), part, &expected));
        }
        Ok(())
    }
}

fn compare(question: String, answered: Value, expected: &Value) -> Comparison {
    let mut differences = Vec::new();
    differ("", &answered, expected, &mut differences);
    Comparison { question, answered, expected: expected.clone(), differences }
}

/// Beside the fields of a whole answer may stand some that the oracle does not speak of; nothing else has more than is expected.
fn differ(path: &str, answered: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (answered, expected) {
        (Value::Object(answered), Value::Object(fields)) => {
            for (name, value) in fields {
                differ(&format!("{path}.{name}"), answered.get(name).unwrap_or(&Value::Null), value, differences);
            }
            let more = answered.iter().filter(|(name, _)| !path.is_empty() && !fields.contains_key(*name));
            differences.extend(more.map(|(name, value)| {
                format!("{}.{name}: answered {value}, expected nothing", path.trim_start_matches('.'))
            }));
        }
        (Value::Array(answered), Value::Array(expected)) if answered.len() == expected.len() => {
            for (place, (answered, expected)) in answered.iter().zip(expected).enumerate() {
                differ(&format!("{path}.{place}"), answered, expected, differences);
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
