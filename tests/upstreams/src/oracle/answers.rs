//! Puts atoms together into the answer objects, field by field, each with its reason where there is no figure.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::Oracle;
use super::atoms::Atom;
use super::figures::{Field, Window};
use super::window::{Range, Scope, Weeks};

type Fields = Vec<(&'static str, Field)>;

/// Answers many questions over atoms that were made once.
pub struct Answers<'a> {
    pub oracle: &'a Oracle<'a>,
    pub atoms: &'a [Atom],
}

pub const DIMENSIONS: [&str; 5] = ["satisfaction", "performance", "activity", "communication", "efficiency"];

/// Nobody in the story is asked for these.
const EFFICIENCY: [&str; 6] = [
    "flow_state_days",
    "valuable_work_percentage",
    "friction_incidents",
    "context_switches",
    "cognitive_load_avg",
    "friction_per_100_devs_30d",
];

impl Answers<'_> {
    /// # Panics
    /// When there is no such dimension.
    #[must_use]
    pub fn dimension(&self, name: &str, range: Range, scope: &Scope) -> Value {
        let fields: &dyn Fn(&Window<'_>) -> Fields = match name {
            "satisfaction" => &|window| self.satisfaction(window),
            "performance" => &|window| self.performance(window),
            "activity" => &|window| self.activity(window),
            "communication" => &|window| self.communication(window),
            "efficiency" => &|_| EFFICIENCY.map(|name| (name, Err("no_source"))).to_vec(),
            _ => panic!("there is no dimension `{name}`"),
        };
        self.answer(range, scope, fields)
    }

    /// The survey service asks one question.
    fn satisfaction(&self, window: &Window<'_>) -> Fields {
        let asked = self.oracle.sources.nps;
        vec![
            ("nps_score", source(asked, || window.nps())),
            ("satisfaction_rating", Err("no_source")),
            ("burnout_percentage", Err("no_source")),
            ("response_count", source(asked, || window.sum("survey", "responses"))),
            ("response_rate", Err("no_source")),
        ]
    }

    fn performance(&self, window: &Window<'_>) -> Fields {
        let (deploys, breaks) = (self.oracle.sources.deploys(), self.oracle.sources.delivery);
        vec![
            ("deployment_frequency", source(deploys, || window.deployments_a_day())),
            ("lead_time_hours", source(deploys, || window.hours("lead_time", "lead_time"))),
            ("change_failure_rate", source(deploys, || window.rate_of_events("deployment", "failed_deployments"))),
            ("mttr_minutes", source(breaks, || window.recovery_minutes())),
            ("build_success_rate", source(deploys, || window.rate_of_events("build", "builds"))),
            ("test_coverage", source(deploys, || window.coverage())),
            ("deployment_rework_rate", source(deploys, || window.rate_of_events("deployment", "rework"))),
            ("open_incidents", source(breaks, || window.open_incidents())),
        ]
    }

    fn activity(&self, window: &Window<'_>) -> Fields {
        vec![
            ("commits_count", window.sum("commit", "commits")),
            ("pull_requests_count", window.sum("change", "merged_changes")),
            ("code_reviews_count", window.sum("review", "reviews")),
            ("active_developers_count", window.active_developers()),
            ("ai_tool_adoption_rate", Err("no_source")),
            ("platform_usage_count", Err("no_source")),
            ("active_share", window.percent("active", "active_share")),
        ]
    }

    fn communication(&self, window: &Window<'_>) -> Fields {
        let owned = self.oracle.organisation.teams.iter().any(|team| !team.owns.is_empty());
        let sources = self.oracle.sources;
        vec![
            ("avg_review_time_hours", window.hours("change", "review_time")),
            ("pr_comments_avg", window.mean("change", "review_comments", 1)),
            ("cross_team_prs", source(owned, || window.sum("change", "cross_team_changes"))),
            ("mattermost_messages", source(sources.posts, || window.sum("usage", "messages"))),
            ("constructive_feedback_rate", Err("no_source")),
            ("unreviewed_merge_rate", window.percent("change", "unreviewed_merges")),
        ]
    }

    fn answer(&self, range: Range, scope: &Scope, fields: &dyn Fn(&Window<'_>) -> Fields) -> Value {
        let newest: Option<Date> = self.atoms.iter().map(|atom| atom.span.end()).max();
        let weeks = newest.map(|newest| Weeks::of(range, newest));
        let own: Vec<&Atom> = self.atoms.iter().filter(|atom| scope.holds(&atom.span)).collect();
        // A survey belongs to the window in which it ends.
        let inside = |atom: &&Atom| {
            weeks.is_some_and(|weeks| match atom.family {
                "survey" => weeks.from < atom.span.end() && atom.span.end() <= weeks.to,
                _ => weeks.hold(&atom.span),
            })
        };
        let found: Vec<&Atom> = own.iter().copied().filter(inside).collect();
        let is_whole = |atom: &&&Atom| weeks.is_some_and(|weeks| weeks.hold(&atom.span));
        let whole: Vec<&&Atom> = own.iter().filter(is_whole).collect();
        let asked = weeks.map_or_else(Vec::new, Weeks::mondays);
        let covered =
            asked.iter().filter(|monday| whole.iter().any(|atom| atom.span.mondays().contains(monday))).count();

        let mut answer = Map::new();
        let mut withheld = Map::new();
        for (name, field) in fields(&Window { found: &found, own: &own, asked: &asked }) {
            let field = match field {
                Err("no_source") => Err("no_source"),
                _ if newest.is_none() => Err("not_covered"),
                _ if asked.is_empty() => Err("window_too_short"),
                field => field,
            };
            match field {
                Ok(value) => answer.insert(name.to_owned(), value),
                Err(reason) => {
                    withheld.insert(name.to_owned(), Value::from(reason));
                    answer.insert(name.to_owned(), Value::Null)
                }
            };
        }
        let window = json!({
            "from": weeks.map(|weeks| weeks.from.to_string()),
            "to": weeks.map(|weeks| weeks.to.to_string()),
            "weeks_total": asked.len(),
            "weeks_covered": covered,
            "as_of": newest.map(|newest| newest.to_string()),
        });
        answer.insert("window".to_owned(), window);
        answer.insert("withheld".to_owned(), Value::Object(withheld));
        Value::Object(answer)
    }
}

fn source(is_there: bool, field: impl FnOnce() -> Field) -> Field {
    if is_there { field() } else { Err("no_source") }
}
