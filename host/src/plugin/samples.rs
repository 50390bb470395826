//! What an operator lets be kept of a plugin's own metrics: each by its name and by whom it is about, so that both were read.

use std::collections::BTreeMap;

use crate::config::{Note, unknown};
use crate::model::{SampleMetric, Subject};

/// The declared metrics with the grants, and what is wrong with a grant of which name.
pub(super) fn grant(
    declared: &[SampleMetric],
    granted: &BTreeMap<String, Subject>,
) -> (Vec<SampleMetric>, Vec<(String, Note)>) {
    let mistakes =
        granted.iter().filter_map(|(name, subject)| Some((name.clone(), mistake(declared, name, *subject)?)));
    let metrics = declared
        .iter()
        .map(|metric| SampleMetric { is_granted: granted.contains_key(metric.name.as_str()), ..metric.clone() })
        .collect();
    (metrics, mistakes.collect())
}

fn mistake(declared: &[SampleMetric], name: &str, subject: Subject) -> Option<Note> {
    let Some(metric) = declared.iter().find(|metric| metric.name.as_str() == name) else {
        let known: Vec<&str> = declared.iter().map(|metric| metric.name.as_str()).collect();
        let note = unknown("metric", name, "samples", &known);
        return Some(if known.is_empty() { note.help("the plugin declares no metrics of its own") } else { note });
    };
    let about = metric.subject.as_str();
    (metric.subject != subject).then(|| {
        Note::new(format!("the plugin declares `{name}` for the subject `{about}`, not `{}`", subject.as_str()))
            .label(format!("write \"{about}\" if that may be kept"))
            .showing_value()
    })
}
