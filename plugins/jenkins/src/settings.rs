//! What an operator may set.

use quintant_sdk::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::pattern::{Pattern, Template};

/// Settings of a Jenkins source. Every one may be left out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Read only what lies in these folders, by full name; everything where it is left out.
    #[serde(default)]
    #[schemars(extend("uniqueItems" = true, "maxItems" = 1000, "examples" = [["payments", "platform/backend"]]))]
    pub folders: Vec<Folder>,
    /// Jobs and folders that are not read, by full name; `*` stands for any run of characters.
    #[serde(default)]
    #[schemars(extend("maxItems" = 1000, "examples" = [["sandbox", "*/experiments"]]))]
    pub exclude: Vec<Pattern>,
    /// Names of default branches, for multibranch projects and for jobs whose Git revision names a branch.
    #[serde(default = "default_branches")]
    #[schemars(length(min = 1))]
    pub default_branches: Vec<Pattern>,
    /// Repositories, as `owner/name`, of shared libraries: Jenkins names them among what was built, but they never are it.
    #[serde(default)]
    #[schemars(extend("examples" = [["octo/jenkins-*"]]))]
    pub libraries: Vec<Pattern>,
    /// Whether coverage is read: a request more for each good build of a default branch, where a coverage plugin is known.
    #[serde(default = "yes")]
    pub coverage: bool,
    /// What is a deployment; the first rule that fits holds.
    #[serde(default)]
    #[schemars(extend("examples" = [[
        { "job": "payments/deploy/*-production", "service": "$1" },
        { "job": "payments/*", "stage": "Deploy to *", "service": "payments-$1", "environment": "$2" },
    ]]))]
    pub deployments: Vec<Rule>,
}

/// Jobs, or stages of pipelines, that deploy.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Full names of jobs, of multibranch projects without the branch; `*` stands for any run of characters.
    pub job: Pattern,
    /// Names of stages. Where it is left out every build of the job is one deployment, and no build.
    #[serde(default)]
    pub stage: Option<Pattern>,
    /// The service that is deployed; `$1` is what the first `*` of `job` and `stage` stood for. Left out: the job's full name.
    #[serde(default)]
    pub service: Option<Template>,
    /// The environment that it is deployed to; `$1` as in `service`.
    #[serde(default = "production")]
    pub environment: Template,
    /// Whether these deployments bring an earlier state back.
    #[serde(default)]
    pub rollback: bool,
    /// What an unstable build or stage is taken for.
    #[serde(default)]
    pub unstable: Unstable,
    /// Whether builds of other branches than the default one deploy too.
    #[serde(default)]
    pub any_branch: bool,
}

/// What a deployment that ended unstable is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unstable {
    /// It was deployed.
    #[default]
    Success,
    /// It was not.
    Failure,
    /// It is not counted.
    Ignored,
}

/// The full name of a folder, as Jenkins shows it in addresses without the `job/`: `platform/backend`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(extend("pattern" = "^[^/]+(/[^/]+)*$", "maxLength" = 1000))]
pub struct Folder(String);

impl Folder {
    /// The name as it was configured.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Folder {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bad = |name: &str| name.is_empty() || name == "." || name == "..";
        if text.split('/').any(bad) {
            return Err(format!("folder `{text}` is not of the form `folder` or `folder/subfolder`"));
        }
        Ok(Self(text))
    }
}

impl Settings {
    /// # Errors
    /// [`Error::Misconfigured`] where a template asks for a `*` that its rule does not have.
    pub fn judge(&self) -> Result<()> {
        for rule in &self.deployments {
            let stars = rule.job.stars() + rule.stage.as_ref().map_or(0, Pattern::stars);
            let captures = vec![""; stars];
            let unfilled =
                rule.service.iter().chain([&rule.environment]).find(|template| template.fill(&captures).is_none());
            if let Some(template) = unfilled {
                let (template, job) = (template.as_str(), rule.job.as_str());
                return Err(Error::Misconfigured(format!(
                    "deployments: `{template}` asks for more than the {stars} `*` of the rule for job `{job}`"
                )));
            }
        }
        Ok(())
    }

    /// Whether a job or folder is to be read.
    #[must_use]
    pub fn wants(&self, full_name: &str) -> bool {
        !self.exclude.iter().any(|pattern| pattern.matches(full_name))
    }

    /// Whether anything is ever rolled back.
    #[must_use]
    pub fn knows_rollbacks(&self) -> bool {
        self.deployments.iter().any(|rule| rule.rollback)
    }

    /// Whether that is a default branch.
    #[must_use]
    pub fn is_default_branch(&self, branch: &str) -> bool {
        self.default_branches.iter().any(|pattern| pattern.matches(branch))
    }
}

fn default_branches() -> Vec<Pattern> {
    ["main", "master", "trunk"].map(Pattern::from).to_vec()
}

fn production() -> Template {
    Template::from("production")
}

fn yes() -> bool {
    true
}
