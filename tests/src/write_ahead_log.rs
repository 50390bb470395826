//! What a superuser finds in the server's write-ahead log of what was written since an instant.

use std::path::PathBuf;

use sqlx::{PgConnection, raw_sql};

use crate::Database;

/// The server keeps the log from [`WriteAheadLog::keep`] on for as long as this lives, whatever checkpoints other tests cause.
pub struct WriteAheadLog {
    keeper: PgConnection,
    from: String,
}

impl WriteAheadLog {
    pub async fn keep(database: &Database) -> Self {
        let mut keeper = database.connect().await;
        let slot = "SELECT pg_create_physical_replication_slot('kept_' || pg_backend_pid(), true, true)";
        raw_sql(slot).execute(&mut keeper).await.unwrap();
        let from = sqlx::query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(&mut keeper).await.unwrap();
        let log = Self { keeper, from };
        database.execute_by(&format!("COMMENT ON DATABASE {} IS '{}'", database.name(), log.mark())).await;
        log
    }

    /// Everything since, from the server's own files.
    pub async fn read(&mut self, database: &Database) -> Vec<u8> {
        // The server may write behind; a commit that it has to wait for takes along what came before.
        let flush = "SET synchronous_commit = on; SELECT pg_logical_emit_message(true, 'test', 'so far')";
        raw_sql(flush).execute(&mut self.keeper).await.unwrap();
        let folder: String = self.setting("data_directory").await;
        let step: String = self.setting("wal_segment_size").await;
        let from = &self.from;
        let names = format!(
            "SELECT DISTINCT pg_walfile_name('{from}'::pg_lsn + least(step, pg_current_wal_lsn() - '{from}'::pg_lsn)) AS name
             FROM generate_series(0, (pg_current_wal_lsn() - '{from}'::pg_lsn + {step})::bigint, {step}) step ORDER BY name"
        );
        let folder = PathBuf::from(folder).join("pg_wal");
        let names = database.texts(&names).await;
        let log: Vec<u8> = names.iter().flat_map(|name| std::fs::read(folder.join(name)).unwrap()).collect();
        let mark = self.mark();
        assert!(log.windows(mark.len()).any(|found| found == mark.as_bytes()), "another log was read");
        log
    }

    /// Is written when the log begins, and so has to be found in it.
    fn mark(&self) -> String {
        format!("the log is kept from {} on", self.from)
    }

    async fn setting(&mut self, name: &str) -> String {
        let statement = "SELECT setting FROM pg_settings WHERE name = $1";
        sqlx::query_scalar(statement).bind(name).fetch_one(&mut self.keeper).await.unwrap()
    }
}
