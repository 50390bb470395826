//! `raw.incident`, a row for each phase.

use super::instant;
use super::table::{earlier, fetch, here, key, linked, service, table, team};
use crate::model::{EntityKey, Incident, KnownIncident, ServiceName, TeamName, Week, Word};

table! {
    "incident", "convert_to(coalesce(f.owner, ''), 'UTF8')", Incident<EntityKey> {
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

fetch! {
    /// What is known of the incidents that were opened or resolved in these weeks: a row for each phase.
    fetch_known: KnownIncident =
        "SELECT week, at_ms, incident, earlier_incident, service_key, earlier_service_key, service, owner, phase, opened_ms,
                caused_by, earlier_caused_by
         FROM raw.incident WHERE week >= $1 AND week < $2 ORDER BY at_ms, key",
    |row| {
        let is_resolved = row.phase == "resolved";
        Ok(KnownIncident {
            week: Week::from_index(row.week),
            incident: linked(&row.incident, row.earlier_incident.as_deref())?,
            service_key: linked(&row.service_key, row.earlier_service_key.as_deref())?,
            service: service(row.service)?,
            owner: team(row.owner)?,
            opened_at: instant(row.opened_ms),
            resolved_at: is_resolved.then(|| instant(row.at_ms)),
            caused_by: row.caused_by.map(|key| linked(&key, row.earlier_caused_by.as_deref())).transpose()?,
        })
    }
}
