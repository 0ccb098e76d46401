//! Sealed values that there is one of in an installation.

use rusqlite::{Connection, OptionalExtension, params};

use crate::StorageError;

pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
    let mut select = connection.prepare_cached("SELECT value FROM sealed_values WHERE name = ?1")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn keep(connection: &Connection, name: &str, value: &[u8]) -> Result<Vec<u8>, StorageError> {
    connection
        .prepare_cached("INSERT INTO sealed_values (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![name, value])?;
    find(connection, name)?
        .ok_or_else(|| StorageError::Broken(format!("sealed value {name} is not there after its insert")))
}

pub(super) fn replace(connection: &Connection, name: &str, value: &[u8]) -> Result<(), StorageError> {
    connection
        .prepare_cached(
            "INSERT INTO sealed_values (name, value) VALUES (?1, ?2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )?
        .execute(params![name, value])?;
    Ok(())
}
