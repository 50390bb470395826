//! Which components each metric is computed from, how, and how exactly it may be told.

use super::figure::Precision;
use crate::model::{Component, Family, Metric};

/// What is done with the sums over a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Formula {
    /// Σ total.
    Sum,
    /// Σ total over the days of the weeks that were told.
    PerDay,
    /// Σ total over the weeks that were told.
    PerWeek,
    /// Σ total over Σ count.
    Mean,
    /// The middle of all observations.
    Median,
}

/// Which atoms a window takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    /// Those that lie in it wholly.
    Whole,
    /// Of these the newest one of each team: what is, not what happened.
    Newest,
    /// Those that end in it.
    Ending,
    /// The same; where there is none, the newest that ends at most so many weeks before the window's end.
    Carried(i32),
}

/// What is told less exactly under twenty answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FewAnswers(pub(super) Precision);

/// How a metric is computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) component: Component,
    pub(super) formula: Formula,
    pub(super) window: Window,
    /// What the quotient is multiplied with, and divided by: its unit.
    pub(super) times: i128,
    pub(super) over: i128,
    pub(super) precision: Precision,
    pub(super) few_answers: Option<FewAnswers>,
    /// Fewest observations that a figure is told from.
    pub(super) least: i64,
    /// Whether what is above and below the line may be told; never where it counts people.
    pub(super) tells_parts: bool,
    /// Fewest observations that p50, p75 and p90 are told from, where there are percentiles.
    pub(super) percentiles: Option<[i64; 3]>,
}

/// The p50, p75 and p90 of people's work.
const OF_PEOPLE: [i64; 3] = [10, 20, 50];
/// The same of machines.
const OF_SYSTEMS: [i64; 3] = [5; 3];
const FEWEST_EVENTS: i64 = 5;
const FEWEST_INVITED: i64 = 40;
/// Under so many answers ratings are told to a tenth, percentages and scores to five.
pub(super) const FEW_ANSWERS: i64 = 20;
/// A score of a survey that is held every quarter holds until the next.
const WEEKS_CARRIED: i32 = 13;

const SECONDS_PER_MINUTE: i128 = 60;
const SECONDS_PER_HOUR: i128 = 3600;
const HUNDREDTHS: i128 = 100;

pub(super) const fn recipe(metric: Metric) -> Recipe {
    use Component as C;
    use Precision::{Decimals, Fives, TwoDigits};
    match metric {
        Metric::NpsScore => {
            Recipe { window: Window::Carried(WEEKS_CARRIED), ..percent(C::NetPromoters).answered(Fives) }
        }
        Metric::SatisfactionRating => mean(C::Rating).in_units_of(HUNDREDTHS).answered(Decimals(1)),
        Metric::BurnoutPercentage => percent(C::BurnedOut).answered(Fives),
        Metric::ResponseCount => Recipe { window: Window::Ending, ..sum(C::Responses) },
        Metric::ResponseRate => {
            Recipe { precision: Fives, least: FEWEST_INVITED, ..percent(C::Responses).answered(Fives) }
        }
        Metric::DeploymentFrequency => {
            Recipe { formula: Formula::PerDay, precision: Decimals(3), tells_parts: true, ..sum(C::Deployments) }
        }
        Metric::LeadTimeHours => {
            Recipe { percentiles: Some(OF_PEOPLE), ..mean(C::LeadTime).in_units_of(SECONDS_PER_HOUR) }
        }
        Metric::ChangeFailureRate => Recipe { least: FEWEST_EVENTS, ..percent(C::FailedDeployments) },
        Metric::MttrMinutes => Recipe {
            formula: Formula::Median,
            precision: TwoDigits,
            least: FEWEST_EVENTS,
            tells_parts: false,
            percentiles: Some(OF_SYSTEMS),
            ..mean(C::Recovery).in_units_of(SECONDS_PER_MINUTE)
        },
        Metric::BuildSuccessRate => Recipe { least: FEWEST_EVENTS, ..percent(C::Builds) },
        Metric::TestCoverage => Recipe { window: Window::Newest, ..percent(C::CoveredLines) },
        Metric::DeploymentReworkRate => Recipe { least: FEWEST_EVENTS, ..percent(C::Rework) },
        Metric::OpenIncidents => Recipe { window: Window::Newest, ..sum(C::OpenIncidents) },
        Metric::CommitsCount => sum(C::Commits),
        Metric::PullRequestsCount => sum(C::MergedChanges),
        Metric::CodeReviewsCount => sum(C::Reviews),
        Metric::ActiveDevelopersCount => {
            Recipe { formula: Formula::PerWeek, precision: Decimals(1), ..sum(C::ActivePeople) }
        }
        Metric::ActiveShare => percent(C::ActiveShare).of_the_roster(),
        Metric::AiToolAdoptionRate => Recipe { tells_parts: false, ..percent(C::AiUsers) },
        Metric::PlatformUsageCount => sum(C::PlatformUses),
        Metric::AvgReviewTimeHours => {
            Recipe { percentiles: Some(OF_PEOPLE), ..mean(C::ReviewTime).in_units_of(SECONDS_PER_HOUR) }
        }
        Metric::PrCommentsAvg => mean(C::ReviewComments),
        Metric::CrossTeamPrs => sum(C::CrossTeamChanges),
        Metric::MattermostMessages => sum(C::Messages),
        Metric::ConstructiveFeedbackRate => percent(C::ConstructiveFeedback).answered(Fives),
        Metric::UnreviewedMergeRate => percent(C::UnreviewedMerges),
        Metric::FlowStateDays => mean(C::FlowDays).in_units_of(HUNDREDTHS).answered(Decimals(1)),
        Metric::ValuableWorkPercentage => {
            Recipe { precision: Decimals(1), ..mean(C::ValuableWork).in_units_of(HUNDREDTHS).answered(Fives) }
        }
        Metric::FrictionIncidents => sum(C::FrictionReports),
        Metric::ContextSwitches => mean(C::ContextSwitches).in_units_of(HUNDREDTHS).answered(Decimals(1)),
        Metric::CognitiveLoadAvg => mean(C::CognitiveLoad).in_units_of(HUNDREDTHS).answered(Decimals(1)),
        // Of a hundred people and thirty days; what is below the line are the weeks of people.
        Metric::FrictionPer100Devs30d => {
            Recipe { times: 100 * 30, over: 7, ..mean(C::FrictionReports).of_the_roster() }
        }
    }
}

/// To be made into a recipe of its own.
pub(super) const ANY: Recipe = sum(Component::Commits);

/// What stands in for a metric where the source had counted itself.
pub(super) const fn tallied(metric: Metric) -> Option<Recipe> {
    match metric {
        Metric::MattermostMessages => Some(sum(Component::TalliedMessages)),
        Metric::AiToolAdoptionRate => Some(Recipe { tells_parts: false, ..percent(Component::TalliedAiUsers) }),
        _ => None,
    }
}

const fn sum(component: Component) -> Recipe {
    Recipe {
        component,
        formula: Formula::Sum,
        window: Window::Whole,
        times: 1,
        over: 1,
        precision: Precision::Decimals(0),
        few_answers: None,
        least: 1,
        tells_parts: false,
        percentiles: None,
    }
}

const fn mean(component: Component) -> Recipe {
    Recipe { formula: Formula::Mean, precision: Precision::Decimals(2), tells_parts: true, ..sum(component) }
}

const fn percent(component: Component) -> Recipe {
    Recipe { times: 100, precision: Precision::Decimals(1), ..mean(component) }
}

impl Recipe {
    const fn in_units_of(self, over: i128) -> Self {
        Self { over, ..self }
    }

    /// By people who were asked.
    const fn answered(self, few: Precision) -> Self {
        Self { window: Window::Ending, few_answers: Some(FewAnswers(few)), tells_parts: false, ..self }
    }

    /// What is below the line are people.
    const fn of_the_roster(self) -> Self {
        Self { precision: Precision::TwoDigits, tells_parts: false, ..self }
    }

    pub(super) const fn family(&self) -> Family {
        self.component.family()
    }

    /// Whether it says nothing of nothing.
    pub(super) const fn needs_count(&self) -> bool {
        matches!(self.formula, Formula::Mean | Formula::Median)
    }
}

/// Whether a family's facts may come without what the component counts: a tool that nobody uses, a question that is never asked.
pub(super) const fn may_be_unknown(component: Component) -> bool {
    use Component as C;
    matches!(
        component,
        C::ReviewComments
            | C::CoveredLines
            | C::FailedDeployments
            | C::AiUsers
            | C::PlatformUses
            | C::Messages
            | C::TalliedMessages
            | C::TalliedAiUsers
    ) || matches!(component.family(), Family::Survey)
}
