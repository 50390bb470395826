//! What a release reads: the facts of the weeks that are due, and the earlier ones that they join with.

use std::collections::BTreeSet;

use super::delivery::{Deliveries, MOST_WEEKS_BACK};
use crate::model::{
    Bearer, Calendar, CountedUse, FactKind, Family, FinishedBuild, FinishedDeployment, GivenAnswer, GivenReview,
    KnownIncident, LandedCommit, MergedChange, Pseudonym, ReportedFriction, TakenSample, TakenTally, TeamName, Week,
};
use crate::store::{Releasing, StoreError, Weeks};

#[derive(Debug, Default)]
pub struct Facts {
    pub changes: Vec<MergedChange>,
    /// Earlier ones of changes that were reviewed or merged in these weeks, too.
    pub reviews: Vec<GivenReview>,
    pub commits: Vec<LandedCommit>,
    /// Changes that came into production in these weeks, whenever they were merged.
    pub deliveries: Deliveries,
    /// Earlier ones too, for what their pipelines cover.
    pub builds: Vec<FinishedBuild>,
    /// Earlier ones too, and those of the week after, for what incidents were caused by.
    pub deployments: Vec<FinishedDeployment>,
    /// Earlier ones, and those of the week after, which may have been caused in these weeks.
    pub incidents: Vec<KnownIncident>,
    pub uses: Vec<CountedUse>,
    pub tallies: Vec<TakenTally>,
    pub answers: Vec<GivenAnswer>,
    pub friction: Vec<ReportedFriction>,
    pub samples: Vec<TakenSample>,
}

impl Facts {
    /// Reads what these families need of these weeks.
    pub(super) async fn load(
        releasing: &mut Releasing,
        weeks: &Weeks,
        families: &BTreeSet<Family>,
        calendar: &Calendar,
    ) -> Result<Self, StoreError> {
        let mut facts = Self::default();
        let any = |wanted: &[Family]| wanted.iter().any(|family| families.contains(family));
        let with_earlier = weeks.start.plus(-MOST_WEEKS_BACK)..weeks.end;
        // An incident of the next day may be blamed on these weeks, or on what was deployed since.
        let with_blamed = with_earlier.start..weeks.end.plus(1);
        if any(&[Family::Change, Family::Review, Family::Commit, Family::Active]) {
            facts.changes = releasing.merged_changes_fetch(weeks).await?;
            facts.reviews = releasing.reviews_fetch(weeks).await?;
            facts.commits = releasing.landed_commits_fetch(weeks).await?;
        }
        if any(&[Family::LeadTime, Family::Deployment, Family::Incident]) {
            facts.deployments = releasing.deployments_fetch(&with_blamed).await?;
        }
        if any(&[Family::LeadTime]) {
            let heads = Deliveries::heads(&facts.deployments);
            let reachable = releasing.reachable_commits_fetch(&heads, &with_earlier).await?;
            let first = Deliveries::first(&facts.deployments, &reachable, weeks);
            let commits: Vec<_> = first.commits().collect();
            facts.deliveries = first.of(releasing.changes_landed_as(&commits).await?);
        }
        if any(&[Family::Build]) {
            facts.builds = releasing.builds_fetch(&with_earlier).await?;
        }
        if any(&[Family::Deployment, Family::Incident]) {
            facts.incidents = releasing.incidents_fetch(&with_blamed).await?;
        }
        if any(&[Family::Usage]) {
            facts.uses = releasing.uses_fetch(weeks).await?;
        }
        if any(&[Family::Tally]) {
            let bounds = (weeks.start.index()..weeks.end.index()).map(Week::from_index);
            let bounds: Vec<_> =
                bounds.map(|week| (week, calendar.start_of(week), calendar.start_of(week.plus(1)))).collect();
            facts.tallies = releasing.tallies_fetch(&bounds).await?;
        }
        if any(&[Family::Survey]) {
            facts.answers = releasing.answers_fetch(weeks).await?;
        }
        if any(&[Family::Friction]) {
            facts.friction = releasing.friction_fetch(weeks).await?;
        }
        if any(&[Family::Sample]) {
            facts.samples = releasing.samples_fetch(weeks).await?;
        }
        Ok(facts)
    }

    /// Whose facts a family tells of: of which kind, and in which weeks. What comes into production is told as its author's change.
    pub(super) fn told_by(&self, family: Family) -> Option<(FactKind, Vec<(Bearer, Week)>)> {
        let account = |account: Option<Pseudonym>| account.map_or(Bearer::Nobody, Bearer::Account);
        let team = |team: &Option<TeamName>| team.clone().map_or(Bearer::Nobody, Bearer::Team);
        Some(match family {
            Family::Change => {
                (FactKind::Change, self.changes.iter().map(|fact| (account(fact.author), fact.week)).collect())
            }
            Family::LeadTime => {
                (FactKind::Change, self.deliveries.iter().map(|fact| (account(fact.author), fact.week)).collect())
            }
            Family::Review => {
                (FactKind::Review, self.reviews.iter().map(|fact| (account(Some(fact.reviewer)), fact.week)).collect())
            }
            Family::Commit => {
                (FactKind::Commit, self.commits.iter().map(|fact| (account(Some(fact.author)), fact.week)).collect())
            }
            Family::Usage => {
                (FactKind::Usage, self.uses.iter().map(|fact| (account(Some(fact.actor)), fact.week)).collect())
            }
            Family::Build => (FactKind::Build, self.builds.iter().map(|fact| (team(&fact.owner), fact.week)).collect()),
            Family::Deployment => {
                (FactKind::Deployment, self.deployments.iter().map(|fact| (team(&fact.owner), fact.week)).collect())
            }
            Family::Incident => {
                (FactKind::Incident, self.incidents.iter().map(|fact| (team(&fact.owner), fact.week)).collect())
            }
            Family::Survey => {
                (FactKind::SurveyResponse, self.answers.iter().map(|fact| (team(&fact.team), fact.week)).collect())
            }
            Family::Friction => {
                (FactKind::Friction, self.friction.iter().map(|fact| (team(&fact.team), fact.week)).collect())
            }
            Family::Tally => (FactKind::Tally, self.tallies.iter().map(|fact| (Bearer::Nobody, fact.week)).collect()),
            Family::Sample => {
                (FactKind::Sample, self.samples.iter().map(|fact| (account(fact.actor), fact.week)).collect())
            }
            // Who was active is told of the others' facts.
            Family::Active => return None,
        })
    }
}
