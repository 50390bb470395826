//! What `quintant check --online` tells an operator who has four services: that each can be read, or what to do.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use expect_test::expect;
use quintant_tests::{Ran, SEED, Site, simulation_end};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::services::Services;

async fn services() -> Services {
    let organisation = Arc::new(Organisation::generate(SEED, simulation_end()));
    Services::start(organisation, SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.unwrap()
}

/// What it printed of the sources, without what changes with each run: origins, and the week before this one.
fn report(ran: &Ran, services: &Services) -> String {
    let mut text = ran.stdout.clone();
    for (name, url) in services.urls() {
        let origin = url.strip_suffix("/jenkins").unwrap_or(url);
        text = text.replace(origin, &format!("http://{name}"));
    }
    let lines = text.lines().filter(|line| !line.starts_with("source `"));
    let masked = lines.map(|line| match line.split_once("week-") {
        Some((before, after)) => format!("{before}week-DATE{}\n", &after["2026-01-05".len()..]),
        None => format!("{line}\n"),
    });
    masked.collect()
}

/// What did not pass, with its hints.
fn complaints(report: &str) -> String {
    let mut passed = false;
    let mut complaints = String::new();
    for line in report.lines() {
        passed = if line.starts_with(' ') { passed } else { line.contains(": pass ") };
        if !passed {
            complaints += &format!("{line}\n");
        }
    }
    complaints
}

#[tokio::test(flavor = "multi_thread")]
async fn four_services_that_can_be_read_each_say_so() {
    let services = services().await;
    let ran = Site::for_services(&services).run(&["check", "--online"]);
    expect![[r#"
        github: pass api reachable: GitHub answered
        github: pass credential: accepted; fine-grained, or of an app
            hint: it needs read access to metadata, contents, pull requests and issues
        github: pass repository acme/amber-api: can be read
        github: pass repository acme/amber-web: can be read
        github: pass repository acme/amber-worker: can be read
        github: warn repository acme/amber-legacy: is called `acme/amber-gateway` today
            hint: write the new name into `repositories`
        github: pass repository acme/birch-api: can be read
        github: pass repository acme/birch-web: can be read
        github: pass repository acme/birch-reports: can be read
        github: pass repository acme/cobalt-api: can be read
        github: pass repository acme/cobalt-search: can be read
        github: pass repository acme/cobalt-index: can be read
        github: pass repository acme/dune-api: can be read
        github: pass repository acme/dune-mobile: can be read
        github: pass repository acme/proto: can be read
        github: pass repository acme/ember-api: can be read
        github: pass repository acme/ember-batch: can be read
        github: pass repository acme/fjord-tools: can be read
        github: pass repository acme/grove-data: can be read
        github: pass repository acme/infrastructure: can be read
        github: pass repository acme/handbook: can be read
        github: pass repository acme/design-system: can be read
        github: pass repository acme/sandbox: can be read
        github: pass pull requests: are read by GraphQL
        github: pass deployments: can be read
        github: pass workflow runs: can be read
        github: pass incidents: can be read
        jenkins: pass jenkins reachable: Jenkins answered
        jenkins: pass credential: accepted
        jenkins: pass jobs: 840 can be read
        jenkins: pass deployments of `birch/deploy/*-staging`: fits 2 jobs
        jenkins: pass deployments of `birch/deploy/*-production`: fits 2 jobs
        jenkins: pass deployments of `birch/deploy/*-rollback`: fits 2 jobs
        jenkins: pass deployments of `ember/api to *`: fits 2 jobs
        jenkins: warn deployments of `ember/api back`: no job has such a name
            hint: write full names as `folder/job`, multibranch projects without the branch; `*` stands for anything
        jenkins: pass deployments of `cobalt/*`, stages `Deploy to *`: fits 369 jobs
        jenkins: pass deployments of `cobalt/*`, stages `Roll back *`: fits 369 jobs
        jenkins: pass deployments of `amber/*`, stages `Deploy to *`: fits 457 jobs
        jenkins: pass deployments of `amber/*`, stages `Roll back *`: fits 457 jobs
        jenkins: pass deployments of `dune/platform/*`, stages `Deploy to *`: fits one job
        jenkins: pass deployments of `dune/platform/*`, stages `Roll back *`: fits one job
        jenkins: pass stages: can be read
        mattermost: pass server: Mattermost answered
        mattermost: pass token: accepted
        mattermost: pass team acme: posts of its public channels can be read
        mattermost: pass team guild: posts of its public channels can be read
        mattermost: pass accounts: user names can be read, addresses cannot
            hint: write user names into the roster
        nps: pass service: calls itself healthy
        nps: pass responses of week-DATE: can be read, with dates that have no zone, as the service wants them
    "#]]
    .assert_eq(&report(&ran, &services));
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_missing_comes_with_what_to_do() {
    let services = services().await;
    let site = Site::for_services(&services);
    for file in ["github.token", "jenkins.login", "mattermost.token"] {
        site.write(file, "c2VjcmV0OnRoYXQtaXMtd3Jvbmc=");
    }
    services.nps.set_database(false);
    let ran = site.run(&["check", "--online"]);
    expect![[r#"
        github: fail credential: GitHub refused the credential
            hint: the token is wrong, expired or revoked: create a new one
        jenkins: fail credential: Jenkins refused the credential: user name or API token are wrong, or none was sent
            hint: set `auth = { basic = … }` to base64 of `USER:API-TOKEN`, of a user who may read
        mattermost: pass server: Mattermost answered
        mattermost: fail token: Mattermost refused the token: wrong, expired or revoked
            hint: create a new personal access token, or one of a bot account
        nps: fail service: reports that its database is not connected
            hint: its health is answered with 200 even then: look at its database
        nps: fail responses of week-DATE: the NPS service reports that its database is not connected
            hint: it is tried again at every run
    "#]]
    .assert_eq(&report(&ran, &services));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!format!("{ran:?}").contains("c2VjcmV0"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_may_not_is_told_with_what_it_needs() {
    let services = services().await;
    let site = Site::for_services(&services);
    site.edit("mode = \"posts\"", "mode = \"analytics\"\nteams = [\"no-such-team\"]");
    site.edit("job = \"birch/deploy/*-staging\"", "job = \"birch/no-such/*-staging\"");
    site.edit("    \"acme/amber-api\",\n", "    \"acme/amber-api\",\n    \"acme/no-such\",\n");
    let ran = site.run(&["check", "--online"]);
    expect![[r#"
        github: fail repository acme/no-such: does not exist, or the credential may not see it
            hint: check the spelling and the token's repository access
        github: warn repository acme/amber-legacy: is called `acme/amber-gateway` today
            hint: write the new name into `repositories`
        jenkins: warn deployments of `birch/no-such/*-staging`: no job has such a name
            hint: write full names as `folder/job`, multibranch projects without the branch; `*` stands for anything
        jenkins: warn deployments of `ember/api back`: no job has such a name
            hint: write full names as `folder/job`, multibranch projects without the branch; `*` stands for anything
        mattermost: warn token: accepted, but not of a system administrator
            hint: analytics need the permission `manage_system` or a role that may read site statistics
        mattermost: fail team no-such-team: does not exist, or the account may not see it
            hint: check the spelling, and let the account join the team
        mattermost: warn analytics: they include private channels, and days are those of the server's zone
            hint: set the server to the calendar's zone; `mode = "counts"` reads public channels only
    "#]]
    .assert_eq(&complaints(&report(&ran, &services)));
    assert_eq!(ran.code, Some(1), "{ran:?}");
}
