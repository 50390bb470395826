//! The weekly partitions of raw facts.

use sqlx::AssertSqlSafe;

use super::{Store, StoreError};
use crate::model::Week;

const PARTITIONED: [&str; 3] = ["change", "review", "commit"];
/// Taken while partitions are made, so that two hosts do not make the same one.
const PARTITION_LOCK: i64 = 0x7175_696e_7461_6e74;

impl Store {
    /// Makes the partitions of the weeks from `first` to `last`, both included, where they are missing.
    pub async fn partitions_make(&self, first: Week, last: Week) -> Result<(), StoreError> {
        let wanted = i64::from(first.until(last).max(-1) + 1) * 3;
        let there = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
               JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
               WHERE n.nspname = 'raw' AND c.relkind = 'r'
                 AND substring(c.relname FROM '_w(-?[0-9]+)$')::int BETWEEN $1 AND $2"#,
            first.index(),
            last.index(),
        )
        .fetch_one(&self.pool)
        .await?;
        if there >= wanted {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        sqlx::query!("SELECT pg_advisory_xact_lock($1)", PARTITION_LOCK).execute(&mut *transaction).await?;
        for week in first.index()..=last.index() {
            for table in PARTITIONED {
                // Table names and integers of our own: there is nothing from outside in this text.
                let statement = format!(
                    "CREATE TABLE IF NOT EXISTS raw.{table}_w{week} PARTITION OF raw.{table} FOR VALUES FROM ({week}) TO ({})",
                    week + 1
                );
                sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}
