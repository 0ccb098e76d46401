//! PostgreSQL, filled in one transaction.

use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::{Object, Transaction};
use drm_primitives::Random;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::source::Numbers;
use super::tables::{SEQUENCES, TABLES, Table};
use super::value::Part;
use super::{MigratedTable, MigrationError, MigrationProgress};
use crate::postgres::{Connections, Fault, begin, commit, prepare_target};
use crate::{StorageError, column};

pub(super) struct Target(Arc<Connections>);

/// Its one connection.
pub(super) struct Connection(Object);

/// The transaction.
pub(super) struct Filling<'a> {
    transaction: Transaction<'a>,
    moved: Vec<u64>,
    expected: Vec<u64>,
}

impl Target {
    pub(super) async fn open(url: &str, random: Arc<dyn Random>) -> Result<Self, StorageError> {
        Ok(Self(prepare_target(url, random).await?))
    }

    pub(super) async fn connect(&self) -> Result<Connection, StorageError> {
        Ok(Connection(self.0.get().await.map_err(Fault::into_error)?))
    }
}

impl Connection {
    pub(super) async fn begin(&mut self) -> Result<Filling<'_>, MigrationError> {
        let failed = |fault: Fault| MigrationError::Target(fault.into_error());
        let transaction = begin(&mut self.0).await.map_err(failed)?;
        // A large table takes as long as it takes.
        let unlimited = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";
        transaction.batch_execute(unlimited).await.map_err(|error| failed(error.into()))?;
        let filling = Filling { transaction, moved: vec![0; TABLES.len()], expected: vec![0; TABLES.len()] };
        for table in TABLES {
            let rows = filling.count(table).await.map_err(failed)?;
            if rows > 0 {
                return Err(MigrationError::NotEmpty { table: table.name, rows });
            }
        }
        Ok(filling)
    }
}

impl Filling<'_> {
    pub(super) async fn add(&mut self, part: Part) -> Result<MigrationProgress, StorageError> {
        let table = TABLES.get(part.table).expect("a part is of a table");
        self.copy(table, &part).await.map_err(Fault::into_error)?;
        let rows = part.rows.len() as u64;
        let moved = self.moved.get_mut(part.table).expect("every table has its count");
        *moved += rows;
        let progress = MigrationProgress { table: table.name, moved: *moved, rows: part.of };
        *self.expected.get_mut(part.table).expect("every table has its count") = part.of;
        Ok(progress)
    }

    async fn copy(&self, table: &Table, part: &Part) -> Result<(), Fault> {
        let names: Vec<_> = table.columns.iter().map(|(name, _)| *name).collect();
        let types: Vec<Type> = table.columns.iter().map(|(_, kind)| kind.postgres()).collect();
        let copy = format!("COPY {} ({}) FROM STDIN BINARY", table.name, names.join(", "));
        let sink = self.transaction.copy_in(&copy).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in &part.rows {
            writer.as_mut().write_raw(row).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    async fn count(&self, table: &Table) -> Result<u64, Fault> {
        let count = format!("SELECT COUNT(*) FROM {}", table.name);
        let row = self.transaction.query_one(&count, &[]).await?;
        Ok(column::to_number("a count of rows", row.try_get(0)?)?)
    }

    /// Compares what the source has with what is in the target.
    pub(super) async fn verify(&self) -> Result<Vec<MigratedTable>, MigrationError> {
        let mut moved = Vec::with_capacity(TABLES.len());
        for (definition, &expected) in TABLES.iter().zip(&self.expected) {
            let table = definition.name;
            let found =
                self.count(definition).await.map_err(|fault| MigrationError::Target(fault.into_error()))?;
            if found != expected {
                return Err(MigrationError::Lost { table, expected, found });
            }
            moved.push(MigratedTable { table, rows: found });
        }
        Ok(moved)
    }

    /// New numbers go on behind those that were given, and everything becomes visible.
    pub(super) async fn commit(self, numbers: Numbers) -> Result<(), StorageError> {
        self.finish(&numbers).await.map_err(Fault::into_error)
    }

    async fn finish(self, numbers: &Numbers) -> Result<(), Fault> {
        for ((sequence, table), &last) in SEQUENCES.iter().zip(numbers) {
            let set = format!("SELECT setval('{sequence}', $1, $2)");
            self.transaction.query_one(&set, &[&last.max(1), &(last > 0)]).await?;
            if *table == "records" {
                // What is missing among those that were moved is not on its way.
                self.transaction
                    .execute("UPDATE deleted_records SET up_to = $1 WHERE id = 1", &[&last])
                    .await?;
            }
        }
        commit(self.transaction).await
    }
}
