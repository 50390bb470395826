//! What a plugin says about itself: endpoints, feeds, metrics.

use schemars::JsonSchema;

use crate::bindings::quintant::collector::types;
use crate::fact::FactKind;
use crate::http::Method;

pub use types::{Aggregation, Dimension, Metric, Subject, Unit};

/// Everything the host, the documentation and the marketplace show. The SDK adds the schema of
/// the settings.
#[derive(Clone, Debug)]
pub struct Descriptor(types::Descriptor);

impl Descriptor {
    /// `name` is `[a-z][a-z0-9-]*`; `version` is the plugin's own SemVer, usually
    /// `env!("CARGO_PKG_VERSION")`.
    pub fn new(
        name: impl Into<String>,
        version: impl Into<String>,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        Self(types::Descriptor {
            name: name.into(),
            version: version.into(),
            title: title.into(),
            description: description.into(),
            homepage: None,
            license: None,
            endpoints: Vec::new(),
            metrics: Vec::new(),
            feeds: Vec::new(),
            settings_schema: String::new(),
            extensions: Vec::new(),
        })
    }

    /// Where to read more.
    #[must_use]
    pub fn homepage(mut self, url: impl Into<String>) -> Self {
        self.0.homepage = Some(url.into());
        self
    }

    /// SPDX expression.
    #[must_use]
    pub fn license(mut self, spdx: impl Into<String>) -> Self {
        self.0.license = Some(spdx.into());
        self
    }

    /// Adds an upstream; nothing else can be reached.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.0.endpoints.push(endpoint.0);
        self
    }

    /// Adds a feed.
    #[must_use]
    pub fn feed(mut self, feed: Feed) -> Self {
        self.0.feeds.push(feed.0);
        self
    }

    /// Adds a metric of the plugin's own, for samples.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.0.metrics.push(metric);
        self
    }

    pub(crate) fn with_settings<S: JsonSchema>(mut self) -> types::Descriptor {
        let schema = schemars::SchemaGenerator::default().into_root_schema_for::<S>();
        self.0.settings_schema = schema.to_value().to_string();
        self.0
    }
}

/// How the host may authenticate; the operator picks one and supplies the secret, which never
/// reaches the plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// Without credentials.
    None,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// A header that the operator names.
    Header,
    /// OAuth 2 client credentials.
    Oauth2Client,
    /// GitHub App.
    GithubApp,
}

/// An upstream the plugin talks to.
#[derive(Clone, Debug)]
pub struct Endpoint(types::EndpointSpec);

impl Endpoint {
    /// An endpoint that must be configured, without credentials, for `GET` only. `name` is the
    /// alias that requests use, e.g. `api`.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self(types::EndpointSpec {
            name: name.into(),
            description: description.into(),
            default_url: None,
            auth: types::AuthScheme::NONE,
            methods: types::Methods::GET,
            max_requests_per_hour: None,
        })
    }

    /// Used when the operator configures no URL.
    #[must_use]
    pub fn default_url(mut self, url: impl Into<String>) -> Self {
        self.0.default_url = Some(url.into());
        self
    }

    /// All the ways to authenticate that the plugin can live with.
    #[must_use]
    pub fn auth(mut self, ways: impl IntoIterator<Item = Auth>) -> Self {
        self.0.auth = ways.into_iter().fold(types::AuthScheme::empty(), |all, way| {
            all | match way {
                Auth::None => types::AuthScheme::NONE,
                Auth::Bearer => types::AuthScheme::BEARER,
                Auth::Basic => types::AuthScheme::BASIC,
                Auth::Header => types::AuthScheme::HEADER,
                Auth::Oauth2Client => types::AuthScheme::OAUTH2_CLIENT,
                Auth::GithubApp => types::AuthScheme::GITHUB_APP,
            }
        });
        self
    }

    /// All methods the plugin uses.
    #[must_use]
    pub fn methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.0.methods = methods.into_iter().fold(types::Methods::empty(), |all, method| {
            all | match method {
                Method::Get => types::Methods::GET,
                Method::Head => types::Methods::HEAD,
                Method::Post => types::Methods::POST,
            }
        });
        self
    }

    /// The documented budget of the upstream. The host never sends faster.
    #[must_use]
    pub fn max_requests_per_hour(mut self, requests: u32) -> Self {
        self.0.max_requests_per_hour = Some(requests);
        self
    }
}

/// A sequence of facts that advances with one cursor. Feeds are independent of each other.
#[derive(Clone, Debug)]
pub struct Feed(types::FeedSpec);

impl Feed {
    /// A feed that runs hourly, first looks back 90 days and re-reads one day. `name` is
    /// `[a-z][a-z0-9_]*`; the host rejects facts of kinds that are not in `emits`.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        emits: impl IntoIterator<Item = FactKind>,
    ) -> Self {
        Self(types::FeedSpec {
            name: name.into(),
            description: description.into(),
            emits: emits.into_iter().fold(types::FactKinds::empty(), |all, kind| all | flag(kind)),
            default_interval: 3_600,
            default_lookback: 90 * 86_400,
            overlap: 86_400,
            needs: None,
        })
    }

    /// Suggested pause between runs, seconds.
    #[must_use]
    pub fn interval(mut self, seconds: u32) -> Self {
        self.0.default_interval = seconds;
        self
    }

    /// How far back the first run looks, seconds.
    #[must_use]
    pub fn lookback(mut self, seconds: u32) -> Self {
        self.0.default_lookback = seconds;
        self
    }

    /// What every run reads again to catch late edits, seconds.
    #[must_use]
    pub fn overlap(mut self, seconds: u32) -> Self {
        self.0.overlap = seconds;
        self
    }

    /// The setting without which the feed is not run: anything but absent, null, false and empty asks for it.
    #[must_use]
    pub fn needs(mut self, setting: impl Into<String>) -> Self {
        self.0.needs = Some(types::Need { setting: setting.into(), one_of: Vec::new() });
        self
    }

    /// The setting that has to be one of these texts, or the feed is not run.
    #[must_use]
    pub fn needs_one_of(
        mut self,
        setting: impl Into<String>,
        texts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let one_of = texts.into_iter().map(Into::into).collect();
        self.0.needs = Some(types::Need { setting: setting.into(), one_of });
        self
    }
}

fn flag(kind: FactKind) -> types::FactKinds {
    match kind {
        FactKind::Change => types::FactKinds::CHANGE,
        FactKind::Review => types::FactKinds::REVIEW,
        FactKind::Commit => types::FactKinds::COMMIT,
        FactKind::Build => types::FactKinds::BUILD,
        FactKind::Deployment => types::FactKinds::DEPLOYMENT,
        FactKind::Incident => types::FactKinds::INCIDENT,
        FactKind::Usage => types::FactKinds::USAGE,
        FactKind::SurveyResponse => types::FactKinds::SURVEY_RESPONSE,
        FactKind::Friction => types::FactKinds::FRICTION,
        FactKind::Sample => types::FactKinds::SAMPLE,
        FactKind::Tally => types::FactKinds::TALLY,
        FactKind::Membership => types::FactKinds::MEMBERSHIP,
    }
}
