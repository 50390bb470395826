//! How runs go, for Prometheus: outcomes and times. Nothing here depends on how much was collected.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use prometheus::{CounterVec, Error, GaugeVec, Opts, Registry};

use crate::model::SourceName;

/// A run that no failure ended.
const OK: &str = "ok";

/// The collector notes, `/metrics` tells.
#[derive(Debug, Clone, Default)]
pub struct Telemetry(Arc<Mutex<BTreeMap<SourceName, Source>>>);

/// What the database knows of a source's feeds, so that every replica tells the same.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    /// When the next of its feeds is to be run.
    pub due: Option<Timestamp>,
    /// When the last run began that went well; of the feed for which that is longest ago. None: one of them never did.
    pub last_success: Option<Timestamp>,
    /// Whether the source's limits ended the last run of a feed.
    pub is_throttled: bool,
    /// Whether a feed is left alone for longer than usual, because its plugin failed again and again.
    pub is_quarantined: bool,
    /// Whether the newest week that could be released has not been read by every feed.
    pub is_awaited: bool,
}

#[derive(Debug, Default)]
struct Source {
    /// Of this process, by how they ended.
    runs: BTreeMap<String, u64>,
    outlook: Option<Outlook>,
}

impl Telemetry {
    /// These sources and no others. Runs are counted from zero, by how they may end: a series that began with one would show no increase.
    pub fn attend<'a>(&self, sources: impl Iterator<Item = &'a SourceName>, failures: &[&str]) {
        let mut known = self.lock();
        let mut before = std::mem::take(&mut *known);
        for name in sources {
            let mut source = before.remove(name).unwrap_or_default();
            for status in [OK].iter().chain(failures) {
                source.runs.entry((*status).to_owned()).or_default();
            }
            known.insert(name.clone(), source);
        }
    }

    /// A run has ended, without a failure or with the code of one.
    pub fn note_run(&self, source: &SourceName, code: Option<&str>) {
        if let Some(source) = self.lock().get_mut(source) {
            *source.runs.entry(code.unwrap_or(OK).to_owned()).or_default() += 1;
        }
    }

    pub fn note_outlook(&self, source: &SourceName, outlook: Outlook) {
        if let Some(source) = self.lock().get_mut(source) {
            source.outlook = Some(outlook);
        }
    }

    pub(super) fn register(&self, registry: &Registry) -> Result<(), Error> {
        let gauge = |name: &str, help: &str| -> Result<GaugeVec, Error> {
            let gauge = GaugeVec::new(Opts::new(name, help), &["source"])?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let runs = Opts::new("quintant_runs_total", "Runs of feeds by this process, by how they ended");
        let runs = CounterVec::new(runs, &["source", "status"])?;
        registry.register(Box::new(runs.clone()))?;
        let due = gauge("quintant_next_run_timestamp_seconds", "When the next run of a feed is due")?;
        let success = gauge(
            "quintant_last_success_timestamp_seconds",
            "When the last run without a failure began, of the feed for which that is longest ago",
        )?;
        let throttled = gauge("quintant_throttled", "Whether the source's limits ended the last run of a feed")?;
        let quarantined =
            gauge("quintant_quarantined", "Whether the plugin of a feed failed so often that it is left alone")?;
        let awaited = gauge(
            "quintant_release_waiting",
            "Whether a feed has still to be read before the newest week that is over can be released",
        )?;
        for (name, source) in &*self.lock() {
            let name = name.as_str();
            for (status, count) in &source.runs {
                runs.with_label_values(&[name, status]).inc_by(*count as f64);
            }
            let Some(outlook) = &source.outlook else { continue };
            for (gauge, at) in [(&due, outlook.due), (&success, outlook.last_success)] {
                if let Some(at) = at {
                    gauge.with_label_values(&[name]).set(at.as_second() as f64);
                }
            }
            for (gauge, is_so) in [
                (&throttled, outlook.is_throttled),
                (&quarantined, outlook.is_quarantined),
                (&awaited, outlook.is_awaited),
            ] {
                gauge.with_label_values(&[name]).set(f64::from(u8::from(is_so)));
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SourceName, Source>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
