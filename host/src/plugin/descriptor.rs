//! What a plugin says of itself, checked.

use std::num::NonZeroU32;
use std::time::Duration;

use super::contract::exports::quintant::collector::collector as wit;
use super::contract::quintant::collector::types;
use super::load::PluginError;
use crate::model::{FactKind, FeedName};

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
        if sent.endpoints.len() > MOST_PARTS || sent.feeds.len() > MOST_PARTS {
            return Err(bad(format!("it declares more than {MOST_PARTS} endpoints or feeds")));
        }
        let feeds = sent.feeds.iter().map(feed).collect::<Result<Vec<_>, _>>()?;
        if feeds.is_empty() {
            return Err(bad("it declares no feed".to_owned()));
        }
        if feeds.iter().enumerate().any(|(index, feed)| feeds[..index].iter().any(|other| other.name == feed.name)) {
            return Err(bad("it declares a feed twice".to_owned()));
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
            settings_schema,
        })
    }
}

fn feed(sent: &types::FeedSpec) -> Result<FeedSpec, PluginError> {
    let name: FeedName = sent.name.parse().map_err(|error| PluginError::Descriptor(format!("{error}")))?;
    let known = [
        (types::FactKinds::CHANGE, FactKind::Change),
        (types::FactKinds::REVIEW, FactKind::Review),
        (types::FactKinds::COMMIT, FactKind::Commit),
    ];
    let emits: Vec<FactKind> =
        known.iter().filter(|(flag, _)| sent.emits.contains(*flag)).map(|(_, kind)| *kind).collect();
    let storable = known.iter().fold(types::FactKinds::empty(), |all, (flag, _)| all | *flag);
    if !storable.contains(sent.emits) {
        let kinds: Vec<&str> = FactKind::ALL.iter().map(|kind| kind.as_str()).collect();
        return Err(PluginError::Descriptor(format!(
            "its feed `{name}` emits a kind of fact that this version does not store; it stores: {}",
            kinds.join(", ")
        )));
    }
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let interval = seconds(sent.default_interval).clamp(Duration::from_secs(60), LONGEST_PAUSE);
    Ok(FeedSpec { name, emits, interval, look_back: seconds(sent.default_lookback), overlap: seconds(sent.overlap) })
}
