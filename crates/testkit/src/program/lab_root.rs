//! The lab's root of trust out of a data directory, so that devices which `boxoffice lab export` wrote are
//! served.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use boxoffice_core::SystemClock;
use boxoffice_server::config::{Config, ConfigSources, DatabaseConfig};
use boxoffice_server::installation::Installation;
use boxoffice_server::lab::Lab;
use boxoffice_storage::SqliteStorage;
use drm_primitives::SystemRandom;
use widevine::lab::LabRoot;

use super::failure::Failure;

/// Opens the lab of a data directory, which is made if there is none.
pub(super) async fn open(data_dir: PathBuf) -> Result<Arc<LabRoot>, Failure> {
    let sources = ConfigSources {
        file: None,
        data_dir: Some(data_dir),
        listen: None,
        variables: std::env::vars_os().collect(),
    };
    let config = Config::load(sources)?;
    let DatabaseConfig::Sqlite(path) = &config.database else { return Err(Failure::Database) };
    make_directory(&config.data_dir)?;
    let storage = Arc::new(SqliteStorage::open(path)?);
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let installation = Installation::open(storage, &config.master_key, clock, random).await?;
    let rings = installation.rings().await?.current();
    Ok(Lab::open(&installation, &rings).await?.widevine_root)
}

fn make_directory(path: &Path) -> Result<(), Failure> {
    match DirBuilder::new().recursive(true).mode(0o700).create(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(Failure::Directory { path: path.to_owned(), error }),
    }
}
