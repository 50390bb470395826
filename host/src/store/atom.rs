//! `release.atom` and `release.measure`: what may be told.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Store, StoreError};
use crate::model::{Atom, Component, Family, Measure, Parts, Span, TeamName, Week};
use crate::release::Assignment;

impl Store {
    /// Releases atoms and what belongs to them, all or none. One that exists stays as it is. Answers how many are new.
    pub async fn atoms_insert(
        &self,
        atoms: &[Atom],
        assignments: &[Assignment],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        super::assignment::insert(&mut transaction, assignments).await?;
        let mut new = 0;
        for atom in atoms {
            let teams: Vec<String> = atom.span.teams.iter().map(|team| team.as_str().to_owned()).collect();
            let inserted = sqlx::query!(
                "INSERT INTO release.atom (cell, start_week, family, weeks, teams, released_ms) VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (cell, start_week, family) DO NOTHING",
                atom.span.cell,
                atom.span.start.index(),
                atom.family.as_str(),
                atom.span.weeks,
                &teams,
                now.as_millisecond(),
            )
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            if inserted == 0 {
                continue;
            }
            new += inserted;
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
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(new)
    }

    /// Everything that was ever released.
    pub async fn atoms_fetch(&self) -> Result<Vec<Atom>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT a.cell, a.start_week, a.family, a.weeks, a.teams, m.component AS "component?", m.total AS "total?", m.count AS "count?",
                      m.parts_hidden AS "parts_hidden?"
               FROM release.atom a LEFT JOIN release.measure m USING (cell, start_week, family)
               ORDER BY a.start_week, a.cell, a.family, m.component"#
        )
        .fetch_all(&self.pool)
        .await?;
        let mut atoms: Vec<Atom> = Vec::new();
        for row in rows {
            let family = Family::from_name(&row.family)
                .ok_or(StoreError::Corrupt("a family that this version does not know"))?;
            let start = Week::from_index(row.start_week);
            let is_next_measure = atoms
                .last()
                .is_some_and(|atom| atom.span.cell == row.cell && atom.span.start == start && atom.family == family);
            if !is_next_measure {
                let teams = row.teams.iter().map(|team| team.parse()).collect::<Result<Vec<TeamName>, _>>();
                let teams = teams.map_err(|_| StoreError::Corrupt("a team that is no name"))?;
                let span = Span { cell: row.cell, teams, start, weeks: row.weeks };
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
}
