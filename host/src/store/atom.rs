//! `release.atom` and `release.measure`: what may be told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::PgConnection;

use super::{StoreError, span};
use crate::model::{Atom, Component, Family, Histogram, Measure, Parts, Week, Word};

/// What was released of some weeks, as a release needs to know it.
#[derive(Debug, Clone, Default)]
pub struct Released {
    /// Cell, first week and family.
    decided: BTreeSet<(String, Week, Family)>,
    /// Cells and first weeks whose merged changes were told.
    told_changes: BTreeSet<(String, Week)>,
}

impl Released {
    /// The same of atoms at hand.
    pub fn note(&mut self, atom: &Atom) {
        let (cell, start) = (atom.span.cell.clone(), atom.span.start);
        if atom.measures.contains_key(&Component::MergedChanges) {
            self.told_changes.insert((cell.clone(), start));
        }
        self.decided.insert((cell, start, atom.family));
    }

    /// Whether a family of a span of the grid was released, with numbers or without.
    pub fn is_decided(&self, cell: &str, start: Week, family: Family) -> bool {
        self.decided.contains(&(cell.to_owned(), start, family))
    }

    pub fn has_told_changes(&self, cell: &str, start: Week) -> bool {
        self.told_changes.contains(&(cell.to_owned(), start))
    }
}

/// Releases atoms. One that exists already is an error: nothing is released twice.
pub(super) async fn insert(connection: &mut PgConnection, atoms: &[Atom], now: Timestamp) -> Result<(), StoreError> {
    let facet = |atom: &Atom| atom.facet.as_ref().map_or_else(String::new, |facet| facet.as_str().to_owned());
    let teams = |atom: &Atom| atom.span.teams.iter().map(|team| team.as_str()).collect::<Vec<_>>().join("+");
    sqlx::query!(
        "INSERT INTO release.atom (cell, start_week, weeks, teams, admitted, family, facet, released_ms)
         SELECT cell, start_week, weeks, string_to_array(teams, '+'), admitted, family, facet, $8
         FROM UNNEST($1::text[], $2::int[], $3::int[], $4::text[], $5::bool[], $6::text[], $7::text[])
             AS n (cell, start_week, weeks, teams, admitted, family, facet)",
        &column(atoms, |atom| atom.span.cell.clone()),
        &column(atoms, |atom| atom.span.start.index()),
        &column(atoms, |atom| atom.span.weeks),
        &column(atoms, teams),
        &column(atoms, |atom| atom.span.admitted),
        &column(atoms, |atom| atom.family.as_str().to_owned()),
        &column(atoms, facet),
        now.as_millisecond(),
    )
    .execute(&mut *connection)
    .await?;
    let measures =
        atoms.iter().flat_map(|atom| atom.measures.iter().map(move |(component, measure)| (atom, component, measure)));
    let (spread, plain): (Vec<_>, Vec<_>) = measures.partition(|(_, _, measure)| measure.histogram.is_some());
    sqlx::query!(
        "INSERT INTO release.measure (cell, start_week, weeks, family, facet, component, total, count, parts_hidden)
         SELECT * FROM UNNEST($1::text[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bool[])",
        &column(&plain, |(atom, ..)| atom.span.cell.clone()),
        &column(&plain, |(atom, ..)| atom.span.start.index()),
        &column(&plain, |(atom, ..)| atom.span.weeks),
        &column(&plain, |(atom, ..)| atom.family.as_str().to_owned()),
        &column(&plain, |(atom, ..)| facet(atom)),
        &column(&plain, |(_, component, _)| component.as_str().to_owned()),
        &column(&plain, |(_, _, measure)| measure.total),
        &column(&plain, |(_, _, measure)| measure.count),
        &column(&plain, |(_, _, measure)| measure.parts == Parts::Hidden),
    )
    .execute(&mut *connection)
    .await?;
    // Lists of different lengths cannot be bound as one column.
    for (atom, component, measure) in spread {
        let histogram = measure.histogram.as_ref();
        let (first, last) = histogram.and_then(Histogram::told).unzip();
        let (buckets, counts): (Vec<i16>, Vec<i64>) =
            histogram.iter().flat_map(|histogram| histogram.buckets()).unzip();
        sqlx::query!(
            "INSERT INTO release.measure (cell, start_week, weeks, family, facet, component, total, count, parts_hidden,
                                          buckets, counts, told_first, told_last)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            atom.span.cell,
            atom.span.start.index(),
            atom.span.weeks,
            atom.family.as_str(),
            facet(atom),
            component.as_str(),
            measure.total,
            measure.count,
            measure.parts == Parts::Hidden,
            &buckets,
            &counts,
            first,
            last,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

fn column<'a, T, C>(rows: &'a [T], value: impl Fn(&'a T) -> C) -> Vec<C> {
    rows.iter().map(value).collect()
}

pub(super) async fn fetch(connection: &mut PgConnection) -> Result<Vec<Atom>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT a.cell, a.start_week, a.family, a.facet, a.weeks, a.teams, a.admitted, m.component AS "component?", m.total AS "total?",
                  m.count AS "count?", m.parts_hidden AS "parts_hidden?", m.buckets, m.counts, m.told_first, m.told_last
           FROM release.atom a LEFT JOIN release.measure m USING (start_week, cell, family, facet, weeks)
           ORDER BY a.start_week, a.cell, a.family, a.facet, a.weeks, m.component"#
    )
    .fetch_all(connection)
    .await?;
    let mut atoms: Vec<Atom> = Vec::new();
    for row in rows {
        let family =
            Family::from_name(&row.family).ok_or(StoreError::Corrupt("a family that this version does not know"))?;
        let facet: Option<Word> = match row.facet.as_str() {
            "" => None,
            facet => Some(facet.parse().map_err(|_| StoreError::Corrupt("a facet that is no word"))?),
        };
        let is_same = |atom: &Atom| {
            atom.span.cell == row.cell
                && (atom.span.start, atom.span.weeks) == (Week::from_index(row.start_week), row.weeks)
                && (atom.family, &atom.facet) == (family, &facet)
        };
        if !atoms.last().is_some_and(is_same) {
            let span = span::span(row.cell, row.start_week, row.weeks, &row.teams, row.admitted)?;
            atoms.push(Atom { span, family, facet, measures: BTreeMap::new() });
        }
        if let (Some(component), Some(total), Some(count), Some(hidden), Some(atom)) =
            (row.component, row.total, row.count, row.parts_hidden, atoms.last_mut())
        {
            let component = Component::from_name(&component)
                .ok_or(StoreError::Corrupt("a component that this version does not know"))?;
            let parts = if hidden { Parts::Hidden } else { Parts::Told };
            let buckets =
                row.buckets.zip(row.counts).map(|(buckets, counts)| buckets.into_iter().zip(counts).collect());
            let histogram = buckets.map(|buckets| Histogram::new(buckets, row.told_first.zip(row.told_last)));
            atom.measures.insert(component, Measure { total, count, parts, histogram });
        }
    }
    Ok(atoms)
}

/// What was released of the spans that start in these weeks or later.
pub(super) async fn fetch_released(connection: &mut PgConnection, from: Week) -> Result<Released, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT a.cell, a.start_week, a.family, m.component IS NOT NULL AS "is_told!"
           FROM release.atom a LEFT JOIN release.measure m
               ON (m.start_week, m.cell, m.family, m.facet, m.weeks) = (a.start_week, a.cell, a.family, a.facet, a.weeks)
               AND m.component = 'merged_changes'
           WHERE a.start_week >= $1 AND a.facet = ''"#,
        from.index(),
    )
    .fetch_all(connection)
    .await?;
    let mut released = Released::default();
    for row in rows {
        let family =
            Family::from_name(&row.family).ok_or(StoreError::Corrupt("a family that this version does not know"))?;
        let start = Week::from_index(row.start_week);
        if row.is_told {
            released.told_changes.insert((row.cell.clone(), start));
        }
        released.decided.insert((row.cell, start, family));
    }
    Ok(released)
}

/// How many there are.
pub(super) async fn count(connection: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM release.atom"#).fetch_one(connection).await?)
}
