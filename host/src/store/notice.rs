//! Word of new releases, from whichever host made them.

use sqlx::PgConnection;
use sqlx::postgres::{PgListener, PgPool};

use super::StoreError;

const CHANNEL: &str = "quintant_release";

/// Waits for releases on a connection of its own.
pub struct Notices(PgListener);

/// Told to everybody when the transaction is committed.
pub(super) async fn announce(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_notify($1, '')", CHANNEL).execute(connection).await?;
    Ok(())
}

/// Listens from now on.
pub(super) async fn listen(pool: &PgPool) -> Result<Notices, StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    Ok(Notices(listener))
}

impl Notices {
    /// Returns when something was released, and when the connection was lost and made again: something may have been missed.
    pub async fn next(&mut self) -> Result<(), StoreError> {
        self.0.try_recv().await?;
        Ok(())
    }
}
