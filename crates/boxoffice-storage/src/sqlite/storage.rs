//! The trait, each call sent to the thread that it belongs to.

use async_trait::async_trait;
use boxoffice_core::account::AccountChange;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use boxoffice_core::{Account, AccountId, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use super::{SqliteStorage, accounts, content_keys, ring_keys, sealed_values};
use crate::key_audit::EncodedRecords;
use crate::read_keys::record_of;
use crate::{KeyAuditRecord, KindOfRows, NewAccount, NewAuthenticator, ReadKeys, Storage, StorageError};

#[async_trait]
impl Storage for SqliteStorage {
    async fn check(&self) -> Result<(), StorageError> {
        self.write(|transaction| {
            let mut update =
                transaction.connection.prepare_cached("UPDATE write_check SET count = count + 1")?;
            match update.execute([])? {
                1 => Ok(()),
                rows => Err(StorageError::Broken(format!("write_check has {rows} rows, expected 1"))),
            }
        })
        .await
    }

    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError> {
        self.write(move |transaction| accounts::create(&transaction.connection, &account)).await
    }

    async fn create_first_account(&self, account: NewAccount) -> Result<Option<Account>, StorageError> {
        self.write(move |transaction| accounts::create_first(&transaction.connection, &account)).await
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StorageError> {
        self.read(move |connection| accounts::find(connection, id)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        self.scan(accounts::all).await
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Option<Account>, StorageError> {
        self.write(move |transaction| accounts::change(&transaction.connection, id, &change)).await
    }

    async fn add_authenticator(
        &self,
        account: AccountId,
        authenticator: NewAuthenticator,
    ) -> Result<Option<u64>, StorageError> {
        self.write(move |transaction| {
            accounts::add_authenticator(&transaction.connection, account, &authenticator)
        })
        .await
    }

    async fn revoke_authenticator(&self, id: u64, at: Timestamp) -> Result<bool, StorageError> {
        self.write(move |transaction| accounts::revoke_authenticator(&transaction.connection, id, at)).await
    }

    /// By the writer, which has to come to the record anyway; and each of its commits empties the readers' caches.
    async fn read_keys(
        &self,
        account: AccountId,
        kids: Vec<Kid>,
        record: KeyAuditRecord,
        kind: KindOfRows,
    ) -> Result<ReadKeys, StorageError> {
        self.write(move |transaction| {
            let rows = content_keys::find_all(&transaction.connection, account, &kids)?;
            let record = record_of(&rows, &record, kind);
            transaction.audit.borrow_mut().append(&EncodedRecords::new(record.as_slice()));
            Ok(ReadKeys { recorded: record.is_some(), rows })
        })
        .await
    }

    async fn ring_keys(&self) -> Result<Vec<WrappedRingKey>, StorageError> {
        self.read(ring_keys::all).await
    }

    async fn add_ring_key(&self, key: WrappedRingKey) -> Result<bool, StorageError> {
        self.write(move |transaction| ring_keys::add(&transaction.connection, &key)).await
    }

    async fn remove_ring_key(
        &self,
        environment: Environment,
        purpose: Purpose,
        id: KeyId,
    ) -> Result<bool, StorageError> {
        self.write(move |transaction| ring_keys::remove(&transaction.connection, environment, purpose, id))
            .await
    }

    async fn sealed_value(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let name = name.to_owned();
        self.read(move |connection| sealed_values::find(connection, &name)).await
    }

    async fn keep_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<Vec<u8>, StorageError> {
        let name = name.to_owned();
        self.write(move |transaction| sealed_values::keep(&transaction.connection, &name, &value)).await
    }

    async fn replace_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<(), StorageError> {
        let name = name.to_owned();
        self.write(move |transaction| sealed_values::replace(&transaction.connection, &name, &value)).await
    }
}
