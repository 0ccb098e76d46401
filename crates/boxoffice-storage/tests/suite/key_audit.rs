//! The log of key calls.

use std::sync::Arc;

use boxoffice_core::AccountId;
use boxoffice_storage::{KeyAuditFilter, KeyAuditRecord, Storage};
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::backend::on_every_database;
use crate::content_keys::kid;

on_every_database! {
    every_acknowledged_record_is_in_the_log_once,
    old_records_are_purged,
    the_log_is_searched_by_account_kid_and_time,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

pub fn record(time: i64, account: u32, kids: &[Kid], request_id: &str) -> KeyAuditRecord {
    KeyAuditRecord {
        time: at(time),
        account: Some(AccountId(account)),
        authenticator: Some(1),
        call: "get".into(),
        kids: kids.to_vec(),
        kind: "service-held".into(),
        outcome: "200".into(),
        address: Some("2001:db8::1".parse().unwrap()),
        request_id: request_id.to_owned(),
    }
}

pub async fn search(storage: &dyn Storage, filter: KeyAuditFilter) -> Vec<KeyAuditRecord> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = storage.key_audit(filter, after).await.unwrap();
        found.extend(page.records);
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn every_acknowledged_record_is_in_the_log_once(storage: Arc<dyn Storage>) {
    let appends: Vec<_> = (0..500)
        .map(|number| {
            let storage = Arc::clone(&storage);
            let record = record(number, 100_001, &[], &number.to_string());
            tokio::spawn(async move { storage.append_key_audit(vec![record]).await.unwrap() })
        })
        .collect();
    for append in appends {
        append.await.unwrap();
    }
    let mut found = search(&*storage, KeyAuditFilter::default()).await;
    found.sort_by_key(|record| record.time);
    let expected: Vec<_> = (0..500).map(|number| record(number, 100_001, &[], &number.to_string())).collect();
    assert_eq!(found, expected);
}

async fn the_log_is_searched_by_account_kid_and_time(storage: Arc<dyn Storage>) {
    let nobody =
        KeyAuditRecord { account: None, authenticator: None, address: None, ..record(5, 0, &[], "x") };
    let records = vec![
        record(1, 100_001, &[kid(1)], "a"),
        record(2, 100_002, &[kid(1), kid(2)], "b"),
        record(3, 100_001, &[kid(2)], "c"),
    ];
    storage.append_key_audit(records.clone()).await.unwrap();
    storage.append_key_audit(vec![nobody.clone()]).await.unwrap();
    storage.append_key_audit(Vec::new()).await.unwrap();
    let all = KeyAuditFilter::default();
    let account = Some(AccountId(100_001));
    let cases = [
        (all, vec![records[0].clone(), records[1].clone(), records[2].clone(), nobody]),
        (KeyAuditFilter { account, ..all }, vec![records[0].clone(), records[2].clone()]),
        (KeyAuditFilter { kid: Some(kid(2)), ..all }, vec![records[1].clone(), records[2].clone()]),
        (KeyAuditFilter { account, kid: Some(kid(2)), ..all }, vec![records[2].clone()]),
        (KeyAuditFilter { from: Some(at(2)), to: Some(at(3)), ..all }, vec![records[1].clone()]),
        (KeyAuditFilter { to: Some(at(1)), ..all }, vec![]),
    ];
    for (filter, expected) in cases {
        assert_eq!(search(&*storage, filter).await, expected, "{filter:?}");
    }
}

async fn old_records_are_purged(storage: Arc<dyn Storage>) {
    storage.append_key_audit(vec![record(1, 100_001, &[], "a")]).await.unwrap();
    storage.append_key_audit(vec![record(2, 100_001, &[], "b")]).await.unwrap();
    storage.append_key_audit(vec![record(3, 100_001, &[], "c")]).await.unwrap();
    assert_eq!(storage.purge_key_audit(at(3)).await.unwrap(), 2);
    let left = search(&*storage, KeyAuditFilter::default()).await;
    assert_eq!(left, [record(3, 100_001, &[], "c")]);
}
