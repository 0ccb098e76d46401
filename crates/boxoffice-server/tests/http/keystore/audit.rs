//! The record that every call leaves (key-storage.md, section 10).

use boxoffice_storage::{Fault, KeyAudit as _, KeyAuditFilter, KeyAuditRecord};

use super::{KEK, KEY, KID1, Keys, OTHER_KEK, expect};

impl Keys {
    async fn records(&self) -> Vec<KeyAuditRecord> {
        let (mut records, mut after) = (Vec::new(), None);
        loop {
            let page = self.lab.storage.key_audit(KeyAuditFilter::default(), after).await.unwrap();
            records.extend(page.records);
            after = page.next;
            if after.is_none() {
                return records;
            }
        }
    }
}

#[tokio::test]
async fn every_call_leaves_a_record_with_who_what_and_how_it_ended() {
    let keys = Keys::start().await;
    let with_kek = format!("/keys?kek={KEK}");
    let body = format!(r#"{{"kid":"^kid1","k":"{KEY}"}}"#);
    let first = keys.post(&with_kek, &body).await;
    keys.post(&with_kek, &body).await;
    keys.post("/keys", r#"{"kid":"^held"}"#).await;
    keys.get("/keys/^kid1,^held").await;
    keys.get("/keys/^kid1/value").await;
    keys.get(&format!("/keys/^kid1?kek={OTHER_KEK}")).await;
    keys.get("/keys/^unknown").await;
    keys.get("/keys?limit=0").await;
    keys.get("/keys").await;
    keys.get(&format!("/keys?kek={KEK}")).await;
    keys.put("/keys/^kid1", r#"{"info":"x"}"#).await;
    keys.put("/keys/^kid1", "").await;
    keys.get("/keycount").await;
    keys.get("/keycount?kek=1").await;
    keys.delete("/keys/^kid1").await;
    keys.lab.ask_for_token(&keys.customer, "ck", "kid=%5Eheld").await;
    keys.lab.ask_for_token(&keys.customer, "ck", "kid=%5Eunknown").await;
    keys.lab.get("/keystore/keycount").await;
    let wrong = format!("/keystore/keycount?customerAuthenticator={},{}", keys.customer.id, "0".repeat(32));
    keys.lab.get(wrong).await;
    keys.post("/keys", &" ".repeat(70_000)).await;
    let records = keys.records().await;
    let facts: Vec<_> = records
        .iter()
        .map(|record| (&*record.call, record.kids.len(), &*record.kind, &*record.outcome))
        .collect();
    assert_eq!(
        facts,
        [
            ("create", 1, "client-kek", "201"),
            ("create", 1, "client-kek", "200"),
            ("create", 1, "service-held", "201"),
            ("get", 2, "client-kek,service-held", "200"),
            ("value", 1, "client-kek", "200"),
            ("get", 1, "", "400 5"),
            ("get", 1, "", "404 404"),
            ("list", 0, "", "400 2"),
            ("list", 0, "client-kek,service-held", "200"),
            ("list", 1, "client-kek,service-held", "200"),
            ("put", 1, "client-kek", "200"),
            ("put", 0, "", "400 2"),
            ("count", 0, "", "200"),
            ("count", 0, "", "400 2"),
            ("delete", 1, "", "200"),
            ("token", 1, "service-held", "200"),
            ("token", 1, "", "404 404"),
            ("count", 0, "", "401 -2017"),
            ("count", 0, "", "401 -2018"),
            ("create", 0, "", "413"),
        ]
    );
    let record = &records[0];
    assert_eq!((record.account, record.kids[0].to_hex().as_str()), (Some(keys.customer.id), KID1));
    assert_eq!((record.time, record.address), (keys.lab.app.now(), Some("127.0.0.1".parse().unwrap())));
    assert_eq!(record.request_id, first.header("x-request-id"));
    assert!(record.authenticator.is_some());
    assert_eq!((records[17].account, records[17].authenticator), (None, None));
    assert_eq!((records[18].account, records[18].authenticator), (Some(keys.customer.id), None));
}

#[tokio::test]
async fn no_key_leaves_before_its_record_is_durable() {
    let keys = Keys::start().await;
    keys.post("/keys", &format!(r#"{{"kid":"^held","k":"{KEY}"}}"#)).await;
    for target in ["/keys/^held", "/keys/^held/value", "/keys", "/keycount"] {
        keys.lab.storage.fail("append_key_audit", 1, Fault::Before);
        let answer = keys.get(target).await;
        expect(&answer, 503, 1, "Key store unavailable");
        assert!(!answer.header("retry-after").is_empty() && !answer.text().contains(KEY));
        assert_eq!(keys.get(target).await.status, 200);
    }
    // A refusal shows nothing, and is told all the same.
    keys.lab.storage.fail("append_key_audit", 1, Fault::Before);
    expect(&keys.get("/keys/zz").await, 400, 2, "Invalid KID");
}

#[tokio::test]
async fn stored_keys_are_read_and_recorded_in_one_and_others_behind_each_other() {
    let keys = Keys::start().await;
    keys.post("/keys", &format!(r#"{{"kid":"^held","k":"{KEY}"}}"#)).await;
    keys.post(&format!("/keys?kek={KEK}"), &format!(r#"{{"kid":"^kid1","k":"{KEY}"}}"#)).await;
    let storage = &keys.lab.storage;
    for (target, status, reads, rows) in [
        ("/keys/^held", 200, 1, 0),
        ("/keys/^kid1,^held", 200, 1, 0),
        ("/keys/^held/value", 200, 1, 0),
        ("/keys/^held,^unknown", 404, 1, 0),
        // Whether a KEK is the right one is known only once the row is open.
        (&format!("/keys/^kid1?kek={KEK}"), 200, 0, 1),
        (&format!("/keys/^kid1?kek={OTHER_KEK}"), 400, 0, 1),
    ] {
        let (records, before) =
            (keys.records().await.len(), (storage.calls("read_keys"), storage.calls("keys")));
        assert_eq!(keys.get(target).await.status, status, "{target}");
        let after = (storage.calls("read_keys"), storage.calls("keys"));
        assert_eq!((after.0 - before.0, after.1 - before.1), (reads, rows), "{target}");
        assert_eq!(keys.records().await.len(), records + 1, "{target}");
    }
}

#[tokio::test]
async fn a_stored_row_that_does_not_open_leaves_the_record_of_its_refusal_too() {
    let keys = Keys::start().await;
    let target = keys.with_a_row_that_does_not_open().await;
    let before = keys.records().await.len();
    expect(&keys.get(&target).await, 503, 1, "Key store unavailable");
    let records = keys.records().await;
    let facts: Vec<_> =
        records[before..].iter().map(|record| (&*record.call, &*record.kind, &*record.outcome)).collect();
    assert_eq!(facts, [("get", "service-held", "200"), ("get", "", "503 1")]);
}
