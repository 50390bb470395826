//! The only room that knows sqlx: rows ↔ model.

mod account;
mod assignment;
mod atom;
mod backfill;
mod build;
mod campaign;
mod change;
mod commit;
mod copy;
mod day;
mod deployment;
pub mod embedded;
mod epoch;
mod error;
mod export;
mod fact;
mod feed;
mod friction;
mod inbox;
mod incident;
mod intake;
mod lease;
mod membership;
mod notice;
mod opt_out;
mod page;
mod reader;
mod releasing;
mod review;
mod role;
mod run;
mod sample;
mod setting;
mod source;
mod span;
mod standing;
mod survey_response;
mod table;
mod tally;
mod usage;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sqlx::postgres::{PgConnectOptions, PgPool};

pub use atom::Released;
pub use backfill::{BackfillState, Stretch};
pub use error::StoreError;
pub use feed::{Coverage, FeedState};
pub use inbox::Inbox;
pub use intake::Intake;
pub use lease::Lease;
pub use notice::Notices;
pub use opt_out::{Erasing, ListVersion};
pub use page::{Expected, PageRows, Reading, Stored};
pub use reader::Reader;
pub use releasing::{Releasing, Weeks};
pub use run::{LastRun, RunId, RunSummary};
pub use source::SourceId;
pub use standing::Standing;

use self::role::Role;
use crate::config::Secret;
use crate::model::{Epoch, EpochSalt};

const OLDEST_SERVER: u32 = 150_000;

/// The database, as whatever collects and releases works with it. What only answers has a [`Reader`].
#[derive(Debug, Clone)]
pub struct Store {
    owner: PgPool,
    /// Of the role that ingests, as everything is that no other role is named for.
    pool: PgPool,
    release: PgPool,
    retention: PgPool,
    api: PgPool,
    /// Of the epochs that were asked for last.
    salts: Arc<Mutex<BTreeMap<Epoch, EpochSalt>>>,
}

impl Store {
    /// Prepares a pool a role for a `postgres://` URL. Connects lazily, so that a host can start before its database.
    pub fn open(url: &Secret) -> Result<Self, StoreError> {
        let options: PgConnectOptions = url.expose().parse().map_err(|_| StoreError::BadUrl)?;
        Ok(Self {
            owner: Role::Owner.pool(&options),
            pool: Role::Ingest.pool(&options),
            release: Role::Release.pool(&options),
            retention: Role::Retention.pool(&options),
            api: Role::Api.pool(&options),
            salts: Arc::default(),
        })
    }

    /// For what only answers.
    pub fn reader(&self) -> Reader {
        Reader { pool: self.api.clone() }
    }

    /// For what is submitted.
    pub fn inbox(&self) -> Inbox {
        Inbox { pool: self.api.clone() }
    }

    /// Brings the schema to the version of this program, and gives each role its rights.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(&self.owner).await?;
        if version.parse::<u32>().is_ok_and(|number| number < OLDEST_SERVER) {
            return Err(StoreError::ServerTooOld { version });
        }
        sqlx::migrate!("./migrations").run(&self.owner).await?;
        role::apply(&self.owner).await
    }

    pub async fn close(&self) {
        for pool in [&self.api, &self.retention, &self.release, &self.pool, &self.owner] {
            pool.close().await;
        }
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
