//! `raw.deployment`, with what it delivered as keys one behind the other.

use super::instant;
use super::table::{
    earlier, entity, fetch, here, key, keys_of_row, linked, millisecond, row_of_keys, service, table, team,
};
use crate::model::{Deployment, EntityKey, FinishedDeployment, Linked, ServiceName, TeamName, Week};

table! {
    "deployment", "convert_to(coalesce(f.owner, ''), 'UTF8')", Deployment<EntityKey> {
        "deployment" "$7::bytea[]" = |deployment| deployment.deployment.as_bytes(),
        "service_key" "$8::bytea[]" = |deployment| deployment.service.key.key.as_bytes(),
        "earlier_service_key" "$9::bytea[]" = |deployment| key(deployment.service.key.earlier.as_ref()),
        "service" "$10::text[]" = |deployment| deployment.service.name.as_ref().map(ServiceName::as_str),
        "owner" "$11::text[]" = |deployment| deployment.service.owner.as_ref().map(TeamName::as_str),
        "environment" "$12::bytea[]" = |deployment| deployment.environment.as_bytes(),
        "production" "$13::bool[]" = |deployment| deployment.production,
        "started_ms" "$14::bigint[]" = |deployment| millisecond(deployment.started_at),
        "result" "$15::text[]" = |deployment| deployment.result.as_str(),
        "repository" "$16::bytea[]" = |deployment| key(deployment.repository.as_ref()),
        "head_sha" "$17::bytea[]" = |deployment| here(deployment.head_sha.as_ref()),
        "earlier_head_sha" "$18::bytea[]" = |deployment| earlier(deployment.head_sha.as_ref()),
        "shas" "$19::bytea[]" = |deployment| row_of_keys(deployment.shas.iter().map(|sha| &sha.key)),
        "earlier_shas" "$20::bytea[]" = |deployment| row_of_keys(deployment.shas.iter().filter_map(|sha| sha.earlier.as_ref())),
        "rollback" "$21::bool[]" = |deployment| deployment.rollback,
        "rolls_back" "$22::bytea[]" = |deployment| here(deployment.rolls_back.as_ref()),
        "earlier_rolls_back" "$23::bytea[]" = |deployment| earlier(deployment.rolls_back.as_ref()),
        "unplanned" "$24::bool[]" = |deployment| deployment.unplanned,
    }
}

fetch! {
    /// The successful deployments to production of these weeks, in the order in which they finished.
    fetch_finished: FinishedDeployment =
        "SELECT week, at_ms, deployment, service_key, earlier_service_key, service, owner, repository, head_sha, earlier_head_sha,
                shas, earlier_shas, rollback, rolls_back, earlier_rolls_back, unplanned
         FROM raw.deployment WHERE week >= $1 AND week < $2 AND production AND result = 'success' ORDER BY at_ms, key",
    |row| {
        let link = |key: Option<Vec<u8>>, earlier: Option<Vec<u8>>| {
            key.map(|key| linked(&key, earlier.as_deref())).transpose()
        };
        let (shas, earlier_shas) = (keys_of_row(row.shas)?, keys_of_row(row.earlier_shas)?);
        // Either all of them have one or none has.
        let sha = |(index, key)| Linked { key, earlier: earlier_shas.get(index).copied() };
        Ok(FinishedDeployment {
            week: Week::from_index(row.week),
            at: instant(row.at_ms),
            deployment: entity(&row.deployment)?,
            service_key: linked(&row.service_key, row.earlier_service_key.as_deref())?,
            service: service(row.service)?,
            owner: team(row.owner)?,
            repository: row.repository.as_deref().map(entity).transpose()?,
            head_sha: link(row.head_sha, row.earlier_head_sha)?,
            shas: shas.into_iter().enumerate().map(sha).collect(),
            rollback: row.rollback,
            rolls_back: link(row.rolls_back, row.earlier_rolls_back)?,
            unplanned: row.unplanned,
        })
    }
}
