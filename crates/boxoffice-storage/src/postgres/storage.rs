//! The trait, each call in its lane.

use async_trait::async_trait;
use boxoffice_core::account::AccountChange;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use boxoffice_core::{Account, AccountId, Environment};
use jiff::Timestamp;

use super::error::Fault;
use super::pool::{in_transaction, with_connection};
use super::{PostgresStorage, accounts, ring_keys, sealed_values};
use crate::{NewAccount, NewAuthenticator, Storage, StorageError};

#[async_trait]
impl Storage for PostgresStorage {
    async fn check(&self) -> Result<(), StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| {
            let update = client.prepare_cached("UPDATE write_check SET count = count + 1").await?;
            match client.execute(&update, &[]).await? {
                1 => {}
                rows => {
                    return Err(Fault::Failed(StorageError::Broken(format!(
                        "write_check has {rows} rows, expected 1"
                    ))));
                }
            }
        })
    }

    async fn create_account(&self, account: NewAccount) -> Result<Account, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| accounts::create(transaction, &account).await?)
    }

    async fn create_first_account(&self, account: NewAccount) -> Result<Option<Account>, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| accounts::create_first(transaction, &account).await?)
    }

    async fn account(&self, id: AccountId) -> Result<Option<Account>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| accounts::find(client, id).await?)
    }

    async fn accounts(&self) -> Result<Vec<Account>, StorageError> {
        let _turn = self.scans.enter().await?;
        with_connection!(self.connections, |client| accounts::all(client).await?)
    }

    async fn change_account(
        &self,
        id: AccountId,
        change: AccountChange,
    ) -> Result<Option<Account>, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| accounts::change(transaction, id, &change).await?)
    }

    async fn add_authenticator(
        &self,
        account: AccountId,
        authenticator: NewAuthenticator,
    ) -> Result<Option<u64>, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| {
            accounts::add_authenticator(transaction, account, &authenticator).await?
        })
    }

    async fn revoke_authenticator(&self, id: u64, at: Timestamp) -> Result<bool, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| {
            accounts::revoke_authenticator(transaction, id, at).await?
        })
    }

    async fn ring_keys(&self) -> Result<Vec<WrappedRingKey>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| ring_keys::all(client).await?)
    }

    async fn add_ring_key(&self, key: WrappedRingKey) -> Result<bool, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| ring_keys::add(transaction, &key).await?)
    }

    async fn remove_ring_key(
        &self,
        environment: Environment,
        purpose: Purpose,
        id: KeyId,
    ) -> Result<bool, StorageError> {
        let _turn = self.calls.enter().await?;
        in_transaction!(self.connections, |transaction| {
            ring_keys::remove(transaction, environment, purpose, id).await?
        })
    }

    async fn sealed_value(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| sealed_values::find(client, name).await?)
    }

    async fn keep_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<Vec<u8>, StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| sealed_values::keep(client, name, &value).await?)
    }

    async fn replace_sealed_value(&self, name: &str, value: Vec<u8>) -> Result<(), StorageError> {
        let _turn = self.calls.enter().await?;
        with_connection!(self.connections, |client| sealed_values::replace(client, name, &value).await?)
    }
}
