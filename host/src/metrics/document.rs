//! `docs/METRICS.md` says what the catalogue says: every metric's row, and every anchor, is there as it is computed.

use super::{Meaning, Scored};
use crate::model::{Dimension, Metric};

const DOCUMENT: &str = include_str!("../../../docs/METRICS.md");

fn row(metric: Metric) -> String {
    let Meaning { text, formula, unit, least, most, .. } = Meaning::of(metric);
    let bounds = most.map_or_else(|| format!("from {least}"), |most| format!("{least} to {most}"));
    format!("| `{}` | {text}. | {formula} | {unit} | {bounds} |", metric.as_str())
}

fn anchors(metric: Metric) -> Option<String> {
    let Scored { weight, anchors, .. } = Scored::of(metric)?;
    let points: Vec<String> = anchors.iter().map(|(value, score)| format!("{} → {score}", shown(*value))).collect();
    Some(format!("| `{}` | {weight} | {} |", metric.as_str(), points.join(" · ")))
}

fn shown(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[test]
fn the_document_has_every_metric_and_every_anchor() {
    let metrics = Dimension::ALL.into_iter().flat_map(Dimension::metrics).copied();
    let rows = metrics.clone().map(row).chain(metrics.filter_map(anchors));
    let missing: Vec<String> = rows.filter(|row| !DOCUMENT.lines().any(|line| line == row)).collect();
    assert!(missing.is_empty(), "docs/METRICS.md lacks:\n{}", missing.join("\n"));
}
