//! `[keys]`: where the master key comes from.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::reader::Reader;
use crate::installation::MasterKeySource;

/// Reads `keys.file`, `keys.variable` or `keys.command`; without any it is `master.key` in the data directory
/// (operations.md, section 2).
pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Result<MasterKeySource, ConfigError> {
    let about = "file with the master key, 64 hex digits; default: master.key in the data directory";
    let file: Option<PathBuf> = reader.optional("keys.file", about)?;
    let about = "name of an environment variable with the master key, in place of a file";
    let variable: Option<String> = reader.optional("keys.variable", about)?;
    let about = "command for the shell that prints the master key, in place of a file";
    let command: Option<String> = reader.optional("keys.command", about)?;
    let one = "give one of keys.file, keys.variable and keys.command";
    let source = match (file, variable, command) {
        (None, None, None) => MasterKeySource::File(data_dir.join("master.key")),
        (Some(file), None, None) => MasterKeySource::File(file),
        (None, Some(variable), None) => MasterKeySource::Variable(variable),
        (None, None, Some(command)) => MasterKeySource::Command(command),
        (Some(_), _, _) => return Err(reader.refuse("keys.file", one)),
        (None, Some(_), Some(_)) => return Err(reader.refuse("keys.variable", one)),
    };
    // The key's own variable may well begin as ours do; it is a secret, and no setting.
    if let MasterKeySource::Variable(name) = &source {
        reader.release_variable(name);
    }
    Ok(source)
}
