//! Why a command fails.

use std::io;

use boxoffice_core::key_storage::KeyRefusal;
use boxoffice_server::config::ConfigError;
use boxoffice_server::installation::{InstallationError, RetireError};
use boxoffice_server::keystore::{KeyStorageError, RetireStorageKeyError, SeedError};
use boxoffice_server::records::search::SearchError;
use boxoffice_storage::StorageError;
use thiserror::Error;

/// Why a command fails: its text is the one sentence that goes to standard error.
#[derive(Debug, Error)]
pub enum Failure {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory or the database, and what is in it.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// A call of the key storage is refused: its hint says all that a reader here needs.
    #[error("{}", .0.hint)]
    Key(#[from] KeyRefusal),
    /// The key storage.
    #[error(transparent)]
    KeyStorage(#[from] KeyStorageError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// Anything else, in a sentence.
    #[error("{0}")]
    Refused(String),
    /// The search of records.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// A key is not retired.
    #[error(transparent)]
    Retire(#[from] RetireError),
    /// A storage key is not retired.
    #[error(transparent)]
    RetireStorageKey(#[from] RetireStorageKeyError),
    /// A seed is not made, retired or exported.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Failure {
    /// A failure in a sentence.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }
}
