//! One fact as the upstream lists it: `kind`, `key`, `at`, and the fields of the contract with `_` for `-`. What is left out is none, false or 0.

use quintant_sdk::prelude::*;
use serde_json::Value;

pub(crate) const KINDS: [FactKind; 12] = [
    FactKind::Change,
    FactKind::Review,
    FactKind::Commit,
    FactKind::Build,
    FactKind::Deployment,
    FactKind::Incident,
    FactKind::Usage,
    FactKind::Tally,
    FactKind::SurveyResponse,
    FactKind::Friction,
    FactKind::Membership,
    FactKind::Sample,
];

const NAMES: [&str; 12] = [
    "change",
    "review",
    "commit",
    "build",
    "deployment",
    "incident",
    "usage",
    "tally",
    "survey_response",
    "friction",
    "membership",
    "sample",
];

pub(crate) fn kind(name: &str) -> FactKind {
    let index = NAMES.iter().position(|known| *known == name).expect("the test names a kind");
    KINDS[index]
}

#[derive(Clone, Copy)]
pub(crate) struct Item<'a>(pub(crate) &'a Value);

impl Item<'_> {
    pub(crate) fn text(self, field: &str) -> String {
        self.0[field].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn time(self, field: &str) -> Instant {
        self.0[field].as_i64().unwrap_or_default()
    }

    pub(crate) fn fact(self) -> Fact {
        match kind(&self.text("kind")) {
            FactKind::Change => Fact::Change(Change {
                author: self.account("author"),
                to_default_branch: true,
                merge_sha: self.some_text("merge_sha"),
                first_review_at: self.0["first_review_at"].as_i64(),
                first_reviewer: self.account("first_reviewer"),
                review_comments: self.some_number("review_comments"),
                ..Change::merged(self.text("repo"), self.text("id"), self.time("opened_at"))
            }),
            FactKind::Review => Fact::Review(Review {
                change_author: self.account("change_author"),
                ..Review::new(self.text("repo"), self.text("change"), ReviewState::Approved)
                    .by(self.account("reviewer"))
            }),
            FactKind::Commit => Fact::Commit(
                Commit::new(self.text("repo"), self.text("sha"), self.time("at"), 1).by(self.account("author")),
            ),
            FactKind::Build => Fact::Build(self.build()),
            FactKind::Deployment => Fact::Deployment(self.deployment()),
            FactKind::Incident => Fact::Incident(self.incident()),
            FactKind::Usage => {
                let actor = self.account("actor").unwrap_or_else(|| Account::new("", [""]));
                Fact::Usage(Usage::new(actor, self.text("tool"), self.number("count")))
            }
            FactKind::Tally => Fact::Tally(Tally {
                scope: self.some_text("scope"),
                count: self.some_number("count"),
                people: self.some_number("people"),
                eligible: self.some_number("eligible"),
                bots_included: self.flag("bots_included"),
                ..Tally::new(self.text("tool"), Window { start: self.time("from"), end: self.time("through") })
            }),
            FactKind::SurveyResponse => Fact::SurveyResponse(self.survey_response()),
            FactKind::Friction => Fact::Friction(Friction {
                team: self.some_text("team"),
                ..Friction::new(self.text("category"), self.text("severity"))
            }),
            FactKind::Membership => {
                let account = self.account("account").unwrap_or_else(|| Account::new("", [""]));
                Fact::Membership(Membership::new(account, self.some_text("team")))
            }
            FactKind::Sample => Fact::Sample(Sample {
                actor: self.account("actor"),
                scope: self.some_text("scope"),
                ..Sample::new(self.text("metric"), self.0["value"].as_f64().unwrap_or(f64::NAN))
            }),
        }
    }

    fn build(self) -> Build {
        let result = match self.text("result").as_str() {
            "failure" => BuildResult::Failure,
            "unstable" => BuildResult::Unstable,
            "aborted" => BuildResult::Aborted,
            _ => BuildResult::Success,
        };
        Build {
            attempt: self.number("attempt"),
            sha: self.some_text("sha"),
            on_default_branch: self.flag("on_default_branch"),
            lines_covered: self.some_number("lines_covered"),
            lines_total: self.some_number("lines_total"),
            tests_failed: self.some_number("tests_failed"),
            ..Build::new(self.text("pipeline"), self.number("number"), result, self.time("started_at"))
        }
    }

    fn deployment(self) -> Deployment {
        let result =
            if self.text("result") == "failure" { DeploymentResult::Failure } else { DeploymentResult::Success };
        let shas = self.0["shas"].as_array().into_iter().flatten();
        Deployment {
            repo: self.some_text("repo"),
            head_sha: self.some_text("head_sha"),
            shas: shas.filter_map(|sha| sha.as_str().map(str::to_owned)).collect(),
            rollback: self.flag("rollback"),
            rolls_back: self.reference("rolls_back"),
            unplanned: self.flag("unplanned"),
            ..Deployment::new(reference(self.0), result, self.time("started_at"))
        }
    }

    fn incident(self) -> Incident {
        let (id, service, opened_at) = (self.text("id"), self.text("service"), self.time("opened_at"));
        let incident = if self.text("phase") == "resolved" {
            Incident::resolved(id, service, opened_at)
        } else {
            Incident::opened(id, service, opened_at)
        };
        Incident { caused_by: self.reference("caused_by"), severity: self.some_text("severity"), ..incident }
    }

    fn survey_response(self) -> SurveyResponse {
        let mut response = SurveyResponse::new(self.text("instrument"), self.text("campaign"));
        response.team = self.some_text("team");
        for (question, value) in self.0["answers"].as_object().into_iter().flatten() {
            response = response.answer(question, value.as_f64().unwrap_or(f64::NAN));
        }
        response
    }

    fn some_text(self, field: &str) -> Option<String> {
        self.0[field].as_str().map(str::to_owned)
    }

    fn number(self, field: &str) -> u32 {
        self.some_number(field).unwrap_or_default()
    }

    fn some_number(self, field: &str) -> Option<u32> {
        self.0[field].as_u64().and_then(|number| u32::try_from(number).ok())
    }

    fn flag(self, field: &str) -> bool {
        self.0[field].as_bool().unwrap_or_default()
    }

    /// A login, which is its own id.
    fn account(self, field: &str) -> Option<Account> {
        let login = self.0[field].as_str()?;
        Some(Account::new(login, [login]))
    }

    fn reference(self, field: &str) -> Option<DeploymentRef> {
        self.0[field].is_object().then(|| reference(&self.0[field]))
    }
}

fn reference(value: &Value) -> DeploymentRef {
    let item = Item(value);
    DeploymentRef { service: item.text("service"), environment: item.text("environment"), id: item.text("id") }
}
