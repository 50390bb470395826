//! The roles of the database: what each part of the host may do there, and pools that are that part and nothing else.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};

use super::StoreError;

const ROLES: &str = include_str!("roles.sql");

/// No question may hang for ever behind a network that swallows it.
const SESSION: [(&str, &str); 3] =
    [("client_min_messages", "error"), ("statement_timeout", "300s"), ("idle_in_transaction_session_timeout", "300s")];

/// Whatever ingests looks rows up by their keys. A plan that was made while a table was empty would read all of it for each key of each page,
/// for as long as the connection lives; one that is made anew for each list of keys is made at the price of looking them up; and no such
/// statement is worth compiling.
const BY_KEY: [(&str, &str); 3] =
    [("enable_seqscan", "off"), ("plan_cache_mode", "force_generic_plan"), ("jit", "off")];

/// For so long a connection that nobody uses is believed to work.
const SURELY_ALIVE: Duration = Duration::from_secs(1);

/// Whom a pool's connections are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The login itself, which owns the schemas and migrates them.
    Owner,
    Ingest,
    Release,
    Api,
    Retention,
}

impl Role {
    const fn name(self) -> Option<&'static str> {
        match self {
            Role::Owner => None,
            Role::Ingest => Some("quintant_ingest"),
            Role::Release => Some("quintant_release"),
            Role::Api => Some("quintant_api"),
            Role::Retention => Some("quintant_retention"),
        }
    }

    const fn connections(self) -> u32 {
        match self {
            Role::Ingest => 6,
            Role::Api => 3,
            Role::Owner | Role::Release | Role::Retention => 2,
        }
    }

    /// Connects lazily. The role is set as a connection begins, as its own default: neither `ROLLBACK` nor `RESET ROLE` leaves it.
    pub(super) fn pool(self, options: &PgConnectOptions) -> PgPool {
        let mut options = options.clone().application_name("quintant").options(SESSION);
        if let Some(name) = self.name() {
            options = options.options([("role", name), ("search_path", "pg_catalog")]);
        }
        if self == Role::Ingest {
            options = options.options(BY_KEY);
        }
        if self == Role::Api {
            // A line a vote would tell when somebody voted, at any level.
            options = options.disable_statement_logging();
        }
        PgPoolOptions::new()
            .max_connections(self.connections())
            .acquire_timeout(Duration::from_secs(5))
            // Each acquisition would ask the server whether it is there; a connection that was used just now is.
            .test_before_acquire(false)
            .before_acquire(|connection, state| {
                Box::pin(async move {
                    if state.idle_for >= SURELY_ALIVE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            // A dropped future may leave a connection inside a transaction, whose next user would lose his writes.
            .after_release(|connection, _| {
                Box::pin(async move {
                    sqlx::query("ROLLBACK").execute(&mut *connection).await?;
                    Ok(true)
                })
            })
            // That rollback mostly finds nothing to roll back, which the server would warn of each time.
            .connect_lazy_with(options)
    }
}

/// Makes the roles where they are missing, and grants each what it needs.
pub(super) async fn apply(owner: &PgPool) -> Result<(), StoreError> {
    let may_not = |error: &sqlx::Error| {
        error.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == "42501")
    };
    let mut transaction = owner.begin().await?;
    match sqlx::raw_sql(ROLES).execute(&mut *transaction).await {
        Err(error) if may_not(&error) => Err(StoreError::RolesMissing),
        result => {
            result?;
            Ok(transaction.commit().await?)
        }
    }
}
