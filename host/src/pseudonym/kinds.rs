//! The kinds of fact beside work on code. What several sources may speak of has a key that all of them share; people never have.

use std::borrow::Cow;

use super::Veil;
use crate::model::{
    Build, Deployment, EntityKey, Incident, Linked, Membership, Pseudonym, RawIdentity, RawKey, Sample, ServiceRef,
    SurveyResponse, Tally, TeamRef, Usage,
};

/// In the place of the source in what all sources share; no source is called so.
const SHARED: &str = "";
const DEPLOYMENT: &str = "deployment reference";
const SHA: &str = "sha";
const SHA_DIGITS: [usize; 2] = [40, 64];

impl<'a> Veil<'a> {
    pub(super) fn build(&mut self, build: Build<RawKey>) -> Build<EntityKey> {
        Build {
            pipeline: self.linked("pipeline", self.source, &build.pipeline.key),
            service: build.service,
            owner: build.owner,
            attempt: build.attempt,
            sha: build.sha.map(|sha| self.sha(&sha)),
            on_default_branch: build.on_default_branch,
            started_at: build.started_at,
            result: build.result,
            coverage: build.coverage,
            tests_failed: build.tests_failed,
        }
    }

    pub(super) fn deployment(&mut self, deployment: Deployment<RawKey>) -> Deployment<EntityKey> {
        Deployment {
            deployment: self.hashes.entity(DEPLOYMENT, SHARED, &deployment.deployment),
            service: self.service(deployment.service),
            environment: self.hashes.entity("environment", SHARED, &deployment.environment),
            production: deployment.production,
            started_at: deployment.started_at,
            result: deployment.result,
            repository: deployment.repository.map(|repository| self.repository(repository).key),
            head_sha: deployment.head_sha.map(|sha| self.linked_sha(&sha.key)),
            shas: deployment.shas.iter().map(|sha| self.linked_sha(&sha.key)).collect(),
            rollback: deployment.rollback,
            rolls_back: deployment.rolls_back.map(|reference| self.linked(DEPLOYMENT, SHARED, &reference.key)),
            unplanned: deployment.unplanned,
        }
    }

    pub(super) fn incident(&mut self, incident: Incident<RawKey>) -> Incident<EntityKey> {
        Incident {
            incident: self.linked("incident id", self.source, &incident.incident.key),
            service: self.service(incident.service),
            phase: incident.phase,
            opened_at: incident.opened_at,
            caused_by: incident.caused_by.map(|reference| self.linked(DEPLOYMENT, SHARED, &reference.key)),
            severity: incident.severity,
        }
    }

    pub(super) fn usage(&mut self, usage: Usage<RawIdentity>) -> Usage<Pseudonym> {
        Usage { actor: self.account(usage.actor), tool: usage.tool, count: usage.count }
    }

    pub(super) fn tally(&mut self, tally: Tally<RawKey>) -> Tally<EntityKey> {
        Tally {
            tool: tally.tool,
            scope: tally.scope.map(|scope| self.entity("scope", &scope)),
            from: tally.from,
            through: tally.through,
            count: tally.count,
            people: tally.people,
            eligible: tally.eligible,
            bots_included: tally.bots_included,
        }
    }

    pub(super) fn survey_response(&mut self, response: SurveyResponse<RawKey>) -> SurveyResponse<EntityKey> {
        SurveyResponse {
            instrument: response.instrument,
            campaign: self.entity("campaign", &response.campaign),
            team: response.team,
            answers: response.answers,
        }
    }

    pub(super) fn membership(
        &mut self,
        membership: Membership<RawIdentity, RawKey>,
    ) -> Membership<Pseudonym, EntityKey> {
        let team = membership.team.map(|team| TeamRef { key: self.entity("team", &team.key), name: team.name });
        Membership { account: self.account(membership.account), team }
    }

    pub(super) fn sample(&mut self, sample: Sample<RawIdentity, RawKey>) -> Sample<Pseudonym, EntityKey> {
        Sample {
            metric: sample.metric,
            value: sample.value,
            actor: self.person(sample.actor),
            scope: sample.scope.map(|scope| self.entity("scope", &scope)),
        }
    }

    pub(super) fn sha(&mut self, sha: &RawKey) -> EntityKey {
        let (group, text) = self.revision(sha);
        EntityKey::from_bytes(self.hashes.digest(SHA, group, &text))
    }

    fn linked_sha(&mut self, sha: &RawKey) -> Linked<EntityKey> {
        let (group, text) = self.revision(sha);
        self.linked(SHA, group, &RawKey::new(text))
    }

    /// A whole git sha is the same everywhere; whatever else names a revision is the source's own.
    fn revision<'k>(&self, sha: &'k RawKey) -> (&'a str, Cow<'k, str>) {
        let text = sha.text();
        if !SHA_DIGITS.contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return (self.source, text.into());
        }
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        (SHARED, if is_lower { text.into() } else { text.to_ascii_lowercase().into() })
    }

    fn service(&mut self, service: ServiceRef<RawKey>) -> ServiceRef<EntityKey> {
        let key = self.linked("service", SHARED, &service.key.key);
        ServiceRef { key, name: service.name, owner: service.owner }
    }

    /// Under the keys of its own epoch and of the one before.
    pub(super) fn linked(&mut self, domain: &'static str, group: &'a str, key: &RawKey) -> Linked<EntityKey> {
        let earlier = self.before.as_mut().map(|before| before.entity(domain, group, key));
        Linked { key: self.hashes.entity(domain, group, key), earlier }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::super::{IdentityKey, pseudonymize};
    use crate::model::{Calendar, Commit, DeploymentResult, Epoch, EpochSalt, Fact, FactBody, RawFact, StampedFact};

    use super::*;

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
    /// In the last week of an epoch and in the first of the next one.
    const BEFORE: &str = "2026-10-23T12:00:00Z";
    const BEHIND: &str = "2026-10-27T12:00:00Z";

    fn veiled(source: &str, at: &str, body: FactBody<RawIdentity, RawKey>) -> StampedFact {
        let salts =
            [(227, 7), (228, 8)].map(|(epoch, salt)| (Epoch::from_index(epoch), EpochSalt::from_bytes([salt; 32])));
        let keys = IdentityKey::from_bytes(&[1; 32]).epochs(&salts.into());
        let fact = RawFact { key: RawKey::new("k"), at: at.parse().unwrap(), body };
        let calendar = Calendar::new(TimeZone::UTC);
        let mut facts = pseudonymize(&keys, &source.parse().unwrap(), &calendar, vec![fact], &[]).facts;
        facts.pop().unwrap()
    }

    fn commit(source: &str, at: &str, sha: &str) -> Commit<Pseudonym, EntityKey> {
        let author = Some(RawIdentity::new("1".to_owned(), Vec::new(), false));
        let repository = RawKey::new("octo/app").into();
        let body = FactBody::Commit(Commit { repository, sha: RawKey::new(sha), author, parents: 1 });
        let StampedFact { fact: Fact { body: FactBody::Commit(commit), .. }, .. } = veiled(source, at, body) else {
            panic!("a commit")
        };
        commit
    }

    fn deployment(source: &str, at: &str, sha: &str) -> Deployment<EntityKey> {
        let body = FactBody::Deployment(Deployment {
            deployment: RawKey::new("payments production 7"),
            service: ServiceRef { key: RawKey::new("payments").into(), name: None, owner: None },
            environment: RawKey::new("production"),
            production: true,
            started_at: None,
            result: DeploymentResult::Success,
            repository: None,
            head_sha: Some(RawKey::new(sha).into()),
            shas: vec![RawKey::new(sha).into()],
            rollback: false,
            rolls_back: Some(RawKey::new("payments production 7").into()),
            unplanned: false,
        });
        let StampedFact { fact: Fact { body: FactBody::Deployment(deployment), .. }, .. } = veiled(source, at, body)
        else {
            panic!("a deployment")
        };
        deployment
    }

    #[test]
    fn a_whole_sha_is_one_key_in_every_source_and_a_person_in_none() {
        let (code, other) = (commit("github", BEHIND, SHA), commit("jenkins", BEHIND, &SHA.to_uppercase()));
        assert_eq!(code.sha, other.sha);
        assert_ne!(code.author, other.author);
        assert_ne!(code.repository, other.repository);
        assert_eq!(deployment("jenkins", BEHIND, SHA).shas[0].key, code.sha);
        assert_ne!(commit("github", BEHIND, "4711").sha, commit("jenkins", BEHIND, "4711").sha);
    }

    #[test]
    fn a_deployment_finds_what_lies_in_the_epoch_before() {
        let landed = commit("github", BEFORE, SHA);
        let (before, behind) = (deployment("jenkins", BEFORE, SHA), deployment("jenkins", BEHIND, SHA));
        assert_ne!(behind.shas[0].key, landed.sha);
        assert_eq!(behind.shas[0].earlier, Some(landed.sha));
        assert_eq!(behind.head_sha.as_ref().and_then(|head| head.earlier), Some(landed.sha));
        assert_eq!(behind.rolls_back.and_then(|reference| reference.earlier), Some(before.deployment));
        assert_eq!(behind.service.key.earlier, Some(before.service.key.key));
        assert_eq!(commit("github", BEHIND, SHA).repository.earlier, Some(landed.repository.key));
        assert_eq!(before.service.key.earlier, None, "there is no key of the epoch before");
    }

    #[test]
    fn deployments_are_named_alike_by_every_source() {
        assert_eq!(
            deployment("jenkins", BEHIND, SHA).rolls_back.unwrap().key,
            deployment("github", BEHIND, SHA).deployment
        );
    }
}
