//! What a plugin says of itself, checked.

use std::num::NonZeroU32;
use std::time::Duration;

use super::contract::exports::quintant::collector::collector as wit;
use super::contract::quintant::collector::types;
use super::load::PluginError;
use crate::model::{Aggregation, FactKind, FeedName, SampleMetric, Subject};

const LONGEST_SCHEMA_BYTES: usize = 256 * 1024;
const MOST_PARTS: usize = 64;
const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 24 * 3600);

/// A plugin's own description.
#[derive(Debug, Clone)]
pub struct Descriptor {
    pub name: String,
    pub version: String,
    pub endpoints: Vec<EndpointSpec>,
    pub feeds: Vec<FeedSpec>,
    /// Of its own, for samples; none of them is granted yet.
    pub metrics: Vec<SampleMetric>,
    /// JSON Schema of the source's settings.
    pub settings_schema: serde_json::Value,
}

/// An upstream that a plugin talks to.
#[derive(Debug, Clone)]
pub struct EndpointSpec {
    pub(super) name: String,
    pub(super) default_url: Option<String>,
    pub(super) auth: types::AuthScheme,
    pub(super) methods: types::Methods,
    /// The upstream's own bound.
    pub(super) requests_per_hour: Option<NonZeroU32>,
}

/// A sequence of facts that advances with one cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSpec {
    pub name: FeedName,
    pub emits: Vec<FactKind>,
    pub interval: Duration,
    pub look_back: Duration,
    pub overlap: Duration,
    pub(super) needs: Option<Need>,
}

/// The setting that asks for a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) setting: String,
    /// Empty: whatever is not absent, null, false or empty.
    pub(super) one_of: Vec<String>,
}

impl Need {
    pub(super) fn is_met(&self, schema: &serde_json::Value, settings: &serde_json::Value) -> bool {
        use serde_json::Value;
        let default = &schema["properties"][&self.setting]["default"];
        match settings.get(&self.setting).unwrap_or(default) {
            Value::String(text) if !self.one_of.is_empty() => self.one_of.contains(text),
            _ if !self.one_of.is_empty() => false,
            Value::Null | Value::Bool(false) => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Bool(true) | Value::Number(_) | Value::Object(_) => true,
        }
    }
}

/// In the words of a configuration.
impl std::fmt::Display for Need {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`settings.{}`", self.setting)?;
        match self.one_of.as_slice() {
            [] => Ok(()),
            texts => write!(formatter, " to be `{}`", texts.join("` or `")),
        }
    }
}

impl Descriptor {
    pub(super) fn check(sent: wit::Descriptor) -> Result<Self, PluginError> {
        let bad = |message: String| PluginError::Descriptor(message);
        let is_name = |text: &str| {
            text.len() <= 64
                && text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        };
        if !is_name(&sent.name) {
            return Err(bad("its `name` is not a lower-case word".to_owned()));
        }
        if sent.settings_schema.len() > LONGEST_SCHEMA_BYTES {
            return Err(bad(format!("its `settings-schema` is longer than {LONGEST_SCHEMA_BYTES} bytes")));
        }
        let settings_schema = serde_json::from_str(&sent.settings_schema)
            .map_err(|error| bad(format!("its `settings-schema` is no JSON: {error}")))?;
        if let Some(endpoint) = sent.endpoints.iter().find(|endpoint| !is_name(&endpoint.name)) {
            return Err(bad(format!(
                "its endpoint `{}` is not a lower-case word",
                super::failure::plain(&endpoint.name, 64)
            )));
        }
        let is_twice =
            |index: usize| sent.endpoints[..index].iter().any(|other| other.name == sent.endpoints[index].name);
        if (0..sent.endpoints.len()).any(is_twice) {
            return Err(bad("it declares an endpoint twice".to_owned()));
        }
        if [sent.endpoints.len(), sent.feeds.len(), sent.metrics.len()].into_iter().any(|parts| parts > MOST_PARTS) {
            return Err(bad(format!("it declares more than {MOST_PARTS} endpoints, feeds or metrics")));
        }
        let feeds = sent.feeds.iter().map(feed).collect::<Result<Vec<_>, _>>()?;
        if feeds.is_empty() {
            return Err(bad("it declares no feed".to_owned()));
        }
        if feeds.iter().enumerate().any(|(index, feed)| feeds[..index].iter().any(|other| other.name == feed.name)) {
            return Err(bad("it declares a feed twice".to_owned()));
        }
        let metrics = sent.metrics.iter().map(metric).collect::<Result<Vec<_>, _>>()?;
        if (0..metrics.len()).any(|index| metrics[..index].iter().any(|other| other.name == metrics[index].name)) {
            return Err(bad("it declares a metric twice".to_owned()));
        }
        let endpoints = sent
            .endpoints
            .into_iter()
            .map(|endpoint| EndpointSpec {
                name: endpoint.name,
                default_url: endpoint.default_url,
                auth: endpoint.auth,
                methods: endpoint.methods,
                requests_per_hour: endpoint.max_requests_per_hour.and_then(NonZeroU32::new),
            })
            .collect();
        Ok(Self {
            name: sent.name,
            version: super::failure::plain(&sent.version, 64),
            endpoints,
            feeds,
            metrics,
            settings_schema,
        })
    }
}

fn feed(sent: &types::FeedSpec) -> Result<FeedSpec, PluginError> {
    let name: FeedName = sent.name.parse().map_err(|error| PluginError::Descriptor(format!("{error}")))?;
    let emits = FactKind::ALL.into_iter().filter(|kind| sent.emits.contains(flag(*kind))).collect();
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let interval = seconds(sent.default_interval).clamp(Duration::from_secs(60), LONGEST_PAUSE);
    let (look_back, overlap) = (seconds(sent.default_lookback), seconds(sent.overlap));
    let needs = sent.needs.as_ref().map(|need| Need {
        setting: super::failure::plain(&need.setting, 64),
        one_of: need.one_of.iter().take(MOST_PARTS).map(|text| super::failure::plain(text, 64)).collect(),
    });
    Ok(FeedSpec { name, emits, interval, look_back, overlap, needs })
}

const fn flag(kind: FactKind) -> types::FactKinds {
    match kind {
        FactKind::Change => types::FactKinds::CHANGE,
        FactKind::Review => types::FactKinds::REVIEW,
        FactKind::Commit => types::FactKinds::COMMIT,
        FactKind::Build => types::FactKinds::BUILD,
        FactKind::Deployment => types::FactKinds::DEPLOYMENT,
        FactKind::Incident => types::FactKinds::INCIDENT,
        FactKind::Usage => types::FactKinds::USAGE,
        FactKind::Tally => types::FactKinds::TALLY,
        FactKind::SurveyResponse => types::FactKinds::SURVEY_RESPONSE,
        FactKind::Friction => types::FactKinds::FRICTION,
        FactKind::Membership => types::FactKinds::MEMBERSHIP,
        FactKind::Sample => types::FactKinds::SAMPLE,
    }
}

/// `last` is for machines: of somebody, it would be the one figure of one person.
fn metric(sent: &types::Metric) -> Result<SampleMetric, PluginError> {
    let shown = super::failure::plain(&sent.name, 64);
    let bad = |what: &str| PluginError::Descriptor(format!("its metric `{shown}` {what}"));
    let name: FeedName = sent.name.parse().map_err(|_| {
        bad("should be lower-case letters, digits and `_`, starting with a letter, at most 64 characters")
    })?;
    let subject = match sent.subject {
        types::Subject::System => Subject::System,
        types::Subject::Person => Subject::Person,
        types::Subject::Anonymous => Subject::Anonymous,
    };
    let aggregation = match sent.aggregation {
        types::Aggregation::Sum => Aggregation::Sum,
        types::Aggregation::Distribution => Aggregation::Distribution,
        types::Aggregation::Last => Aggregation::Last,
        types::Aggregation::Ratio => Aggregation::Ratio,
    };
    if aggregation == Aggregation::Last && subject != Subject::System {
        return Err(bad("takes the last sample of a person; `last` is for the subject `system`"));
    }
    let name = name.as_str().parse().expect("a feed's name is a word");
    Ok(SampleMetric { name, subject, aggregation, is_granted: false })
}
