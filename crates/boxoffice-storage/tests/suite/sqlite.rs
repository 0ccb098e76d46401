//! What only the embedded database has: a file.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use boxoffice_core::Environment;
use boxoffice_core::account::{AccountChange, Balance, BalanceChange};
use boxoffice_storage::{SqliteStorage, Storage, StorageError};

use crate::accounts::new_account;

#[tokio::test]
async fn the_file_and_its_companions_are_the_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&directory.path().join("boxoffice.db")).unwrap();
    storage.check().await.unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        files += 1;
    }
    assert_eq!(files, 3);
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("boxoffice.db");
    let storage = SqliteStorage::open(&path).unwrap();
    let id = storage.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    drop(storage);
    let storage = SqliteStorage::open(&path).unwrap();
    assert_eq!(storage.account(id).await.unwrap().unwrap().name, "a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_openings_of_one_file_see_each_others_writes_and_lose_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("boxoffice.db");
    let server = Arc::new(SqliteStorage::open(&path).unwrap());
    let command = Arc::new(SqliteStorage::open(&path).unwrap());
    let id = server.create_account(new_account("a", Environment::Test)).await.unwrap().id;
    let set = AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() };
    command.change_account(id, set).await.unwrap().unwrap();
    let adds: Vec<_> = (0..100)
        .map(|turn| {
            let storage = Arc::clone(if turn % 2 == 0 { &server } else { &command });
            let add = AccountChange { balance: Some(BalanceChange::Add(1)), ..AccountChange::default() };
            tokio::spawn(async move { storage.change_account(id, add).await.unwrap().unwrap() })
        })
        .collect();
    for add in adds {
        add.await.unwrap();
    }
    for storage in [&server, &command] {
        assert_eq!(storage.account(id).await.unwrap().unwrap().balance, Balance::Licences(100));
    }
}

#[test]
fn a_file_of_a_newer_program_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("boxoffice.db");
    drop(SqliteStorage::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 9_999).unwrap();
    let refused = SqliteStorage::open(&path).err().unwrap();
    assert!(matches!(refused, StorageError::UnknownVersion { found: 9_999, .. }), "{refused}");
    assert!(refused.to_string().contains("use a newer program"));
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (id INTEGER)").unwrap();
    let refused = SqliteStorage::open(&path).err().unwrap();
    assert!(refused.to_string().contains("not a Boxoffice database"), "{refused}");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let refused = SqliteStorage::open(&directory.path().join("nowhere/boxoffice.db")).err().unwrap();
    assert!(matches!(&refused, StorageError::Unavailable(why) if why.contains("nowhere")), "{refused}");
}
