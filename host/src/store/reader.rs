//! The database as `api` may see it: what was released, and how runs went. Its role can read nothing else.

use std::time::Duration;

use sqlx::postgres::PgPool;

use super::{Notices, StoreError, atom, day, notice};
use crate::model::{Atom, Day};

const PING_LIMIT: Duration = Duration::from_secs(2);

/// Reads released atoms, and how feeds stand.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(super) pool: PgPool,
}

impl Reader {
    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match tokio::time::timeout(PING_LIMIT, sqlx::query("SELECT 1").execute(&self.pool)).await {
            Ok(answer) => Ok(answer.map(drop)?),
            Err(_) => Err(StoreError::Unreachable(sqlx::Error::PoolTimedOut)),
        }
    }

    /// Everything that was ever released.
    pub async fn atoms_fetch(&self) -> Result<Vec<Atom>, StoreError> {
        atom::fetch(&mut *self.pool.acquire().await?).await
    }

    /// The newest day that was released.
    pub async fn newest_day_fetch(&self) -> Result<Option<Day>, StoreError> {
        day::fetch_newest(&mut *self.pool.acquire().await?).await
    }

    /// Listens from now on.
    pub async fn notices(&self) -> Result<Notices, StoreError> {
        notice::listen(&self.pool).await
    }
}
