//! What several services tell of one thing can be put together again, without reading anything again.

use quintant_upstreams::organisation::delivery::{Deployer, Deployment, DeploymentResult, Environment};

use super::*;

const JENKINS: &str = "(SELECT id FROM app.source WHERE name = 'jenkins')";

fn is_good(deployment: &Deployment) -> bool {
    deployment.environment == Environment::Production && deployment.result == DeploymentResult::Success
}

async fn two_sources(world: &World) -> Host {
    let host = world.host(simulation_end(), HostOptions::default().limits).await;
    for source in ["github", "jenkins"] {
        host.collect_from(source).await;
    }
    host
}

/// Head of a deployment, then a way to its commit in its own epoch or the one before.
fn of_its_commit(way: &str) -> String {
    format!(
        "SELECT concat_ws(' ', d.at_ms, d.service) FROM raw.deployment d
         WHERE d.source_id = {JENKINS} AND d.production AND d.result = 'success' AND {way} EXISTS (
             SELECT FROM raw.commit c WHERE c.epoch = d.epoch AND c.sha = d.head_sha
             UNION ALL SELECT FROM raw.commit c WHERE c.epoch = d.epoch - 1 AND c.sha = d.earlier_head_sha)"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_merges_are_deployed_and_broken() {
    let (world, end) = (World::start(60).await, simulation_end());
    let (organisation, from) = (&world.organisation, world.first(end));
    let host = two_sources(&world).await;

    // A deployment of what landed before anything was kept finds nothing; each other one finds what it deployed.
    let told = organisation.delivery.deployments.iter();
    let told = told.filter(|deployment| is_good(deployment) && (from..end).contains(&deployment.finished_at));
    let told: Vec<&Deployment> = told.filter(|deployment| deployment.deployer != Deployer::GitHub).collect();
    let (found, lost): (Vec<&Deployment>, Vec<&Deployment>) = told.iter().partition(|deployment| {
        organisation.repositories[deployment.repository].commits[deployment.head].committed_at >= from
    });
    let lines = |deployments: &[&Deployment]| {
        let line = |told: &&Deployment| format!("{} {}", told.finished_at.as_millisecond(), told.service);
        deployments.iter().map(line).collect::<Vec<_>>()
    };
    assert!(found.len() > 50, "{} deployments", found.len());
    assert_same("deployments with their commit", host.database.texts(&of_its_commit("")).await, lines(&found));
    assert_same("deployments without", host.database.texts(&of_its_commit("NOT")).await, lines(&lost));
    let behind = "SELECT count(*) FROM raw.deployment d JOIN raw.commit c ON c.sha = d.earlier_head_sha AND c.epoch = d.epoch - 1
        WHERE d.production";
    assert!(host.database.count(behind).await > 0, "none of them crosses the boundary of two epochs");

    // Every merge is a commit that landed.
    let merges = "SELECT count(*) FROM raw.change m WHERE merged AND NOT EXISTS (
        SELECT FROM raw.commit c WHERE c.sha = m.merge_commit AND c.epoch = m.epoch)";
    assert_eq!(host.database.count(merges).await, 0, "merges without their commit");

    // What a deployment broke lies behind it, under the same name of the service.
    let mut blamed = Vec::new();
    for incident in &organisation.delivery.incidents {
        let Some(cause) = incident.caused_by.map(|cause| organisation.delivery.deployment(cause)) else { continue };
        if cause.finished_at >= from && incident.opened_at < end {
            let [opened, deployed] = [incident.opened_at, cause.finished_at].map(Timestamp::as_millisecond);
            blamed.push(format!("('{}', {opened}, {deployed})", incident.service));
        }
    }
    assert!(blamed.len() > 10, "{} incidents", blamed.len());
    let blameless = format!(
        "SELECT concat_ws(' ', told.*) FROM (VALUES {}) told (service, opened_ms, deployed_ms) WHERE NOT EXISTS (
            SELECT FROM raw.incident i JOIN raw.deployment d ON d.service = i.service AND d.at_ms < i.opened_ms
            WHERE i.phase = 'opened' AND i.opened_ms = told.opened_ms AND i.service = told.service
              AND d.at_ms = told.deployed_ms AND d.production AND d.result = 'success')",
        blamed.join(", ")
    );
    assert_same("incidents without their deployment", host.database.texts(&blameless).await, Vec::new());

    // What a rollback undoes is there.
    let undone = "SELECT count(*) FROM raw.deployment r LEFT JOIN raw.deployment d
        ON d.epoch = r.epoch AND d.deployment = r.rolls_back OR d.epoch = r.epoch - 1 AND d.deployment = r.earlier_rolls_back
        WHERE r.rolls_back IS NOT NULL GROUP BY d.key IS NULL";
    let undone = host.database.numbers(undone).await;
    assert!(undone.len() == 1 && undone[0] > 5, "{undone:?}");
    host.finish().await;
}
