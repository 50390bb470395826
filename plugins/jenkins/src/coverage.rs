//! Lines covered, from whichever of four coverage plugins a pipeline uses: tried, then remembered.

use std::collections::BTreeMap;

use quintant_sdk::instant::DAY;
use quintant_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{self, Api, Loss, Stop};
use crate::payload::{CountedLines, Soft, SoftList};

const MOST_REMEMBERED: usize = 6_000;
/// A run that only rolls back, or only writes documents, measures nothing: it says nothing about its pipeline.
const ENOUGH_MISSES: u8 = 3;
/// Where none was found, it is looked for again after so many days.
const TRIED_AGAIN_AFTER_DAYS: i64 = 7;

/// A plugin that measures coverage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Tool {
    /// `coverage`.
    Coverage,
    /// `code-coverage-api`, which it replaces.
    CodeCoverage,
    Jacoco,
    Cobertura,
}

/// What is known of a pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Known {
    #[serde(rename = "t")]
    Tool(Tool),
    /// So many of the last builds had none.
    #[serde(rename = "m")]
    Missed(u8),
    /// There was none that day.
    #[serde(rename = "n")]
    NoneOn(i64),
}

/// Which pipeline uses what, by a hash of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Memory(BTreeMap<u64, Known>);

/// Covered lines and all lines.
pub type Lines = (u32, u32);

impl Memory {
    /// What the build at `path` covers; none where nobody measured that. What cannot be read is reported, and none too.
    ///
    /// # Errors
    /// When nothing more can be read in this run.
    pub fn lines(
        &mut self,
        api: &Api<'_>,
        (pipeline, path): (&str, &str),
        now: Instant,
        page: &mut Page,
    ) -> Result<Option<Lines>> {
        let today = now.div_euclid(DAY);
        let key = fnv1a(pipeline);
        let (tools, misses): (&[Tool], u8) = match self.0.get(&key) {
            Some(Known::NoneOn(day)) if today - day < TRIED_AGAIN_AFTER_DAYS => return Ok(None),
            Some(Known::Tool(tool)) => (&[*tool], 0),
            Some(Known::Missed(misses)) => (&Tool::ALL, *misses),
            Some(Known::NoneOn(_)) | None => (&Tool::ALL, 0),
        };
        for tool in tools {
            match tool.lines(api, path) {
                Ok(Some(lines)) => {
                    self.remember(key, Known::Tool(*tool));
                    return Ok(Some(lines));
                }
                Ok(None) | Err(Stop::Here(Loss::NotFound)) => {}
                Err(Stop::Here(loss)) => {
                    api::report(loss, path, page);
                    return Ok(None);
                }
                Err(Stop::Run(error)) => return Err(error),
            }
        }
        let misses = misses + 1;
        self.remember(key, if misses < ENOUGH_MISSES { Known::Missed(misses) } else { Known::NoneOn(today) });
        Ok(None)
    }

    fn remember(&mut self, key: u64, known: Known) {
        if self.0.len() >= MOST_REMEMBERED && !self.0.contains_key(&key) {
            self.0.clear();
        }
        self.0.insert(key, known);
    }
}

impl Tool {
    const ALL: [Self; 4] = [Self::Coverage, Self::CodeCoverage, Self::Jacoco, Self::Cobertura];

    fn lines(self, api: &Api<'_>, path: &str) -> Result<Option<Lines>, Stop> {
        let measured = match self {
            Self::Coverage => {
                let response = api.json(&format!("{path}/coverage"), "projectStatistics[*]")?;
                response.json::<Statistics>()?.lines()
            }
            Self::CodeCoverage => {
                let tree = "results[elements[name,ratio,numerator,denominator]]";
                api.json(&format!("{path}/coverage/result"), tree)?.json::<Elements>()?.lines()
            }
            Self::Jacoco => api.json(&format!("{path}/jacoco"), "lineCoverage[*]")?.json::<Jacoco>()?.lines(),
            Self::Cobertura => {
                let request = HttpRequest::get(api::ENDPOINT, format!("{path}/cobertura/api/json"));
                api.get(request.query("depth", "2"))?.json::<Elements>()?.lines()
            }
        };
        Ok(measured.filter(|(covered, total)| covered <= total))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Statistics {
    #[serde(rename = "projectStatistics")]
    project: Soft<BTreeMap<String, Value>>,
}

impl Statistics {
    /// Shares and counts are texts: `88.44%`, `1263`.
    fn lines(&self) -> Option<Lines> {
        let project = self.project.0.as_ref()?;
        let total = text(project.get("loc")?)?.chars().filter(char::is_ascii_digit).collect::<String>();
        let total: u32 = total.parse().ok()?;
        let share = text(project.get("line")?)?;
        let share: f64 = share.trim().trim_end_matches('%').trim().replace(',', ".").parse().ok()?;
        (0.0..=100.0).contains(&share).then(|| (part(share, total), total))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `total`")]
fn part(percent: f64, total: u32) -> u32 {
    (percent / 100.0 * f64::from(total)).round() as u32
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Elements {
    results: Soft<Results>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Results {
    elements: SoftList<Element>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Element {
    name: Soft<String>,
    numerator: Soft<f64>,
    denominator: Soft<f64>,
}

impl Elements {
    fn lines(&self) -> Option<Lines> {
        let results = self.results.0.as_ref()?;
        let is_lines = |element: &&Element| {
            element.name.0.as_ref().is_some_and(|name| ["line", "lines"].contains(&name.to_lowercase().as_str()))
        };
        let lines = results.elements.iter().find(is_lines)?;
        Some((count(lines.numerator.0?)?, count(lines.denominator.0?)?))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "looked at before")]
fn count(number: f64) -> Option<u32> {
    (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u32)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Jacoco {
    #[serde(rename = "lineCoverage")]
    line_coverage: Soft<CountedLines>,
}

impl Jacoco {
    fn lines(&self) -> Option<Lines> {
        self.line_coverage.0.as_ref()?.lines()
    }
}

fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
