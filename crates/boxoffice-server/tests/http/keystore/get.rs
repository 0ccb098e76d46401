//! `GET /keystore/keys/{kid}`, lists, and `/value`.

use boxoffice_core::Environment;
use http::Method;

use super::{
    EK, KEK, KEK_ID, KEY, KID1, Keys, OTHER_EK, OTHER_KEK, OTHER_KEY, OTHER_KID, incorrect_kek, not_found,
};

/// `^kid1` under [`KEK`], [`OTHER_KID`] under [`OTHER_KEK`], and `^held`.
async fn three_keys() -> Keys {
    let keys = Keys::start().await;
    keys.at("2026-11-21T02:00:00Z");
    for (target, body) in [
        (format!("/keys?kek={KEK}"), format!(r#"{{"kid":"^kid1","k":"{KEY}","contentId":"movie-1"}}"#)),
        (format!("/keys?kek={OTHER_KEK}"), format!(r#"{{"kid":"{OTHER_KID}","k":"{OTHER_KEY}"}}"#)),
        ("/keys".to_owned(), format!(r#"{{"kid":"^held","k":"{KEY}"}}"#)),
    ] {
        assert_eq!(keys.post(&target, &body).await.status, 201);
    }
    keys
}

#[tokio::test]
async fn a_key_under_a_kek_shows_ek_without_it_and_k_with_it() {
    let keys = three_keys().await;
    let without = keys.get("/keys/^kid1").await;
    assert_eq!(
        without.text(),
        format!(
            r#"{{"kid":"{KID1}","ek":"{EK}","kekId":"{KEK_ID}","contentId":"movie-1","lastUpdate":"2026-11-21T02:00:00Z"}}"#
        )
    );
    assert_eq!((without.status, without.header("content-type")), (200, "application/json"));
    for target in [format!("/keys/{KID1}?kek={KEK}"), format!("/keys/%5Ekid1/?kek={}", KEK.to_uppercase())] {
        assert_eq!(
            keys.get(&target).await.text(),
            format!(
                r#"{{"kid":"{KID1}","k":"{KEY}","kekId":"{KEK_ID}","contentId":"movie-1","lastUpdate":"2026-11-21T02:00:00Z"}}"#
            )
        );
    }
    incorrect_kek(&keys.get(&format!("/keys/^kid1?kek={OTHER_KEK}")).await);
}

#[tokio::test]
async fn a_service_held_key_shows_k_and_has_no_kek_to_match() {
    let keys = three_keys().await;
    let shown = keys.get("/keys/^held").await.json();
    assert_eq!((&shown["k"], &shown["kekId"]), (&KEY.into(), &"#service".into()));
    assert!(shown.get("ek").is_none());
    incorrect_kek(&keys.get(&format!("/keys/^held?kek={KEK}")).await);
}

#[tokio::test]
async fn values_are_answered_to_the_byte() {
    let keys = three_keys().await;
    for (target, expected) in [
        (format!("/keys/{OTHER_KID}/value?kek={OTHER_KEK}"), OTHER_KEY.to_owned()),
        (format!("/keys/{OTHER_KID}/value/"), format!("#{OTHER_EK}")),
        (format!("/keys/{OTHER_KID},{KID1}/value"), format!("#{OTHER_EK},#{EK}")),
        (format!("/keys/{KID1}%2c{OTHER_KID},^held/value"), format!("#{EK},#{OTHER_EK},{KEY}")),
    ] {
        let answer = keys.get(&target).await;
        assert_eq!((answer.status, answer.text()), (200, expected.as_str()), "{target}");
        assert_eq!(answer.header("content-type"), "text/plain");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    incorrect_kek(&keys.get(&format!("/keys/{OTHER_KID}/value?kek={KEK}")).await);
    not_found(&keys.get("/keys/^unknown/value").await);
}

#[tokio::test]
async fn a_list_keeps_the_order_and_repetitions_and_is_all_or_nothing() {
    let keys = three_keys().await;
    let listed = keys.get(&format!("/keys/^held,{OTHER_KID},^held,^kid1")).await.json();
    let kids: Vec<_> = listed.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    let held = listed[0]["kid"].as_str().unwrap();
    assert_eq!(kids, [held, OTHER_KID, held, KID1]);
    assert_eq!((&listed[0]["k"], &listed[1]["ek"]), (&KEY.into(), &OTHER_EK.into()));
    let missing = keys.get(&format!("/keys/^kid1,{}", "ab".repeat(16))).await;
    not_found(&missing);
    assert!(missing.json()["hint"].as_str().unwrap().contains(&"ab".repeat(16)), "it names the KID");
    // One key that the KEK does not open, or that has none.
    incorrect_kek(&keys.get(&format!("/keys/^kid1,{OTHER_KID}?kek={KEK}")).await);
    incorrect_kek(&keys.get(&format!("/keys/^kid1,^held?kek={KEK}")).await);
    // Existence comes before the KEK.
    not_found(&keys.get(&format!("/keys/^held,^unknown?kek={KEK}")).await);
    let twice = keys.get("/keys/^kid1,^kid1").await.json();
    assert_eq!(twice.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn another_accounts_key_is_not_found_as_one_that_nobody_has() {
    let keys = three_keys().await;
    for other in [keys.lab.account().await, keys.lab.account_in(Environment::Production).await] {
        for target in ["/keys/^kid1", "/keys/^nobodys"] {
            let answer = keys.call_as(&other, Method::GET, target, "").await;
            not_found(&answer);
            assert!(answer.json()["hint"].as_str().unwrap().starts_with("this account has no key "));
        }
        not_found(&keys.call_as(&other, Method::DELETE, "/keys/^kid1", "").await);
        not_found(&keys.call_as(&other, Method::PUT, "/keys/^kid1", r#"{"info":"x"}"#).await);
        assert_eq!(keys.call_as(&other, Method::GET, "/keys", "").await.text(), "[]");
        assert_eq!(keys.call_as(&other, Method::GET, "/keycount", "").await.text(), r#"{"keyCount":0}"#);
        // The same KID is another key there.
        let made = keys.call_as(&other, Method::POST, "/keys", r#"{"kid":"^kid1"}"#).await;
        assert_eq!(made.status, 201);
        assert_ne!(made.json()["k"], KEY);
    }
    assert_eq!(keys.get(&format!("/keys/^kid1/value?kek={KEK}")).await.text(), KEY);
}
