//! `[records]`: how long records stay in the database, and where they go then.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::reader::Reader;

/// What becomes of the records of redemptions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordsConfig {
    /// How many days they stay in the database; `None`: for ever.
    pub keep_days: Option<u32>,
    /// Where older ones are archived.
    pub archive_dir: PathBuf,
}

impl RecordsConfig {
    pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Result<Self, ConfigError> {
        let about = "days that redemption records stay in the database; older ones are archived; 0: for ever";
        let keep_days = reader.number("records.keep_days", about, 0, 0..=36_500)?;
        let about = "directory of archived records; default: records in the data directory";
        let archive_dir: Option<PathBuf> = reader.optional("records.archive_dir", about)?;
        Ok(Self {
            keep_days: u32::try_from(keep_days).ok().filter(|&days| days > 0),
            archive_dir: archive_dir.unwrap_or_else(|| data_dir.join("records")),
        })
    }
}
