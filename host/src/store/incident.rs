//! `raw.incident`, a row for each phase.

use super::table::{earlier, here, key, table};
use crate::model::{EntityKey, Incident, ServiceName, TeamName, Word};

table! {
    "incident", "''", Incident<EntityKey> {
        "incident" "$7::bytea[]" = |incident| incident.incident.key.as_bytes(),
        "earlier_incident" "$8::bytea[]" = |incident| key(incident.incident.earlier.as_ref()),
        "service_key" "$9::bytea[]" = |incident| incident.service.key.key.as_bytes(),
        "earlier_service_key" "$10::bytea[]" = |incident| key(incident.service.key.earlier.as_ref()),
        "service" "$11::text[]" = |incident| incident.service.name.as_ref().map(ServiceName::as_str),
        "owner" "$12::text[]" = |incident| incident.service.owner.as_ref().map(TeamName::as_str),
        "phase" "$13::text[]" = |incident| incident.phase.as_str(),
        "opened_ms" "$14::bigint[]" = |incident| incident.opened_at.as_millisecond(),
        "caused_by" "$15::bytea[]" = |incident| here(incident.caused_by.as_ref()),
        "earlier_caused_by" "$16::bytea[]" = |incident| earlier(incident.caused_by.as_ref()),
        "severity" "$17::text[]" = |incident| incident.severity.as_ref().map(Word::as_str),
    }
}
