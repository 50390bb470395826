//! What one run stores is what happened in its span.

use quintant_tests::{Host, HostOptions, simulation_end};
use quintant_upstreams::oracle::conversation::{self, Channels};
use quintant_upstreams::oracle::jenkins::{jenkins_builds, jenkins_deployments};
use quintant_upstreams::oracle::{github, work};
use quintant_upstreams::organisation::Organisation;
use quintant_upstreams::organisation::delivery::{BuildResult, DeploymentResult, Environment};

use super::*;

fn build_result(result: BuildResult) -> &'static str {
    match result {
        BuildResult::Success => "success",
        BuildResult::Failure => "failure",
        BuildResult::Unstable => "unstable",
        BuildResult::Aborted => "aborted",
    }
}

fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// What is stored of a source, by a statement with its id as `{source}`.
async fn stored(host: &Host, source: &str, sql: &str) -> Vec<String> {
    let id = format!("(SELECT id FROM app.source WHERE name = '{source}')");
    host.database.texts(&sql.replace("{source}", &id)).await
}

async fn check_work(host: &Host, organisation: &Organisation, from: Timestamp, to: Timestamp) {
    let found = stored(
        host,
        "github",
        "SELECT concat_ws(' ', at_ms, merged, author IS NOT NULL) FROM raw.change WHERE source_id = {source}",
    );
    let expected = work::changes(organisation, from, to).into_iter();
    let expected = expected.map(|(at, merged, human)| format!("{} {} {}", ms(at), letter(merged), letter(human)));
    assert_same("changes", found.await, expected.collect());

    let found = stored(
        host,
        "github",
        "SELECT concat_ws(' ', at_ms, review_comments) FROM raw.change WHERE source_id = {source} AND merged",
    );
    let kept: Vec<Timestamp> = work::changes(organisation, from, to).into_iter().map(|(at, ..)| at).collect();
    let mut expected = Vec::new();
    for ((repository, number), comments) in github::comments(organisation, from, to) {
        let mut changes = organisation.repositories.iter().filter(|found| found.id == repository);
        let mut changes = changes.next().unwrap().changes.iter().filter(|change| change.number == number);
        let (at, _) = changes.next().unwrap().merge().unwrap();
        if kept.contains(&at) {
            expected.push(format!("{} {comments}", ms(at)));
        }
    }
    assert_same("comments", found.await, expected);

    let found = stored(host, "github", "SELECT at_ms::text FROM raw.review WHERE source_id = {source}");
    let expected = work::reviews(organisation, from, to).into_iter().map(|at| ms(at).to_string());
    assert_same("reviews", found.await, expected.collect());

    let found = stored(
        host,
        "github",
        "SELECT concat_ws(' ', at_ms, parents, author IS NOT NULL) FROM raw.commit WHERE source_id = {source}",
    );
    let expected = work::commits(organisation, from, to).into_iter();
    let expected = expected.map(|(at, parents, human)| format!("{} {parents} {}", ms(at), letter(human)));
    assert_same("commits", found.await, expected.collect());
}

/// As PostgreSQL joins booleans.
fn letter(is_so: bool) -> char {
    if is_so { 't' } else { 'f' }
}

async fn check_delivery(host: &Host, organisation: &Organisation, from: Timestamp, to: Timestamp) {
    let service = |repository: &str| {
        let mut pipelines = organisation.delivery.pipelines.iter();
        let own = pipelines.find(|pipeline| organisation.repositories[pipeline.repository].name == repository);
        own.map_or(String::new(), |pipeline| pipeline.service.clone())
    };
    let found = stored(
        host,
        "github",
        "SELECT concat_ws(' ', at_ms, attempt, result, on_default_branch, sha IS NOT NULL) FROM raw.build WHERE source_id = {source}",
    );
    let expected =
        github::builds(organisation, from, to).into_iter().map(|((_, attempt), (at, result, _, default))| {
            format!("{} {attempt} {} {} t", ms(at), build_result(result), letter(default))
        });
    assert_same("workflow runs", found.await, expected.collect());

    let found = stored(
        host,
        "github",
        "SELECT concat_ws(' ', at_ms, service, production, result) FROM raw.deployment WHERE source_id = {source}",
    );
    let expected = github::deployments(organisation, from, to).into_iter().map(|(id, (at, result, environment, _))| {
        let deployment = organisation.delivery.deployments.iter().find(|deployment| deployment.id == id).unwrap();
        let production = letter(environment == Environment::Production.name());
        let result = if result == DeploymentResult::Success { "success" } else { "failure" };
        format!("{} {} {production} {result}", ms(at), deployment.service)
    });
    assert_same("GitHub's deployments", found.await, expected.collect());

    let found = stored(
        host,
        "github",
        "SELECT concat_ws(' ', at_ms, opened_ms, phase, severity, service) FROM raw.incident WHERE source_id = {source}",
    );
    let expected = github::incidents(organisation, from, to).into_iter().map(|((id, resolved), (at, severity))| {
        let incident = organisation.delivery.incidents.iter().find(|incident| incident.id == id).unwrap();
        let phase = if resolved { "resolved" } else { "opened" };
        let service = service(&organisation.repositories[incident.repository].name);
        format!("{} {} {phase} {severity} {service}", ms(at), ms(incident.opened_at))
    });
    assert_same("incidents", found.await, expected.collect());
}

async fn check_jenkins(host: &Host, organisation: &Organisation, looks: &[Timestamp]) {
    let found = stored(
        host,
        "jenkins",
        "SELECT concat_ws(' ', started_ms, at_ms, service, result, on_default_branch, tests_failed, lines_covered, lines_total, sha IS NOT NULL)
         FROM raw.build WHERE source_id = {source}",
    );
    let builds = jenkins_builds(organisation, looks);
    let expected = builds.iter().map(|build| {
        let pipeline = organisation.delivery.pipelines.iter().find(|pipeline| pipeline.name == build.pipeline);
        let mut line = format!("{} {} {}", ms(build.started_at), ms(build.finished_at), pipeline.unwrap().service);
        line += &format!(" {} {}", build_result(build.result), letter(build.on_default_branch));
        let (covered, total) = build.lines.unzip();
        for number in [build.tests_failed, covered, total].into_iter().flatten() {
            line += &format!(" {number}");
        }
        line + " t"
    });
    assert_same("builds", found.await, expected.collect());

    let found = stored(
        host,
        "jenkins",
        "SELECT concat_ws(' ', started_ms, at_ms, service, production, result, rollback, rolls_back IS NOT NULL)
         FROM raw.deployment WHERE source_id = {source}",
    );
    let deployments = jenkins_deployments(organisation, looks);
    let expected = deployments.iter().map(|deployment| {
        format!(
            "{} {} {} {} {} {} {}",
            ms(deployment.started_at),
            ms(deployment.finished_at),
            deployment.service,
            letter(deployment.environment == Environment::Production.name()),
            if deployment.is_success { "success" } else { "failure" },
            letter(deployment.rollback),
            letter(deployment.undone_began_at.is_some())
        )
    });
    assert_same("Jenkins' deployments", found.await, expected.collect());
}

async fn check_talk(host: &Host, organisation: &Organisation, from: Timestamp, to: Timestamp) {
    // The day that the look-back begins in is older than what is kept.
    let day = (from + DAY).to_zoned(jiff::tz::TimeZone::UTC).date();
    let found = stored(host, "posts", "SELECT concat_ws(' ', at_ms, count) FROM raw.usage WHERE source_id = {source}");
    // What was archived before the first reading is in no list of channels.
    let expected = conversation::posts(organisation, Channels { except: &["old-project"] }, day, to);
    let expected = expected.into_iter().map(|((date, _), count)| {
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        format!("{} {count}", ms(midnight))
    });
    assert_same("posts", found.await, expected.collect());

    let found = stored(
        host,
        "nps",
        "SELECT concat_ws(' ', week, CASE WHEN score >= 9 THEN 0 WHEN score >= 7 THEN 1 ELSE 2 END, count(*))
         FROM raw.survey_response WHERE source_id = {source} GROUP BY week, score >= 9, score >= 7",
    );
    let mut expected = Vec::new();
    // Weeks are counted from Monday, 5 January 1970, and asked for whole.
    let week = |at: Timestamp| (at.as_second() - 4 * 86_400).div_euclid(7 * 86_400);
    for week in week(from)..week(to) {
        let monday = Timestamp::from_second(week * 7 * 86_400 + 4 * 86_400).unwrap();
        let classes = conversation::answers(&organisation.survey, monday, monday + 7 * DAY);
        let told = (0..).zip(classes).filter(|(_, count)| *count > 0);
        expected.extend(told.map(|(class, count)| format!("{week} {class} {count}")));
    }
    assert_same("survey", found.await, expected);
    assert_eq!(host.database.count("SELECT count(*) FROM raw.tally").await, 0, "the first reading of counters");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_run_stores_of_four_services_what_happened() {
    let (world, now) = (World::start(90).await, simulation_end());
    let host = world.host(now, HostOptions::default().limits).await;
    collect_whole(&host).await;
    let (organisation, from) = (&*world.organisation, world.first(now));
    check_work(&host, organisation, from, now).await;
    check_delivery(&host, organisation, from, now).await;
    check_jenkins(&host, organisation, &[now]).await;
    check_talk(&host, organisation, from, now).await;
    host.finish().await;
}
