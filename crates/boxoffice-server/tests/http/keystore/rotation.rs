//! Storage keys roll while serving (key-storage.md, section 10).

use std::time::Duration;

use boxoffice_core::Environment;
use boxoffice_core::key_ring::KeyId;
use boxoffice_server::keystore::{NewSeedKind, RetireStorageKeyError};
use boxoffice_storage::Fault;

use super::{KEK, KEY, Keys, MANY};

const TEST: Environment = Environment::Test;

async fn stored() -> Keys {
    let keys = Keys::start().await;
    for number in 0..MANY {
        let target = if number % 2 == 0 { format!("/keys?kek={KEK}") } else { "/keys".to_owned() };
        keys.post(&target, &format!(r#"{{"kid":"^{number}","k":"{KEY}"}}"#)).await;
    }
    keys
}

async fn all_open(keys: &Keys) {
    for number in 0..MANY {
        let kek = if number % 2 == 0 { format!("?kek={KEK}") } else { String::new() };
        assert_eq!(keys.get(&format!("/keys/^{number}/value{kek}")).await.text(), KEY, "{number}");
    }
}

#[tokio::test]
async fn every_key_opens_throughout_and_the_old_key_can_be_retired_at_the_end() {
    let keys = stored().await;
    let storage = keys.lab.app.key_storage();
    let place = (TEST, keys.customer.id);
    storage.new_seed(place, NewSeedKind::Open).await.unwrap();
    let derived = keys.get("/keys/^derived/value").await;
    let refused = storage.retire_storage_key(TEST, KeyId(1)).await;
    assert!(matches!(refused, Err(RetireStorageKeyError::Current { .. })));
    assert_eq!(storage.rotate_storage_key(TEST).await.unwrap(), KeyId(2));
    let status = storage.storage_key_status(TEST).await.unwrap();
    assert_eq!((status[0].current, status[0].account_keys, status[0].left_to_reseal), (false, 0, MANY + 1));
    assert_eq!((status[1].current, status[1].account_keys, status[1].left_to_reseal), (true, 2, 0));
    let refused = storage.retire_storage_key(TEST, KeyId(1)).await;
    assert!(matches!(refused, Err(RetireStorageKeyError::Needed { .. })));
    // Reads and writes go on with both.
    all_open(&keys).await;
    keys.post("/keys", r#"{"kid":"^new"}"#).await;
    let round = storage.maintain_once(Duration::ZERO).await.unwrap();
    assert_eq!((round.resealed, round.removed), (MANY + 1, 1));
    assert_eq!(storage.maintain_once(Duration::ZERO).await.unwrap().resealed, 0);
    all_open(&keys).await;
    assert_eq!(keys.get("/keys/^derived/value").await.text(), derived.text());
    let last = keys.get("/keys/^0").await.json();
    assert_eq!(last["lastUpdate"], "2026-01-01T00:00:00Z", "sealing anew is no change");
    storage.retire_storage_key(TEST, KeyId(1)).await.unwrap();
    all_open(&keys).await;
    let unknown = storage.retire_storage_key(TEST, KeyId(9)).await;
    assert!(matches!(unknown, Err(RetireStorageKeyError::Unknown { .. })));
    assert_eq!(storage.storage_key_status(TEST).await.unwrap().len(), 1);
    assert_eq!(storage.storage_key_status(Environment::Production).await.unwrap()[0].id, KeyId(1));
}

#[tokio::test]
async fn a_rotation_that_stopped_anywhere_goes_on() {
    for (method, fault) in [
        ("add_account_key", Fault::Before),
        ("add_account_key", Fault::After),
        ("rewrap_account_key", Fault::Before),
        ("rewrap_account_key", Fault::After),
        ("reseal_keys", Fault::Before),
        ("reseal_keys", Fault::After),
        ("remove_account_key", Fault::Before),
        ("remove_account_key", Fault::After),
    ] {
        let keys = stored().await;
        let storage = keys.lab.app.key_storage();
        keys.lab.storage.fail(method, 1, fault);
        let rotated = storage.rotate_storage_key(TEST).await;
        let maintained = storage.maintain_once(Duration::ZERO).await;
        assert!(rotated.is_err() || maintained.is_err(), "{method} {fault:?}");
        storage.maintain_once(Duration::ZERO).await.unwrap();
        all_open(&keys).await;
        storage.retire_storage_key(TEST, KeyId(1)).await.unwrap();
        all_open(&keys).await;
    }
}
