//! Released atoms: one family of metrics, one cell, whole weeks. Every answer is a function of these.

use std::collections::BTreeMap;

use super::{FactKind, Histogram, Pseudonym, TeamName, Week, Word};

/// Whose facts a family counts, and so which cells it is released in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Somebody's work: it lies in the cell of their team.
    People,
    /// What a team runs or says: it lies in the team's cell, and in the organization's where no team is named.
    Teams,
    /// What nobody and no team is named in.
    Organization,
}

macro_rules! families {
    ($($(#[$doc:meta])* $family:ident = $name:literal, $about:ident, needs [$($needs:ident),+], awaits [$($awaits:ident),*];)+) => {
        /// Metrics that rest on the same facts and are released together.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Family {
            $($(#[$doc])* $family,)+
        }

        impl Family {
            pub const ALL: [Family; [$($name),+].len()] = [$(Family::$family),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Family::$family => $name,)+ }
            }

            pub const fn about(self) -> About {
                match self { $(Family::$family => About::$about,)+ }
            }

            /// The kinds of fact without which it says nothing.
            pub const fn needs(self) -> &'static [FactKind] {
                match self { $(Family::$family => &[$(FactKind::$needs),+],)+ }
            }

            /// Further kinds that are waited for where a source brings them.
            pub const fn waits_for(self) -> &'static [FactKind] {
                match self { $(Family::$family => &[$(FactKind::$awaits),*],)+ }
            }
        }
    };
}

families! {
    /// Merged changes and how they were reviewed.
    Change = "change", People, needs [Change], awaits [];
    /// Reviews given.
    Review = "review", People, needs [Review], awaits [];
    /// Commits that landed. Their verdict is that of the changes.
    Commit = "commit", People, needs [Change, Commit], awaits [];
    /// Distinct people with any of these.
    Active = "active", People, needs [Change, Review, Commit], awaits [];
    /// From a change's beginning until it runs in production.
    LeadTime = "lead_time", People, needs [Change, Deployment], awaits [Commit];
    /// Builds of default branches, and what their tests cover.
    Build = "build", Teams, needs [Build], awaits [Change];
    /// Deployments to production, and which of them failed.
    Deployment = "deployment", Teams, needs [Deployment], awaits [Change, Incident];
    /// Incidents and how long recovering took.
    Incident = "incident", Teams, needs [Incident], awaits [Change, Deployment];
    /// People's use of tools.
    Usage = "usage", People, needs [Usage], awaits [];
    /// What sources had counted themselves.
    Tally = "tally", Organization, needs [Tally], awaits [];
    /// Answers of surveys.
    Survey = "survey", Teams, needs [SurveyResponse], awaits [];
    /// Friction that was reported.
    Friction = "friction", Teams, needs [Friction], awaits [];
    /// Plugins' own metrics.
    Sample = "sample", Organization, needs [Sample], awaits [];
}

impl Family {
    /// Of what runs: no person is in them.
    pub const OF_SYSTEMS: [Family; 3] = [Family::Build, Family::Deployment, Family::Incident];

    pub const fn is_of_systems(self) -> bool {
        matches!(self, Family::Build | Family::Deployment | Family::Incident)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.as_str() == name)
    }

    /// Every kind of fact that it is computed from.
    pub fn rests_on(self) -> impl Iterator<Item = FactKind> {
        self.needs().iter().chain(self.waits_for()).copied()
    }
}

macro_rules! components {
    ($($(#[$doc:meta])* $component:ident = $name:literal in $family:ident,)+) => {
        /// A figure that an atom holds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Component {
            $($(#[$doc])* $component,)+
        }

        impl Component {
            pub const ALL: [Component; [$($name),+].len()] = [$(Component::$component),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Component::$component => $name,)+ }
            }

            pub const fn family(self) -> Family {
                match self { $(Component::$component => Family::$family,)+ }
            }
        }
    };
}

components! {
    /// Count of merged changes.
    MergedChanges = "merged_changes" in Change,
    /// Seconds from ready (or opened) to the first review, summed, and how many changes.
    ReviewTime = "review_time" in Change,
    /// Merged changes without a review by somebody else, of all.
    UnreviewedMerges = "unreviewed_merges" in Change,
    /// Review comments, of how many merged changes.
    ReviewComments = "review_comments" in Change,
    /// Count of merged changes in another team's repository.
    CrossTeamChanges = "cross_team_changes" in Change,
    /// Count of distinct (reviewer, change) pairs.
    Reviews = "reviews" in Review,
    /// Count of commits with at most one parent.
    Commits = "commits" in Commit,
    /// Distinct people, rounded down to a multiple of five, times the weeks of the span; and those weeks.
    ActivePeople = "active_people" in Active,
    /// The same, of the roster times those weeks.
    ActiveShare = "active_share" in Active,
    /// Seconds from a change's first commit (or opening) until it runs in production, summed, and how many changes.
    LeadTime = "lead_time" in LeadTime,
    /// Builds that succeeded, of those that came to a result.
    Builds = "builds" in Build,
    /// Lines that tests cover, of all, by the newest builds at the span's end.
    CoveredLines = "covered_lines" in Build,
    /// Count of successful production deployments, roll-backs apart.
    Deployments = "deployments" in Deployment,
    /// Days with a deployment, summed over services, and the days of all services.
    DeploymentDays = "deployment_days" in Deployment,
    /// Successful production deployments that caused a failure, of all.
    FailedDeployments = "failed_deployments" in Deployment,
    /// Successful production deployments that were unplanned or roll back, of all.
    Rework = "rework" in Deployment,
    /// Seconds from a deployment's finish until the failure that it caused was resolved, summed, and how many.
    Recovery = "recovery" in Incident,
    /// Count of incidents that were open at the span's end.
    OpenIncidents = "open_incidents" in Incident,
    /// Person-weeks with use of an AI tool, of those of the roster.
    AiUsers = "ai_users" in Usage,
    /// Count of uses of the platform's tools.
    PlatformUses = "platform_uses" in Usage,
    /// Count of people's messages.
    Messages = "messages" in Usage,
    /// Count of messages as a source tallies them, bots' included.
    TalliedMessages = "tallied_messages" in Tally,
    /// People with use of an AI tool as a source tallies them, of those who could.
    TalliedAiUsers = "tallied_ai_users" in Tally,
    /// Answers, rounded down to a multiple of five; and the people who were invited, where that is known.
    Responses = "responses" in Survey,
    /// Promoters less detractors, of all who gave a score.
    NetPromoters = "net_promoters" in Survey,
    /// Ratings in hundredths, summed, and how many. So are the others that are given in hundredths.
    Rating = "rating" in Survey,
    /// Respondents who agree that they feel burned out, of all.
    BurnedOut = "burned_out" in Survey,
    /// Days in hundredths.
    FlowDays = "flow_days" in Survey,
    /// Per cent in hundredths.
    ValuableWork = "valuable_work" in Survey,
    /// Points in hundredths.
    CognitiveLoad = "cognitive_load" in Survey,
    /// Switches a day in hundredths.
    ContextSwitches = "context_switches" in Survey,
    /// Respondents who found feedback in reviews constructive, of all.
    ConstructiveFeedback = "constructive_feedback" in Survey,
    /// Count of reports, and person-weeks of the roster. With a facet: of that category.
    FrictionReports = "friction_reports" in Friction,
    /// A plugin's own metric, in thousandths, and how many samples. The facet names it.
    SampleValue = "sample_value" in Sample,
}

impl Component {
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|component| component.as_str() == name)
    }
}

/// Whether the parts of a rate may be told beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Parts {
    Told,
    /// One part rests on too few people: the rate is served alone, to two digits.
    Hidden,
}

/// A sum over observations and their number; a plain count has `total == count`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Measure {
    pub total: i64,
    pub count: i64,
    pub parts: Parts,
    /// How the observations lie, where percentiles of them may be told.
    pub histogram: Option<Histogram>,
}

impl Measure {
    pub fn count(count: i64) -> Self {
        Self::of(count, count)
    }

    /// Parts that may be told.
    pub fn of(total: i64, count: i64) -> Self {
        Self { total, count, parts: Parts::Told, histogram: None }
    }
}

/// Whole weeks of one cell: a team, a pool of small teams, the people without a team, or the organization.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The team's name, the pool's members joined by `+`, `unassigned` or `organization`.
    pub cell: String,
    /// The teams in it; none for the last two.
    pub teams: Vec<TeamName>,
    pub start: Week,
    /// 1 to 13.
    pub weeks: i32,
    /// False: too few people on the roster, or too few weeks left in the epoch. It is released without numbers.
    pub admitted: bool,
}

impl Span {
    /// The people without a team.
    pub const UNASSIGNED: &str = "unassigned";
    /// What no team is named in. It is not the sum of the others.
    pub const ORGANIZATION: &str = "organization";

    /// The first week after it.
    pub fn end(&self) -> Week {
        self.start.plus(self.weeks)
    }

    pub fn contains(&self, week: Week) -> bool {
        self.start <= week && week < self.end()
    }

    /// Whether a family is released in its cell.
    pub fn takes(&self, family: Family) -> bool {
        match family.about() {
            About::People => self.cell != Self::ORGANIZATION,
            About::Teams => self.cell != Self::UNASSIGNED,
            About::Organization => self.cell == Self::ORGANIZATION,
        }
    }

    /// Whether what a team runs or says lies in it.
    pub fn holds(&self, team: Option<&TeamName>) -> bool {
        team.map_or(self.cell == Self::ORGANIZATION, |team| self.teams.contains(team))
    }
}

/// Whose facts of a kind in a week were released.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bearer {
    Account(Pseudonym),
    Team(TeamName),
    /// Nobody known, or no team.
    Nobody,
}

/// A bearer's facts of one kind in one week were released in a cell, and stay there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    pub week: Week,
    pub kind: FactKind,
    pub bearer: Bearer,
    pub cell: String,
}

/// What was released, once, about one family in one span. A withheld atom holds no numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Atom {
    pub span: Span,
    pub family: Family,
    /// The survey's instrument, the category of friction or the plugin's metric that it is about.
    pub facet: Option<Word>,
    /// Absent: this component was withheld.
    pub measures: BTreeMap<Component, Measure>,
}

impl Atom {
    /// Where the newest of them ends.
    pub fn newest_end(atoms: &[Atom]) -> Option<Week> {
        atoms.iter().map(|atom| atom.span.end()).max()
    }
}
