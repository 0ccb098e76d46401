//! `PUT /keystore/keys/{kid}`.

use super::{
    EK, KEK, KEK_ID, KEY, Keys, OTHER_EK, OTHER_KEK, OTHER_KEY, empty, expect, incorrect_kek, not_found,
};

/// `^client` under [`KEK`], and `^held`, with all that a caller may say of a key.
async fn two_keys() -> Keys {
    let keys = Keys::start().await;
    let rest = r#""info":"i","contentId":"c","expiration":"2027-01-01""#;
    for (target, kid) in [(format!("/keys?kek={KEK}"), "^client"), ("/keys".to_owned(), "^held")] {
        let body = format!(r#"{{"kid":"{kid}","k":"{KEY}",{rest}}}"#);
        assert_eq!(keys.post(&target, &body).await.status, 201);
    }
    keys.lab.clock.advance(60);
    keys
}

#[tokio::test]
async fn only_what_is_given_changes() {
    let keys = two_keys().await;
    empty(&keys.put("/keys/^client", r#"{"info":"new","kid":"nonsense","lastUpdate":"x"}"#).await);
    let key = keys.get("/keys/^client").await.json();
    assert_eq!((&key["info"], &key["contentId"], &key["ek"]), (&"new".into(), &"c".into(), &EK.into()));
    assert_eq!(
        (&key["expiration"], &key["lastUpdate"]),
        (&"2027-01-01T00:00:00Z".into(), &"2026-01-01T00:01:00Z".into())
    );
    empty(&keys.put("/keys/^client/", r#"{"info":null,"contentId":null,"expiration":null}"#).await);
    let key = keys.get("/keys/^client").await.json();
    assert!(["info", "contentId", "expiration"].iter().all(|member| key.get(member).is_none()), "{key}");
    empty(&keys.put("/keys/^client", r#"{"kekId":"mine"}"#).await);
    assert_eq!(keys.get("/keys/^client").await.json()["kekId"], "mine");
}

#[tokio::test]
async fn a_new_wrapped_key_makes_it_a_clients() {
    let keys = two_keys().await;
    empty(&keys.put("/keys/^client", &format!(r#"{{"ek":"{OTHER_EK}","kekId":"other"}}"#)).await);
    assert_eq!(keys.get(&format!("/keys/^client/value?kek={OTHER_KEK}")).await.text(), OTHER_KEY);
    // Checked where there is a KEK.
    let body = format!(r#"{{"ek":"{EK}"}}"#);
    incorrect_kek(&keys.put(&format!("/keys/^client?kek={OTHER_KEK}"), &body).await);
    assert_eq!(keys.get("/keys/^client/value").await.text(), format!("#{OTHER_EK}"));
    empty(&keys.put(&format!("/keys/^client?kek={KEK}"), &body).await);
    assert_eq!(keys.get(&format!("/keys/^client/value?kek={KEK}")).await.text(), KEY);
    // A service-held key becomes a client-KEK key.
    empty(&keys.put("/keys/^held", &body).await);
    let key = keys.get("/keys/^held").await.json();
    assert_eq!(key["ek"], EK);
    assert!(key.get("k").is_none() && key.get("kekId").is_none(), "{key}");
}

#[tokio::test]
async fn a_new_key_goes_under_the_kek_that_comes_with_it() {
    let keys = two_keys().await;
    let body = format!(r#"{{"k":"{OTHER_KEY}"}}"#);
    empty(&keys.put(&format!("/keys/^client?kek={OTHER_KEK}"), &body).await);
    let key = keys.get("/keys/^client").await.json();
    assert_eq!(
        (&key["ek"], &key["kekId"]),
        (&OTHER_EK.into(), &"#1.6ab55cdd522ced2ba2652b93ef085644".into())
    );
    let body = format!(r#"{{"k":"{KEY}","kekId":"mine"}}"#);
    empty(&keys.put(&format!("/keys/^client?kek={KEK}"), &body).await);
    let key = keys.get("/keys/^client").await.json();
    assert_eq!((&key["ek"], &key["kekId"]), (&EK.into(), &"mine".into()));
    // Without a KEK only a service-held value is replaced.
    let body = format!(r#"{{"k":"{OTHER_KEY}"}}"#);
    expect(&keys.put("/keys/^client", &body).await, 400, 2, "KEK Required");
    empty(&keys.put("/keys/^held", &body).await);
    assert_eq!(keys.get("/keys/^held/value").await.text(), OTHER_KEY);
    // With one it becomes the client's.
    empty(&keys.put(&format!("/keys/^held?kek={KEK}"), &format!(r#"{{"k":"{KEY}"}}"#)).await);
    let key = keys.get("/keys/^held").await.json();
    assert_eq!((&key["ek"], &key["kekId"]), (&EK.into(), &KEK_ID.into()));
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let keys = two_keys().await;
    let before = (keys.get("/keys/^client").await, keys.get("/keys/^held").await);
    let both = format!(r#"{{"k":"{KEY}","ek":"{EK}","info":"x"}}"#);
    for (target, body, code, message) in [
        ("/keys/^client", "", 2, "Invalid Parameters"),
        ("/keys/^client", "{}", 2, "Invalid Parameters"),
        ("/keys/^client", r#"{"kid":"^client","scheme":"cenc"}"#, 2, "Invalid Parameters"),
        ("/keys/^client", both.as_str(), 2, "Invalid Parameters"),
        ("/keys/^held", r#"{"kekId":"mine","info":"x"}"#, 2, "Invalid Parameters"),
        ("/keys/^client", r##"{"kekId":"#service"}"##, 2, "Invalid Parameters"),
        ("/keys/^client", r#"{"info":"x","expiration":"tomorrow"}"#, 2, "Invalid Parameters"),
        ("/keys/^client", r#"{"info":5}"#, 3, "Invalid Key Object"),
        ("/keys/^client", r#"{"k":"00","info":"x"}"#, 3, "Invalid Key Object"),
        ("/keys/^client", "{", 3, "Invalid JSON Body"),
        ("/keys/^client,^held", r#"{"info":"x"}"#, 2, "Invalid KID"),
        ("/keys/^client?kek=11111111111111111111111111111111", r#"{"info":"x"}"#, 5, "Incorrect KEK"),
        ("/keys/^held?kek=11111111111111111111111111111111", r#"{"info":"x"}"#, 5, "Incorrect KEK"),
    ] {
        expect(&keys.put(target, body).await, 400, code, message);
    }
    let after = (keys.get("/keys/^client").await, keys.get("/keys/^held").await);
    assert_eq!((before.0.text(), before.1.text()), (after.0.text(), after.1.text()));
    // The right KEK may come along.
    empty(&keys.put(&format!("/keys/^client?kek={KEK}"), r#"{"info":"x"}"#).await);
}

#[tokio::test]
async fn an_unknown_kid_is_not_created() {
    let keys = two_keys().await;
    not_found(&keys.put("/keys/^unknown", &format!(r#"{{"k":"{KEY}"}}"#)).await);
    not_found(&keys.get("/keys/^unknown").await);
    assert_eq!(keys.count().await, 2);
}
