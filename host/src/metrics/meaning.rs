//! What each metric tells, how it is computed, in which unit and between which bounds: for those who read the answers.

use super::catalogue;
use crate::model::{FactKind, Family, Metric};

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
    /// What is added up, and what that is divided by.
    pub formula: &'static str,
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
                ..scale(
                    "How many would recommend working here, less how many would not",
                    "100 × (answers of 9 and 10 less answers of 0 to 6) / all answers, from 0 to 10",
                    "points",
                    100,
                )
            },
            Metric::SatisfactionRating => Self {
                least: 1,
                ..scale(
                    "The mean rating of satisfaction",
                    "Σ ratings / their number",
                    "points, 1 is the worst and 5 the best",
                    5,
                )
            },
            Metric::BurnoutPercentage => percent(
                "Respondents who agree that they feel burned out from their work",
                "100 × answers of 4 and 5 / all answers, from 1 to 5",
            ),
            Metric::ResponseCount => count(
                "Answers to surveys that ended in the window, in each of them and each team rounded down to fives",
                "Σ answers",
                "answers",
            ),
            Metric::ResponseRate => {
                percent("How many of those who were invited answered", "100 × answers / invited, where that is known")
            }
            Metric::DeploymentFrequency => number(
                "Successful deployments to production, roll-backs apart",
                "Σ deployments / days of the weeks that were told",
                "a day",
            ),
            Metric::LeadTimeHours => number(
                "The mean time from a change's first commit (or its opening, if that is earlier) until it runs in production",
                "Σ hours / changes that first ran in production in the window",
                "hours",
            ),
            Metric::ChangeFailureRate => percent(
                "Successful deployments to production that caused a failure: an incident, or that they were rolled back",
                "100 × deployments that caused a failure / deployments",
            ),
            Metric::MttrMinutes => number(
                "The median time from the finish of a deployment that caused a failure until that is resolved",
                "the middle of all recoveries of the window, give or take a tenth",
                "minutes",
            ),
            Metric::BuildSuccessRate => percent(
                "Builds of default branches that succeeded; what was aborted or not built is no build",
                "100 × successes / (successes + failures + unstable builds)",
            ),
            Metric::TestCoverage => percent(
                "Lines that tests reach in the newest build of each pipeline at the end of the window's last span",
                "100 × Σ covered lines / Σ lines",
            ),
            Metric::DeploymentReworkRate => percent(
                "Successful deployments to production that were unplanned or rolled something back",
                "100 × unplanned deployments and roll-backs / deployments",
            ),
            Metric::OpenIncidents => {
                count("Incidents that were open at the end of the window's last span", "Σ open incidents", "incidents")
            }
            Metric::CommitsCount => count(
                "Commits landed on default branches, without merges; where changes are squashed that is one a change",
                "Σ commits",
                "commits",
            ),
            Metric::PullRequestsCount => count("Changes merged", "Σ merged changes", "changes"),
            Metric::CodeReviewsCount => count(
                "Reviewers of changes by somebody else, each counted once a change, in the week of the first review",
                "Σ pairs of a reviewer and a change",
                "reviews",
            ),
            Metric::ActiveDevelopersCount => number(
                "The mean over the weeks of the distinct people with a commit, a merged change or a review, floored to fives",
                "Σ people of each span × its weeks / weeks that were told",
                "people",
            ),
            Metric::ActiveShare => percent(
                "The same people, as a share of the roster",
                "100 × Σ people of each span × its weeks / Σ roster × weeks",
            ),
            Metric::AiToolAdoptionRate => percent(
                "People who used an AI tool, week by week",
                "100 × Σ weeks of people with use / Σ weeks of the roster, or the same of a source's own tallies",
            ),
            Metric::PlatformUsageCount => {
                count("Uses of the tools that are configured as platform tools", "Σ uses", "uses")
            }
            Metric::AvgReviewTimeHours => number(
                "The mean time from ready (or opened) to the first review by somebody else, of merged changes that had one",
                "Σ hours / reviewed changes",
                "hours",
            ),
            Metric::PrCommentsAvg => number(
                "The mean of review comments on merged changes, those without any included",
                "Σ comments / merged changes",
                "comments a change",
            ),
            Metric::CrossTeamPrs => {
                count("Changes merged into a repository that another team owns", "Σ such changes", "changes")
            }
            Metric::MattermostMessages => count(
                "Messages of people in public channels; where the source had counted itself, machines' are among them",
                "Σ messages",
                "messages",
            ),
            Metric::ConstructiveFeedbackRate => percent(
                "Respondents who call the feedback in reviews constructive",
                "100 × answers of 4 and 5 / all answers, from 1 to 5",
            ),
            Metric::UnreviewedMergeRate => percent(
                "Merged changes that nobody but their author reviewed",
                "100 × changes without a review / merged changes",
            ),
            Metric::FlowStateDays => scale(
                "The mean of days with deep, undisturbed work, as respondents tell",
                "Σ days / answers",
                "days a week",
                7,
            ),
            Metric::ValuableWorkPercentage => {
                percent("The mean share of work that respondents call valuable", "Σ percent / answers")
            }
            Metric::FrictionIncidents => count("Friction that was reported", "Σ reports", "reports"),
            Metric::ContextSwitches => {
                number("The mean of context switches, as respondents tell", "Σ switches / answers", "a day")
            }
            Metric::CognitiveLoadAvg => Self {
                least: 1,
                ..scale(
                    "The mean cognitive load, as respondents tell",
                    "Σ points / answers",
                    "points, 1 is light and 5 overwhelming",
                    5,
                )
            },
            Metric::FrictionPer100Devs30d => number(
                "Friction that was reported, by the size of the roster",
                "Σ reports × 100 × 30 / days of the roster's people",
                "reports of a hundred people in thirty days",
            ),
        }
    }
}

/// What a metric is computed from, and what protects the people behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protection {
    pub family: Family,
    /// The rules, each a sentence.
    pub rules: &'static [&'static str],
}

const FIVE_PEOPLE: &str = "It is told of whole weeks of a team where at least five people are on the roster and at least five took part in \
                           every role, and as many did not where the figure is a part of a whole; else it is withheld.";
const NO_ONE_OUTWEIGHS: &str =
    "It is withheld where one or two people make up nearly all of it, or where it would tell that everybody is alike.";
const TWO_DIGITS: &str = "Where one of its parts may not be told it is told to two digits, and alone.";
const FLOORED: &str = "People are rounded down to fives, and how many are on the roster is never told.";
const FEW_ANSWERS: &str = "Under twenty answers ratings are told to a tenth, percentages and scores to five; how many gave an answer is never told.";
const FIVE_EVENTS: &str = "A rate and a median are told from five events on.";
const SHARED_VERDICT: &str = "No person is in it; a team's figure is told where its merged changes are told.";
/// Where `privacy.daily_system` is on.
pub(super) const DAYS: &str = "`privacy.daily_system` is on: `24h` tells it of the last day that was released, of the whole organization; what of it is a \
                               withheld team's may be estimated.";
const TEN_REPORTS: &str = "It is told from ten reports on, and categories with too few are put together.";
const ORGANIZATION: &str = "It was counted by the source, and is told of the whole organization alone.";
const INVITED: &str = "It is told from forty people who were invited on, to five percent.";
const PERCENTILES: &str =
    "Percentiles are told from 10 (p50), 20 (p75) and 50 (p90) observations, and where enough people lie beyond.";

impl Protection {
    pub fn of(metric: Metric) -> Self {
        let family = catalogue::recipe(metric).family();
        Self { family, rules: rules(metric, family) }
    }

    /// The kinds of fact that it is computed from.
    pub fn kinds(&self) -> impl Iterator<Item = FactKind> {
        self.family.rests_on()
    }
}

const fn rules(metric: Metric, family: Family) -> &'static [&'static str] {
    match (metric, family) {
        (Metric::ResponseRate, _) => &[FIVE_PEOPLE, FLOORED, INVITED],
        (Metric::ResponseCount, _) => &[FIVE_PEOPLE, FLOORED],
        (Metric::AvgReviewTimeHours | Metric::LeadTimeHours, _) => {
            &[FIVE_PEOPLE, NO_ONE_OUTWEIGHS, TWO_DIGITS, PERCENTILES]
        }
        (_, Family::Active) => &[FIVE_PEOPLE, NO_ONE_OUTWEIGHS, FLOORED],
        (_, Family::Build | Family::Deployment | Family::Incident) => &[SHARED_VERDICT, FIVE_EVENTS],
        (_, Family::Survey) => &[FIVE_PEOPLE, NO_ONE_OUTWEIGHS, FEW_ANSWERS],
        (_, Family::Friction) => &[TEN_REPORTS, FLOORED],
        (_, Family::Tally) => &[ORGANIZATION],
        _ => &[FIVE_PEOPLE, NO_ONE_OUTWEIGHS, TWO_DIGITS],
    }
}

const fn count(text: &'static str, formula: &'static str, unit: &'static str) -> Meaning {
    Meaning { text, formula, unit, form: Form::Whole, least: 0, most: None }
}

const fn number(text: &'static str, formula: &'static str, unit: &'static str) -> Meaning {
    Meaning { form: Form::Decimal, ..count(text, formula, unit) }
}

const fn scale(text: &'static str, formula: &'static str, unit: &'static str, most: i32) -> Meaning {
    Meaning { most: Some(most), ..number(text, formula, unit) }
}

const fn percent(text: &'static str, formula: &'static str) -> Meaning {
    scale(text, formula, "percent", 100)
}
