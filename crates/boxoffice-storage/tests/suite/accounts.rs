//! Accounts and authenticators.

use std::sync::Arc;

use boxoffice_core::account::{
    AccountChange, AccountOptions, Balance, BalanceChange, MinimumHdcpType, MinimumLevel,
};
use boxoffice_core::authenticator::Scopes;
use boxoffice_core::{AccountId, Environment};
use boxoffice_storage::{NewAccount, NewAuthenticator, Storage};
use jiff::Timestamp;

use crate::backend::on_every_database;

on_every_database! {
    a_change_touches_what_it_names_and_nothing_else,
    a_new_account_is_enabled_unlimited_and_numbered_from_100001,
    an_authenticator_is_revoked_once,
    an_unknown_account_has_nothing,
    balances_add_up_under_simultaneous_changes,
    every_account_is_listed_with_its_own_authenticators,
    the_database_answers_a_check,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub fn new_account(name: &str, environment: Environment) -> NewAccount {
    let options = AccountOptions::new(environment);
    NewAccount { name: name.to_owned(), environment, options, created_at: at(1_700_000_000) }
}

fn new_authenticator(byte: u8) -> NewAuthenticator {
    NewAuthenticator { hash: [byte; 32], scopes: Scopes::ALL, created_at: at(1_700_000_001) }
}

async fn the_database_answers_a_check(storage: Arc<dyn Storage>) {
    storage.check().await.unwrap();
}

async fn a_new_account_is_enabled_unlimited_and_numbered_from_100001(storage: Arc<dyn Storage>) {
    let mut new = new_account("Söder & Co \u{0}", Environment::Production);
    new.options.max_streams = Some(3);
    new.options.min_level = Some(MinimumLevel::L1);
    new.options.min_hdcp_type = Some(MinimumHdcpType::Type0);
    let made = storage.create_account(new.clone()).await.unwrap();
    assert_eq!((made.id, made.enabled, made.balance), (AccountId::FIRST, true, Balance::Unlimited));
    let found = storage.account(made.id).await.unwrap().unwrap();
    assert_eq!((&found.name, found.environment, found.options), (&new.name, new.environment, new.options));
    assert_eq!((found.created_at, found.authenticators.len()), (new.created_at, 0));
    let second = storage.create_account(new_account("second", Environment::Test)).await.unwrap();
    assert_eq!(second.id, AccountId(100_002));
}

async fn an_unknown_account_has_nothing(storage: Arc<dyn Storage>) {
    let nobody = AccountId(7);
    assert!(storage.account(nobody).await.unwrap().is_none());
    assert!(storage.change_account(nobody, AccountChange::default()).await.unwrap().is_none());
    assert_eq!(storage.add_authenticator(nobody, new_authenticator(1)).await.unwrap(), None);
}

async fn a_change_touches_what_it_names_and_nothing_else(storage: Arc<dyn Storage>) {
    let id = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    let change = AccountChange {
        enabled: Some(false),
        balance: Some(BalanceChange::Set(5)),
        widevine: Some(false),
        max_streams: Some(Some(2)),
        min_level: Some(Some(MinimumLevel::L3)),
        min_hdcp_type: Some(Some(MinimumHdcpType::Type1)),
        ..AccountChange::default()
    };
    let changed = storage.change_account(id, change).await.unwrap().unwrap();
    let mut expected = AccountOptions::new(Environment::Test);
    expected.widevine = false;
    expected.max_streams = Some(2);
    expected.min_level = Some(MinimumLevel::L3);
    expected.min_hdcp_type = Some(MinimumHdcpType::Type1);
    assert_eq!((changed.enabled, changed.balance), (false, Balance::Licences(5)));
    assert_eq!(changed.options, expected);
    let found = storage.account(id).await.unwrap().unwrap();
    assert_eq!(found.options, expected);
    let back = AccountChange {
        max_streams: Some(None),
        min_level: Some(None),
        min_hdcp_type: Some(None),
        ..AccountChange::default()
    };
    storage.change_account(id, back).await.unwrap().unwrap();
    let found = storage.account(id).await.unwrap().unwrap();
    expected.max_streams = None;
    expected.min_level = None;
    expected.min_hdcp_type = None;
    assert_eq!((found.enabled, found.balance, found.options), (false, Balance::Licences(5), expected));
}

async fn balance_after(storage: &dyn Storage, id: AccountId, change: BalanceChange) -> Balance {
    let change = AccountChange { balance: Some(change), ..AccountChange::default() };
    storage.change_account(id, change).await.unwrap().unwrap().balance
}

async fn balances_add_up_under_simultaneous_changes(storage: Arc<dyn Storage>) {
    let id = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    let all = &*storage;
    assert_eq!(balance_after(all, id, BalanceChange::Add(5)).await, Balance::Unlimited);
    assert_eq!(balance_after(all, id, BalanceChange::Subtract(5)).await, Balance::Unlimited);
    assert_eq!(balance_after(all, id, BalanceChange::Set(10)).await, Balance::Licences(10));
    let adds: Vec<_> = (0..50)
        .map(|_| {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move { balance_after(&*storage, id, BalanceChange::Add(2)).await })
        })
        .collect();
    for add in adds {
        add.await.unwrap();
    }
    assert_eq!(balance_after(all, id, BalanceChange::Subtract(100)).await, Balance::Licences(10));
    assert_eq!(balance_after(all, id, BalanceChange::Subtract(100)).await, Balance::Licences(0));
    let most = i64::MAX.unsigned_abs();
    assert_eq!(balance_after(all, id, BalanceChange::Set(most)).await, Balance::Licences(most));
    assert_eq!(balance_after(all, id, BalanceChange::Add(1)).await, Balance::Licences(most));
    assert_eq!(balance_after(all, id, BalanceChange::Unlimited).await, Balance::Unlimited);
}

async fn an_authenticator_is_revoked_once(storage: Arc<dyn Storage>) {
    let id = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    let number = storage.add_authenticator(id, new_authenticator(9)).await.unwrap().unwrap();
    assert!(storage.revoke_authenticator(number, at(1_800_000_000)).await.unwrap());
    assert!(!storage.revoke_authenticator(number, at(1_900_000_000)).await.unwrap());
    assert!(!storage.revoke_authenticator(u64::MAX, at(1_900_000_000)).await.unwrap());
    let account = storage.account(id).await.unwrap().unwrap();
    let authenticator = account.authenticators.first().unwrap();
    assert_eq!((authenticator.id, authenticator.hash), (number, [9; 32]));
    assert_eq!(authenticator.revoked_at, Some(at(1_800_000_000)));
}

async fn every_account_is_listed_with_its_own_authenticators(storage: Arc<dyn Storage>) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(storage.create_account(new_account(name, Environment::Test)).await.unwrap().id);
    }
    let scopes = Scopes { tokens: false, keys: true, packagers: false };
    for (account, byte) in [(ids[2], 1), (ids[0], 2), (ids[2], 3)] {
        let authenticator = NewAuthenticator { scopes, ..new_authenticator(byte) };
        storage.add_authenticator(account, authenticator).await.unwrap().unwrap();
    }
    let accounts = storage.accounts().await.unwrap();
    let hashes: Vec<Vec<u8>> = accounts
        .iter()
        .map(|account| account.authenticators.iter().map(|authenticator| authenticator.hash[0]).collect())
        .collect();
    assert_eq!(accounts.iter().map(|account| account.id).collect::<Vec<_>>(), ids);
    assert_eq!(hashes, [vec![2], vec![], vec![1, 3]]);
    assert_eq!(accounts[0].authenticators[0].scopes, scopes);
}
