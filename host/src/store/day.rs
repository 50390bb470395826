//! `release.day`: what may be told of days. The table takes components of systems alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::PgConnection;

use super::StoreError;
use crate::model::{Component, Day, Histogram, Measure, Parts};

/// Releases days. One that exists already is an error: nothing is released twice.
pub(super) async fn insert(connection: &mut PgConnection, days: &[Day], now: Timestamp) -> Result<(), StoreError> {
    for day in days {
        for (component, measure) in &day.measures {
            let lists = measure.histogram.as_ref().map(|histogram| histogram.buckets().iter().unzip());
            let (buckets, counts): (Option<Vec<i16>>, Option<Vec<i64>>) = lists.unzip();
            sqlx::query!(
                "INSERT INTO release.day (day, component, total, count, buckets, counts, released_ms)
                 VALUES ($1::text::date, $2, $3, $4, $5, $6, $7)",
                day.date.to_string(),
                component.as_str(),
                measure.total,
                measure.count,
                buckets.as_deref(),
                counts.as_deref(),
                now.as_millisecond(),
            )
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

/// The days from this one on that were released.
pub(super) async fn fetch_told(connection: &mut PgConnection, from: Date) -> Result<BTreeSet<Date>, StoreError> {
    let days = sqlx::query_scalar!(
        r#"SELECT DISTINCT day::text AS "day!" FROM release.day WHERE day >= $1::text::date"#,
        from.to_string(),
    )
    .fetch_all(connection)
    .await?;
    days.iter().map(|day| date(day)).collect()
}

/// The newest day that was released.
pub(super) async fn fetch_newest(connection: &mut PgConnection) -> Result<Option<Day>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT day::text AS "day!", component, total, count, buckets, counts FROM release.day
           WHERE day = (SELECT max(day) FROM release.day)"#
    )
    .fetch_all(connection)
    .await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut day = Day { date: date(&first.day)?, measures: BTreeMap::new() };
    for row in rows {
        let component = Component::from_name(&row.component).filter(|component| component.family().is_of_systems());
        let component = component.ok_or(StoreError::Corrupt("a day's component that this version does not know"))?;
        let buckets = row.buckets.zip(row.counts).map(|(buckets, counts)| buckets.into_iter().zip(counts).collect());
        let histogram = buckets.map(Histogram::of_machines);
        day.measures.insert(component, Measure { total: row.total, count: row.count, parts: Parts::Told, histogram });
    }
    Ok(Some(day))
}

fn date(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt("a day that is no date"))
}
