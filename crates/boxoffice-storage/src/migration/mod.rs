//! Moves everything from the embedded database into PostgreSQL.
//!
//! The source is read in one transaction and never written; the target gets everything in one transaction, whose
//! counts are compared before it is committed. So whatever fails leaves both as they were.

mod source;
mod tables;
mod target;
mod value;

use std::path::Path;
use std::sync::Arc;

use drm_primitives::Random;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::StorageError;
use source::Source;
use target::Target;
use value::Part;

/// How many parts may be read ahead of what is written.
const PARTS_AHEAD: usize = 4;

/// Why nothing was moved.
#[derive(Debug, Error)]
pub enum MigrationError {
    /// Not as many rows arrived as were sent.
    #[error("of {expected} rows of {table} {found} arrived; nothing was moved")]
    Lost {
        /// Where.
        table: &'static str,
        /// How many the source has.
        expected: u64,
        /// How many the target had.
        found: u64,
    },
    /// There is something in the target.
    #[error("the target is not empty: {table} has {rows} rows; give it a database, or a schema, of its own")]
    NotEmpty {
        /// Where.
        table: &'static str,
        /// How many rows.
        rows: u64,
    },
    /// The source cannot be read.
    #[error("the source: {0}")]
    Source(StorageError),
    /// The target cannot be written.
    #[error("the target: {0}")]
    Target(StorageError),
}

/// How far it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MigrationProgress {
    /// What is being moved.
    pub table: &'static str,
    /// How many rows of it have been.
    pub moved: u64,
    /// How many it has.
    pub rows: u64,
}

/// What was moved: a table's name, and how many rows it had in both databases.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MigratedTable {
    /// Which.
    pub table: &'static str,
    /// How many.
    pub rows: u64,
}

/// Moves everything from the file `from` into the empty database that the URL `to` names, and says how far it is
/// from time to time. Nobody may write to the source meanwhile: what comes later stays behind.
///
/// # Errors
/// [`MigrationError`]; then the target is as empty as it was.
pub async fn migrate(
    from: &Path,
    to: &str,
    random: Arc<dyn Random>,
    mut progress: impl FnMut(MigrationProgress),
) -> Result<Vec<MigratedTable>, MigrationError> {
    let source = Source::open(from).map_err(MigrationError::Source)?;
    let target = Target::open(to, random).await.map_err(MigrationError::Target)?;
    let mut connection = target.connect().await.map_err(MigrationError::Target)?;
    let mut filling = connection.begin().await?;
    let (parts, mut arriving) = mpsc::channel::<Part>(PARTS_AHEAD);
    let reading = tokio::task::spawn_blocking(move || source.read(&parts));
    while let Some(part) = arriving.recv().await {
        let at = filling.add(part).await.map_err(MigrationError::Target)?;
        progress(at);
    }
    let ended =
        reading.await.map_err(|error| MigrationError::Source(StorageError::Broken(error.to_string())))?;
    let numbers = ended.map_err(MigrationError::Source)?;
    let moved = filling.verify().await?;
    filling.commit(numbers).await.map_err(MigrationError::Target)?;
    Ok(moved)
}
