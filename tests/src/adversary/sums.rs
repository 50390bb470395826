//! Every number that adds something up is the sum of whole atoms: nothing that is answered can be taken apart further than they.
//!
//! So the rows of an attacker's matrix are the atoms' own, which `attack.rs` solves; what is no sum follows from the atoms (`twins_…`).

use std::collections::{BTreeMap, BTreeSet};

use quintant::model::{Atom, Component, Family, Measure, Metric, Parts, Span, Week};
use serde_json::{Value, json};

use super::hosted::Seen;

/// What a metric adds up, and per what.
enum Added {
    Up(Component),
    ByWeek(Component),
    ByDay(Component),
}

fn added(metric: Metric) -> Option<Added> {
    use Component as C;
    Some(match metric {
        Metric::CommitsCount => Added::Up(C::Commits),
        Metric::PullRequestsCount => Added::Up(C::MergedChanges),
        Metric::CodeReviewsCount => Added::Up(C::Reviews),
        Metric::PlatformUsageCount => Added::Up(C::PlatformUses),
        Metric::CrossTeamPrs => Added::Up(C::CrossTeamChanges),
        Metric::MattermostMessages => Added::Up(C::Messages),
        Metric::FrictionIncidents => Added::Up(C::FrictionReports),
        Metric::ActiveDevelopersCount => Added::ByWeek(C::ActivePeople),
        Metric::DeploymentFrequency => Added::ByDay(C::Deployments),
        // No sums, or of what does not happen in these worlds: surveys.
        Metric::NpsScore
        | Metric::SatisfactionRating
        | Metric::BurnoutPercentage
        | Metric::ResponseCount
        | Metric::ResponseRate
        | Metric::LeadTimeHours
        | Metric::ChangeFailureRate
        | Metric::MttrMinutes
        | Metric::BuildSuccessRate
        | Metric::TestCoverage
        | Metric::DeploymentReworkRate
        | Metric::OpenIncidents
        | Metric::ActiveShare
        | Metric::AiToolAdoptionRate
        | Metric::AvgReviewTimeHours
        | Metric::PrCommentsAvg
        | Metric::ConstructiveFeedbackRate
        | Metric::UnreviewedMergeRate
        | Metric::FlowStateDays
        | Metric::ValuableWorkPercentage
        | Metric::ContextSwitches
        | Metric::CognitiveLoadAvg
        | Metric::FrictionPer100Devs30d => return None,
    })
}

/// What is divided, and how many of the component's units make one of the numerator.
fn divided(metric: Metric) -> Option<(Component, f64)> {
    use Component as C;
    Some(match metric {
        Metric::AvgReviewTimeHours => (C::ReviewTime, 3600.0),
        Metric::PrCommentsAvg => (C::ReviewComments, 1.0),
        Metric::UnreviewedMergeRate => (C::UnreviewedMerges, 1.0),
        Metric::DeploymentFrequency => (C::Deployments, 1.0),
        Metric::DeploymentReworkRate => (C::Rework, 1.0),
        Metric::ChangeFailureRate => (C::FailedDeployments, 1.0),
        Metric::MttrMinutes => (C::Recovery, 60.0),
        _ => return None,
    })
}

/// The atoms that were told when something was asked.
pub struct Told<'a> {
    atoms: &'a [Atom],
    /// What was told without a facet, and when anything was.
    measures: BTreeMap<Component, Vec<(&'a Span, &'a Measure)>>,
    spans: BTreeSet<&'a Span>,
    newest: Week,
    /// Whether what a source had counted stands in for people's messages, which were never told.
    is_tallied: bool,
}

/// Whom a question is about, and when.
#[derive(Clone)]
struct Place {
    cell: Option<String>,
    weeks: (Week, Week),
}

impl Place {
    fn holds(&self, span: &Span) -> bool {
        self.weeks.0 <= span.start
            && span.end() <= self.weeks.1
            && self.cell.as_ref().is_none_or(|cell| *cell == span.cell)
    }
}

impl<'a> Told<'a> {
    pub fn new(atoms: &'a [Atom]) -> Self {
        let is_tallied = !atoms.iter().any(|atom| atom.measures.contains_key(&Component::Messages));
        Self::of(atoms, Atom::newest_end(atoms).unwrap_or(Week::from_index(0)), is_tallied)
    }

    fn of(atoms: &'a [Atom], newest: Week, is_tallied: bool) -> Self {
        let mut measures: BTreeMap<Component, Vec<(&Span, &Measure)>> = BTreeMap::new();
        for atom in atoms.iter().filter(|atom| atom.facet.is_none()) {
            for (component, measure) in &atom.measures {
                measures.entry(*component).or_default().push((&atom.span, measure));
            }
        }
        Self { atoms, measures, spans: atoms.iter().map(|atom| &atom.span).collect(), newest, is_tallied }
    }

    /// Holds an answer against them. A number that nobody has thought of fails.
    pub fn check(&self, question: &str, seen: &Seen) {
        let path = question.split('?').next().unwrap();
        let dimensions = ["satisfaction", "performance", "activity", "communication", "efficiency"];
        match path.strip_prefix("/api/v1/").map(|path| path.split('/').collect::<Vec<_>>()).as_deref() {
            Some(["metrics", "space"]) if seen.status == 200 => {
                let (answer, place) = (seen.json(), self.place(question));
                let names = ["health_score", "withheld", "time_range", "team", "timestamp"];
                check_names(question, &answer, &[&dimensions[..], &names[..]].concat());
                dimensions.iter().for_each(|dimension| self.check_dimension(question, &answer[*dimension], &place));
            }
            Some(["metrics", "space", "health"]) => {
                let (answer, place) = (seen.json(), self.place(question));
                let names = [
                    "health_score",
                    "status",
                    "weakest",
                    "dimensions_known",
                    "coverage",
                    "low",
                    "high",
                    "dimensions",
                    "window",
                    "time_range",
                    "team",
                    "timestamp",
                ];
                check_names(question, &answer, &names);
                for (_, part) in answer["dimensions"].as_object().unwrap() {
                    check_names(question, part, &["score", "coverage", "metrics"]);
                }
                self.check_window(question, &answer["window"], &place);
            }
            Some(["metrics", "space", _]) => self.check_dimension(question, &seen.json(), &self.place(question)),
            Some(["metrics", "space", _, "trend"]) => {
                let answer = seen.json();
                check_names(question, &answer, &["dimension", "points", "window", "time_range", "team"]);
                self.check_window(question, &answer["window"], &self.place(question));
                for point in answer["points"].as_array().unwrap() {
                    let week = |name: &str| Week::of_date(point[name].as_str().unwrap().parse().unwrap());
                    let place = Place { weeks: (week("from"), week("to")), ..self.place(question) };
                    for (name, value) in
                        point.as_object().unwrap().iter().filter(|(name, _)| !["from", "to"].contains(&name.as_str()))
                    {
                        self.check_value(question, metric(question, name), value, &place);
                    }
                }
            }
            Some(["explain", name]) => {
                let (answer, place) = (seen.json(), self.place(question));
                let names = [
                    "metric",
                    "dimension",
                    "definition",
                    "formula",
                    "unit",
                    "is_whole",
                    "least",
                    "most",
                    "computed_from",
                    "rules",
                    "health",
                    "value",
                    "withheld",
                    "detail",
                    "window",
                ];
                check_names(question, &answer, &names);
                self.check_value(question, metric(question, name), &answer["value"], &place);
                if !answer["detail"].is_null() {
                    self.check_detail(question, metric(question, name), &answer["value"], &answer["detail"], &place);
                }
                self.check_window(question, &answer["window"], &place);
            }
            Some(["teams"]) => self.check_teams(&seen.json()),
            Some(["sources"]) => check_sources(&seen.json()),
            _ if path == "/metrics" => self.check_series(&seen.body),
            // Refusals, forms, probes and the document: `twins_…` compares their bytes.
            _ => {}
        }
    }

    fn place(&self, question: &str) -> Place {
        let query: BTreeMap<&str, String> = (question.split_once('?').map_or("", |(_, query)| query).split('&'))
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name, value.replace("%2B", "+")))
            .collect();
        let back = |weeks: i32| (self.newest.plus(-weeks), self.newest);
        let weeks = match query.get("time_range").map(String::as_str) {
            Some("24h") => back(0),
            Some("7d") => back(1),
            Some("30d") => back(4),
            Some(_) => back(13),
            None => (Week::of_date(query["from"].parse().unwrap()), Week::of_date(query["to"].parse().unwrap())),
        };
        Place { cell: query.get("team").cloned(), weeks }
    }

    /// What lies in a window as a whole, of whomever.
    fn within<'s>(&'s self, place: &'s Place) -> impl Iterator<Item = &'a Atom> + 's {
        self.atoms.iter().filter(|atom| place.holds(&atom.span))
    }

    fn measures(&self, component: Component, place: &Place) -> Vec<(&'a Span, &'a Measure)> {
        let told = self.measures.get(&component).into_iter().flatten();
        told.filter(|(span, _)| place.holds(span)).copied().collect()
    }

    fn check_dimension(&self, question: &str, answer: &Value, place: &Place) {
        for (name, value) in answer.as_object().unwrap() {
            match name.as_str() {
                "window" => self.check_window(question, value, place),
                "withheld" => {}
                "details" => {
                    for (name, detail) in value.as_object().unwrap() {
                        self.check_detail(question, metric(question, name), &answer[name], detail, place);
                    }
                }
                name => self.check_value(question, metric(question, name), value, place),
            }
        }
    }

    /// A value that adds up is the sum of whole atoms, and of no part of one.
    fn check_value(&self, question: &str, metric: Metric, shown: &Value, place: &Place) {
        if let Some(expected) = self.sum(metric, place) {
            // That a machine did nothing is told where all weeks are.
            let is_nought = metric == Metric::DeploymentFrequency && expected.is_null() && shown == &json!(0.0);
            assert!(
                *shown == expected || is_nought,
                "{question} shows {shown} as {} instead of {expected}",
                metric.as_str()
            );
        }
    }

    fn sum(&self, metric: Metric, place: &Place) -> Option<Value> {
        let added = added(metric)?;
        let (Added::Up(component) | Added::ByWeek(component) | Added::ByDay(component)) = added;
        let is_counted = component != Component::Messages || !self.is_tallied;
        let told = self.measures(if is_counted { component } else { Component::TalliedMessages }, place);
        let total: i64 = told.iter().map(|(_, measure)| measure.total).sum();
        let weeks = weeks(told.iter().map(|(span, _)| *span));
        Some(match added {
            _ if total == 0 => Value::Null,
            Added::Up(_) => json!(total),
            Added::ByWeek(_) => json!(rounded(total, weeks, 10)),
            Added::ByDay(_) => json!(rounded(total, 7 * weeks, 1000)),
        })
    }

    fn check_detail(&self, question: &str, metric: Metric, value: &Value, detail: &Value, place: &Place) {
        let name = metric.as_str();
        for (part, shown) in detail.as_object().unwrap() {
            match part.as_str() {
                // Not sums: functions of the atoms, as the twins show.
                "as_of" | "p50" | "p75" | "p90" | "dora_band" | "includes_bots" => {}
                "weeks_covered" => {
                    let weeks = shown.as_i64().unwrap();
                    assert!(
                        weeks <= i64::from(place.weeks.0.until(place.weeks.1)),
                        "{question}: {name} covers {weeks} weeks"
                    );
                }
                "numerator" | "denominator" => self.check_parts(question, metric, detail, place),
                "previous" => {
                    let (first, end) = place.weeks;
                    let before = Place { weeks: (first.plus(-first.until(end)), first), ..place.clone() };
                    self.check_value(question, metric, shown, &before);
                }
                "change" => {
                    let change = value.as_f64().unwrap() - detail["previous"].as_f64().unwrap();
                    assert!((shown.as_f64().unwrap() - change).abs() < 0.001, "{question}: {name} changed by {shown}");
                }
                "categories" => {
                    let mut told: BTreeMap<&str, i64> = BTreeMap::new();
                    for atom in self.within(place).filter(|atom| atom.family == Family::Friction) {
                        if let (Some(category), Some(reports)) =
                            (&atom.facet, atom.measures.get(&Component::FrictionReports))
                        {
                            *told.entry(category.as_str()).or_default() += reports.total;
                        }
                    }
                    assert_eq!(*shown, json!(told), "{question}: categories");
                }
                _ => panic!("{question}: nobody attacks `{part}` of {name}"),
            }
        }
    }

    fn check_parts(&self, question: &str, metric: Metric, detail: &Value, place: &Place) {
        let name = metric.as_str();
        let (component, unit) =
            divided(metric).unwrap_or_else(|| panic!("{question}: nobody attacks the parts of {name}"));
        let told = self.measures(component, place);
        assert!(told.iter().all(|(_, measure)| measure.parts == Parts::Told), "{question}: {name} has hidden parts");
        let total: i64 = told.iter().map(|(_, measure)| measure.total).sum();
        let count = if metric == Metric::DeploymentFrequency {
            7 * weeks(told.iter().map(|(span, _)| *span))
        } else {
            told.iter().map(|(_, measure)| measure.count).sum()
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds of some weeks")]
        let above = total as f64 / unit;
        assert!(
            (detail["numerator"].as_f64().unwrap() - above).abs() < 0.006,
            "{question}: {name} rests on {detail}, not {above}"
        );
        assert_eq!(detail["denominator"], json!(count), "{question}: {name}");
    }

    fn check_window(&self, question: &str, window: &Value, place: &Place) {
        check_names(question, window, &["from", "to", "weeks_covered", "weeks_total", "as_of"]);
        if !self.atoms.is_empty() {
            let covered = weeks(self.spans.iter().copied().filter(|span| place.holds(span)));
            assert_eq!(window["weeks_covered"], json!(covered), "{question}");
        }
    }

    /// Teams are told with the spans that anything was released for.
    fn check_teams(&self, answer: &Value) {
        for cell in answer["teams"].as_array().unwrap() {
            check_names("teams", cell, &["name", "teams", "released"]);
            let mut told = BTreeSet::new();
            for stretch in cell["released"].as_array().unwrap() {
                check_names("teams", stretch, &["from", "to", "span_weeks"]);
                let week = |name: &str| Week::of_date(stretch[name].as_str().unwrap().parse().unwrap());
                let weeks = i32::try_from(stretch["span_weeks"].as_i64().unwrap()).unwrap();
                let mut start = week("from");
                while start < week("to") {
                    told.insert((start, weeks));
                    start = start.plus(weeks);
                }
            }
            let of_cell = self.atoms.iter().filter(|atom| cell["name"] == atom.span.cell);
            assert_eq!(told, of_cell.map(|atom| (atom.span.start, atom.span.weeks)).collect(), "{cell}");
        }
    }

    fn check_series(&self, text: &str) {
        let month = |team: &str| Place {
            cell: (!team.is_empty()).then(|| team.to_owned()),
            weeks: (self.newest.plus(-4), self.newest),
        };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let team = labels.split('"').nth(1).unwrap_or("");
            let value: f64 = value.parse().unwrap();
            let ever = |component: Component| -> f64 {
                let place = Place { weeks: (Week::from_index(0), self.newest), ..month(team) };
                json!(self.measures(component, &place).iter().map(|(_, measure)| measure.total).sum::<i64>())
                    .as_f64()
                    .unwrap()
            };
            let shown = |metric: Metric| self.sum(metric, &month(team)).and_then(|sum| sum.as_f64()).unwrap_or(0.0);
            let of_text = |original: &str| -> f64 {
                let original = format!("{original}{{{labels} ");
                let values = text.lines().filter_map(|line| line.strip_prefix(&original));
                values
                    .map(|value| value.parse::<f64>().unwrap())
                    .next()
                    .unwrap_or_else(|| panic!("{series} has no {original}"))
            };
            let expected = match name {
                "space_commits_total" => ever(Component::Commits),
                "space_pull_requests_total" => ever(Component::MergedChanges),
                "space_active_developers" => shown(Metric::ActiveDevelopersCount),
                "space_cross_team_collaboration" => shown(Metric::CrossTeamPrs),
                "space_friction_incidents" => shown(Metric::FrictionIncidents),
                "space_deployment_frequency" => shown(Metric::DeploymentFrequency),
                "quintant_config_last_reload_successful" | "quintant_build_info" => 1.0,
                "space_lead_time_seconds" => 3600.0 * of_text("space_lead_time_hours"),
                "space_recovery_time_seconds" => 60.0 * of_text("space_mttr_minutes"),
                "space_review_time_seconds" => 3600.0 * of_text("space_review_time_hours"),
                "space_change_failure_ratio" => of_text("space_change_failure_rate") / 100.0,
                "space_ai_adoption_ratio" => of_text("space_ai_adoption_rate") / 100.0,
                // No sums.
                "space_lead_time_hours"
                | "space_change_failure_rate"
                | "space_mttr_minutes"
                | "space_ai_adoption_rate"
                | "space_review_time_hours"
                | "space_pr_comments_avg"
                | "space_devex_health_score" => continue,
                // How collecting goes, without a number of anything that was collected.
                "quintant_runs_total"
                | "quintant_next_run_timestamp_seconds"
                | "quintant_last_success_timestamp_seconds"
                | "quintant_throttled"
                | "quintant_quarantined"
                | "quintant_release_waiting" => {
                    assert!(labels.starts_with("source=\""), "{series}");
                    continue;
                }
                _ => panic!("nobody attacks the series `{name}`"),
            };
            assert!((value - expected).abs() < 1e-9, "{series} shows {value} instead of {expected}");
        }
    }

    /// Each row of a view shows the sums of its own span. Columns that are no sums are functions of the atoms, as the twins show.
    pub fn check_row(&self, view: &str, row: &Value) {
        let week = |name: &str| Week::of_date(row[name].as_str().unwrap().parse().unwrap());
        let place = Place {
            cell: Some(row["cell"].as_str().unwrap().to_owned()),
            weeks: (week("start_date"), week("end_date")),
        };
        let of_span = self.within(&place).filter(|atom| (atom.span.start, atom.span.end()) == place.weeks);
        let atoms: Vec<Atom> = of_span.cloned().collect();
        let told = Told::of(&atoms, self.newest, self.is_tallied);
        let columns = row
            .as_object()
            .unwrap()
            .iter()
            .filter(|(name, _)| !["cell", "start_date", "end_date", "weeks"].contains(&name.as_str()));
        for (name, shown) in columns {
            let metric = metric(view, name);
            let Some(expected) = told.sum(metric, &place) else { continue };
            let (shown, expected) = (shown.as_f64().unwrap_or(0.0), expected.as_f64().unwrap_or(0.0));
            assert!((shown - expected).abs() < 1e-9, "{view}.{name}: {row} shows {shown} instead of {expected}");
        }
    }
}

/// How collecting goes is told without a number of anything that was collected.
fn check_sources(answer: &Value) {
    check_names("sources", answer, &["sources", "as_of"]);
    for source in answer["sources"].as_array().unwrap() {
        check_names("sources", source, &["name", "plugin", "plugin_version", "feeds"]);
        for feed in source["feeds"].as_array().unwrap() {
            let names =
                ["name", "interval_seconds", "last_run", "next_run", "covered_through", "throttled", "quarantined"];
            check_names("sources", feed, &names);
            check_names("sources", &feed["last_run"], &["started", "outcome", "code"]);
            for (name, value) in feed.as_object().unwrap() {
                assert!(!value.is_number() || name == "interval_seconds", "{name}: {value}");
            }
        }
    }
}

/// Nothing else is there.
fn check_names(question: &str, answer: &Value, names: &[&str]) {
    let unknown = answer
        .as_object()
        .unwrap_or_else(|| panic!("{question}: {answer}"))
        .keys()
        .find(|name| !names.contains(&name.as_str()));
    assert!(unknown.is_none(), "{question}: nobody attacks `{}`", unknown.unwrap());
}

fn metric(question: &str, name: &str) -> Metric {
    Metric::from_name(name).unwrap_or_else(|| panic!("{question}: nobody attacks `{name}`"))
}

/// How many weeks lie in any of these spans.
fn weeks<'a>(spans: impl Iterator<Item = &'a Span>) -> i64 {
    let weeks: BTreeSet<i32> = spans.flat_map(|span| span.start.index()..span.end().index()).collect();
    i64::try_from(weeks.len()).unwrap()
}

/// Half away from zero, to so many parts of one.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn rounded(above: i64, below: i64, parts: i64) -> f64 {
    ((2 * above * parts + below) / (2 * below)) as f64 / parts as f64
}
