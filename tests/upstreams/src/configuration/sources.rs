//! The sections of the sources: GitHub, and whichever of the others there are.

use super::settings::quoted;
use super::{Options, Pipelines};
use crate::jenkins;
use crate::organisation::Organisation;

pub(super) fn sources(organisation: &Organisation, github_url: &str, options: &Options) -> String {
    let repositories: String =
        organisation.configured_repositories().into_iter().map(|name| format!("    {},\n", quoted(name))).collect();
    let mut github = format!(
        "repositories = [\n{repositories}]\nincident_labels = [\"incident\"]\nincident_severity_prefix = \"severity:\"\n"
    );
    let mut also = String::new();
    if let Some(files) = &options.copilot {
        github.push_str("organizations = [\"acme\"]\ncopilot = true\n");
        also = format!("also = [{}]\n", quoted(files));
    }
    let auth = |kind: &str, file: &str| format!("auth = {{ {kind} = {{ file = \"{file}\" }} }}\n");
    let mut text = source(options, "github", github_url, &(auth("bearer", "github.token") + &also), &settings(&github));
    if let Some(Pipelines { url, .. }) = &options.jenkins {
        text += &source(options, "jenkins", url, &auth("basic", "jenkins.login"), &deployments());
    }
    if let Some(chat) = &options.mattermost {
        let mode = settings(&format!("mode = {}\n", quoted(&chat.mode)));
        text += &source(options, "mattermost", &chat.url, &auth("bearer", "mattermost.token"), &mode);
    }
    if let Some(url) = &options.nps {
        text += &source(options, "nps", url, "", "");
    }
    text
}

fn source(options: &Options, name: &str, url: &str, auth: &str, settings: &str) -> String {
    let [plugin, interval, url] = [beside(&options.plugin, name), options.interval.clone(), url.to_owned()].map(quoted);
    format!(
        "\n[[source]]\nname = \"{name}\"\nplugin = {plugin}\ninterval = {interval}\n\n[source.endpoints.api]\nurl = {url}\n\
         {auth}networks = [\"127.0.0.0/8\"]\n{settings}"
    )
}

fn settings(lines: &str) -> String {
    format!("\n[source.settings]\n{lines}")
}

/// The rules by which Jenkins' jobs and stages are deployments.
fn deployments() -> String {
    let rules = jenkins::settings()["deployments"].as_array().cloned().unwrap_or_default();
    let rule = |rule: &serde_json::Value| {
        let keys = rule.as_object().into_iter().flatten().map(|(key, value)| format!("{key} = {value}\n"));
        format!("\n[[source.settings.deployments]]\n{}", keys.collect::<String>())
    };
    rules.iter().map(rule).collect()
}

/// The plugin of that name, given as the one for GitHub is: by name, or by a path in the same folder.
fn beside(github: &str, name: &str) -> String {
    match github.rsplit_once('/') {
        _ if name == "github" => github.to_owned(),
        Some((folder, _)) => format!("{folder}/{name}.wasm"),
        None => name.to_owned(),
    }
}
