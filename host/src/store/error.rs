//! What can go wrong between the host and its database. Texts carry no values of rows.

/// A failed question to the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database URL cannot be read; write `postgres://user@host:5432/database`")]
    BadUrl,
    #[error("PostgreSQL {version} is too old; 15 is the oldest that works")]
    ServerTooOld { version: String },
    #[error(
        "the database's login may neither make nor grant roles; let an administrator run `CREATE ROLE quintant_ingest NOLOGIN; CREATE ROLE quintant_release NOLOGIN; CREATE ROLE quintant_api NOLOGIN; CREATE ROLE quintant_retention NOLOGIN; CREATE ROLE quintant_reports NOLOGIN; GRANT quintant_ingest, quintant_release, quintant_api, quintant_retention, quintant_reports TO` and the login"
    )]
    RolesMissing,
    #[error("the database cannot be reached")]
    Unreachable(#[source] sqlx::Error),
    #[error("the database refused a statement ({})", code.as_deref().unwrap_or("no code"))]
    Refused { code: Option<String> },
    #[error("the schema could not be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the database holds {0}")]
    Corrupt(&'static str),
    #[error("another run has claimed this source")]
    Overtaken,
    #[error("somebody has opted out or was erased since the list was read")]
    OptOutsChanged,
    #[error("the identity key is not the one that this database was filled with; restore the key file")]
    ForeignKey,
    #[error(
        "`calendar.timezone` is `{given}`, but the weeks of this database begin in `{stored}`; the zone is fixed once facts are stored"
    )]
    ForeignCalendar { stored: String, given: String },
}

impl StoreError {
    /// Whether a row that was to be new was there.
    pub(super) fn is_duplicate(&self) -> bool {
        matches!(self, StoreError::Refused { code: Some(code) } if code == "23505")
    }

    /// Whether the same statement may succeed later.
    pub fn is_outage(&self) -> bool {
        matches!(self, StoreError::Unreachable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // 57P: the server is going down or not up yet. 3D000: the database is not made yet. 53: it is out of connections or memory.
        let may_pass = |code: &str| code.starts_with("57P") || code == "3D000" || code.starts_with("53");
        match error {
            sqlx::Error::Database(refusal) if !refusal.code().is_some_and(|code| may_pass(&code)) => {
                StoreError::Refused { code: refusal.code().map(|code| code.into_owned()) }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => {
                StoreError::Corrupt("a value of an unexpected type")
            }
            other => StoreError::Unreachable(other),
        }
    }
}
