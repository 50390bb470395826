//! `app.source`: the number that rows know a source by.

use super::{Store, StoreError};
use crate::model::SourceName;

/// A source's number, the same for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourceId(pub(super) i32);

impl Store {
    pub async fn source_register(&self, name: &SourceName) -> Result<SourceId, StoreError> {
        if let Some(id) = sqlx::query_scalar!("SELECT id FROM app.source WHERE name = $1", name.as_str())
            .fetch_optional(&self.pool)
            .await?
        {
            return Ok(SourceId(id));
        }
        sqlx::query!("INSERT INTO app.source (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", name.as_str())
            .execute(&self.pool)
            .await?;
        let id = sqlx::query_scalar!("SELECT id FROM app.source WHERE name = $1", name.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(SourceId(id))
    }
}
