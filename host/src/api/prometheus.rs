//! `/metrics`: the released figures under the names that dashboards know. A suppressed cell is an absent series.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use prometheus::{CounterVec, Gauge, GaugeVec, Opts, Registry, TEXT_FORMAT, TextEncoder};

use super::schema::NotModified;
use super::shelf::Page;
use super::validator::Known;
use super::{Desk, Problem};
use crate::metrics::{Answers, Scope, TimeRange, Value};
use crate::model::{Component, Metric};

/// Series over the last four released weeks; counters run from the first release on. `team=""` is the whole organization.
const GAUGES: [(&str, Metric, &str); 16] = [
    ("space_nps_score", Metric::NpsScore, "Promoters less detractors among the answers, from -100 to 100"),
    ("space_satisfaction_rating", Metric::SatisfactionRating, "Mean rating from 1 to 5"),
    ("space_burnout_percentage", Metric::BurnoutPercentage, "Respondents who feel burned out, in percent"),
    ("space_deployment_frequency", Metric::DeploymentFrequency, "Successful production deployments a day"),
    (
        "space_lead_time_hours",
        Metric::LeadTimeHours,
        "Mean hours from a change's first commit until it runs in production",
    ),
    (
        "space_change_failure_rate",
        Metric::ChangeFailureRate,
        "Production deployments that caused a failure, in percent",
    ),
    (
        "space_mttr_minutes",
        Metric::MttrMinutes,
        "Median minutes from a failing deployment until its failure is resolved",
    ),
    (
        "space_active_developers",
        Metric::ActiveDevelopersCount,
        "Mean distinct people a week with a commit, merged change or review, floored to fives",
    ),
    ("space_ai_adoption_rate", Metric::AiToolAdoptionRate, "People with use of an AI tool, in percent of the roster"),
    ("space_review_time_hours", Metric::AvgReviewTimeHours, "Mean hours from ready to first review of merged changes"),
    ("space_pr_comments_avg", Metric::PrCommentsAvg, "Mean review comments on a merged change"),
    ("space_cross_team_collaboration", Metric::CrossTeamPrs, "Merged changes in another team's repository"),
    ("space_flow_state_days", Metric::FlowStateDays, "Mean days a week with deep, undisturbed work"),
    (
        "space_valuable_work_percentage",
        Metric::ValuableWorkPercentage,
        "Mean share of work that is called valuable, in percent",
    ),
    ("space_cognitive_load", Metric::CognitiveLoadAvg, "Mean cognitive load from 1 to 5"),
    ("space_friction_incidents", Metric::FrictionIncidents, "Friction that was reported"),
];

/// The same figures in base units, as the conventions of Prometheus want them: the value that is shown, and nothing finer.
const IN_BASE_UNITS: [(&str, Metric, BaseUnit, &str); 7] = [
    (
        "space_lead_time_seconds",
        Metric::LeadTimeHours,
        BaseUnit::Seconds(3600.0),
        "Mean seconds from a change's first commit until it runs in production",
    ),
    (
        "space_review_time_seconds",
        Metric::AvgReviewTimeHours,
        BaseUnit::Seconds(3600.0),
        "Mean seconds from ready to first review of merged changes",
    ),
    (
        "space_recovery_time_seconds",
        Metric::MttrMinutes,
        BaseUnit::Seconds(60.0),
        "Median seconds from a failing deployment until its failure is resolved",
    ),
    (
        "space_change_failure_ratio",
        Metric::ChangeFailureRate,
        BaseUnit::Ratio,
        "Production deployments that caused a failure, as a share of all",
    ),
    ("space_burnout_ratio", Metric::BurnoutPercentage, BaseUnit::Ratio, "Share of respondents who feel burned out"),
    (
        "space_ai_adoption_ratio",
        Metric::AiToolAdoptionRate,
        BaseUnit::Ratio,
        "People with use of an AI tool, as a share of the roster",
    ),
    (
        "space_valuable_work_ratio",
        Metric::ValuableWorkPercentage,
        BaseUnit::Ratio,
        "Mean share of work that is called valuable",
    ),
];

#[derive(Clone, Copy)]
enum BaseUnit {
    /// So many of them are one of what is shown.
    Seconds(f64),
    /// Of percent.
    Ratio,
}

impl BaseUnit {
    /// Of a figure with at most two decimals; what computing adds is rounded away.
    fn of(self, shown: f64) -> f64 {
        match self {
            BaseUnit::Seconds(unit) => (shown * unit * 10.0).round() / 10.0,
            BaseUnit::Ratio => (shown * 100.0).round() / 10_000.0,
        }
    }
}

const HEALTH: (&str, &str) = ("space_devex_health_score", "Health score from 0 to 100");

const COUNTERS: [(&str, &str, Component); 2] = [
    ("space_commits_total", "Commits landed on default branches since the first release", Component::Commits),
    ("space_pull_requests_total", "Merged changes since the first release", Component::MergedChanges),
];

/// The released figures for Prometheus
///
/// In its text format, version 0.0.4. Gauges are of the last four released weeks, counters run from the first release on;
/// `team=""` is the whole organization, so do not sum over `team`. What is suppressed is not there. Beside them stands how the
/// runs of each source go; `quintant_runs_total` counts those of one process and can be summed.
#[utoipa::path(
    get, path = "/metrics", operation_id = "get_metrics", tag = "metrics",
    responses((status = 200, description = "The figures.", body = str, content_type = TEXT_FORMAT), NotModified),
)]
pub(super) async fn metrics(State(desk): State<Desk>, known: Known) -> Result<Response, Problem> {
    let snapshot = desk.shelf.snapshot()?;
    let own = own_series(&desk).map_err(unwritten)?;
    known.or_give(snapshot.tag_with(&Page::Exposition, &own), TEXT_FORMAT, || {
        let figures = snapshot
            .rendered(Page::Exposition, |answers| exposition(answers).map(String::into_bytes).map_err(unwritten))?;
        Ok(Bytes::from([own.as_bytes(), &figures].concat()))
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn unwritten(error: prometheus::Error) -> Problem {
    tracing::error!(error = &error as &dyn std::error::Error, "the metrics could not be written");
    Problem::internal()
}

/// Of this process, which rest on no figure.
fn own_series(desk: &Desk) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    let reload = Gauge::with_opts(Opts::new(
        "quintant_config_last_reload_successful",
        "Whether the last try to read the configuration again went well",
    ))?;
    reload.set(f64::from(u8::from(desk.reloads.went_well())));
    registry.register(Box::new(reload))?;
    let build = GaugeVec::new(Opts::new("quintant_build_info", "Always 1; the label tells the version"), &["version"])?;
    build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1.0);
    registry.register(Box::new(build))?;
    desk.telemetry.register(&registry)?;
    TextEncoder::new().encode_to_string(&registry.gather())
}

fn exposition(answers: &Answers) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    let cells = answers.cells().into_iter().map(|cell| Scope::Cell(cell.to_owned()));
    let scopes: Vec<Scope> = std::iter::once(Scope::Organization).chain(cells).collect();
    let add = |(name, help): (&str, &str), value: &dyn Fn(&Scope) -> Option<f64>| -> Result<(), prometheus::Error> {
        let gauge = GaugeVec::new(Opts::new(name, help), &["team"])?;
        for scope in &scopes {
            if let Some(value) = value(scope) {
                let team = if let Scope::Cell(cell) = scope { cell.as_str() } else { "" };
                gauge.with_label_values(&[team]).set(value);
            }
        }
        registry.register(Box::new(gauge))
    };
    for (name, metric, help) in GAUGES {
        add((name, help), &|scope| Some(answers.value(metric, TimeRange::Month, scope)?.as_f64()))?;
    }
    for (name, metric, unit, help) in IN_BASE_UNITS {
        add((name, help), &|scope| Some(unit.of(answers.value(metric, TimeRange::Month, scope)?.as_f64())))?;
    }
    add(HEALTH, &|scope| answers.health(TimeRange::Month, scope).0.score)?;
    for (name, help, component) in COUNTERS {
        let counter = CounterVec::new(Opts::new(name, help), &["team"])?;
        for total in answers.totals(component) {
            counter
                .with_label_values(&[total.cell.as_deref().unwrap_or("")])
                .inc_by(Value::Count(total.count).as_f64());
        }
        registry.register(Box::new(counter))?;
    }
    TextEncoder::new().encode_to_string(&registry.gather())
}
