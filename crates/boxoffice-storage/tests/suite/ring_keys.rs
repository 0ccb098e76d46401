//! Rings of wrapped keys.

use std::sync::Arc;

use boxoffice_core::Environment;
use boxoffice_core::key_ring::{KeyId, Purpose, WrappedRingKey};
use boxoffice_storage::Storage;
use jiff::Timestamp;

use crate::backend::on_every_database;

on_every_database! {
    a_number_is_taken_by_the_first_and_once,
    rings_are_apart_by_environment_and_purpose,
}

fn key(environment: Environment, purpose: Purpose, id: u32, byte: u8) -> WrappedRingKey {
    let created_at = Timestamp::from_second(1_700_000_000).unwrap();
    WrappedRingKey { environment, purpose, id: KeyId(id), wrapped: vec![byte; 60], created_at }
}

async fn a_number_is_taken_by_the_first_and_once(storage: Arc<dyn Storage>) {
    let attempts: Vec<_> = (0..8)
        .map(|byte| {
            let storage = Arc::clone(&storage);
            let key = key(Environment::Test, Purpose::Sealing, 1, byte);
            tokio::spawn(async move { storage.add_ring_key(key.clone()).await.unwrap().then_some(key) })
        })
        .collect();
    let mut winners = Vec::new();
    for attempt in attempts {
        winners.extend(attempt.await.unwrap());
    }
    assert_eq!(storage.ring_keys().await.unwrap(), winners);
    assert_eq!(winners.len(), 1);
}

async fn rings_are_apart_by_environment_and_purpose(storage: Arc<dyn Storage>) {
    let mut keys = Vec::new();
    for environment in Environment::ALL {
        for purpose in Purpose::ALL {
            keys.push(key(environment, purpose, 1, 1));
        }
    }
    for key in &keys {
        assert!(storage.add_ring_key(key.clone()).await.unwrap());
    }
    let gone = keys.pop().unwrap();
    assert!(storage.remove_ring_key(gone.environment, gone.purpose, gone.id).await.unwrap());
    assert!(!storage.remove_ring_key(gone.environment, gone.purpose, gone.id).await.unwrap());
    let found = storage.ring_keys().await.unwrap();
    assert_eq!(found.len(), keys.len());
    assert!(keys.iter().all(|key| found.contains(key)));
}
