//! `app.setting`: what an installation decided once.

use jiff::Timestamp;

use super::{Store, StoreError};

const IDENTITY_FINGERPRINT: &str = "identity_fingerprint";
const TIMEZONE: &str = "timezone";
const RELEASE_STARTED: &str = "release_started";

impl Store {
    /// Refuses a key other than the one that the facts are stored under.
    pub async fn identity_check(&self, fingerprint: &[u8; 16]) -> Result<(), StoreError> {
        let stored = self.setting_keep(IDENTITY_FINGERPRINT, fingerprint).await?;
        if stored == fingerprint { Ok(()) } else { Err(StoreError::ForeignKey) }
    }

    /// Refuses a calendar other than the one whose weeks are stored.
    pub async fn calendar_check(&self, timezone: &str) -> Result<(), StoreError> {
        let stored = self.setting_keep(TIMEZONE, timezone.as_bytes()).await?;
        if stored == timezone.as_bytes() {
            return Ok(());
        }
        Err(StoreError::ForeignCalendar {
            stored: String::from_utf8_lossy(&stored).into_owned(),
            given: timezone.to_owned(),
        })
    }

    /// When release was started, if it was.
    pub async fn release_started_fetch(&self) -> Result<Option<Timestamp>, StoreError> {
        let value = sqlx::query_scalar!("SELECT value FROM app.setting WHERE name = $1", RELEASE_STARTED)
            .fetch_optional(&self.pool)
            .await?;
        value.map(|bytes| as_instant(&bytes)).transpose()
    }

    /// Starts release; answers when it was started first.
    pub async fn release_start(&self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let bytes = self.setting_keep(RELEASE_STARTED, &now.as_millisecond().to_be_bytes()).await?;
        as_instant(&bytes)
    }

    /// Keeps the first value ever given and answers it.
    async fn setting_keep(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        sqlx::query!(
            "INSERT INTO app.setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
            name,
            value
        )
        .execute(&self.pool)
        .await?;
        Ok(sqlx::query_scalar!("SELECT value FROM app.setting WHERE name = $1", name).fetch_one(&self.pool).await?)
    }
}

fn as_instant(bytes: &[u8]) -> Result<Timestamp, StoreError> {
    let bytes = bytes.try_into().map_err(|_| StoreError::Corrupt("an instant that is not 8 bytes long"))?;
    Ok(super::instant(i64::from_be_bytes(bytes)))
}
