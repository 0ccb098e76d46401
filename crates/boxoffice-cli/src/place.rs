//! The data directory and the database behind it, as every command opens them.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boxoffice_core::{Account, AccountId, SystemClock};
use boxoffice_server::config::{Config, ConfigSources, DatabaseConfig};
use boxoffice_server::installation::Installation;
use boxoffice_storage::{PostgresStorage, SqliteStorage, Storage};
use drm_primitives::SystemRandom;

use crate::failure::Failure;

/// Which configuration and which data directory a command works with.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// The configuration file
    #[arg(
        long,
        help = "The configuration file [env: BOXOFFICE_CONFIG] [default: none]",
        global = true,
        value_name = "FILE",
        help_heading = "Place"
    )]
    config: Option<PathBuf>,
    /// The data directory
    #[arg(
        long,
        help = "The data directory [env: BOXOFFICE_DATA_DIR] [default: boxoffice-data]",
        global = true,
        value_name = "DIR",
        help_heading = "Place"
    )]
    data_dir: Option<PathBuf>,
}

/// Whether a command may be the first on a data directory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presence {
    /// It makes what is missing.
    MakeMissing,
    /// It only looks: where there is nothing, it says so and makes nothing.
    MustExist,
}

impl Place {
    /// Reads the configuration.
    pub fn config(&self, listen: Option<String>) -> Result<Config, Failure> {
        let sources = ConfigSources {
            file: self.config.clone(),
            data_dir: self.data_dir.clone(),
            listen,
            variables: std::env::vars_os().collect(),
        };
        Ok(Config::load(sources)?)
    }

    /// Opens what the configuration names.
    pub async fn open(&self, presence: Presence) -> Result<Installation, Failure> {
        open(&self.config(None)?, presence).await
    }
}

/// Opens what a configuration names: the database, the master key and the rings.
pub async fn open(config: &Config, presence: Presence) -> Result<Installation, Failure> {
    let storage = open_storage(&config.database, &config.data_dir, presence).await?;
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    Ok(Installation::open(storage, &config.master_key, clock, random).await?)
}

/// Opens a database.
async fn open_storage(
    database: &DatabaseConfig,
    data_dir: &Path,
    presence: Presence,
) -> Result<Arc<dyn Storage>, Failure> {
    match database {
        DatabaseConfig::Postgres { url, connections } => {
            let random = Arc::new(SystemRandom);
            let storage = match presence {
                Presence::MakeMissing => {
                    // The master key is in the data directory, as a rule.
                    make_directory(data_dir)?;
                    PostgresStorage::open(url, *connections, random).await?
                }
                Presence::MustExist => {
                    let found = PostgresStorage::open_existing(url, *connections, random).await?;
                    found.ok_or_else(|| {
                        Failure::refused(format!(
                            "there is nothing in the database {database:?}: run boxoffice serve on it first"
                        ))
                    })?
                }
            };
            Ok(Arc::new(storage))
        }
        DatabaseConfig::Sqlite(path) => {
            if presence == Presence::MustExist && !path.exists() {
                let missing = format!(
                    "there is no database at {}: run boxoffice serve there first, or name the data directory with --data-dir",
                    path.display()
                );
                return Err(Failure::refused(missing));
            }
            make_directory(data_dir)?;
            Ok(Arc::new(SqliteStorage::open(path)?))
        }
    }
}

/// Makes the data directory, for its owner alone; one that is there stays as it is.
pub fn make_directory(directory: &Path) -> Result<(), Failure> {
    match DirBuilder::new().recursive(true).mode(0o700).create(directory) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && directory.is_dir() => Ok(()),
        Err(error) => {
            Err(Failure::refused(format!("cannot make the directory {}: {error}", directory.display())))
        }
    }
}

/// An account that has to be there.
pub async fn account(installation: &Installation, id: AccountId) -> Result<Account, Failure> {
    installation.storage().account(id).await?.ok_or_else(|| no_account(id))
}

/// What is said where there is no such account.
pub fn no_account(id: AccountId) -> Failure {
    Failure::refused(format!("there is no account {id}; boxoffice account list names them all"))
}
