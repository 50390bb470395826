//! `/metrics`: the released figures under the names that dashboards know. A suppressed cell is an absent series.

use axum::extract::State;
use axum::response::Response;
use prometheus::{CounterVec, Gauge, GaugeVec, Opts, Registry, TEXT_FORMAT, TextEncoder};

use super::schema::NotModified;
use super::shelf::Page;
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::{Answers, Scope, TimeRange, Value};
use crate::model::{Component, Dimension, Metric};

/// Series over the last four released weeks; counters run from the first release on. `team=""` is the whole organization.
const GAUGES: [(&str, &str, Dimension, Metric); 3] = [
    (
        "space_active_developers",
        "Mean distinct people a week with a commit, merged change or review, floored to fives",
        Dimension::Activity,
        Metric::ActiveDevelopersCount,
    ),
    (
        "space_review_time_hours",
        "Mean hours from ready to first review of merged changes",
        Dimension::Communication,
        Metric::AvgReviewTimeHours,
    ),
    (
        "space_cross_team_collaboration",
        "Merged changes in another team's repository",
        Dimension::Communication,
        Metric::CrossTeamPrs,
    ),
];

const COUNTERS: [(&str, &str, Component); 2] = [
    ("space_commits_total", "Commits landed on default branches since the first release", Component::Commits),
    ("space_pull_requests_total", "Merged changes since the first release", Component::MergedChanges),
];

/// The released figures for Prometheus
///
/// In its text format, version 0.0.4. Gauges are of the last four released weeks, counters run from the first release on;
/// `team=""` is the whole organization, so do not sum over `team`. What is suppressed is not there.
#[utoipa::path(
    get, path = "/metrics", operation_id = "get_metrics", tag = "metrics",
    responses((status = 200, description = "The figures.", body = str, content_type = TEXT_FORMAT), NotModified),
)]
pub(super) async fn metrics(State(desk): State<Desk>, known: Known) -> Result<Response, Problem> {
    let snapshot = desk.shelf.snapshot()?;
    let was_reloaded = desk.reloads.went_well();
    let page = Page::Exposition { was_reloaded };
    known.or_give(snapshot.tag(&page), TEXT_FORMAT, || {
        snapshot.rendered(page, |answers| {
            exposition(answers, was_reloaded).map(String::into_bytes).map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "the metrics could not be written");
                Problem::internal()
            })
        })
    })
}

fn exposition(answers: &Answers, was_reloaded: bool) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    let cells: Vec<String> = answers.cells().into_iter().map(str::to_owned).collect();
    for (name, help, dimension, metric) in GAUGES {
        let gauge = GaugeVec::new(Opts::new(name, help), &["team"])?;
        let scopes = std::iter::once(Scope::Organization).chain(cells.iter().cloned().map(Scope::Cell));
        for scope in scopes {
            let answer = answers.dimension(dimension, TimeRange::Month, &scope);
            let Some(Ok(value)) = answer.fields.iter().find(|(field, _)| *field == metric).map(|(_, value)| *value)
            else {
                continue;
            };
            let team = if let Scope::Cell(cell) = &scope { cell.as_str() } else { "" };
            gauge.with_label_values(&[team]).set(as_f64(value));
        }
        registry.register(Box::new(gauge))?;
    }
    for (name, help, component) in COUNTERS {
        let counter = CounterVec::new(Opts::new(name, help), &["team"])?;
        for total in answers.totals(component) {
            counter.with_label_values(&[total.cell.as_deref().unwrap_or("")]).inc_by(as_f64(Value::Count(total.count)));
        }
        registry.register(Box::new(counter))?;
    }
    let reload = Gauge::with_opts(Opts::new(
        "quintant_config_last_reload_successful",
        "Whether the last try to read the configuration again went well",
    ))?;
    reload.set(f64::from(u8::from(was_reloaded)));
    registry.register(Box::new(reload))?;
    let build = GaugeVec::new(Opts::new("quintant_build_info", "Always 1; the label tells the version"), &["version"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
    registry.register(Box::new(build))?;
    TextEncoder::new().encode_to_string(&registry.gather())
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn as_f64(value: Value) -> f64 {
    match value {
        Value::Count(count) => count as f64,
        Value::Number(number) => number,
    }
}
