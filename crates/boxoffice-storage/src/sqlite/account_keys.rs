//! The keys that seal an account's rows, and the count of what each seals.

use boxoffice_core::key_ring::{KeyId, Purpose};
use boxoffice_core::{AccountId, Environment};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::writer::Transaction;
use crate::{AccountKeyUse, RemovedAccountKey, StorageError, WrappedAccountKey, column};

pub(super) fn of(
    connection: &Connection,
    account: AccountId,
) -> Result<Vec<WrappedAccountKey>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT account, id, storage_key, wrapped, created_at FROM account_keys WHERE account = ?1 ORDER BY id",
    )?;
    let mut rows = select.query([account.0])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?);
    }
    Ok(keys)
}

pub(super) fn under(
    connection: &Connection,
    environment: Environment,
    storage_key: KeyId,
) -> Result<Vec<WrappedAccountKey>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT k.account, k.id, k.storage_key, k.wrapped, k.created_at \
         FROM account_keys k JOIN accounts a ON a.id = k.account \
         WHERE a.environment = ?1 AND k.storage_key = ?2 ORDER BY k.account, k.id",
    )?;
    let mut rows = select.query(params![environment.number(), storage_key.0])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?);
    }
    Ok(keys)
}

fn read(row: &Row<'_>) -> Result<WrappedAccountKey, StorageError> {
    Ok(WrappedAccountKey {
        account: AccountId(row.get(0)?),
        id: KeyId(row.get(1)?),
        storage_key: KeyId(row.get(2)?),
        wrapped: row.get(3)?,
        created_at: column::to_time(row.get(4)?)?,
    })
}

pub(super) fn add(connection: &Connection, key: &WrappedAccountKey) -> Result<bool, StorageError> {
    let added = connection
        .prepare_cached(
            "INSERT INTO account_keys (account, id, storage_key, wrapped, created_at) \
             SELECT a.id, ?2, r.id, ?4, ?5 FROM accounts a \
             JOIN ring_keys r ON r.environment = a.environment AND r.purpose = ?6 AND r.id = ?3 \
             WHERE a.id = ?1 ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            key.account.0,
            key.id.0,
            key.storage_key.0,
            key.wrapped,
            column::from_time(key.created_at),
            Purpose::Storage.as_str(),
        ])?;
    Ok(added == 1)
}

pub(super) fn rewrap(
    connection: &Connection,
    key: &WrappedAccountKey,
    expected: KeyId,
) -> Result<bool, StorageError> {
    let changed = connection
        .prepare_cached(
            "UPDATE account_keys SET storage_key = ?3, wrapped = ?4 \
             WHERE account = ?1 AND id = ?2 AND storage_key = ?5 AND EXISTS (\
                 SELECT 1 FROM accounts a JOIN ring_keys r ON r.environment = a.environment \
                 WHERE a.id = ?1 AND r.purpose = ?6 AND r.id = ?3)",
        )?
        .execute(params![
            key.account.0,
            key.id.0,
            key.storage_key.0,
            key.wrapped,
            expected.0,
            Purpose::Storage.as_str(),
        ])?;
    Ok(changed == 1)
}

pub(super) fn usage(
    connection: &Connection,
    environment: Environment,
) -> Result<Vec<AccountKeyUse>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT k.account, k.id, k.storage_key, k.live_keys + k.expired_keys, \
         (SELECT COUNT(*) FROM seeds s WHERE s.account = k.account AND s.account_key = k.id) \
         FROM account_keys k JOIN accounts a ON a.id = k.account \
         WHERE a.environment = ?1 ORDER BY k.account, k.id",
    )?;
    let mut rows = select.query([environment.number()])?;
    let mut uses = Vec::new();
    while let Some(row) = rows.next()? {
        uses.push(AccountKeyUse {
            account: AccountId(row.get(0)?),
            id: KeyId(row.get(1)?),
            storage_key: KeyId(row.get(2)?),
            keys: column::to_number("a count of keys", row.get(3)?)?,
            seeds: column::to_number("a count of seeds", row.get(4)?)?,
        });
    }
    Ok(uses)
}

pub(super) fn remove(
    transaction: &Transaction,
    account: AccountId,
    id: KeyId,
) -> Result<RemovedAccountKey, StorageError> {
    // The counts of those who share the transaction must be in the table to be seen here.
    transaction.flush()?;
    let connection = &transaction.connection;
    let rows: Option<i64> = connection
        .prepare_cached(
            "SELECT live_keys + expired_keys + \
             (SELECT COUNT(*) FROM seeds s WHERE s.account = ?1 AND s.account_key = ?2) \
             FROM account_keys WHERE account = ?1 AND id = ?2",
        )?
        .query_row([account.0, id.0], |row| row.get(0))
        .optional()?;
    match rows {
        None => Ok(RemovedAccountKey::Unknown),
        Some(0) => {
            connection
                .prepare_cached("DELETE FROM account_keys WHERE account = ?1 AND id = ?2")?
                .execute([account.0, id.0])?;
            Ok(RemovedAccountKey::Removed)
        }
        Some(rows) => Ok(RemovedAccountKey::InUse { rows: column::to_number("a count of rows", rows)? }),
    }
}

pub(super) fn exists(connection: &Connection, account: AccountId, id: KeyId) -> Result<bool, StorageError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM account_keys WHERE account = ?1 AND id = ?2")?
        .exists([account.0, id.0])?)
}
