//! The lease of a source in `app.source`: which host reads it. Whatever a run writes is fenced by its token.

use std::time::Duration;

use sqlx::PgConnection;

use super::{SourceId, Store, StoreError};

/// How long a host that says nothing keeps a source.
const LENGTH: Duration = Duration::from_secs(60);

/// The right to read a source until somebody else has claimed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub source: SourceId,
    pub(super) token: i64,
}

impl Lease {
    /// How often it should be renewed: a database that is away for a moment costs nothing.
    pub const RENEWAL: Duration = Duration::from_secs(15);
}

impl Store {
    /// Claims a source for `owner`; `None` while another run holds it.
    pub async fn lease_claim(&self, source: SourceId, owner: &str) -> Result<Option<Lease>, StoreError> {
        let token = sqlx::query_scalar!(
            "UPDATE app.source SET owner = $2, lease_until = now() + make_interval(secs => $3), token = token + 1
             WHERE id = (SELECT id FROM app.source WHERE id = $1 AND (lease_until IS NULL OR lease_until < now()) FOR UPDATE SKIP LOCKED)
             RETURNING token",
            source.0,
            owner,
            LENGTH.as_secs_f64(),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(token.map(|token| Lease { source, token }))
    }

    /// Keeps it for longer; refused once somebody else has claimed the source.
    pub async fn lease_renew(&self, lease: Lease) -> Result<(), StoreError> {
        let renewed = sqlx::query!(
            "UPDATE app.source SET lease_until = now() + make_interval(secs => $3) WHERE id = $1 AND token = $2",
            lease.source.0,
            lease.token,
            LENGTH.as_secs_f64(),
        )
        .execute(&self.pool)
        .await?;
        if renewed.rows_affected() == 1 { Ok(()) } else { Err(StoreError::Overtaken) }
    }

    /// Gives the source back, so that another host need not wait for the lease to run out.
    pub async fn lease_end(&self, lease: Lease) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE app.source SET owner = NULL, lease_until = NULL WHERE id = $1 AND token = $2",
            lease.source.0,
            lease.token,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Who is reading a source now.
    pub async fn lease_owner_fetch(&self, source: SourceId) -> Result<Option<String>, StoreError> {
        Ok(sqlx::query_scalar!("SELECT owner FROM app.source WHERE id = $1 AND lease_until >= now()", source.0)
            .fetch_optional(&self.pool)
            .await?
            .flatten())
    }
}

/// Lets a transaction write only while the lease holds, and keeps others from claiming the source until it is committed.
pub(super) async fn guard(connection: &mut PgConnection, lease: Lease) -> Result<(), StoreError> {
    let held = sqlx::query_scalar!(
        "SELECT id FROM app.source WHERE id = $1 AND token = $2 FOR SHARE",
        lease.source.0,
        lease.token,
    )
    .fetch_optional(connection)
    .await?;
    held.map(drop).ok_or(StoreError::Overtaken)
}
