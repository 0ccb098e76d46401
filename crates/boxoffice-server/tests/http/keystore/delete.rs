//! `DELETE /keystore/keys/{kid}`.

use super::{EK, KEK, KEY, Keys, OTHER_KEK, empty, expect, incorrect_kek, not_found};

#[tokio::test]
async fn a_deleted_key_is_gone_and_its_kid_may_have_a_new_one() {
    let keys = Keys::start().await;
    let body = r#"{"kid":"^a"}"#;
    let first = keys.post("/keys", body).await.json();
    empty(&keys.delete("/keys/^a").await);
    not_found(&keys.get("/keys/^a").await);
    not_found(&keys.delete("/keys/^a").await);
    assert_eq!(keys.count().await, 0);
    let second = keys.post("/keys", body).await;
    assert_eq!(second.status, 201);
    assert_ne!(second.json()["k"], first["k"]);
}

#[tokio::test]
async fn one_kid_at_a_time_and_with_the_right_kek_or_none() {
    let keys = Keys::start().await;
    for (target, body) in [
        (format!("/keys?kek={KEK}"), format!(r#"{{"kid":"^a","k":"{KEY}"}}"#)),
        ("/keys".to_owned(), format!(r#"{{"kid":"^b","ek":"{EK}"}}"#)),
        ("/keys".to_owned(), r#"{"kid":"^held"}"#.to_owned()),
    ] {
        assert_eq!(keys.post(&target, &body).await.status, 201);
    }
    expect(&keys.delete("/keys/^a,^b").await, 400, 2, "Invalid KID");
    incorrect_kek(&keys.delete(&format!("/keys/^a?kek={OTHER_KEK}")).await);
    incorrect_kek(&keys.delete(&format!("/keys/^held?kek={KEK}")).await);
    not_found(&keys.delete(&format!("/keys/^unknown?kek={KEK}")).await);
    assert_eq!(keys.count().await, 3);
    empty(&keys.delete(&format!("/keys/^a?kek={KEK}")).await);
    empty(&keys.delete("/keys/%5Eb/").await);
    empty(&keys.delete("/keys/^held").await);
    assert_eq!(keys.count().await, 0);
}
