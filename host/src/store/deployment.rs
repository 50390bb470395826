//! `raw.deployment`, with what it delivered as keys one behind the other.

use super::table::{earlier, here, key, millisecond, row_of_keys, table};
use crate::model::{Deployment, EntityKey, ServiceName, TeamName};

table! {
    "deployment", "''", Deployment<EntityKey> {
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
