//! Explains to an operator what works: Jenkins, the account, the jobs, the rules for deployments.

use quintant_sdk::prelude::*;

use crate::api::{Api, Loss, Stop};
use crate::deployments;
use crate::job::Job;
use crate::settings::Settings;
use crate::walk::{Guide, Step, Walk};

/// So many requests a check may take to look for jobs.
const MOST_REQUESTS: u32 = 200;

/// Looks at everything the feed needs.
///
/// # Errors
/// When the run was cancelled, settings contradict themselves, or Jenkins answers what cannot be understood.
pub fn run(client: &Client, context: &Context<Settings>) -> Result<Vec<CheckItem>> {
    context.settings.judge()?;
    let api = Api::new(client, context.now);
    let mut items = Vec::new();
    if let Err(stop) = api.json("", "mode") {
        items.push(unreachable(stop)?);
        return Ok(items);
    }
    items.push(CheckItem::pass("jenkins reachable", "Jenkins answered"));
    items.push(account(&api)?);
    let settings = &context.settings;
    let found = look(&api, settings)?;
    items.extend(found.problems.iter().map(|problem| {
        let scope = problem.scope.as_deref().filter(|scope| !scope.is_empty()).unwrap_or("/");
        CheckItem::fail(format!("folder {scope}"), "cannot be read, or not wholly")
            .hint("check its spelling, and that the account has Job/Read there")
    }));
    items.push(jobs(&found));
    for rule in &settings.deployments {
        let fitting: Vec<&Job> = found.jobs.iter().filter(|job| deployments::may_deploy(rule, job)).collect();
        items.push(rule_item(rule, &fitting));
    }
    if let Some(item) = stages(&api, settings, &found)? {
        items.push(item);
    }
    Ok(items)
}

fn unreachable(stop: Stop) -> Result<CheckItem> {
    let name = "jenkins reachable";
    let item = match stop {
        Stop::Run(Error::Unauthorized(why)) => CheckItem::fail("credential", why)
            .hint("set `auth = { basic = … }` to base64 of `USER:API-TOKEN`, of a user who may read"),
        Stop::Here(Loss::Forbidden) => CheckItem::fail("credential", "Jenkins answers, but refuses to be read")
            .hint("give it the permissions Overall/Read and Job/Read"),
        Stop::Here(Loss::NotFound) => CheckItem::fail(name, "there is no Jenkins at this address")
            .hint("the endpoint's `url` must have the context path, as in `https://HOST/jenkins`"),
        Stop::Here(_) => CheckItem::fail(name, "Jenkins gave no usable answer")
            .hint("look at the endpoint's `url`, the network and any proxy"),
        Stop::Run(Error::Transient(why)) => CheckItem::fail(name, why).hint("try again in a few minutes"),
        Stop::Run(Error::Permanent(why)) => {
            CheckItem::fail(name, why).hint("look at the endpoint's `url` and any proxy")
        }
        Stop::Run(Error::RateLimited(_)) => {
            CheckItem::warn(name, "it answers too many requests").hint("try again later")
        }
        Stop::Run(error) => return Err(error),
    };
    Ok(item)
}

/// Whether anybody is known; not who, since that is a name.
fn account(api: &Api<'_>) -> Result<CheckItem> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default)]
    struct WhoAmI {
        anonymous: crate::payload::Soft<bool>,
    }
    let name = "credential";
    match api.json("/whoAmI", "anonymous") {
        Ok(response) => Ok(match response.json::<WhoAmI>()?.anonymous.0 {
            Some(false) => CheckItem::pass(name, "accepted"),
            _ => CheckItem::warn(name, "Jenkins sees anonymous requests")
                .hint("set `auth = { basic = … }` to base64 of `USER:API-TOKEN`, unless anybody may read everything"),
        }),
        Err(Stop::Here(_)) => Ok(CheckItem::warn(name, "Jenkins does not tell who is asking")),
        Err(Stop::Run(Error::Cancelled)) => Err(Error::Cancelled),
        Err(Stop::Run(error)) => Ok(CheckItem::fail(name, error.to_string())),
    }
}

struct Found {
    jobs: Vec<Job>,
    is_all: bool,
    problems: Vec<quintant_sdk::page::Problem>,
}

/// All jobs that were ever built, as far as a few requests go.
fn look(api: &Api<'_>, settings: &Settings) -> Result<Found> {
    let guide = Guide { api, settings, floor: Instant::MIN, is_first: false };
    let mut walk = Walk::new(settings);
    let mut page = Page::new();
    let mut found = Found { jobs: Vec::new(), is_all: false, problems: Vec::new() };
    while api.requests() < MOST_REQUESTS {
        match walk.step(&guide, &mut page) {
            Ok(Step::Job(job)) => found.jobs.push(job),
            Ok(Step::On | Step::Branches(_)) => {}
            Ok(Step::End) => {
                found.is_all = true;
                break;
            }
            Err((scope, Stop::Here(loss))) => crate::api::report(loss, &scope, &mut page),
            Err((_, Stop::Run(Error::RateLimited(_)))) => break,
            Err((_, Stop::Run(error))) => return Err(error),
        }
    }
    found.problems = page.problems;
    Ok(found)
}

fn jobs(found: &Found) -> CheckItem {
    let count = found.jobs.len();
    let more = if found.is_all { "" } else { " or more" };
    if count == 0 {
        return CheckItem::fail("jobs", "no job that was ever built can be seen").hint(
            "give the account Job/Read, and look at `folders` and `exclude`: Jenkins leaves out what may not be read",
        );
    }
    CheckItem::pass("jobs", format!("{count}{more} can be read"))
}

fn rule_item(rule: &crate::settings::Rule, fitting: &[&Job]) -> CheckItem {
    let stages = rule.stage.as_ref().map(|stage| format!(", stages `{}`", stage.as_str())).unwrap_or_default();
    let name = format!("deployments of `{}`{stages}", rule.job.as_str());
    if fitting.is_empty() {
        return CheckItem::warn(name, "no job has such a name").hint(
            "write full names as `folder/job`, multibranch projects without the branch; `*` stands for anything",
        );
    }
    if rule.stage.is_some() && !fitting.iter().any(|job| job.has_stages) {
        return CheckItem::warn(name, "the jobs with such a name are no pipelines: they have no stages")
            .hint("leave `stage` out where the whole job deploys");
    }
    match fitting.len() {
        1 => CheckItem::pass(name, "fits one job"),
        count => CheckItem::pass(name, format!("fits {count} jobs")),
    }
}

/// Whether stages can be told, where a rule asks for them.
fn stages(api: &Api<'_>, settings: &Settings, found: &Found) -> Result<Option<CheckItem>> {
    let asks = |job: &&Job| {
        job.has_stages
            && settings.deployments.iter().any(|rule| rule.stage.is_some() && deployments::may_deploy(rule, job))
    };
    let Some(job) = found.jobs.iter().find(asks) else { return Ok(None) };
    let request = HttpRequest::get(crate::api::ENDPOINT, format!("{}/wfapi/runs", job.path()));
    Ok(Some(match api.get(request) {
        Ok(_) => CheckItem::pass("stages", "can be read"),
        Err(Stop::Here(Loss::NotFound)) => CheckItem::fail("stages", "Jenkins cannot tell them")
            .hint("install its plugin `pipeline-rest-api` (Pipeline: REST API)"),
        Err(Stop::Run(Error::Cancelled)) => return Err(Error::Cancelled),
        Err(_) => CheckItem::warn("stages", "gave no usable answer").hint("try again in a few minutes"),
    }))
}
