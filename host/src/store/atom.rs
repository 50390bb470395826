//! `release.atom` and `release.measure`: what may be told.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{StoreError, span};
use crate::model::{Atom, Component, Family, Measure, Parts, Week};

/// Releases atoms. One that exists already is an error: nothing is released twice.
pub(super) async fn insert(connection: &mut PgConnection, atoms: &[Atom], now: Timestamp) -> Result<(), StoreError> {
    for atom in atoms {
        sqlx::query!(
            "INSERT INTO release.atom (cell, start_week, family, released_ms) VALUES ($1, $2, $3, $4)",
            atom.span.cell,
            atom.span.start.index(),
            atom.family.as_str(),
            now.as_millisecond(),
        )
        .execute(&mut *connection)
        .await?;
        for (component, measure) in &atom.measures {
            sqlx::query!(
                "INSERT INTO release.measure (cell, start_week, family, component, total, count, parts_hidden)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
                atom.span.cell,
                atom.span.start.index(),
                atom.family.as_str(),
                component.as_str(),
                measure.total,
                measure.count,
                measure.parts == Parts::Hidden,
            )
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

pub(super) async fn fetch(connection: &mut PgConnection) -> Result<Vec<Atom>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT a.cell, a.start_week, a.family, s.weeks, s.teams, s.admitted, m.component AS "component?", m.total AS "total?",
                  m.count AS "count?", m.parts_hidden AS "parts_hidden?"
           FROM release.atom a JOIN release.span s USING (cell, start_week) LEFT JOIN release.measure m USING (cell, start_week, family)
           ORDER BY a.start_week, a.cell, a.family, m.component"#
    )
    .fetch_all(connection)
    .await?;
    let mut atoms: Vec<Atom> = Vec::new();
    for row in rows {
        let family =
            Family::from_name(&row.family).ok_or(StoreError::Corrupt("a family that this version does not know"))?;
        let is_same = |atom: &Atom| {
            atom.span.cell == row.cell && atom.span.start == Week::from_index(row.start_week) && atom.family == family
        };
        if !atoms.last().is_some_and(is_same) {
            let span = span::span(row.cell, row.start_week, row.weeks, &row.teams, row.admitted)?;
            atoms.push(Atom { span, family, measures: BTreeMap::new() });
        }
        if let (Some(component), Some(total), Some(count), Some(hidden), Some(atom)) =
            (row.component, row.total, row.count, row.parts_hidden, atoms.last_mut())
        {
            let component = Component::from_name(&component)
                .ok_or(StoreError::Corrupt("a component that this version does not know"))?;
            let parts = if hidden { Parts::Hidden } else { Parts::Told };
            atom.measures.insert(component, Measure { total, count, parts });
        }
    }
    Ok(atoms)
}
