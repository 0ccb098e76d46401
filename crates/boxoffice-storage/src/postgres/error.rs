//! What goes wrong with PostgreSQL, and whether trying again helps.

use tokio_postgres::error::SqlState;

use crate::StorageError;

/// Why one attempt failed.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The transaction got into the way of another one and left no trace.
    Conflict(String),
    /// It failed for good.
    Failed(StorageError),
    /// The connection was lost before anything was committed.
    Lost(String),
}

impl Fault {
    /// What a caller hears once nobody tries again.
    pub(crate) fn into_error(self) -> StorageError {
        match self {
            Self::Conflict(reason) | Self::Lost(reason) => StorageError::Unavailable(reason),
            Self::Failed(error) => error,
        }
    }

    /// What it means where the statement was a COMMIT: without its answer nobody knows what became of it.
    pub(super) fn in_commit(self) -> Self {
        match self {
            Self::Lost(reason) => Self::Failed(StorageError::Unavailable(format!(
                "the connection was lost in a commit, whose outcome is not known: {reason}"
            ))),
            other => other,
        }
    }
}

impl From<StorageError> for Fault {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            // Without an answer it is the connection; or a value that is not of its column's type.
            let is_io =
                std::error::Error::source(&error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
            return if error.is_closed() || is_io {
                Self::Lost(describe(&error))
            } else {
                Self::Failed(StorageError::Broken(describe(&error)))
            };
        };
        let (code, class) = (answer.code(), answer.code().code().get(..2).unwrap_or_default());
        // The message and its code only: the detail may hold what a row holds.
        let reason = format!("{} (SQLSTATE {})", answer.message(), code.code());
        let is_repeatable = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            // A plan or a prepared statement that a migration or a connection pooler in between has ended.
            SqlState::FEATURE_NOT_SUPPORTED,
            SqlState::INVALID_SQL_STATEMENT_NAME,
        ];
        let is_away = [
            SqlState::QUERY_CANCELED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::READ_ONLY_SQL_TRANSACTION,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            SqlState::INVALID_PASSWORD,
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            SqlState::INVALID_CATALOG_NAME,
        ];
        if is_repeatable.contains(code) {
            Self::Conflict(reason)
        } else if matches!(class, "08" | "57") && *code != SqlState::QUERY_CANCELED {
            Self::Lost(reason)
        } else if is_away.contains(code) || matches!(class, "53" | "58") {
            Self::Failed(StorageError::Unavailable(reason))
        } else {
            Self::Failed(StorageError::Broken(reason))
        }
    }
}

/// The error and its cause, which the driver leaves out.
pub(super) fn describe(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

impl From<deadpool_postgres::PoolError> for Fault {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => match Self::from(error) {
                // Whatever keeps a connection from being made, an operator can mend.
                Self::Failed(StorageError::Broken(reason)) => Self::Failed(StorageError::Unavailable(reason)),
                fault => fault,
            },
            error => Self::Failed(StorageError::Unavailable(error.to_string())),
        }
    }
}
