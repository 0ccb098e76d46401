//! Rings of wrapped keys.

use boxoffice_core::Environment;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use rusqlite::{Connection, params};

use crate::{StorageError, column};

pub(super) fn all(connection: &Connection) -> Result<Vec<WrappedRingKey>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT environment, purpose, id, wrapped, created_at FROM ring_keys ORDER BY environment, purpose, id",
    )?;
    let mut rows = select.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(WrappedRingKey {
            environment: column::to_environment(row.get(0)?)?,
            purpose: column::to_purpose(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
            id: KeyId(row.get(2)?),
            wrapped: row.get(3)?,
            created_at: column::to_time(row.get(4)?)?,
        });
    }
    Ok(keys)
}

pub(super) fn add(connection: &Connection, key: &WrappedRingKey) -> Result<bool, StorageError> {
    let added = connection
        .prepare_cached(
            "INSERT INTO ring_keys (environment, purpose, id, wrapped, created_at) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            key.environment.number(),
            key.purpose.as_str(),
            key.id.0,
            key.wrapped,
            column::from_time(key.created_at),
        ])?;
    Ok(added == 1)
}

pub(super) fn remove(
    connection: &Connection,
    environment: Environment,
    purpose: Purpose,
    id: KeyId,
) -> Result<bool, StorageError> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM ring_keys WHERE environment = ?1 AND purpose = ?2 AND id = ?3 AND NOT (?4 AND EXISTS (\
             SELECT 1 FROM account_keys k JOIN accounts a ON a.id = k.account \
             WHERE a.environment = ?1 AND k.storage_key = ?3))",
        )?
        .execute(params![environment.number(), purpose.as_str(), id.0, purpose == Purpose::Storage])?;
    Ok(removed == 1)
}
