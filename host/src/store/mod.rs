//! The only room that knows sqlx: rows ↔ model.

mod account;
mod assignment;
mod atom;
mod backfill;
mod change;
mod commit;
pub mod embedded;
mod epoch;
mod error;
mod fact;
mod feed;
mod lease;
mod notice;
mod page;
mod releasing;
mod review;
mod run;
mod setting;
mod source;
mod span;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

pub use backfill::{BackfillState, Stretch};
pub use error::StoreError;
pub use feed::{Coverage, FeedState};
pub use lease::Lease;
pub use notice::Notices;
pub use page::{PageRows, Reading};
pub use releasing::Releasing;
pub use run::{LastRun, RunId, RunSummary};
pub use source::SourceId;

use crate::config::Secret;
use crate::model::{Epoch, EpochSalt};

const OLDEST_SERVER: u32 = 150_000;

/// No question may hang for ever behind a network that swallows it.
const SESSION: [(&str, &str); 3] =
    [("client_min_messages", "error"), ("statement_timeout", "300s"), ("idle_in_transaction_session_timeout", "300s")];
const PING_LIMIT: Duration = Duration::from_secs(2);

/// The database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    /// Of the epochs that were asked for last.
    salts: Arc<Mutex<BTreeMap<Epoch, EpochSalt>>>,
}

impl Store {
    /// Prepares a pool for a `postgres://` URL. Connects lazily, so that a host can start before its database.
    pub fn open(url: &Secret) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.expose().parse().map_err(|_| StoreError::BadUrl)?;
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(Duration::from_secs(5))
            // A dropped future may leave a connection inside a transaction, whose next user would lose his writes.
            .after_release(|connection, _| {
                Box::pin(async move {
                    sqlx::query("ROLLBACK").execute(&mut *connection).await?;
                    Ok(true)
                })
            })
            // That rollback mostly finds nothing to roll back, which the server would warn of each time.
            .connect_lazy_with(options.application_name("quintant").options(SESSION));
        Ok(Self { pool, salts: Arc::default() })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match tokio::time::timeout(PING_LIMIT, sqlx::query("SELECT 1").execute(&self.pool)).await {
            Ok(answer) => Ok(answer.map(drop)?),
            Err(_) => Err(StoreError::Unreachable(sqlx::Error::PoolTimedOut)),
        }
    }

    /// Brings the schema to the version of this program.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(&self.pool).await?;
        if version.parse::<u32>().is_ok_and(|number| number < OLDEST_SERVER) {
            return Err(StoreError::ServerTooOld { version });
        }
        sqlx::migrate!("./migrations").run(&self.pool).await?;
        Ok(())
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Milliseconds since 1970, as the tables hold instants.
fn instant(milliseconds: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(if milliseconds < 0 {
        jiff::Timestamp::MIN
    } else {
        jiff::Timestamp::MAX
    })
}

/// A keyed hash as a column holds it.
fn digest(bytes: &[u8]) -> Result<[u8; 16], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt("a keyed hash that is not 16 bytes long"))
}
