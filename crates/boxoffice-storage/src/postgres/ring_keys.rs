//! Rings of wrapped keys.

use boxoffice_core::Environment;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use deadpool_postgres::{GenericClient, Transaction};

use super::error::Fault;
use super::row;
use crate::column;

pub(super) async fn all(client: &impl GenericClient) -> Result<Vec<WrappedRingKey>, Fault> {
    let select = client
        .prepare_cached(
            "SELECT environment, purpose, id, wrapped, created_at FROM ring_keys ORDER BY environment, purpose, id",
        )
        .await?;
    let rows = client.query(&select, &[]).await?;
    rows.iter()
        .map(|from| {
            Ok(WrappedRingKey {
                environment: column::to_environment(row::get(from, 0)?)?,
                purpose: column::to_purpose(&row::text(from, 1)?)?,
                id: KeyId(row::number(from, 2, "a ring key's number")?),
                wrapped: row::get(from, 3)?,
                created_at: column::to_time(row::get(from, 4)?)?,
            })
        })
        .collect()
}

pub(super) async fn add(client: &impl GenericClient, key: &WrappedRingKey) -> Result<bool, Fault> {
    let insert = client
        .prepare_cached(
            "INSERT INTO ring_keys (environment, purpose, id, wrapped, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
        )
        .await?;
    let added = client
        .execute(
            &insert,
            &[
                &i64::from(key.environment.number()),
                &key.purpose.as_str().as_bytes(),
                &i64::from(key.id.0),
                &key.wrapped,
                &column::from_time(key.created_at),
            ],
        )
        .await?;
    Ok(added == 1)
}

/// Locks a key, so that it does not go while something is put under it, or something comes while it goes.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    environment: Environment,
    purpose: Purpose,
    id: KeyId,
) -> Result<bool, Fault> {
    let select = transaction
        .prepare_cached(
            "SELECT 1 FROM ring_keys WHERE environment = $1 AND purpose = $2 AND id = $3 FOR UPDATE",
        )
        .await?;
    let found = transaction
        .query_opt(
            &select,
            &[&i64::from(environment.number()), &purpose.as_str().as_bytes(), &i64::from(id.0)],
        )
        .await?;
    Ok(found.is_some())
}

pub(super) async fn remove(
    transaction: &Transaction<'_>,
    environment: Environment,
    purpose: Purpose,
    id: KeyId,
) -> Result<bool, Fault> {
    lock(transaction, environment, purpose, id).await?;
    let delete = transaction
        .prepare_cached(
            "DELETE FROM ring_keys WHERE environment = $1 AND purpose = $2 AND id = $3 AND NOT ($4 AND EXISTS (\
             SELECT 1 FROM account_keys k JOIN accounts a ON a.id = k.account \
             WHERE a.environment = $1 AND k.storage_key = $3))",
        )
        .await?;
    let removed = transaction
        .execute(
            &delete,
            &[
                &i64::from(environment.number()),
                &purpose.as_str().as_bytes(),
                &i64::from(id.0),
                &(purpose == Purpose::Storage),
            ],
        )
        .await?;
    Ok(removed == 1)
}
