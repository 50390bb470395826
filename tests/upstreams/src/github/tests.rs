//! The simulated service over real HTTP: paging covers everything once, and its quirks are GitHub's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::*;
use crate::fetch::{self, get};
use crate::oracle::Oracle;
use crate::organisation::delivery::{Deployer, Deployment, DeploymentResult, Runner};

const END: &str = "2026-07-01T12:00:00Z";

async fn simulation(prefix: &str) -> Simulation {
    let organisation = Arc::new(Organisation::generate(1, END.parse().unwrap()));
    Simulation::start(organisation, Options { prefix: prefix.to_owned(), ..Options::default() }).await.unwrap()
}

async fn ask(url: &str) -> fetch::Answer {
    ask_with(url, &[]).await
}

async fn ask_with(url: &str, more: &[(&str, &str)]) -> fetch::Answer {
    let bearer = format!("Bearer {TOKEN}");
    let mut headers = vec![("User-Agent", "test"), ("Authorization", bearer.as_str())];
    headers.extend(more);
    get(url, &headers).await.unwrap()
}

fn next(answer: &fetch::Answer) -> Option<String> {
    let link = answer.header("link")?;
    let entry = link.split(", ").find(|entry| entry.ends_with(r#"rel="next""#))?;
    Some(entry[1..entry.find('>').unwrap()].to_owned())
}

async fn pages(first: String) -> Vec<Value> {
    let mut items = Vec::new();
    let mut url = Some(first);
    while let Some(page) = url {
        let answer = ask(&page).await;
        assert_eq!(answer.status, 200, "{page}");
        let body = answer.json().unwrap();
        let list = body.get("commits").unwrap_or(&body).as_array().unwrap().clone();
        items.extend(list);
        url = next(&answer);
    }
    items
}

fn texts<'a>(items: &'a [Value], name: &str) -> Vec<&'a str> {
    items.iter().map(|item| item[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn paging_brings_every_change_once_newest_update_first() {
    let simulation = simulation("").await;
    let repository = &simulation.organisation().repositories[0];
    let url = format!(
        "{}/repos/{}/pulls?state=all&sort=updated&direction=desc&per_page=20",
        simulation.url(),
        repository.name
    );
    let pulls = pages(url).await;
    let numbers: HashSet<u64> = pulls.iter().map(|pull| pull["number"].as_u64().unwrap()).collect();
    assert_eq!((numbers.len(), pulls.len()), (repository.changes.len(), repository.changes.len()));
    assert!(texts(&pulls, "updated_at").is_sorted_by(|newer, older| newer >= older));
    let requests = simulation.requests();
    assert!(
        requests[1].target.starts_with(&format!("/repositories/{}/pulls?state=all&", repository.id)),
        "{}",
        requests[1].target
    );
    assert!(requests.iter().all(|request| request.authorization.is_some() && request.status == 200));

    let mean = pulls.iter().map(|pull| pull.to_string().len()).sum::<usize>() / pulls.len();
    assert!((12_000..18_000).contains(&mean), "{mean} bytes a pull request");
    assert!(pulls.iter().all(|pull| pull.get("merged_by").is_none() && pull.get("additions").is_none()));
}

#[tokio::test]
async fn time_can_be_moved_and_shows_what_had_happened() {
    let simulation = simulation("").await;
    let repository = &simulation.organisation().repositories[0];
    let change = repository.changes.iter().find(|change| change.merge().is_some() && change.opened_as_draft).unwrap();
    let (merged_at, commit) = change.merge().unwrap();
    let url = format!("{}/repos/{}/pulls/{}", simulation.url(), repository.name, change.number);
    let second = SignedDuration::from_secs(1);

    simulation.set_now(change.opened_at - second);
    assert_eq!(ask(&url).await.status, 404);
    simulation.set_now(change.opened_at);
    let opened = ask(&url).await.json().unwrap();
    assert_eq!(
        (opened["state"].as_str(), opened["draft"].as_bool(), opened["merged"].as_bool()),
        (Some("open"), Some(true), Some(false))
    );
    simulation.set_now(merged_at);
    let answer = ask(&url).await;
    assert_eq!(answer.header("date").unwrap(), date_header(merged_at));
    let merged = answer.json().unwrap();
    assert_eq!(merged["merged_at"], merged_at.to_string());
    assert_eq!(merged["merge_commit_sha"], repository.commits[commit].sha.as_str());
    assert_eq!(merged["draft"], false);
    let events = ask(&format!("{}/repositories/{}/issues/{}/events", simulation.url(), repository.id, change.number))
        .await
        .json()
        .unwrap();
    let names = texts(events.as_array().unwrap(), "event");
    assert!(names.contains(&"ready_for_review") && names.ends_with(&["merged", "closed"]), "{names:?}");
}

fn date_header(at: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}

#[tokio::test]
async fn reviews_come_oldest_first_and_pending_ones_have_no_date() {
    let simulation = simulation("").await;
    let mut states: HashMap<String, usize> = HashMap::new();
    let repository = &simulation.organisation().repositories[0];
    for change in &repository.changes {
        let url = format!("{}/repos/{}/pulls/{}/reviews?per_page=2", simulation.url(), repository.name, change.number);
        let reviews = pages(url).await;
        assert_eq!(reviews.len(), change.reviews.len());
        for review in &reviews {
            let state = review["state"].as_str().unwrap();
            assert_eq!(review.get("submitted_at").is_none(), state == "PENDING");
            *states.entry(state.to_owned()).or_default() += 1;
        }
        let submitted: Vec<&str> = reviews.iter().filter_map(|review| review["submitted_at"].as_str()).collect();
        assert!(submitted.is_sorted());
    }
    assert_eq!(states.len(), 5, "{states:?}");
}

#[tokio::test]
async fn compare_is_the_difference_of_two_logs_oldest_first() {
    let simulation = simulation("").await;
    let repository = &simulation.organisation().repositories[4];
    let base_url = format!("{}/repos/{}", simulation.url(), repository.name);
    simulation.set_now("2026-05-01T00:00:00Z".parse().unwrap());
    let before = pages(format!("{base_url}/commits?sha=main&per_page=100")).await;
    simulation.set_now(END.parse().unwrap());
    let after = pages(format!("{base_url}/commits?per_page=100")).await;
    assert!(
        after
            .iter()
            .map(|commit| commit["commit"]["committer"]["date"].as_str().unwrap())
            .is_sorted_by(|newer, older| newer >= older)
    );

    let (base, head) = (before[0]["sha"].as_str().unwrap(), after[0]["sha"].as_str().unwrap());
    let compared = pages(format!("{base_url}/compare/{base}...{head}?per_page=7")).await;
    let old: HashSet<&str> = texts(&before, "sha").into_iter().collect();
    let expected: HashSet<&str> = texts(&after, "sha").into_iter().filter(|sha| !old.contains(sha)).collect();
    assert_eq!(texts(&compared, "sha").len(), expected.len());
    assert_eq!(texts(&compared, "sha").into_iter().collect::<HashSet<_>>(), expected);
    let mut seen = old;
    for commit in &compared {
        assert!(
            commit["parents"].as_array().unwrap().iter().all(|parent| seen.contains(parent["sha"].as_str().unwrap()))
        );
        seen.insert(commit["sha"].as_str().unwrap());
    }

    let whole = ask(&format!("{base_url}/compare/{base}...main")).await.json().unwrap();
    assert_eq!(
        (whole["status"].as_str(), whole["total_commits"].as_u64()),
        (Some("ahead"), Some(expected.len() as u64))
    );
    assert_eq!(whole["merge_base_commit"]["sha"], base);
    let backwards = ask(&format!("{base_url}/compare/{head}...{base}")).await.json().unwrap();
    assert_eq!(
        (backwards["status"].as_str(), backwards["behind_by"].as_u64()),
        (Some("behind"), Some(expected.len() as u64))
    );
    assert_eq!(ask(&format!("{base_url}/compare/{base}...{base}")).await.json().unwrap()["status"], "identical");
    assert_eq!(ask(&format!("{base_url}/compare/{}...{head}", "0".repeat(40))).await.status, 404);
}

#[tokio::test]
async fn unchanged_answers_are_304_and_cost_nothing() {
    let simulation = simulation("").await;
    let url =
        format!("{}/repos/acme/amber-api/pulls?state=all&sort=updated&direction=desc&per_page=100", simulation.url());
    let first = ask(&url).await;
    let tag = first.header("etag").unwrap();
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = ask_with(&url, &[("If-None-Match", tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("x-ratelimit-used"), first.header("x-ratelimit-used"));
    simulation.set_now(END.parse::<Timestamp>().unwrap() - SignedDuration::from_hours(24 * 20));
    let changed = ask_with(&url, &[("If-None-Match", tag)]).await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.header("x-ratelimit-used"), Some("2"));
}

#[tokio::test]
async fn a_renamed_repository_moves_and_an_empty_one_conflicts() {
    let simulation = simulation("/api/v3").await;
    let renamed =
        simulation.organisation().repositories.iter().find(|repository| repository.former_name.is_some()).unwrap();
    let answer =
        ask(&format!("{}/repos/{}/pulls?state=all", simulation.url(), renamed.former_name.as_ref().unwrap())).await;
    assert_eq!(answer.status, 301);
    let location = answer.header("location").unwrap();
    assert_eq!(location, format!("{}/repositories/{}/pulls?state=all", simulation.url(), renamed.id));
    assert!(location.contains("/api/v3/"));
    let answer = ask(location).await;
    assert_eq!(answer.status, 200);
    assert!(next(&answer).unwrap().starts_with(simulation.url()));

    let empty = ask(&format!("{}/repos/acme/sandbox/commits", simulation.url())).await;
    assert_eq!((empty.status, empty.json().unwrap()["message"].as_str()), (409, Some("Git Repository is empty.")));
    assert_eq!(
        ask(&format!("{}/repos/acme/sandbox/pulls", simulation.url())).await.json().unwrap(),
        serde_json::json!([])
    );
}

#[tokio::test]
async fn who_may_not_ask_is_told_so_and_what_is_unknown_is_not_guessed() {
    let simulation = simulation("").await;
    let url = format!("{}/repos/acme/amber-api", simulation.url());
    assert_eq!(get(&url, &[("Authorization", &format!("Bearer {TOKEN}"))]).await.unwrap().status, 403);
    let refused = get(&url, &[("User-Agent", "test"), ("Authorization", "Bearer wrong")]).await.unwrap();
    assert_eq!((refused.status, refused.json().unwrap()["message"].as_str()), (401, Some("Bad credentials")));
    assert_eq!(ask_with(&url, &[("X-GitHub-Api-Version", "1999-01-01")]).await.status, 400);
    for (rest, status) in [
        ("/repos/acme/nothing", 404),
        ("/repos/acme/nothing/pulls", 404),
        ("/repositories/1", 404),
        ("/repos/acme/amber-api/pulls/999999", 404),
        ("/repos/acme/amber-api/environments", 501),
        ("/repos/acme/amber-api/pulls?head=x", 501),
        ("/orgs/acme/members", 501),
        ("/orgs/acme/repos", 501),
        ("/orgs/acme/repos?type=all&sort=full_name", 200),
        ("/orgs/other/repos?type=all&sort=full_name", 404),
        ("/orgs/acme/copilot/billing", 404),
        ("/rate_limit", 200),
        ("/user", 200),
        ("/repos/acme/amber-api", 200),
    ] {
        assert_eq!(ask(&format!("{}{rest}", simulation.url())).await.status, status, "{rest}");
    }
}

#[tokio::test]
async fn a_spent_budget_is_refused_with_nothing_remaining() {
    let organisation = Arc::new(Organisation::generate(1, END.parse().unwrap()));
    let options = Options { requests_per_hour: 2, ..Options::default() };
    let simulation = Simulation::start(organisation, options).await.unwrap();
    let url = format!("{}/user", simulation.url());
    assert_eq!([ask(&url).await.status, ask(&url).await.status], [200, 200]);
    let refused = ask(&url).await;
    assert_eq!((refused.status, refused.header("x-ratelimit-remaining")), (403, Some("0")));
}

#[tokio::test]
async fn what_the_service_shows_is_what_the_oracle_expects() {
    let simulation = simulation("").await;
    let organisation = simulation.organisation();
    let oracle = Oracle::new(organisation, organisation.end, organisation.end, SignedDuration::from_hours(36));
    let expected = oracle.expected_facts();
    let inside = |at: &Value| at.as_str().is_some_and(|at| at.parse::<Timestamp>().unwrap() >= oracle.history_start);
    let (mut merged, mut closed, mut reviews, mut commits) = (0, 0, 0, 0);
    for repository in organisation.repositories.iter().filter(|repository| !repository.commits.is_empty()) {
        let url = format!("{}/repositories/{}", simulation.url(), repository.id);
        for pull in pages(format!("{url}/pulls?state=all&sort=updated&direction=desc&per_page=100")).await {
            if !inside(&pull["updated_at"]) {
                break;
            }
            merged += usize::from(inside(&pull["merged_at"]));
            closed += usize::from(pull["merged_at"].is_null() && inside(&pull["closed_at"]));
            let all = pages(format!("{url}/pulls/{}/reviews?per_page=100", pull["number"])).await;
            reviews += all.iter().filter(|review| inside(&review["submitted_at"])).count();
        }
        let chain = pages(format!("{url}/commits?until={}&per_page=100", oracle.history_start)).await;
        let first_parents: Vec<&str> = {
            let head = repository.head_at(organisation.end).unwrap();
            let mut chain = vec![head];
            while let Some(&parent) = repository.commits[chain[chain.len() - 1]].parents.first() {
                chain.push(parent);
            }
            chain.into_iter().map(|position| repository.commits[position].sha.as_str()).collect()
        };
        let base = texts(&chain, "sha").into_iter().find(|sha| first_parents.contains(sha)).unwrap().to_owned();
        commits += pages(format!("{url}/compare/{base}...main?per_page=100")).await.len();
    }
    let counted = (merged, closed, reviews, commits);
    let known =
        (expected.merged_changes.total, expected.closed_changes.total, expected.reviews.total, expected.commits.total);
    assert_eq!(counted, known);
}

#[tokio::test]
async fn a_deployment_runs_succeeds_and_is_replaced() {
    let simulation = simulation("").await;
    let organisation = simulation.organisation();
    let own = |deployment: &&Deployment| deployment.deployer == Deployer::GitHub;
    let deployments: Vec<&Deployment> = organisation.delivery.deployments.iter().filter(own).collect();
    let first = deployments
        .iter()
        .find(|deployment| deployment.result == DeploymentResult::Success && deployment.rolls_back.is_none())
        .unwrap();
    let repository = &organisation.repositories[first.repository];
    let url = format!("{}/repos/{}/deployments", simulation.url(), repository.name);
    let all = pages(format!("{url}?per_page=7")).await;
    let of_repository = deployments.iter().filter(|deployment| deployment.repository == first.repository);
    assert_eq!(all.len(), of_repository.count());
    assert!(texts(&all, "created_at").is_sorted_by(|newer, older| newer >= older));
    assert!(all.iter().any(|deployment| deployment["task"] == "deploy:rollback"), "rollbacks are among them");

    let statuses = format!("{url}/{}/statuses", first.id);
    let states = async || texts(&pages(statuses.clone()).await, "state").join(" ");
    assert_eq!(states().await, "inactive success in_progress queued");
    simulation.set_now(first.finished_at);
    assert_eq!(states().await, "success in_progress queued");
    simulation.set_now(first.started_at);
    assert_eq!(states().await, "queued");
    simulation.set_now(first.started_at - SignedDuration::from_secs(1));
    assert_eq!(ask(&statuses).await.status, 404);
}

#[tokio::test]
async fn a_run_is_shown_in_its_latest_attempt_and_earlier_ones_one_by_one() {
    let simulation = simulation("").await;
    let organisation = simulation.organisation();
    let actions = organisation.delivery.pipelines.iter().filter(|pipeline| pipeline.runner == Runner::Actions);
    let (pipeline, second) = actions
        .flat_map(|pipeline| pipeline.attempts.iter().map(move |attempt| (pipeline, attempt)))
        .find(|(_, attempt)| attempt.attempt == 2 && attempt.finished_at < simulation.now())
        .unwrap();
    let name = &organisation.repositories[pipeline.repository].name;
    let runs = format!("{}/repos/{name}/actions/runs", simulation.url());
    let shown = async || {
        let created = pipeline.attempts.iter().find(|attempt| attempt.id == second.id).unwrap().started_at;
        let body = ask(&format!("{runs}?created={created}..{created}")).await.json().unwrap();
        assert_eq!(body["total_count"], 1);
        body["workflow_runs"][0].clone()
    };
    simulation.set_now(second.started_at - SignedDuration::from_secs(1));
    let run = shown().await;
    assert_eq!((&run["run_attempt"], &run["status"]), (&1.into(), &"completed".into()));
    let first_end = run["updated_at"].clone();
    simulation.set_now(second.started_at);
    let run = shown().await;
    assert_eq!(
        (&run["run_attempt"], &run["status"], &run["conclusion"]),
        (&2.into(), &"in_progress".into(), &Value::Null)
    );
    let earlier = ask(&format!("{runs}/{}/attempts/1", second.id)).await.json().unwrap();
    assert_eq!((&earlier["run_attempt"], &earlier["updated_at"]), (&1.into(), &first_end));
    assert_eq!(earlier["created_at"], run["created_at"]);
    assert_eq!(ask(&format!("{runs}/{}/attempts/3", second.id)).await.status, 404);
    assert_eq!(ask(&format!("{runs}?created=yesterday")).await.status, 501);
}

#[tokio::test]
async fn issues_are_incidents_and_pull_requests_and_can_be_asked_for_by_label() {
    let simulation = simulation("").await;
    let organisation = simulation.organisation();
    let incident = &organisation.delivery.incidents[0];
    let repository = &organisation.repositories[incident.repository];
    let url = format!("{}/repos/{}/issues?state=all&sort=updated&direction=asc", simulation.url(), repository.name);
    let all = pages(format!("{url}&per_page=50")).await;
    assert!(texts(&all, "updated_at").is_sorted());
    let pulls = all.iter().filter(|issue| issue.get("pull_request").is_some()).count();
    assert_eq!(pulls, repository.changes.len());
    let labelled = pages(format!("{url}&labels=Incident")).await;
    assert_eq!(labelled.len(), all.len() - pulls);
    assert!(labelled.iter().any(|issue| issue["number"] == incident.number));
    let last = labelled.last().unwrap()["updated_at"].as_str().unwrap();
    assert_eq!(pages(format!("{url}&labels=incident&since={last}")).await.len(), 1);
    simulation.set_now(incident.opened_at);
    assert_eq!(pages(format!("{url}&labels=incident")).await.last().unwrap()["state"], "open");
    assert_eq!(ask(&format!("{url}&milestone=1")).await.status, 501);
}

#[tokio::test]
async fn an_organization_lists_its_repositories_and_who_is_in_which_team() {
    let simulation = simulation("").await;
    let organisation = simulation.organisation();
    let orgs = format!("{}/orgs/acme", simulation.url());
    let repositories = pages(format!("{orgs}/repos?type=all&sort=full_name&per_page=8")).await;
    assert!(texts(&repositories, "full_name").is_sorted());
    assert_eq!(repositories.len(), organisation.repositories.len());
    assert!(simulation.requests()[1].target.starts_with("/organizations/39652351/repos?type=all&"));

    let teams = pages(format!("{orgs}/teams?per_page=3")).await;
    assert_eq!(texts(&teams, "slug").len(), organisation.teams.len());
    let mut logins = HashSet::new();
    for team in texts(&teams, "slug") {
        for member in pages(format!("{orgs}/teams/{team}/members?role=all")).await {
            assert!(logins.insert(member["login"].as_str().unwrap().to_owned()), "in two teams: {member}");
        }
    }
    assert!(logins.len() > 40, "{}", logins.len());
}

#[tokio::test]
async fn use_of_copilot_is_told_by_seats_and_by_a_file_elsewhere_for_each_day() {
    let organisation = Arc::new(Organisation::generate(1, END.parse().unwrap()));
    let options = Options { downloads: Some("http://elsewhere.invalid".to_owned()), ..Options::default() };
    let simulation = Simulation::start(organisation, options).await.unwrap();
    let copilot = format!("{}/orgs/acme/copilot", simulation.url());
    let seats = ask(&format!("{copilot}/billing")).await.json().unwrap()["seat_breakdown"].clone();
    assert!(seats["active_this_cycle"].as_u64() < seats["total"].as_u64());
    let report = async |day: &str| ask(&format!("{copilot}/metrics/reports/organization-1-day?day={day}")).await;
    assert_eq!(report("2026-06-30").await.status, 204);
    let links = report("2026-06-20").await.json().unwrap()["download_links"].clone();
    assert!(links[0].as_str().unwrap().starts_with("http://elsewhere.invalid/reports/2026-06-20?"), "{links}");
}
