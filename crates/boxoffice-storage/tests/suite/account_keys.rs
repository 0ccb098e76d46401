//! The keys that seal accounts' rows.

use std::sync::Arc;

use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use boxoffice_core::{AccountId, Environment};
use boxoffice_storage::{AccountKeyUse, RemovedAccountKey, Storage, WrappedAccountKey};
use jiff::Timestamp;

use crate::accounts::new_account;
use crate::backend::on_every_database;
use crate::content_keys::{create_key, new_key};

on_every_database! {
    a_key_that_seals_something_stays_until_it_is_resealed,
    a_number_is_taken_by_one_node,
    a_storage_key_stays_until_everything_is_rewrapped,
    keys_of_another_environment_are_not_counted,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub fn storage_key(environment: Environment, id: u32) -> WrappedRingKey {
    let (purpose, wrapped, created_at) = (Purpose::Storage, vec![1; 60], at(1_700_000_000));
    WrappedRingKey { environment, purpose, id: KeyId(id), wrapped, created_at }
}

pub fn account_key(account: AccountId, id: u32, storage_key: u32) -> WrappedAccountKey {
    let (wrapped, created_at) = (vec![u8::try_from(id).unwrap(); 60], at(1_700_000_000));
    WrappedAccountKey { account, id: KeyId(id), storage_key: KeyId(storage_key), wrapped, created_at }
}

/// An account in the test environment, with account key 1 under storage key 1.
pub async fn account_with_key(storage: &dyn Storage) -> AccountId {
    storage.add_ring_key(storage_key(Environment::Test, 1)).await.unwrap();
    let account = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    assert!(storage.add_account_key(account_key(account, 1, 1)).await.unwrap());
    account
}

async fn a_number_is_taken_by_one_node(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    assert!(!storage.add_account_key(account_key(account, 1, 1)).await.unwrap());
    assert!(!storage.add_account_key(account_key(account, 2, 9)).await.unwrap(), "no such storage key");
    assert!(!storage.add_account_key(account_key(AccountId(7), 1, 1)).await.unwrap(), "no such account");
    assert!(storage.add_account_key(account_key(account, 2, 1)).await.unwrap());
    let keys = storage.account_keys(account).await.unwrap();
    assert_eq!(keys, [account_key(account, 1, 1), account_key(account, 2, 1)]);
}

async fn a_storage_key_stays_until_everything_is_rewrapped(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let (test, purpose) = (Environment::Test, Purpose::Storage);
    assert!(!storage.remove_ring_key(test, purpose, KeyId(1)).await.unwrap());
    storage.add_ring_key(storage_key(test, 2)).await.unwrap();
    let under = storage.account_keys_under(test, KeyId(1)).await.unwrap();
    assert_eq!(under, [account_key(account, 1, 1)]);
    let rewrapped = WrappedAccountKey { wrapped: vec![9; 60], ..account_key(account, 1, 2) };
    assert!(storage.rewrap_account_key(rewrapped.clone(), KeyId(1)).await.unwrap());
    assert!(!storage.rewrap_account_key(rewrapped.clone(), KeyId(1)).await.unwrap(), "not under 1 any more");
    let nowhere = account_key(account, 1, 3);
    assert!(!storage.rewrap_account_key(nowhere, KeyId(2)).await.unwrap(), "no such storage key");
    assert_eq!(storage.account_keys_under(test, KeyId(2)).await.unwrap(), [rewrapped]);
    assert!(storage.remove_ring_key(test, purpose, KeyId(1)).await.unwrap());
}

async fn a_key_that_seals_something_stays_until_it_is_resealed(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    create_key(&*storage, account, new_key(1)).await;
    let seals = [AccountKeyUse { account, id: KeyId(1), storage_key: KeyId(1), keys: 1, seeds: 0 }];
    assert_eq!(storage.account_key_use(Environment::Test).await.unwrap(), seals);
    let removed = storage.remove_account_key(account, KeyId(1)).await.unwrap();
    assert_eq!(removed, RemovedAccountKey::InUse { rows: 1 });
    storage.delete_key(account, new_key(1).kid).await.unwrap();
    let removed = storage.remove_account_key(account, KeyId(1)).await.unwrap();
    assert_eq!(removed, RemovedAccountKey::Removed);
    let removed = storage.remove_account_key(account, KeyId(1)).await.unwrap();
    assert_eq!(removed, RemovedAccountKey::Unknown);
}

async fn keys_of_another_environment_are_not_counted(storage: Arc<dyn Storage>) {
    account_with_key(&*storage).await;
    let production = Environment::Production;
    storage.add_ring_key(storage_key(production, 1)).await.unwrap();
    assert!(storage.account_key_use(production).await.unwrap().is_empty());
    assert!(storage.account_keys_under(production, KeyId(1)).await.unwrap().is_empty());
    assert!(storage.remove_ring_key(production, Purpose::Storage, KeyId(1)).await.unwrap());
}
