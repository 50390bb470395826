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

    /// Its fields, in the order of the answer; the last ones are those that the original service did not have.
    pub const fn metrics(self) -> &'static [Metric] {
        use Metric::*;
        match self {
            Dimension::Satisfaction => &[NpsScore, SatisfactionRating, BurnoutPercentage, ResponseCount, ResponseRate],
            Dimension::Performance => &[
                DeploymentFrequency,
                LeadTimeHours,
                ChangeFailureRate,
                MttrMinutes,
                BuildSuccessRate,
                TestCoverage,
                DeploymentReworkRate,
                OpenIncidents,
            ],
            Dimension::Activity => &[
                CommitsCount,
                PullRequestsCount,
                CodeReviewsCount,
                ActiveDevelopersCount,
                AiToolAdoptionRate,
                PlatformUsageCount,
                ActiveShare,
            ],
            Dimension::Communication => &[
                AvgReviewTimeHours,
                PrCommentsAvg,
                CrossTeamPrs,
                MattermostMessages,
                ConstructiveFeedbackRate,
                UnreviewedMergeRate,
            ],
            Dimension::Efficiency => &[
                FlowStateDays,
                ValuableWorkPercentage,
                FrictionIncidents,
                ContextSwitches,
                CognitiveLoadAvg,
                FrictionPer100Devs30d,
            ],
        }
    }

    /// Where a metric is told.
    pub fn of(metric: Metric) -> Self {
        Self::ALL
            .into_iter()
            .find(|dimension| dimension.metrics().contains(&metric))
            .expect("every metric lies in a dimension, as a test holds")
    }
}

macro_rules! metrics {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// A field of an answer; its unit is in its name or in the catalogue of metrics.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Metric { $($variant),+ }

        impl Metric {
            pub const ALL: [Metric; [$($name),+].len()] = [$(Metric::$variant),+];

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
    ResponseRate = "response_rate",
    DeploymentFrequency = "deployment_frequency",
    LeadTimeHours = "lead_time_hours",
    ChangeFailureRate = "change_failure_rate",
    MttrMinutes = "mttr_minutes",
    BuildSuccessRate = "build_success_rate",
    TestCoverage = "test_coverage",
    DeploymentReworkRate = "deployment_rework_rate",
    OpenIncidents = "open_incidents",
    CommitsCount = "commits_count",
    PullRequestsCount = "pull_requests_count",
    CodeReviewsCount = "code_reviews_count",
    ActiveDevelopersCount = "active_developers_count",
    AiToolAdoptionRate = "ai_tool_adoption_rate",
    PlatformUsageCount = "platform_usage_count",
    ActiveShare = "active_share",
    AvgReviewTimeHours = "avg_review_time_hours",
    PrCommentsAvg = "pr_comments_avg",
    CrossTeamPrs = "cross_team_prs",
    MattermostMessages = "mattermost_messages",
    ConstructiveFeedbackRate = "constructive_feedback_rate",
    UnreviewedMergeRate = "unreviewed_merge_rate",
    FlowStateDays = "flow_state_days",
    ValuableWorkPercentage = "valuable_work_percentage",
    FrictionIncidents = "friction_incidents",
    ContextSwitches = "context_switches",
    CognitiveLoadAvg = "cognitive_load_avg",
    FrictionPer100Devs30d = "friction_per_100_devs_30d",
}

impl Metric {
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }
}

impl Serialize for Dimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Metric {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a field is null. `Suppressed` never says which privacy rule fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// No configured source brings the facts it rests on.
    NoSource,
    /// Nothing is released for the window yet.
    NotCovered,
    /// Of what has no people in it: there was nothing to compute it from.
    NoEvents,
    /// Released without numbers, to protect people.
    Suppressed,
    /// The window holds no whole week.
    WindowTooShort,
    /// Too few dimensions are known for a score.
    InsufficientData,
}

impl Withheld {
    /// Those that a metric may have; the last is of scores alone.
    pub const OF_METRICS: [Withheld; 5] =
        [Withheld::NoSource, Withheld::NotCovered, Withheld::NoEvents, Withheld::Suppressed, Withheld::WindowTooShort];

    pub const fn as_str(self) -> &'static str {
        match self {
            Withheld::NoSource => "no_source",
            Withheld::NotCovered => "not_covered",
            Withheld::NoEvents => "no_events",
            Withheld::Suppressed => "suppressed",
            Withheld::WindowTooShort => "window_too_short",
            Withheld::InsufficientData => "insufficient_data",
        }
    }

    /// What it tells, in a sentence for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Withheld::NoSource => "no configured source brings what it rests on, as far as what was released tells",
            Withheld::NotCovered => {
                "nothing is released for the window, or a part of it is missing and the rest is none"
            }
            Withheld::NoEvents => "builds, deployments or incidents that it rests on: there were none",
            Withheld::Suppressed => {
                "released without numbers, to protect people, or a rate of too few events; it never says more"
            }
            Withheld::WindowTooShort => "the window holds no whole week",
            Withheld::InsufficientData => {
                "fewer than three dimensions are known, or none of those that surveys tell of"
            }
        }
    }
}

impl Serialize for Withheld {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_lies_in_exactly_one_dimension() {
        for metric in Metric::ALL {
            let dimensions = Dimension::ALL.into_iter().filter(|dimension| dimension.metrics().contains(&metric));
            assert_eq!(dimensions.count(), 1, "{}", metric.as_str());
            assert_eq!(Metric::from_name(metric.as_str()), Some(metric));
        }
    }
}
