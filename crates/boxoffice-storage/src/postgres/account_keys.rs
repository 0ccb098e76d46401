//! The keys that seal an account's rows, and the count of what each seals.

use boxoffice_core::key_ring::{KeyId, Purpose};
use boxoffice_core::{AccountId, Environment};
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;

use super::error::Fault;
use super::{ring_keys, row};
use crate::{AccountKeyUse, RemovedAccountKey, WrappedAccountKey, column};

pub(super) async fn of(
    client: &impl GenericClient,
    account: AccountId,
) -> Result<Vec<WrappedAccountKey>, Fault> {
    let select = client
        .prepare_cached(
            "SELECT account, id, storage_key, wrapped, created_at FROM account_keys WHERE account = $1 ORDER BY id",
        )
        .await?;
    client.query(&select, &[&i64::from(account.0)]).await?.iter().map(read).collect()
}

pub(super) async fn under(
    client: &impl GenericClient,
    environment: Environment,
    storage_key: KeyId,
) -> Result<Vec<WrappedAccountKey>, Fault> {
    let select = client
        .prepare_cached(
            "SELECT k.account, k.id, k.storage_key, k.wrapped, k.created_at \
             FROM account_keys k JOIN accounts a ON a.id = k.account \
             WHERE a.environment = $1 AND k.storage_key = $2 ORDER BY k.account, k.id",
        )
        .await?;
    let found = client.query(&select, &[&i64::from(environment.number()), &i64::from(storage_key.0)]).await?;
    found.iter().map(read).collect()
}

fn read(from: &Row) -> Result<WrappedAccountKey, Fault> {
    Ok(WrappedAccountKey {
        account: AccountId(row::number(from, 0, "an account's number")?),
        id: KeyId(row::number(from, 1, "an account key's number")?),
        storage_key: KeyId(row::number(from, 2, "a storage key's number")?),
        wrapped: row::get(from, 3)?,
        created_at: column::to_time(row::get(from, 4)?)?,
    })
}

/// Locks the storage key of an account's environment; `false` where it, or the account, is not there.
async fn lock_storage_key(
    transaction: &Transaction<'_>,
    account: AccountId,
    storage_key: KeyId,
) -> Result<bool, Fault> {
    let select = transaction.prepare_cached("SELECT environment FROM accounts WHERE id = $1").await?;
    let Some(found) = transaction.query_opt(&select, &[&i64::from(account.0)]).await? else {
        return Ok(false);
    };
    let environment = column::to_environment(row::get(&found, 0)?)?;
    ring_keys::lock(transaction, environment, Purpose::Storage, storage_key).await
}

pub(super) async fn add(transaction: &Transaction<'_>, key: &WrappedAccountKey) -> Result<bool, Fault> {
    if !lock_storage_key(transaction, key.account, key.storage_key).await? {
        return Ok(false);
    }
    let insert = transaction
        .prepare_cached(
            "INSERT INTO account_keys (account, id, storage_key, wrapped, created_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .await?;
    let added = transaction
        .execute(
            &insert,
            &[
                &i64::from(key.account.0),
                &i64::from(key.id.0),
                &i64::from(key.storage_key.0),
                &key.wrapped,
                &column::from_time(key.created_at),
            ],
        )
        .await?;
    Ok(added == 1)
}

pub(super) async fn rewrap(
    transaction: &Transaction<'_>,
    key: &WrappedAccountKey,
    expected: KeyId,
) -> Result<bool, Fault> {
    if !lock_storage_key(transaction, key.account, key.storage_key).await? {
        return Ok(false);
    }
    let update = transaction
        .prepare_cached(
            "UPDATE account_keys SET storage_key = $3, wrapped = $4 \
             WHERE account = $1 AND id = $2 AND storage_key = $5",
        )
        .await?;
    let changed = transaction
        .execute(
            &update,
            &[
                &i64::from(key.account.0),
                &i64::from(key.id.0),
                &i64::from(key.storage_key.0),
                &key.wrapped,
                &i64::from(expected.0),
            ],
        )
        .await?;
    Ok(changed == 1)
}

pub(super) async fn usage(
    client: &impl GenericClient,
    environment: Environment,
) -> Result<Vec<AccountKeyUse>, Fault> {
    let select = client
        .prepare_cached(
            "SELECT k.account, k.id, k.storage_key, k.live_keys + k.expired_keys, \
             (SELECT COUNT(*) FROM seeds s WHERE s.account = k.account AND s.account_key = k.id) \
             FROM account_keys k JOIN accounts a ON a.id = k.account \
             WHERE a.environment = $1 ORDER BY k.account, k.id",
        )
        .await?;
    let found = client.query(&select, &[&i64::from(environment.number())]).await?;
    found
        .iter()
        .map(|from| {
            Ok(AccountKeyUse {
                account: AccountId(row::number(from, 0, "an account's number")?),
                id: KeyId(row::number(from, 1, "an account key's number")?),
                storage_key: KeyId(row::number(from, 2, "a storage key's number")?),
                keys: row::number(from, 3, "a count of keys")?,
                seeds: row::number(from, 4, "a count of seeds")?,
            })
        })
        .collect()
}

pub(super) async fn remove(
    transaction: &Transaction<'_>,
    account: AccountId,
    id: KeyId,
) -> Result<RemovedAccountKey, Fault> {
    if lock(transaction, &[(account, id)]).await?.is_empty() {
        return Ok(RemovedAccountKey::Unknown);
    }
    // The lock is held, so these counts are those of every row that is committed, and none comes.
    let (account, id) = (i64::from(account.0), i64::from(id.0));
    let select = transaction
        .prepare_cached(
            "SELECT live_keys + expired_keys + \
             (SELECT COUNT(*) FROM seeds s WHERE s.account = $1 AND s.account_key = $2) \
             FROM account_keys WHERE account = $1 AND id = $2",
        )
        .await?;
    let rows = row::number(&transaction.query_one(&select, &[&account, &id]).await?, 0, "a count of rows")?;
    if rows > 0 {
        return Ok(RemovedAccountKey::InUse { rows });
    }
    let delete =
        transaction.prepare_cached("DELETE FROM account_keys WHERE account = $1 AND id = $2").await?;
    transaction.execute(&delete, &[&account, &id]).await?;
    Ok(RemovedAccountKey::Removed)
}

/// Locks keys, in the order of their numbers, so that none goes while something is put under it; returns those
/// that are there.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    keys: &[(AccountId, KeyId)],
) -> Result<Vec<(AccountId, KeyId)>, Fault> {
    let accounts: Vec<i64> = keys.iter().map(|(account, _)| i64::from(account.0)).collect();
    let ids: Vec<i64> = keys.iter().map(|(_, id)| i64::from(id.0)).collect();
    let select = transaction
        .prepare_cached(
            "SELECT k.account, k.id FROM account_keys k \
             WHERE (k.account, k.id) IN (SELECT * FROM unnest($1::int8[], $2::int8[])) \
             ORDER BY k.account, k.id FOR UPDATE OF k",
        )
        .await?;
    let found = transaction.query(&select, &[&accounts, &ids]).await?;
    found
        .iter()
        .map(|from| {
            Ok((
                AccountId(row::number(from, 0, "an account's number")?),
                KeyId(row::number(from, 1, "an account key's number")?),
            ))
        })
        .collect()
}
