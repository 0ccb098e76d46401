//! The wrapper that fails on request.

use boxoffice_core::Environment;
use boxoffice_storage::{Fault, FaultyStorage, SqliteStorage, Storage, StorageError};

use crate::accounts::new_account;

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
