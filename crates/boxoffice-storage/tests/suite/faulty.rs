//! The wrapper that fails on request.

use boxoffice_core::Environment;
use boxoffice_storage::{Fault, FaultyStorage, KeyAuditFilter, SqliteStorage, Storage, StorageError};

use crate::account_keys::account_with_key;
use crate::accounts::new_account;
use crate::content_keys::{create_key, kid, new_key};
use crate::key_audit::{record, search};

#[tokio::test]
async fn the_call_that_was_named_fails_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let storage = FaultyStorage::new(SqliteStorage::open(&directory.path().join("boxoffice.db")).unwrap());
    storage.fail("create_account", 2, Fault::Before);
    storage.fail("create_account", 3, Fault::After);
    let mut outcomes = Vec::new();
    for name in ["a", "b", "c", "d"] {
        outcomes.push(storage.create_account(new_account(name, Environment::Test)).await);
    }
    assert!(matches!(
        outcomes.as_slice(),
        [Ok(_), Err(StorageError::Unavailable(_)), Err(StorageError::Unavailable(_)), Ok(_)]
    ));
    let names: Vec<_> = storage.accounts().await.unwrap().into_iter().map(|account| account.name).collect();
    assert_eq!(names, ["a", "c", "d"]);
    assert_eq!(storage.calls("create_account"), 4);
}

#[tokio::test]
async fn a_database_that_is_away_fails_every_call_until_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let storage = FaultyStorage::new(SqliteStorage::open(&directory.path().join("boxoffice.db")).unwrap());
    storage.set_away(true);
    assert!(storage.check().await.is_err());
    assert!(storage.keep_sealed_value("a", vec![1]).await.is_err());
    storage.set_away(false);
    assert_eq!(storage.sealed_value("a").await.unwrap(), None);
}

#[tokio::test]
async fn a_read_that_is_recorded_fails_by_its_name_and_with_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let storage = FaultyStorage::new(SqliteStorage::open(&directory.path().join("boxoffice.db")).unwrap());
    let account = account_with_key(&storage).await;
    create_key(&storage, account, new_key(1)).await;
    let mut records = search(&storage, KeyAuditFilter::default()).await.len();
    for (method, fault, left) in [
        ("read_keys", Fault::Before, 0),
        ("read_keys", Fault::After, 1),
        ("append_key_audit", Fault::Before, 0),
        ("append_key_audit", Fault::After, 1),
    ] {
        storage.fail(method, 1, fault);
        let record = record(0, account.0, &[kid(1)], "read");
        let read = storage.read_keys(account, vec![kid(1)], record, |_| "").await;
        assert!(matches!(read, Err(StorageError::Unavailable(_))), "{method} {fault:?}");
        records += left;
        let found = search(&storage, KeyAuditFilter::default()).await.len();
        assert_eq!(found, records, "{method} {fault:?}");
    }
    let record = record(0, account.0, &[kid(1)], "read");
    assert!(storage.read_keys(account, vec![kid(1)], record, |_| "").await.unwrap().recorded);
}
