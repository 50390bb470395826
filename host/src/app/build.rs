//! From a checked configuration to rooms that know each other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::api::{self, Bounds, ListedSource, Readiness, Reloads, Router, Shelf, Telemetry};
use crate::config::{Config, ConfigError, Database, Note, Place, ReleaseStart, SecretError};
use crate::ingest::{Pipe, own_feed};
use crate::metrics::{Answers, Days};
use crate::model::{FactKind, Family, SampleMetric, SourceName, TeamName};
use crate::plugin::{BindError, Compiler, FeedSpec, Limits, Plugin, PluginError, PluginSource, Runtime};
use crate::pseudonym::{IdentityKey, KeyError, Roster, RosterError};
use crate::release::{MetricTerms, Rules, Terms};
use crate::schedule::{Clock, Rhythm};
use crate::store::embedded::{Cluster, EmbeddedError};
use crate::store::{Store, StoreError};

/// Why the host cannot be built from its configuration.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("the database URL: {0}")]
    DatabaseSecret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("`{}`: {reason}", path.display())]
    Roster { path: PathBuf, reason: RosterError },
    #[error("the roster `{}` cannot be read: {reason}", path.display())]
    RosterFile { path: PathBuf, reason: std::io::Error },
    #[error(transparent)]
    Engine(PluginError),
    /// Plugins that cannot be loaded, and sources that do not fit them.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// A host without a database: enough to check and to try.
pub struct Setup {
    pub config: Config,
    engine: Engine,
    pub clock: Clock,
    pub pipe: Pipe,
    pub sources: Vec<PluginSource>,
}

/// What plugins run on, made with the first source: there is one engine for all the time of a process.
#[derive(Clone)]
struct Engine {
    compiler: Compiler,
    limits: Limits,
    runtime: Option<Arc<Runtime>>,
}

/// A host without a server: what every command needs that stores or reads.
pub struct App {
    pub setup: Setup,
    store: Store,
    cluster: Option<Cluster>,
    pub(super) telemetry: Telemetry,
}

impl Engine {
    fn runtime(&mut self, cache: &Path) -> Result<Arc<Runtime>, BuildError> {
        if let Some(runtime) = &self.runtime {
            return Ok(Arc::clone(runtime));
        }
        let runtime = Runtime::new(self.limits.clone(), self.compiler.clone(), cache).map_err(BuildError::Engine)?;
        Ok(Arc::clone(self.runtime.insert(Arc::new(runtime))))
    }
}

impl Setup {
    /// Loads every plugin, reads the secrets and the roster. Writes nothing but compiled plugins.
    pub async fn build(config: Config, compiler: Compiler, limits: Limits, clock: Clock) -> Result<Self, BuildError> {
        Self::on(Engine { compiler, limits, runtime: None }, config, clock).await
    }

    /// Another one for the same process, which knows of limits what this one has learnt.
    pub(super) async fn with(&self, config: Config) -> Result<Self, BuildError> {
        let mut setup = Self::on(self.engine.clone(), config, self.clock.clone()).await?;
        for source in &mut setup.sources {
            if let Some(before) = self.sources.iter().find(|before| before.name == source.name) {
                source.keep_limits_of(before);
            }
        }
        Ok(setup)
    }

    async fn on(mut engine: Engine, config: Config, clock: Clock) -> Result<Self, BuildError> {
        let sources = load_sources(&config, &mut engine).await?;
        let key = IdentityKey::load_or_forget(&config.privacy.identity_key)?;
        let setup = Self { pipe: Pipe::new(&config, key), config, engine, clock, sources };
        setup.roster().map_err(|error| setup.misconfigured(error))?;
        Ok(setup)
    }

    /// A roster that cannot be used is a mistake of the configuration, at the place that names it.
    fn misconfigured(&self, error: BuildError) -> BuildError {
        match error {
            BuildError::Roster { .. } | BuildError::RosterFile { .. } => {
                let place = Place::default().key("roster").key("file");
                self.config.document.error(vec![(place, Note::new(error.to_string()).showing_value())]).into()
            }
            error => error,
        }
    }

    /// Whether its sources are read by the very plugins that another one's are read by.
    pub(super) fn has_plugins_of(&self, other: &Self) -> bool {
        let digests =
            |setup: &Self| -> Vec<String> { setup.sources.iter().map(|source| source.plugin.digest.clone()).collect() };
        digests(self) == digests(other)
    }

    pub fn teams(&self) -> Vec<TeamName> {
        self.config.teams.iter().map(|team| team.name.clone()).collect()
    }

    /// The roster as the file is now.
    pub fn roster(&self) -> Result<Roster, BuildError> {
        match &self.config.roster.file {
            Some(path) => self.roster_at(path),
            None => Ok(Roster::default()),
        }
    }

    /// The roster that a file holds.
    pub(super) fn roster_at(&self, path: &Path) -> Result<Roster, BuildError> {
        let text =
            std::fs::read_to_string(path).map_err(|reason| BuildError::RosterFile { path: path.to_owned(), reason })?;
        let sources: Vec<SourceName> = self.config.sources.iter().map(|source| source.name.clone()).collect();
        Roster::parse(&text, &self.teams(), &sources)
            .map_err(|reason| BuildError::Roster { path: path.to_owned(), reason })
    }

    /// By what is released, with the roster at hand.
    pub fn terms<'a>(&'a self, teams: &'a [TeamName], roster: &'a Roster) -> Terms<'a> {
        Terms {
            calendar: &self.config.calendar,
            teams,
            roster,
            key: &self.pipe.key,
            rules: Rules::new(usize::try_from(self.config.privacy.minimum_group).unwrap_or(usize::MAX)),
            metrics: self.metric_terms(),
            settle: self.config.release.settle,
        }
    }

    fn metric_terms(&self) -> MetricTerms {
        let services = self.config.services.iter();
        MetricTerms {
            services: services.map(|service| (service.name.clone(), service.team.clone())).collect(),
            platform_tools: self.config.metrics.platform_tools.iter().cloned().collect(),
            samples: self.samples(),
        }
    }

    /// The metrics that plugins declare themselves.
    fn samples(&self) -> Vec<SampleMetric> {
        self.sources.iter().flat_map(|source| source.metrics.iter().cloned()).collect()
    }

    /// When a feed runs.
    pub fn rhythm<'a>(&self, source: &'a PluginSource, feed: &'a FeedSpec) -> Rhythm<'a> {
        let configured = self.config.sources.iter().find(|configured| configured.name == source.name);
        let interval = configured.and_then(|configured| configured.interval).unwrap_or(feed.interval);
        Rhythm { source: &source.name, feed: &feed.name, interval }
    }

    /// Every feed of every source.
    pub fn feeds(&self) -> impl Iterator<Item = (&PluginSource, &FeedSpec)> {
        self.sources.iter().flat_map(|source| source.feeds.iter().map(move |feed| (source, feed)))
    }

    /// Its sources as anybody may see them.
    pub(super) fn listed(&self) -> Vec<ListedSource> {
        let feeds = |source: &PluginSource| {
            source.feeds.iter().map(|feed| (feed.name.clone(), self.rhythm(source, feed).interval)).collect()
        };
        let listed = self.sources.iter().map(|source| ListedSource {
            name: source.name.clone(),
            plugin: source.plugin.descriptor.name.clone(),
            plugin_version: source.plugin.descriptor.version.clone(),
            feeds: feeds(source),
        });
        listed.collect()
    }

    /// Families of which every kind of fact is brought by some source.
    pub fn families(&self) -> BTreeSet<Family> {
        let kinds: BTreeSet<FactKind> = self.feeds().flat_map(|(_, feed)| feed.emits.iter().copied()).collect();
        Family::ALL.into_iter().filter(|family| family.needs().iter().all(|kind| kinds.contains(kind))).collect()
    }
}

impl App {
    /// Prepares the database, starting the embedded one where that is configured, and makes the identity key on first use.
    pub async fn open(mut setup: Setup) -> Result<Self, BuildError> {
        setup.pipe.key = IdentityKey::load_or_create(&setup.config.privacy.identity_key)?;
        let (cluster, url) = match &setup.config.database {
            Database::Url(secret) => (None, secret.read()?),
            Database::Embedded { data_directory } => {
                let cluster = Cluster::start(data_directory).await?;
                let url = cluster.url();
                (Some(cluster), url)
            }
        };
        Ok(Self { store: Store::open(&url)?, setup, cluster, telemetry: Telemetry::default() })
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Brings the schema up to date, starts over where facts are gone with a restore, and refuses an identity key or a calendar that are not the stored ones.
    pub async fn prepare_database(&self) -> Result<(), StoreError> {
        self.store().migrate().await?;
        self.store().feeds_without_facts_forget().await?;
        self.store().identity_check(&self.setup.pipe.key.fingerprint()).await?;
        self.store().calendar_check(self.setup.config.calendar.name()).await
    }

    /// Whether release was started, which it is by itself where the configuration says so.
    pub async fn is_releasing(&self) -> Result<bool, StoreError> {
        if self.setup.config.release.start == ReleaseStart::Auto {
            self.store.release_start(self.setup.clock.now()).await?;
        }
        Ok(self.store.release_started_fetch().await?.is_some())
    }

    /// What can be answered now.
    pub async fn answers(&self) -> Result<Answers, StoreError> {
        let has_owners = self.setup.config.teams.iter().any(|team| !team.owns.is_empty());
        let atoms = self.store.reader().atoms_fetch().await?;
        let mut families = self.setup.families();
        // Of surveys that are asked here, and of friction that is reported here, there is no feed.
        families.extend(self.own_families().await?);
        let answers = Answers::new(atoms, self.setup.teams(), families, has_owners);
        let days = match self.setup.config.privacy.daily_system {
            true => Days::On(self.store.reader().newest_day_fetch().await?),
            false => Days::Off,
        };
        let answers = answers.knowing(self.setup.samples()).weighing(self.setup.config.health.weights.clone());
        Ok(answers.telling(days))
    }

    /// Families that people feed through this program itself.
    async fn own_families(&self) -> Result<BTreeSet<Family>, StoreError> {
        let has_surveys = !self.store.inbox().campaigns_fetch().await?.is_empty();
        let own = self.store.source_register(&SourceName::own()).await?;
        let has_reports = self.store.own_coverage_fetch(own, &own_feed()).await?.is_some();
        let families = [(Family::Survey, has_surveys), (Family::Friction, has_reports)];
        Ok(families.into_iter().filter(|(_, is_fed)| *is_fed).map(|(family, _)| family).collect())
    }

    /// Every route, over what can be answered now.
    pub async fn router(&self) -> Result<Router, StoreError> {
        let (readiness, shelf) = (Readiness::default(), Shelf::default());
        readiness.set_ready();
        shelf.list(self.setup.listed());
        shelf.put(self.answers().await?);
        Ok(self.router_with(readiness, shelf, Reloads::default()))
    }

    /// Every route; `readiness` tells when there is a database, and `shelf` holds what is answered.
    pub(super) fn router_with(&self, readiness: Readiness, shelf: Shelf, reloads: Reloads) -> Router {
        let clock = self.setup.clock.clone();
        let counter = self.counter();
        let (reader, telemetry) = (self.store.reader(), self.telemetry.clone());
        let parts = api::Parts { reader, readiness, clock, shelf, reloads, telemetry, counter };
        api::router(parts, &Bounds::default())
    }

    fn counter(&self) -> api::Counter {
        let Setup { config, pipe, clock, .. } = &self.setup;
        api::Counter {
            inbox: self.store.inbox(),
            tokens: pipe.key.survey_tokens().clone(),
            calendar: config.calendar.clone(),
            clock: clock.clone(),
            categories: config.friction.categories.clone(),
            original_api: config.compat.original_api,
        }
    }

    /// Goes on with another configuration; the identity key stays.
    pub(super) fn take_over(&mut self, mut setup: Setup) {
        std::mem::swap(&mut setup.pipe.key, &mut self.setup.pipe.key);
        self.setup = setup;
    }

    /// Leaves the database, and stops it where it is ours.
    pub async fn close(self) -> Result<(), EmbeddedError> {
        self.store.close().await;
        match self.cluster {
            Some(cluster) => cluster.stop().await,
            None => Ok(()),
        }
    }
}

/// Every source, or all that is wrong with any of them.
async fn load_sources(config: &Config, engine: &mut Engine) -> Result<Vec<PluginSource>, BuildError> {
    if config.sources.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = engine.runtime(&config.plugins.cache)?;
    let mut loaded: Vec<(PathBuf, Arc<Plugin>)> = Vec::new();
    let mut sources = Vec::new();
    let mut mistakes = Vec::new();
    for (index, source) in config.sources.iter().enumerate() {
        let place = Place::default().key("source").key(&index.to_string());
        let plugin = match loaded.iter().find(|(path, _)| *path == source.plugin) {
            Some((_, plugin)) => Arc::clone(plugin),
            None => match Plugin::load(&runtime, &source.plugin).await {
                Ok(plugin) => {
                    let plugin = Arc::new(plugin);
                    let (name, version) = (&plugin.descriptor.name, &plugin.descriptor.version);
                    tracing::info!(source.name = %source.name, plugin.digest = %plugin.digest, "loaded plugin `{name}` {version}");
                    loaded.push((source.plugin.clone(), Arc::clone(&plugin)));
                    plugin
                }
                Err(error) => {
                    mistakes.push((place.key("plugin"), Note::new(error.to_string()).showing_value()));
                    continue;
                }
            },
        };
        match PluginSource::bind(plugin, source, &config.roster.bots) {
            Ok(source) => sources.push(source),
            Err(errors) => mistakes
                .extend(errors.iter().map(BindError::note).map(|(below, note)| (below.below(place.clone()), note))),
        }
    }
    if mistakes.is_empty() { Ok(sources) } else { Err(config.document.error(mistakes).into()) }
}
