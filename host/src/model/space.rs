//! The five dimensions, their metrics under the names that clients rely on, and why a value may be missing.

use serde::{Serialize, Serializer};

/// A dimension of SPACE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    Satisfaction,
    Performance,
    Activity,
    Communication,
    Efficiency,
}

impl Dimension {
    pub const ALL: [Dimension; 5] = [
        Dimension::Satisfaction,
        Dimension::Performance,
        Dimension::Activity,
        Dimension::Communication,
        Dimension::Efficiency,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Dimension::Satisfaction => "satisfaction",
            Dimension::Performance => "performance",
            Dimension::Activity => "activity",
            Dimension::Communication => "communication",
            Dimension::Efficiency => "efficiency",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == name)
    }

    /// Its fields, in the order of the answer.
    pub const fn metrics(self) -> &'static [Metric] {
        use Metric::*;
        match self {
            Dimension::Satisfaction => &[NpsScore, SatisfactionRating, BurnoutPercentage, ResponseCount],
            Dimension::Performance => {
                &[DeploymentFrequency, LeadTimeHours, ChangeFailureRate, MttrMinutes, BuildSuccessRate, TestCoverage]
            }
            Dimension::Activity => &[
                CommitsCount,
                PullRequestsCount,
                CodeReviewsCount,
                ActiveDevelopersCount,
                AiToolAdoptionRate,
                PlatformUsageCount,
            ],
            Dimension::Communication => {
                &[AvgReviewTimeHours, PrCommentsAvg, CrossTeamPrs, MattermostMessages, ConstructiveFeedbackRate]
            }
            Dimension::Efficiency => {
                &[FlowStateDays, ValuableWorkPercentage, FrictionIncidents, ContextSwitches, CognitiveLoadAvg]
            }
        }
    }
}

macro_rules! metrics {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A field of an answer; its unit is in its name or in the catalogue of metrics.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($variant),+ }

        impl Metric {
            pub const fn as_str(self) -> &'static str {
                match self { $(Metric::$variant => $name),+ }
            }
        }
    };
}

metrics! {
    NpsScore = "nps_score",
    SatisfactionRating = "satisfaction_rating",
    BurnoutPercentage = "burnout_percentage",
    ResponseCount = "response_count",
    DeploymentFrequency = "deployment_frequency",
    LeadTimeHours = "lead_time_hours",
    ChangeFailureRate = "change_failure_rate",
    MttrMinutes = "mttr_minutes",
    BuildSuccessRate = "build_success_rate",
    TestCoverage = "test_coverage",
    CommitsCount = "commits_count",
    PullRequestsCount = "pull_requests_count",
    CodeReviewsCount = "code_reviews_count",
    ActiveDevelopersCount = "active_developers_count",
    AiToolAdoptionRate = "ai_tool_adoption_rate",
    PlatformUsageCount = "platform_usage_count",
    AvgReviewTimeHours = "avg_review_time_hours",
    PrCommentsAvg = "pr_comments_avg",
    CrossTeamPrs = "cross_team_prs",
    MattermostMessages = "mattermost_messages",
    ConstructiveFeedbackRate = "constructive_feedback_rate",
    FlowStateDays = "flow_state_days",
    ValuableWorkPercentage = "valuable_work_percentage",
    FrictionIncidents = "friction_incidents",
    ContextSwitches = "context_switches",
    CognitiveLoadAvg = "cognitive_load_avg",
}

/// Why a field is null. `Suppressed` never says which privacy rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// No configured source brings the facts it rests on.
    NoSource,
    /// Nothing is released for the window yet.
    NotCovered,
    /// Released without numbers, to protect people.
    Suppressed,
    /// The window holds no whole week.
    WindowTooShort,
    /// Too few dimensions are known for a score.
    InsufficientData,
}

impl Withheld {
    /// Those that a metric may have; the last is of scores alone.
    pub const OF_METRICS: [Withheld; 4] =
        [Withheld::NoSource, Withheld::NotCovered, Withheld::Suppressed, Withheld::WindowTooShort];

    pub const fn as_str(self) -> &'static str {
        match self {
            Withheld::NoSource => "no_source",
            Withheld::NotCovered => "not_covered",
            Withheld::Suppressed => "suppressed",
            Withheld::WindowTooShort => "window_too_short",
            Withheld::InsufficientData => "insufficient_data",
        }
    }

    /// What it tells, in a sentence for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Withheld::NoSource => "no configured source brings what it rests on",
            Withheld::NotCovered => "nothing is released for the window yet",
            Withheld::Suppressed => "released without numbers, to protect people; it never says more",
            Withheld::WindowTooShort => "the window holds no whole week",
            Withheld::InsufficientData => "too few dimensions are known",
        }
    }
}

impl Serialize for Withheld {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
