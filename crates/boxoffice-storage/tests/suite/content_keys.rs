//! Content keys.

use std::sync::Arc;

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use boxoffice_storage::{
    CreatedKey, KekFilter, KeyAuditFilter, KeyAuditRecord, KeyFilter, KeyKind, RemovedAccountKey, Reseal,
    Storage, StoredKey, UpdatedKey,
};
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::account_keys::{account_key, account_with_key};
use crate::backend::on_every_database;
use crate::key_audit::{record, search};

on_every_database! {
    a_change_of_a_row_that_somebody_else_changed_is_refused_and_changes_nothing,
    a_key_is_the_accounts_own,
    a_read_is_recorded_once_where_every_row_is_there_and_alive,
    a_row_reads_back_with_every_member,
    a_track_has_one_key_whoever_asks,
    an_expired_key_leaves_the_count_with_the_sweep_and_the_table_with_the_purge,
    an_import_tells_each_row_apart,
    keys_under_a_key_that_is_gone_are_refused,
    of_simultaneous_creates_of_one_kid_one_wins,
    pages_neither_miss_nor_repeat,
    rows_are_resealed_page_by_page,
    the_filters_are_exact,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

const NOW: i64 = 1_700_000_000;

pub fn kid(number: u32) -> Kid {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    Kid::from_bytes(bytes)
}

/// A service-held key under account key 1.
pub fn new_key(number: u32) -> StoredKey {
    StoredKey {
        kid: kid(number),
        kind: KeyKind::ServiceHeld,
        sealed: number.to_be_bytes().repeat(11),
        account_key: KeyId(1),
        version: 0,
        last_update: at(NOW),
        expiration: None,
        kek_id: None,
        info: None,
        content_id: None,
        scheme: None,
        track: None,
        period: None,
        iv: None,
        only_one: false,
    }
}

async fn only(storage: &dyn Storage, account: AccountId, kid: Kid) -> Option<StoredKey> {
    storage.keys(account, vec![kid]).await.unwrap().remove(0)
}

async fn create(storage: &dyn Storage, account: AccountId, key: StoredKey) {
    assert_eq!(create_key(storage, account, key).await, CreatedKey::Created);
}

/// Creates a key with a record that has its KID.
pub async fn create_key(storage: &dyn Storage, account: AccountId, key: StoredKey) -> CreatedKey {
    let record = record(NOW, account.0, &[key.kid], "create");
    storage.create_key(account, key, record).await.unwrap()
}

async fn a_row_reads_back_with_every_member(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let full = StoredKey {
        kind: KeyKind::ClientKek,
        expiration: Some(at(NOW + 9)),
        kek_id: Some(String::new()),
        info: Some("hostile ' \u{0} \"; DROP TABLE ü".to_owned()),
        content_id: Some("movie-1".to_owned()),
        scheme: Some("cbcs".to_owned()),
        track: Some("HD+HDR".to_owned()),
        period: Some(u32::MAX),
        iv: Some(vec![0; 16]),
        ..new_key(1)
    };
    create(&*storage, account, full.clone()).await;
    create(&*storage, account, new_key(2)).await;
    let asked = vec![kid(2), kid(3), kid(1), kid(2)];
    let found = storage.keys(account, asked).await.unwrap();
    let plain = StoredKey { version: 1, ..new_key(2) };
    assert_eq!(found, [Some(plain.clone()), None, Some(StoredKey { version: 1, ..full }), Some(plain)]);
    assert_eq!(storage.count_keys(account).await.unwrap(), 2);
}

async fn a_key_is_the_accounts_own(storage: Arc<dyn Storage>) {
    let first = account_with_key(&*storage).await;
    let second = account_with_key(&*storage).await;
    create(&*storage, first, new_key(1)).await;
    assert_eq!(only(&*storage, second, kid(1)).await, None);
    create(&*storage, second, StoredKey { sealed: vec![9; 44], ..new_key(1) }).await;
    assert_eq!(only(&*storage, first, kid(1)).await.unwrap().sealed, new_key(1).sealed);
    assert!(storage.delete_key(first, kid(1)).await.unwrap());
    assert!(!storage.delete_key(first, kid(1)).await.unwrap());
    assert_eq!(storage.count_keys(first).await.unwrap(), 0);
    assert_eq!(storage.count_keys(second).await.unwrap(), 1);
}

async fn a_read_is_recorded_once_where_every_row_is_there_and_alive(storage: Arc<dyn Storage>) {
    fn kind(rows: &[&StoredKey]) -> &'static str {
        match rows {
            [] => "none",
            [_] => "one",
            _ => "several",
        }
    }
    let account = account_with_key(&*storage).await;
    let stranger = account_with_key(&*storage).await;
    let key = |number, seconds: Option<i64>| {
        let expiration = seconds.map(|seconds| at(NOW + seconds));
        StoredKey { expiration, ..new_key(number) }
    };
    for new in [key(1, None), key(2, Some(10)), key(3, Some(9))] {
        create(&*storage, account, new).await;
    }
    let created = search(&*storage, KeyAuditFilter::default()).await.len();
    // Keys 2 and 3 end one second after, and at, the time of the record.
    for (reader, numbers, recorded_as) in [
        (account, [1].as_slice(), Some("one")),
        (account, &[2, 1, 2], Some("several")),
        (account, &[3], None),
        (account, &[1, 3], None),
        (account, &[4], None),
        (account, &[1, 4], None),
        (stranger, &[1], None),
    ] {
        let kids: Vec<_> = numbers.iter().map(|&number| kid(number)).collect();
        let before = search(&*storage, KeyAuditFilter::default()).await.len();
        let record = KeyAuditRecord { kind: "".into(), ..record(NOW + 9, reader.0, &kids, "read") };
        let read = storage.read_keys(reader, kids.clone(), record.clone(), kind).await.unwrap();
        assert_eq!(read.rows, storage.keys(reader, kids).await.unwrap(), "{numbers:?}");
        assert_eq!(read.recorded, recorded_as.is_some(), "{numbers:?}");
        let expected: Vec<_> =
            recorded_as.map(|kind| KeyAuditRecord { kind: kind.into(), ..record }).into_iter().collect();
        assert_eq!(search(&*storage, KeyAuditFilter::default()).await[before..], expected, "{numbers:?}");
    }
    assert_eq!(search(&*storage, KeyAuditFilter::default()).await.len(), created + 2);
}

async fn of_simultaneous_creates_of_one_kid_one_wins(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let creates: Vec<_> = (0..32_u8)
        .map(|byte| {
            let storage = Arc::clone(&storage);
            let key = StoredKey { sealed: vec![byte; 44], ..new_key(1) };
            tokio::spawn(async move { (key.sealed.clone(), create_key(&*storage, account, key).await) })
        })
        .collect();
    let (mut winners, mut others) = (Vec::new(), Vec::new());
    for create in creates {
        match create.await.unwrap() {
            (sealed, CreatedKey::Created) => winners.push(sealed),
            (_, CreatedKey::Existing(key)) => others.push(key.sealed),
            (_, CreatedKey::AccountKeyGone) => panic!("the account key is there"),
        }
    }
    assert_eq!((winners.len(), others.len()), (1, 31));
    // With its record; the others changed nothing and left none.
    assert_eq!(
        search(&*storage, KeyAuditFilter::default()).await,
        [record(NOW, account.0, &[kid(1)], "create")]
    );
    assert!(others.iter().all(|sealed| *sealed == winners[0]));
    assert_eq!(storage.count_keys(account).await.unwrap(), 1);
}

async fn a_track_has_one_key_whoever_asks(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let of_track = |number, period| StoredKey {
        content_id: Some("channel-7".to_owned()),
        track: Some("HD".to_owned()),
        period,
        only_one: true,
        ..new_key(number)
    };
    create(&*storage, account, of_track(1, None)).await;
    create(&*storage, account, of_track(2, Some(0))).await;
    for (number, period, winner) in [(3, None, kid(1)), (4, Some(0), kid(2))] {
        let CreatedKey::Existing(key) = create_key(&*storage, account, of_track(number, period)).await else {
            panic!("the track has a key")
        };
        assert_eq!(key.kid, winner);
        let found = storage.key_of_track(account, "channel-7", "HD", period).await.unwrap().unwrap();
        assert_eq!(found.kid, winner);
    }
    create(&*storage, account, StoredKey { only_one: false, ..of_track(5, None) }).await;
    assert_eq!(storage.key_of_track(account, "channel-7", "SD", None).await.unwrap(), None);
    assert_eq!(storage.count_keys(account).await.unwrap(), 3);
}

async fn an_import_tells_each_row_apart(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    create(&*storage, account, new_key(7)).await;
    let mut keys: Vec<_> = (0..1_000).map(new_key).collect();
    keys.push(new_key(3));
    keys.push(StoredKey { account_key: KeyId(2), ..new_key(5_000) });
    let outcomes = storage.create_keys(account, keys).await.unwrap();
    let created = outcomes.iter().filter(|outcome| matches!(outcome, CreatedKey::Created)).count();
    assert_eq!((outcomes.len(), created), (1_002, 999));
    assert!(matches!(&outcomes[7], CreatedKey::Existing(key) if key.kid == kid(7)));
    assert!(matches!(&outcomes[1_000], CreatedKey::Existing(key) if key.kid == kid(3)));
    assert_eq!(outcomes[1_001], CreatedKey::AccountKeyGone);
    assert_eq!(storage.count_keys(account).await.unwrap(), 1_000);
}

async fn keys_under_a_key_that_is_gone_are_refused(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    create(&*storage, account, new_key(1)).await;
    let elsewhere = StoredKey { account_key: KeyId(2), ..new_key(2) };
    let outcome = create_key(&*storage, account, elsewhere.clone()).await;
    assert_eq!(outcome, CreatedKey::AccountKeyGone);
    let read = only(&*storage, account, kid(1)).await.unwrap();
    let outcome = storage.update_key(account, read, elsewhere).await.unwrap();
    assert_eq!(outcome, UpdatedKey::AccountKeyGone);
    let reseal =
        Reseal { kid: kid(1), expected: new_key(1).sealed, account_key: KeyId(2), sealed: vec![1; 44] };
    assert_eq!(storage.reseal_keys(account, vec![reseal]).await.unwrap(), 0);
    assert_eq!(only(&*storage, account, kid(1)).await.unwrap().sealed, new_key(1).sealed);
}

async fn a_change_of_a_row_that_somebody_else_changed_is_refused_and_changes_nothing(
    storage: Arc<dyn Storage>,
) {
    let account = account_with_key(&*storage).await;
    create(&*storage, account, new_key(1)).await;
    let read = only(&*storage, account, kid(1)).await.unwrap();
    let changed = StoredKey {
        kind: KeyKind::ClientKek,
        sealed: vec![5; 52],
        kek_id: Some("mine".to_owned()),
        last_update: at(NOW + 1),
        ..read.clone()
    };
    let outcome = storage.update_key(account, read.clone(), changed.clone()).await.unwrap();
    assert_eq!(outcome, UpdatedKey::Updated);
    let late = StoredKey { info: Some("late".to_owned()), ..read.clone() };
    assert_eq!(storage.update_key(account, read.clone(), late).await.unwrap(), UpdatedKey::Changed);
    let found = only(&*storage, account, kid(1)).await.unwrap();
    assert_eq!(found, StoredKey { version: 2, ..changed });
    // A row that was deleted and made again is another row, whatever its version.
    storage.delete_key(account, kid(1)).await.unwrap();
    create(&*storage, account, StoredKey { sealed: vec![6; 44], ..new_key(1) }).await;
    let outcome = storage.update_key(account, read.clone(), read.clone()).await.unwrap();
    assert_eq!(outcome, UpdatedKey::Changed);
    storage.delete_key(account, kid(1)).await.unwrap();
    assert_eq!(storage.update_key(account, read.clone(), read).await.unwrap(), UpdatedKey::Changed);
}

async fn an_expired_key_leaves_the_count_with_the_sweep_and_the_table_with_the_purge(
    storage: Arc<dyn Storage>,
) {
    let account = account_with_key(&*storage).await;
    for number in 0..5 {
        let expiration = Some(at(NOW + 10 + i64::from(number)));
        create(&*storage, account, StoredKey { expiration, ..new_key(number) }).await;
    }
    create(&*storage, account, new_key(9)).await;
    let listed = storage.list_keys(account, KeyFilter::default(), None, 100, at(NOW + 12)).await.unwrap();
    assert_eq!(listed.iter().map(|key| key.kid).collect::<Vec<_>>(), [kid(3), kid(4), kid(9)]);
    assert_eq!(storage.count_keys(account).await.unwrap(), 6);
    assert_eq!(storage.sweep_expired_keys(at(NOW + 12), 2).await.unwrap(), 2);
    assert_eq!(storage.sweep_expired_keys(at(NOW + 12), 2).await.unwrap(), 1);
    assert_eq!(storage.count_keys(account).await.unwrap(), 3);
    // A later expiration brings a key back, and one in the past ends it at once.
    let gone = only(&*storage, account, kid(0)).await.unwrap();
    let back = StoredKey { expiration: Some(at(NOW + 99)), last_update: at(NOW + 20), ..gone.clone() };
    assert_eq!(storage.update_key(account, gone, back).await.unwrap(), UpdatedKey::Updated);
    assert_eq!(storage.count_keys(account).await.unwrap(), 4);
    let read = only(&*storage, account, kid(9)).await.unwrap();
    let ended = StoredKey { expiration: Some(at(NOW)), last_update: at(NOW + 20), ..read.clone() };
    assert_eq!(storage.update_key(account, read, ended).await.unwrap(), UpdatedKey::Updated);
    assert_eq!(storage.count_keys(account).await.unwrap(), 3);
    // Kept rows still hold their KIDs, until they are purged.
    let outcome = create_key(&*storage, account, new_key(1)).await;
    assert!(matches!(outcome, CreatedKey::Existing(_)));
    assert_eq!(storage.purge_expired_keys(at(NOW + 12), 100).await.unwrap(), 3);
    assert_eq!(only(&*storage, account, kid(1)).await, None);
    assert!(only(&*storage, account, kid(0)).await.is_some());
    assert_eq!(storage.count_keys(account).await.unwrap(), 3);
    assert_eq!(storage.sweep_expired_keys(at(NOW + 1_000), 100).await.unwrap(), 3);
    assert_eq!(storage.purge_expired_keys(at(NOW + 1_000), 100).await.unwrap(), 3);
    let removed = storage.remove_account_key(account, KeyId(1)).await.unwrap();
    assert_eq!(removed, RemovedAccountKey::Removed, "the counts have come back to nothing");
}

async fn pages_neither_miss_nor_repeat(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let keys = (0..25).map(|number| new_key(number * 2)).collect();
    storage.create_keys(account, keys).await.unwrap();
    let (mut seen, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = storage.list_keys(account, KeyFilter::default(), after, 10, at(NOW)).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.kid);
        seen.extend(page.iter().map(|key| key.kid));
        // What comes and goes meanwhile disturbs nothing that was there throughout.
        create_key(&*storage, account, new_key(pages * 2 + 1)).await;
        storage.delete_key(account, kid(48)).await.unwrap();
        pages += 1;
    }
    let throughout: Vec<_> = (0..24).map(|number| kid(number * 2)).collect();
    assert_eq!(seen.iter().filter(|kid| throughout.contains(kid)).count(), throughout.len());
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(seen, sorted);
}

async fn the_filters_are_exact(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    let text = |text: &str| Some(text.to_owned());
    let rows = [
        StoredKey { content_id: text("a"), ..new_key(1) },
        StoredKey { content_id: text("a"), kind: KeyKind::ClientKek, kek_id: text("k"), ..new_key(2) },
        StoredKey { content_id: text("A"), kind: KeyKind::ClientKek, kek_id: text("K"), ..new_key(3) },
        StoredKey { kind: KeyKind::ClientKek, kek_id: text("k"), ..new_key(4) },
        StoredKey { kind: KeyKind::ClientKek, ..new_key(5) },
        StoredKey { content_id: text(""), ..new_key(6) },
    ];
    storage.create_keys(account, rows.to_vec()).await.unwrap();
    let named = |kek_id: &str| Some(KekFilter::Named(kek_id.to_owned()));
    let cases = [
        (KeyFilter { content_id: text("a"), kek: None }, vec![kid(1), kid(2)]),
        (KeyFilter { content_id: text("a"), kek: named("k") }, vec![kid(2)]),
        (KeyFilter { content_id: text(""), kek: None }, vec![kid(6)]),
        (KeyFilter { content_id: None, kek: named("k") }, vec![kid(2), kid(4)]),
        (KeyFilter { content_id: None, kek: named("") }, vec![]),
        (KeyFilter { content_id: None, kek: Some(KekFilter::ServiceHeld) }, vec![kid(1), kid(6)]),
        (KeyFilter { content_id: text("a"), kek: Some(KekFilter::ServiceHeld) }, vec![kid(1)]),
        (KeyFilter::default(), (1..=6).map(kid).collect()),
    ];
    for (filter, expected) in cases {
        let found = storage.list_keys(account, filter.clone(), None, 100, at(NOW)).await.unwrap();
        assert_eq!(found.iter().map(|key| key.kid).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn rows_are_resealed_page_by_page(storage: Arc<dyn Storage>) {
    let account = account_with_key(&*storage).await;
    storage.create_keys(account, (0..25).map(new_key).collect()).await.unwrap();
    assert!(storage.add_account_key(account_key(account, 2, 1)).await.unwrap());
    create(&*storage, account, StoredKey { account_key: KeyId(2), ..new_key(100) }).await;
    let (mut after, mut replaced) = (None, 0);
    loop {
        let page = storage.keys_sealed_under(account, KeyId(1), after, 7).await.unwrap();
        let mut reseals: Vec<_> = page
            .keys
            .iter()
            .map(|key| Reseal {
                kid: key.kid,
                expected: key.sealed.clone(),
                account_key: KeyId(2),
                sealed: [&key.sealed[..], &[2]].concat(),
            })
            .collect();
        // One whose row was changed meanwhile is left alone.
        reseals.push(Reseal { kid: kid(100), expected: vec![], account_key: KeyId(2), sealed: vec![] });
        replaced += storage.reseal_keys(account, reseals).await.unwrap();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(replaced, 25);
    let row = only(&*storage, account, kid(3)).await.unwrap();
    assert_eq!((row.account_key, row.version, row.sealed.len()), (KeyId(2), 1, 45));
    let removed = storage.remove_account_key(account, KeyId(1)).await.unwrap();
    assert_eq!(removed, RemovedAccountKey::Removed);
    assert_eq!(storage.count_keys(account).await.unwrap(), 26);
}
