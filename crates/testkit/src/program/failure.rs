//! Why the program ends.

use std::io;
use std::path::PathBuf;

use boxoffice_server::config::ConfigError;
use boxoffice_server::installation::InstallationError;
use boxoffice_storage::StorageError;
use thiserror::Error;
use widevine::IssuerError;

use crate::server::{FaultTextError, Place};

/// Why the program ends.
#[derive(Debug, Error)]
pub enum Failure {
    /// The configuration of the data directory.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data directory is another database's.
    #[error("the test kit reads embedded databases alone, and this configuration names another one")]
    Database,
    /// The data directory cannot be made.
    #[error("cannot make the directory {}: {error}", path.display())]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A fault of the command line.
    #[error(transparent)]
    Fault(#[from] FaultTextError),
    /// A file that cannot be read.
    #[error("{}: {error}", file.display())]
    File {
        /// Which.
        file: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A key file.
    #[error("{}: {what}", path.display())]
    KeyFile {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The installation.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// The lab's root.
    #[error("the lab's root of trust: {0}")]
    Issuer(#[from] IssuerError),
    /// The address.
    #[error("cannot listen on {place}: {error}")]
    Listen {
        /// Which.
        place: Place,
        /// Why not.
        error: io::Error,
    },
    /// Nothing can be written.
    #[error("cannot write to the standard output: {0}")]
    Output(io::Error),
    /// The runtime does not start.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
