//! Why an installation does not open.

use boxoffice_storage::StorageError;
use thiserror::Error;

use crate::upstream::UpstreamError;
use crate::webhook::WebhookError;

/// Why an installation does not open. Whatever it is, nothing was made or changed.
#[derive(Debug, Error)]
pub enum InstallationError {
    /// A sealed value does not decode or open: the database was altered, or is another version's.
    #[error("{what} in the database does not open: it was altered, or written by another version")]
    Damaged {
        /// Which value.
        what: String,
    },
    /// The lab's keys could not be made.
    #[error("cannot make the lab's root of trust: {0}")]
    Lab(String),
    /// The file, variable or command of the master key does not give one.
    #[error("the master key from {from}: {problem}")]
    MasterKey {
        /// Whence it should come.
        from: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// There is a database, and no master key to open it.
    #[error(
        "{from} is missing, and the database has content sealed under a master key; \
         put the master key that belongs to this database back, or choose another database"
    )]
    MasterKeyMissing {
        /// Whence it should come.
        from: String,
    },
    /// The database is sealed under another master key.
    #[error(
        "the database has content sealed under another master key than that from {from}; \
         give the one that belongs to it, or choose another database"
    )]
    OtherMasterKey {
        /// Whence the wrong one came.
        from: String,
    },
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A connection to the service of somebody else's, or a file that its settings name.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A file that the settings of PlayReady's webhook name.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
}
