//! Sealed values.

use std::sync::Arc;

use boxoffice_storage::Storage;

use crate::backend::on_every_database;

on_every_database! {
    a_replaced_value_is_the_new_one,
    of_several_keepers_the_first_one_wins,
}

async fn of_several_keepers_the_first_one_wins(storage: Arc<dyn Storage>) {
    assert_eq!(storage.sealed_value("lab").await.unwrap(), None);
    let keepers: Vec<_> = (0..8_u8)
        .map(|byte| {
            let storage = Arc::clone(&storage);
            tokio::spawn(async move { storage.keep_sealed_value("lab", vec![byte]).await.unwrap() })
        })
        .collect();
    let mut kept = Vec::new();
    for keeper in keepers {
        kept.push(keeper.await.unwrap());
    }
    let winner = storage.sealed_value("lab").await.unwrap().unwrap();
    assert!(kept.iter().all(|value| *value == winner));
}

async fn a_replaced_value_is_the_new_one(storage: Arc<dyn Storage>) {
    storage.replace_sealed_value("demo", vec![1]).await.unwrap();
    storage.replace_sealed_value("demo", vec![2]).await.unwrap();
    assert_eq!(storage.keep_sealed_value("demo", vec![3]).await.unwrap(), [2]);
    assert_eq!(storage.sealed_value("demo").await.unwrap().unwrap(), [2]);
    assert_eq!(storage.sealed_value("other").await.unwrap(), None);
}
