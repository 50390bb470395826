//! What each field is made of: a line of the document each, and nothing of how it is found.

/// A field of a dimension.
#[derive(Clone, Copy, Debug)]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) dimension: &'static str,
    pub(super) family: &'static str,
    pub(super) component: &'static str,
    pub(super) formula: Formula,
    /// Fewer observations tell nothing.
    pub(super) least: i64,
    pub(super) exactness: Exactness,
    /// Whether what is divided is shown beside it, where it may be.
    pub(super) shows_parts: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    Sum,
    /// A sum over the days, or the weeks, that it was told of.
    ADay,
    AWeek,
    /// `times` sums over `unit` times their number.
    Mean {
        times: i64,
        unit: i64,
    },
    /// The middle of durations, in so many seconds.
    Median {
        unit: i64,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exactness {
    Decimals(u32),
    TwoDigits,
    Fives,
    /// So many decimals, and under twenty answers so many, or to five.
    Answers {
        many: u32,
        few: Option<u32>,
    },
}

use Exactness::{Answers, Decimals, Fives, TwoDigits};

const HOUR: i64 = 3600;
const MINUTE: i64 = 60;
const HUNDREDTHS: i64 = 100;
/// A rate or a median of fewer tells of single ones.
const EVENTS: i64 = 5;
const INVITED: i64 = 40;
const PERCENT: Formula = Formula::Mean { times: 100, unit: 1 };
/// Of a hundred people in thirty days, where what is below are weeks.
const A_MONTH_OF_A_HUNDRED: Formula = Formula::Mean { times: 100 * 30, unit: 7 };

impl Definition {
    const fn of(dimension: &'static str, name: &'static str, family: &'static str, component: &'static str) -> Self {
        let (formula, exactness) = (Formula::Sum, Decimals(0));
        Self { name, dimension, family, component, formula, least: 1, exactness, shows_parts: false }
    }

    const fn divided(self, formula: Formula, exactness: Exactness) -> Self {
        Self { formula, exactness, ..self }
    }

    const fn from(self, least: i64) -> Self {
        Self { least, ..self }
    }

    const fn showing_parts(self) -> Self {
        Self { shows_parts: true, ..self }
    }

    const fn hours(self) -> Self {
        self.divided(Formula::Mean { times: 1, unit: HOUR }, Decimals(2))
    }

    /// Of answers in hundredths.
    const fn answered(self, many: u32, few: Option<u32>) -> Self {
        self.divided(Formula::Mean { times: 1, unit: HUNDREDTHS }, Answers { many, few })
    }

    /// A share of answers, or a score out of them.
    const fn share_of_answers(self) -> Self {
        self.divided(PERCENT, Answers { many: 1, few: None })
    }

    /// A share of what machines did, or of people's work.
    const fn share(self) -> Self {
        self.divided(PERCENT, Decimals(1)).showing_parts()
    }

    pub(super) fn is_of_machines(&self) -> bool {
        ["build", "deployment", "incident"].contains(&self.family)
    }

    /// Of one moment: the end of the window's last span.
    pub(super) fn is_a_state(&self) -> bool {
        ["covered_lines", "open_incidents"].contains(&self.component)
    }

    pub(super) fn is_of_a_survey(&self) -> bool {
        self.family == "survey"
    }

    /// Whether facts of its family may come without it: a question that nobody asks, a tool that nobody has.
    pub(super) fn may_be_unknown(&self) -> bool {
        self.is_of_a_survey()
            || ["usage", "tally"].contains(&self.family)
            || ["review_comments", "covered_lines", "failed_deployments"].contains(&self.component)
    }

    /// From so many observations on p50, p75 and p90 are told.
    pub(super) fn percentiles(&self) -> Option<[usize; 3]> {
        match self.component {
            "lead_time" | "review_time" => Some([10, 20, 50]),
            "recovery" => Some([5; 3]),
            _ => None,
        }
    }

    /// What stands in for it, where only the source had counted.
    pub(super) fn counted_by_the_source(&self) -> Option<Self> {
        let component = match self.component {
            "messages" => "tallied_messages",
            "ai_users" => "tallied_ai_users",
            _ => return None,
        };
        Some(Self { family: "tally", component, ..*self })
    }
}

const fn satisfaction(name: &'static str, component: &'static str) -> Definition {
    Definition::of("satisfaction", name, "survey", component)
}

const fn performance(name: &'static str, family: &'static str, component: &'static str) -> Definition {
    Definition::of("performance", name, family, component)
}

const fn activity(name: &'static str, family: &'static str, component: &'static str) -> Definition {
    Definition::of("activity", name, family, component)
}

const fn communication(name: &'static str, family: &'static str, component: &'static str) -> Definition {
    Definition::of("communication", name, family, component)
}

const fn efficiency(name: &'static str, family: &'static str, component: &'static str) -> Definition {
    Definition::of("efficiency", name, family, component)
}

/// In the order of the answers.
pub(super) const DEFINITIONS: [Definition; 32] = [
    satisfaction("nps_score", "net_promoters").share_of_answers(),
    satisfaction("satisfaction_rating", "rating").answered(2, Some(1)),
    satisfaction("burnout_percentage", "burned_out").share_of_answers(),
    satisfaction("response_count", "responses"),
    satisfaction("response_rate", "responses").divided(PERCENT, Fives).from(INVITED),
    performance("deployment_frequency", "deployment", "deployments")
        .divided(Formula::ADay, Decimals(3))
        .showing_parts(),
    performance("lead_time_hours", "lead_time", "lead_time").hours().showing_parts(),
    performance("change_failure_rate", "deployment", "failed_deployments").share().from(EVENTS),
    performance("mttr_minutes", "incident", "recovery")
        .divided(Formula::Median { unit: MINUTE }, TwoDigits)
        .from(EVENTS),
    performance("build_success_rate", "build", "builds").share().from(EVENTS),
    performance("test_coverage", "build", "covered_lines").share(),
    performance("deployment_rework_rate", "deployment", "rework").share().from(EVENTS),
    performance("open_incidents", "incident", "open_incidents"),
    activity("commits_count", "commit", "commits"),
    activity("pull_requests_count", "change", "merged_changes"),
    activity("code_reviews_count", "review", "reviews"),
    activity("active_developers_count", "active", "active_people").divided(Formula::AWeek, Decimals(1)),
    activity("ai_tool_adoption_rate", "usage", "ai_users").divided(PERCENT, TwoDigits),
    activity("platform_usage_count", "usage", "platform_uses"),
    activity("active_share", "active", "active_share").divided(PERCENT, TwoDigits),
    communication("avg_review_time_hours", "change", "review_time").hours().showing_parts(),
    communication("pr_comments_avg", "change", "review_comments")
        .divided(Formula::Mean { times: 1, unit: 1 }, Decimals(2))
        .showing_parts(),
    communication("cross_team_prs", "change", "cross_team_changes"),
    communication("mattermost_messages", "usage", "messages"),
    communication("constructive_feedback_rate", "survey", "constructive_feedback").share_of_answers(),
    communication("unreviewed_merge_rate", "change", "unreviewed_merges").share(),
    efficiency("flow_state_days", "survey", "flow_days").answered(2, Some(1)),
    efficiency("valuable_work_percentage", "survey", "valuable_work").answered(1, None),
    efficiency("friction_incidents", "friction", "friction_reports"),
    efficiency("context_switches", "survey", "context_switches").answered(2, Some(1)),
    efficiency("cognitive_load_avg", "survey", "cognitive_load").answered(2, Some(1)),
    efficiency("friction_per_100_devs_30d", "friction", "friction_reports").divided(A_MONTH_OF_A_HUNDRED, TwoDigits),
];
