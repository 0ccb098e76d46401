//! Brings the file to the form that this program knows.

use std::cmp::Ordering;

use rusqlite::{Connection, TransactionBehavior};

use crate::StorageError;

/// In order; the first brings the file to version 1.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_accounts.sql"),
    include_str!("migrations/0002_key_storage.sql"),
    include_str!("migrations/0003_redemptions.sql"),
    include_str!("migrations/0004_account_hdcp.sql"),
];

/// `BoxO`, in the header of every file of ours.
const APPLICATION_ID: u32 = 0x426f_784f;

/// Refuses what a newer program has changed, and what is not ours.
pub(super) fn inspect(connection: &Connection) -> Result<Found, StorageError> {
    let application = application_id(connection)?;
    let empty: bool =
        connection.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    if application != APPLICATION_ID && !empty {
        return Err(StorageError::Broken(format!(
            "the file is not a Boxoffice database: got application id {application:#010x}, expected {APPLICATION_ID:#010x}"
        )));
    }
    let (found, known) = (version(connection)?, known());
    match found.cmp(&known) {
        Ordering::Greater => Err(StorageError::UnknownVersion { found, known }),
        Ordering::Equal => Ok(Found::Current),
        Ordering::Less => Ok(Found::Older { version: found }),
    }
}

/// The form of a file that is ours, or will be.
pub(super) enum Found {
    Current,
    Older { version: u32 },
}

/// Applies what is missing, all of it or nothing.
pub(super) fn apply(connection: &mut Connection) -> Result<(), StorageError> {
    // Nothing is locked where nothing is missing: commands open the file beside a busy server.
    if matches!(inspect(connection)?, Found::Current) {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked once more: another process may have been first.
    let Found::Older { version } = inspect(&transaction)? else { return Ok(()) };
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", known())?;
    transaction.commit()?;
    Ok(())
}

fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
}

fn version(connection: &Connection) -> Result<u32, StorageError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn application_id(connection: &Connection) -> Result<u32, StorageError> {
    Ok(connection.pragma_query_value(None, "application_id", |row| row.get(0))?)
}
