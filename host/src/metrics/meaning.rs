//! What each metric tells, in which unit and between which bounds: for those who read the answers.

use crate::model::Metric;

/// How its value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Whole,
    Decimal,
}

/// A metric in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    pub text: &'static str,
    pub unit: &'static str,
    pub form: Form,
    pub least: i32,
    pub most: Option<i32>,
}

impl Meaning {
    pub const fn of(metric: Metric) -> Self {
        match metric {
            Metric::NpsScore => Self {
                least: -100,
                ..scale("The share of answers of 9 and 10 less the share of 0 to 6", "points", 100)
            },
            Metric::SatisfactionRating => {
                Self { least: 1, ..scale("The mean rating", "points, 1 is the worst and 5 the best", 5) }
            }
            Metric::BurnoutPercentage => percent("Respondents who agree that they feel burned out from their work"),
            Metric::ResponseCount => count("Answers to surveys that ended in the window", "answers"),
            Metric::DeploymentFrequency => number("Successful production deployments", "a day"),
            Metric::LeadTimeHours => {
                number("The mean time from a change's first commit until it runs in production", "hours")
            }
            Metric::ChangeFailureRate => percent("Successful production deployments that caused a failure"),
            Metric::MttrMinutes => {
                number("The median time from a deployment that caused a failure until that is resolved", "minutes")
            }
            Metric::BuildSuccessRate => percent("Finished builds of default branches that succeeded"),
            Metric::TestCoverage => percent("Lines that tests reach in the last builds of the window"),
            Metric::CommitsCount => count("Commits landed on default branches, without merges", "commits"),
            Metric::PullRequestsCount => count("Changes merged", "changes"),
            Metric::CodeReviewsCount => {
                count("Reviewers of changes by somebody else, each counted once a change", "reviews")
            }
            Metric::ActiveDevelopersCount => number(
                "The mean over the weeks of the distinct people with a commit, a merged change or a review, floored to fives",
                "people",
            ),
            Metric::AiToolAdoptionRate => percent("People who used an AI tool, week by week"),
            Metric::PlatformUsageCount => count("Uses of the tools that are configured as platform tools", "uses"),
            Metric::AvgReviewTimeHours => {
                number("The mean time from ready to the first review by somebody else, of merged changes", "hours")
            }
            Metric::PrCommentsAvg => number("The mean of review comments on merged changes", "comments a change"),
            Metric::CrossTeamPrs => count("Changes merged into a repository that another team owns", "changes"),
            Metric::MattermostMessages => count("Messages of people in public channels", "messages"),
            Metric::ConstructiveFeedbackRate => percent("Respondents who call the feedback in reviews constructive"),
            Metric::FlowStateDays => scale("The mean of days with deep, undisturbed work", "days a week", 7),
            Metric::ValuableWorkPercentage => percent("The mean share of work that respondents call valuable"),
            Metric::FrictionIncidents => count("Friction that was reported", "reports"),
            Metric::ContextSwitches => number("The mean of context switches that respondents tell", "a day"),
            Metric::CognitiveLoadAvg => {
                Self { least: 1, ..scale("The mean cognitive load", "points, 1 is light and 5 overwhelming", 5) }
            }
        }
    }
}

const fn count(text: &'static str, unit: &'static str) -> Meaning {
    Meaning { text, unit, form: Form::Whole, least: 0, most: None }
}

const fn number(text: &'static str, unit: &'static str) -> Meaning {
    Meaning { text, unit, form: Form::Decimal, least: 0, most: None }
}

const fn scale(text: &'static str, unit: &'static str, most: i32) -> Meaning {
    Meaning { text, unit, form: Form::Decimal, least: 0, most: Some(most) }
}

const fn percent(text: &'static str) -> Meaning {
    scale(text, "percent", 100)
}
