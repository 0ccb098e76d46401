//! Keys that end (key-storage.md, section 8).

use std::time::Duration;

use super::{KEK, KEY, Keys, empty, expect, incorrect_kek, not_found};

impl Keys {
    /// What a running service does every ten seconds.
    async fn maintain(&self) {
        self.lab.app.key_storage().maintain_once(Duration::ZERO).await.unwrap();
    }
}

#[tokio::test]
async fn times_with_any_offset_are_answered_in_z_and_whole_seconds() {
    let keys = Keys::start().await;
    for (given, answered) in [
        ("2026-11-21T02:00:00+02:30", "2026-11-20T23:30:00Z"),
        ("2026-11-21T02:00:00.999z", "2026-11-21T02:00:00Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
    ] {
        let made = keys.post("/keys", &format!(r#"{{"expiration":"{given}"}}"#)).await;
        assert_eq!(made.json()["expiration"], answered, "{given}");
    }
    for wrong in ["2026-11-21T02:00:00", "2026-11-21 02:00:00Z", "tomorrow", "1800000000", ""] {
        let body = format!(r#"{{"kid":"^a","expiration":"{wrong}"}}"#);
        expect(&keys.post("/keys", &body).await, 400, 2, "Invalid Parameters");
    }
    expect(&keys.post("/keys", r#"{"expiration":1800000000}"#).await, 400, 3, "Invalid Key Object");
    // In the past, or just now.
    for past in ["2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z"] {
        let body = format!(r#"{{"kid":"^a","expiration":"{past}"}}"#);
        expect(&keys.post("/keys", &body).await, 400, 2, "Invalid Parameters");
    }
    not_found(&keys.get("/keys/^a").await);
}

#[tokio::test]
async fn from_its_end_on_a_key_is_not_found_and_keeps_its_kid() {
    let keys = Keys::start().await;
    let body = format!(r#"{{"kid":"^a","k":"{KEY}","expiration":"2026-01-01T00:01:00Z"}}"#);
    assert_eq!(keys.post(&format!("/keys?kek={KEK}"), &body).await.status, 201);
    keys.lab.clock.advance(59);
    assert_eq!(keys.get("/keys/^a").await.status, 200);
    keys.lab.clock.advance(1);
    let gone = keys.get(&format!("/keys/^a/value?kek={KEK}")).await;
    not_found(&gone);
    assert!(gone.text().contains("expired at 2026-01-01T00:01:00Z"), "{}", gone.text());
    assert_eq!(keys.get("/keys").await.text(), "[]");
    keys.maintain().await;
    assert_eq!(keys.count().await, 0);
    let token =
        keys.lab.ask_for_token(&keys.customer, "ck", &format!("errorFormat=json&kid=%5Ea&kek={KEK}")).await;
    let refused = token.json();
    assert_eq!((token.status, &refused["code"]), (400, &(-4019).into()));
    assert!(refused["hint"].as_str().unwrap().contains("expired"), "{refused}");
    for target in ["/keys".to_owned(), format!("/keys?kek={KEK}")] {
        expect(&keys.post(&target, r#"{"kid":"^a"}"#).await, 409, 4, "KID already exists");
    }
    not_found(&keys.put("/keys/^a", r#"{"info":"x"}"#).await);
    not_found(&keys.put("/keys/^a", r#"{"expiration":"2026-01-01T00:00:30Z"}"#).await);
    // A later expiration brings it back.
    empty(&keys.put("/keys/^a", r#"{"expiration":"2026-02-01"}"#).await);
    assert_eq!(keys.get(&format!("/keys/^a/value?kek={KEK}")).await.text(), KEY);
    assert_eq!(keys.count().await, 1);
}

#[tokio::test]
async fn a_change_to_the_past_ends_a_key_at_once() {
    let keys = Keys::start().await;
    keys.post("/keys", r#"{"kid":"^a"}"#).await;
    empty(&keys.put("/keys/^a", r#"{"expiration":"2020-01-01"}"#).await);
    not_found(&keys.get("/keys/^a").await);
    assert_eq!(keys.count().await, 0);
    // Deleting removes what is kept; then the KID is free.
    incorrect_kek(&keys.delete(&format!("/keys/^a?kek={KEK}")).await);
    empty(&keys.delete("/keys/^a").await);
    assert_eq!(keys.post("/keys", r#"{"kid":"^a"}"#).await.status, 201);
}

#[tokio::test]
async fn what_has_ended_is_kept_for_as_long_as_the_settings_say() {
    let keys = Keys::with_settings("[keystore]\nkeep_expired = 2\n").await;
    keys.post("/keys", r#"{"kid":"^a","expiration":"2026-01-01T00:01:00Z"}"#).await;
    keys.at("2026-01-03T00:00:59Z");
    keys.maintain().await;
    expect(&keys.post("/keys", r#"{"kid":"^a"}"#).await, 409, 4, "KID already exists");
    keys.at("2026-01-03T00:01:01Z");
    keys.maintain().await;
    assert_eq!(keys.post("/keys", r#"{"kid":"^a"}"#).await.status, 201);
    assert_eq!(keys.count().await, 1);
}
