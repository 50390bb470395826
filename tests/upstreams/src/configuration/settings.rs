//! The text of `quintant.toml`: the ground, the teams, the services that pipelines build, and then the sources.

use std::collections::BTreeSet;

use super::Options;
use super::sources::sources;
use crate::organisation::delivery::{Pipeline, Runner};
use crate::organisation::{Organisation, Team};

pub(super) fn settings(organisation: &Organisation, github_url: &str, options: &Options) -> String {
    let Options { listen, data_dir, release_start, settle, .. } = options;
    let [listen, data_dir, release_start, settle] = [listen, data_dir, release_start, settle].map(quoted);
    let teams: String = organisation.teams.iter().map(team).collect();
    let services = services(organisation);
    let bots = list(organisation.bots.iter().map(String::as_str));
    let sources = sources(organisation, github_url, options);
    format!(
        r#"# A simulated organisation and its simulated services.

[server]
listen = {listen}

[database]
data_dir = {data_dir}

[calendar]
timezone = "UTC"

[privacy]
minimum_group = 5

[release]
start = {release_start}
settle = {settle}

{teams}{services}[roster]
file = "roster.csv"
bots = {bots}
{sources}"#
    )
}

fn team(team: &Team) -> String {
    format!("[[team]]\nname = {}\nowns = {}\n\n", quoted(&team.name), list(team.owns.iter().map(String::as_str)))
}

/// One for each service that some team's repository becomes; nobody answers for the others.
fn services(organisation: &Organisation) -> String {
    let pipelines = &organisation.delivery.pipelines;
    let mut told = BTreeSet::new();
    let names = pipelines.iter().map(|pipeline| pipeline.service.as_str()).filter(|name| told.insert(*name));
    let mut text = String::new();
    for name in names {
        let own: Vec<&Pipeline> = pipelines.iter().filter(|pipeline| pipeline.service == name).collect();
        let Some(repository) = organisation.repositories.get(own[0].repository) else { continue };
        let Some(team) = organisation.teams.iter().find(|team| owns(team, &repository.name)) else { continue };
        let repositories = [Some(repository.name.as_str()), repository.former_name.as_deref()];
        let pipelines: Vec<String> = own.iter().map(|pipeline| told_name(pipeline, &repository.name)).collect();
        text.push_str(&format!(
            "[[service]]\nname = {}\nteam = {}\nrepositories = {}\npipelines = {}\n\n",
            quoted(name),
            quoted(&team.name),
            list(repositories.into_iter().flatten()),
            list(pipelines.iter().map(String::as_str)),
        ));
    }
    text
}

/// What its source calls it.
fn told_name(pipeline: &Pipeline, repository: &str) -> String {
    match pipeline.runner {
        Runner::Jenkins(_) => pipeline.name.clone(),
        Runner::Actions => format!("{repository}/{}.yml", pipeline.name),
    }
}

fn owns(team: &Team, repository: &str) -> bool {
    team.owns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(start) => repository.starts_with(start),
        None => repository == pattern,
    })
}

pub(super) fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

pub(super) fn quoted(text: impl AsRef<str>) -> String {
    format!("\"{}\"", text.as_ref().replace('\\', "\\\\").replace('"', "\\\""))
}
