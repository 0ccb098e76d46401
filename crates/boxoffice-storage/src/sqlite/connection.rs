//! Opening the file, and the settings of every connection to it.

use std::fs::OpenOptions;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::StorageError;
use crate::sqlite::migrations;

/// How long a call waits for another process's write, in steps of [`WAIT`].
const WAITS: i32 = 5_000;
const WAIT: Duration = Duration::from_millis(1);

/// Creates the file, readable by its owner only, unless it is there. SQLite gives its companions (`-wal`, `-shm`)
/// the same mode.
pub(super) fn create_file(path: &Path) -> Result<(), StorageError> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StorageError::Unavailable(format!("{}: {error}", path.display()))),
    }
}

/// The connection that writes.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StorageError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Before the first write, so that what is refused is left as it was.
    migrations::inspect(&connection)?;
    // For a new file only. A create of a key changes one page at a random place, and every commit writes whole
    // pages: smaller ones measured best (16 µs a row; 23 µs with SQLite's 4096 bytes).
    connection.pragma_update(None, "page_size", 2_048)?;
    // WAL, so that readers and the writer do not wait for each other, nor for the commands of other processes.
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StorageError::Broken(format!("got journal mode {mode}, expected wal")));
    }
    // A commit is on stable storage when it returns (key-storage.md, section 10).
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -8_192)?;
    // The writer makes its checkpoints itself, after its callers have their answers; this is the backstop.
    connection.pragma_update(None, "wal_autocheckpoint", 32_768)?;
    connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
    Ok(connection)
}

/// A connection that reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection, StorageError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}

fn open(path: &Path, mode: OpenFlags) -> Result<Connection, StorageError> {
    // No URI, as a file name may hold any character; no mutex, as each connection stays on its thread.
    let mut connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // SQLite's own handler sleeps ever longer, and loses every race against a process that imports.
    connection.busy_handler(Some(|waits| {
        thread::park_timeout(WAIT);
        waits < WAITS
    }))?;
    // A plan for all values: else a statement is compiled anew for every value that it is bound to, wherever a
    // table has a partial index.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}
