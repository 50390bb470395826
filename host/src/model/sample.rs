//! Samples of metrics that a plugin declares itself.

use super::Word;

/// A value of a declared metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<P, K> {
    pub metric: Word,
    pub value: f64,
    pub actor: Option<P>,
    pub scope: Option<K>,
}

/// A metric as a plugin declares it, and whether the operator lets it be kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SampleMetric {
    pub name: Word,
    pub subject: Subject,
    pub aggregation: Aggregation,
    pub is_granted: bool,
}

/// Whom a sample is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A machine or a process.
    System,
    /// Somebody who is known.
    Person,
    /// Somebody whom nobody can identify.
    Anonymous,
}

impl Subject {
    pub const ALL: [Subject; 3] = [Subject::System, Subject::Person, Subject::Anonymous];

    pub const fn as_str(self) -> &'static str {
        match self {
            Subject::System => "system",
            Subject::Person => "person",
            Subject::Anonymous => "anonymous",
        }
    }
}

/// How samples come together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregation {
    Sum,
    Distribution,
    Last,
    /// Of 0 and 1.
    Ratio,
}

impl Aggregation {
    pub const ALL: [Aggregation; 4] =
        [Aggregation::Sum, Aggregation::Distribution, Aggregation::Last, Aggregation::Ratio];

    pub const fn as_str(self) -> &'static str {
        match self {
            Aggregation::Sum => "sum",
            Aggregation::Distribution => "distribution",
            Aggregation::Last => "last",
            Aggregation::Ratio => "ratio",
        }
    }
}
