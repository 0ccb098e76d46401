//! Records, and how they are searched.

use std::sync::Arc;

use boxoffice_core::{AccountId, Drm, Environment};
use boxoffice_storage::{NewestRecords, Record, RecordFilter, RecordId, RecordKind, Storage, StoredRecord};

use crate::accounts::new_account;
use crate::backend::on_every_database;
use crate::content_keys::kid;
use crate::redemptions::{at, new_record};

on_every_database! {
    a_record_reads_back_with_every_member,
    archived_records_are_deleted_once,
    records_are_followed_by_number,
    the_newest_come_first_and_are_passed_over_from_the_newest_on,
    the_search_goes_by_every_filter_in_the_order_of_times,
}

const ACCOUNT: AccountId = AccountId(100_001);

async fn add(storage: &dyn Storage, record: Record) -> RecordId {
    storage.add_record(record, None).await.unwrap()
}

fn ids(records: &[StoredRecord]) -> Vec<RecordId> {
    records.iter().map(|stored| stored.id).collect()
}

async fn a_record_reads_back_with_every_member(storage: Arc<dyn Storage>) {
    storage.create_account(new_account("a", Environment::Production)).await.unwrap();
    let full = Record {
        environment: Environment::Production,
        drm: Drm::PlayReady,
        kind: RecordKind::Renewal,
        granted: false,
        code: -4010,
        cookie: Some("k\u{f6}ket".to_owned()),
        device_id: Some("000102030405060708090a0b0c0d0e0f".to_owned()),
        device: Some("Lab \u{0} \"'; --".to_owned()),
        address: Some("2001:db8::1".parse().unwrap()),
        attempts: 2,
        detail: Some("{\"playing\":[]}".to_owned()),
        ..new_record(ACCOUNT, 1_700_000_000)
    };
    let bare = Record {
        account: None,
        kids: Vec::new(),
        token_id: None,
        address: Some("192.0.2.1".parse().unwrap()),
        ..new_record(ACCOUNT, 1_700_000_001)
    };
    for record in [full, bare] {
        let id = add(&*storage, record.clone()).await;
        assert_eq!(storage.record(id).await.unwrap(), Some(StoredRecord { id, record }));
    }
    assert_eq!(storage.record(RecordId(u64::MAX)).await.unwrap(), None);
}

async fn the_newest_come_first_and_are_passed_over_from_the_newest_on(storage: Arc<dyn Storage>) {
    let other = AccountId(100_002);
    let mut mine = Vec::new();
    for number in 0..10 {
        let cookie = (number % 2 == 0).then(|| "even".to_owned());
        // Two of each second: of these the later number is the newer.
        let record = Record { cookie, ..new_record(ACCOUNT, 100 + number / 2) };
        mine.push(add(&*storage, record).await);
        add(&*storage, new_record(other, 100 + number)).await;
    }
    mine.reverse();
    let all = NewestRecords { account: ACCOUNT, cookie: None, from: None, to: None, start: 0, length: 100 };
    let cases = [
        (all.clone(), mine.clone()),
        (NewestRecords { length: 3, ..all.clone() }, mine[..3].to_vec()),
        (NewestRecords { start: 8, length: 3, ..all.clone() }, mine[8..].to_vec()),
        (NewestRecords { start: u64::MAX, ..all.clone() }, vec![]),
        (NewestRecords { from: Some(at(102)), to: Some(at(104)), ..all.clone() }, mine[2..6].to_vec()),
        (
            NewestRecords { cookie: Some("even".to_owned()), start: 1, length: 2, ..all.clone() },
            vec![mine[3], mine[5]],
        ),
        (NewestRecords { cookie: Some("Even".to_owned()), ..all }, vec![]),
    ];
    for (query, expected) in cases {
        let found = storage.newest_records(query.clone()).await.unwrap();
        assert_eq!(ids(&found), expected, "{query:?}");
    }
}

async fn search(storage: &dyn Storage, filter: &RecordFilter) -> Vec<RecordId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = storage.search_records(filter.clone(), after, 3).await.unwrap();
        found.extend(ids(&page.records));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn the_search_goes_by_every_filter_in_the_order_of_times(storage: Arc<dyn Storage>) {
    let mut added = Vec::new();
    // Written in another order than that of their times.
    for number in [3, 1, 2, 0, 4, 5, 6, 7] {
        let record = Record {
            account: (number != 6).then_some(AccountId(100_001 + number % 2)),
            cookie: (number > 3).then(|| "late".to_owned()),
            code: if number == 7 { -2019 } else { 0 },
            kids: vec![kid(number), kid(number + 1)],
            ..new_record(ACCOUNT, i64::from(100 + number))
        };
        added.push((number, add(&*storage, record).await));
    }
    added.sort_unstable();
    let of = |numbers: &[u32]| -> Vec<_> { numbers.iter().map(|&number| added[number as usize].1).collect() };
    let all = RecordFilter::default();
    let account = Some(ACCOUNT);
    let cookie = Some("late".to_owned());
    let cases = [
        (all.clone(), of(&[0, 1, 2, 3, 4, 5, 6, 7])),
        (RecordFilter { account, ..all.clone() }, of(&[0, 2, 4])),
        (RecordFilter { cookie: cookie.clone(), ..all.clone() }, of(&[4, 5, 6, 7])),
        (RecordFilter { account, cookie, ..all.clone() }, of(&[4])),
        (RecordFilter { kid: Some(kid(3)), ..all.clone() }, of(&[2, 3])),
        (RecordFilter { code: Some(-2019), ..all.clone() }, of(&[7])),
        (RecordFilter { code: Some(0), account, ..all.clone() }, of(&[0, 2, 4])),
        (RecordFilter { from: Some(at(102)), to: Some(at(105)), ..all.clone() }, of(&[2, 3, 4])),
        (RecordFilter { from: Some(at(103)), account, ..all }, of(&[4])),
    ];
    for (filter, expected) in cases {
        assert_eq!(search(&*storage, &filter).await, expected, "{filter:?}");
    }
}

async fn records_are_followed_by_number(storage: Arc<dyn Storage>) {
    assert_eq!(storage.last_record().await.unwrap(), RecordId(0));
    let mut added = Vec::new();
    for number in 0..5 {
        added.push(add(&*storage, new_record(ACCOUNT, 100 - number)).await);
    }
    assert_eq!(storage.last_record().await.unwrap(), added[4]);
    let first = storage.records_after(RecordId(0), 3).await.unwrap();
    assert_eq!(ids(&first), added[..3]);
    let rest = storage.records_after(added[2], 3).await.unwrap();
    assert_eq!(ids(&rest), added[3..]);
}

async fn archived_records_are_deleted_once(storage: Arc<dyn Storage>) {
    let mut added = Vec::new();
    for number in 0..4 {
        added.push(add(&*storage, new_record(ACCOUNT, 100 + number)).await);
    }
    assert_eq!(storage.delete_records(added[..2].to_vec()).await.unwrap(), 2);
    assert_eq!(storage.delete_records(added[..3].to_vec()).await.unwrap(), 1);
    assert_eq!(search(&*storage, &RecordFilter::default()).await, added[3..]);
    assert_eq!(storage.delete_records(vec![added[3]]).await.unwrap(), 1);
    // A number is never given twice, and following goes on behind what was deleted.
    assert_eq!(storage.last_record().await.unwrap(), added[3]);
    assert!(add(&*storage, new_record(ACCOUNT, 100)).await > added[3]);
}
