//! Brings the database to the form that this program knows.

use std::cmp::Ordering;

use deadpool_postgres::Transaction;
use tokio_postgres::error::SqlState;

use super::error::Fault;
use super::pool::{Connections, in_transaction, with_connection};
use super::row;
use crate::StorageError;

/// In order; the first brings the database to version 1.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_accounts.sql"),
    include_str!("migrations/0002_key_storage.sql"),
    include_str!("migrations/0003_redemptions.sql"),
    include_str!("migrations/0004_account_hdcp.sql"),
];

/// The form of a database that is ours, or will be.
pub(super) enum Found {
    Current,
    Empty,
    Older,
}

/// Refuses what a newer program has changed, and what is not ours; changes nothing.
pub(super) async fn inspect(connections: &Connections) -> Result<Found, StorageError> {
    with_connection!(connections, |client| {
        let query = "SELECT to_regclass('boxoffice_schema') IS NOT NULL, EXISTS (\
                     SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema()), \
                     current_setting('synchronous_commit'), current_schema() IS NOT NULL";
        let row = client.query_one(query, &[]).await?;
        let (ours, used): (bool, bool) = (row::get(&row, 0)?, row::get(&row, 1)?);
        let (durability, has_schema): (String, bool) = (row::get(&row, 2)?, row::get(&row, 3)?);
        if durability == "off" {
            return Err(Fault::Failed(StorageError::Broken(
                "synchronous_commit is off, so that commits may be lost: switch it on for this database"
                    .to_owned(),
            )));
        }
        if !has_schema {
            return Err(Fault::Failed(StorageError::Broken(
                "the search_path names no schema that exists: make one, or take it out of the URL".to_owned(),
            )));
        }
        if !ours && used {
            return Err(Fault::Failed(StorageError::Broken(
                "the schema holds tables and is not Boxoffice's: give it a database, or a schema, of its own"
                    .to_owned(),
            )));
        }
        if ours {
            let row = client.query_opt("SELECT version FROM boxoffice_schema WHERE id = 1", &[]).await?;
            compare(row.map_or(Ok(0), |row| row::number(&row, 0, "a version"))?)?
        } else {
            Found::Empty
        }
    })
}

fn compare(found: u32) -> Result<Found, Fault> {
    let known = known();
    match found.cmp(&known) {
        Ordering::Greater => Err(Fault::Failed(StorageError::UnknownVersion { found, known })),
        Ordering::Equal => Ok(Found::Current),
        Ordering::Less => Ok(Found::Older),
    }
}

/// Applies what is missing. Several nodes may come at once: the row of the version is locked, and where an engine
/// makes tables outside of transactions every statement can be repeated.
pub(super) async fn apply(connections: &Connections) -> Result<(), StorageError> {
    if matches!(inspect(connections).await?, Found::Current) {
        return Ok(());
    }
    in_transaction!(connections, |transaction| apply_in(transaction).await.map_err(repeat_collisions)?)
}

async fn apply_in(transaction: &Transaction<'_>) -> Result<(), Fault> {
    transaction
        .batch_execute(
            "CREATE TABLE IF NOT EXISTS boxoffice_schema (\
             id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1), version BIGINT NOT NULL); \
             INSERT INTO boxoffice_schema (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING",
        )
        .await?;
    let row =
        transaction.query_one("SELECT version FROM boxoffice_schema WHERE id = 1 FOR UPDATE", &[]).await?;
    let version: u32 = row::number(&row, 0, "a version")?;
    if matches!(compare(version)?, Found::Current) {
        return Ok(());
    }
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.batch_execute(migration).await?;
    }
    transaction
        .execute("UPDATE boxoffice_schema SET version = $1 WHERE id = 1", &[&i64::from(known())])
        .await?;
    Ok(())
}

/// Two nodes that make the same table at the same moment: PostgreSQL's IF NOT EXISTS looks too early, and one of
/// them fails in its catalogue.
fn repeat_collisions(fault: Fault) -> Fault {
    let collisions = [
        SqlState::UNIQUE_VIOLATION,
        SqlState::DUPLICATE_TABLE,
        SqlState::DUPLICATE_OBJECT,
        SqlState::INTERNAL_ERROR,
    ];
    match fault {
        Fault::Failed(StorageError::Broken(reason))
            if collisions.iter().any(|state| reason.contains(state.code())) =>
        {
            Fault::Conflict(reason)
        }
        other => other,
    }
}

fn known() -> u32 {
    u32::try_from(MIGRATIONS.len()).expect("there are few migrations")
}
