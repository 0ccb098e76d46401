//! `POST /keystore/keys`.

use std::sync::Arc;

use boxoffice_core::account::AccountChange;
use http::Method;

use super::{
    EK, KEK, KEK_ID, KEY, KID1, Keys, OTHER_EK, OTHER_KEK, OTHER_KEY, OTHER_KID, expect, incorrect_kek,
};

#[tokio::test]
async fn the_example_of_the_specification_is_answered_to_the_byte() {
    let keys = Keys::start().await;
    keys.at("2026-11-21T02:00:00Z");
    let body = r#"{"kid":"^kid1","k":"a9b9033df0b9ca5447839e3d074817a0","contentId":"movie-1"}"#;
    let answer = keys.post(&format!("/keys?kek={KEK}"), body).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("location"), "/keystore/keys/80ea8bc8a58f990ad1f76bc665b30bfa");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    let expected = r##"{"kid":"80ea8bc8a58f990ad1f76bc665b30bfa","k":"a9b9033df0b9ca5447839e3d074817a0","ek":"5dbd06c0056b42fe0b8cf406679620c31bd619732730433d","kekId":"#1.afe008a381bdac03b412a92d54b92ddf","contentId":"movie-1","lastUpdate":"2026-11-21T02:00:00Z"}"##;
    assert_eq!(answer.text(), expected);
    // There already: the same, with 200 and no Location.
    let again = keys.post(&format!("/keys?kek={KEK}"), body).await;
    assert_eq!((again.status, again.text(), again.header("location")), (200, expected, ""));
}

#[tokio::test]
async fn what_a_body_leaves_out_is_made() {
    let keys = Keys::start().await;
    for body in ["", "{}"] {
        let answer = keys.post("/keys", body).await;
        assert_eq!(answer.status, 201);
        let key = answer.json();
        assert_eq!(key["kekId"], "#service");
        assert_eq!(key.as_object().unwrap().len(), 4, "kid, k, kekId, lastUpdate: {key}");
        for (member, length) in [("kid", 32), ("k", 32)] {
            let text = key[member].as_str().unwrap();
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{key}");
        }
    }
    let answer = keys.post(&format!("/keys?kek={}", KEK.to_uppercase()), "").await;
    let key = answer.json();
    assert_eq!((answer.status, &key["kekId"]), (201, &KEK_ID.into()));
    assert!(key["k"].is_string() && key["ek"].as_str().is_some_and(|ek| ek.len() == 48));
    assert_eq!(keys.count().await, 3);
}

#[tokio::test]
async fn wrapped_keys_are_checked_where_there_is_a_kek_and_kept_as_they_are_where_there_is_none() {
    let keys = Keys::start().await;
    let body = format!(r#"{{"kid":"{OTHER_KID}","ek":"{}"}}"#, OTHER_EK.to_uppercase());
    incorrect_kek(&keys.post(&format!("/keys?kek={KEK}"), &body).await);
    assert_eq!(keys.count().await, 0, "a refused create stores nothing");
    let answer = keys.post(&format!("/keys?kek={OTHER_KEK}"), &body).await;
    let key = answer.json();
    assert_eq!((answer.status, &key["k"], &key["ek"]), (201, &OTHER_KEY.into(), &OTHER_EK.into()));
    assert_eq!(key["kekId"], "#1.6ab55cdd522ced2ba2652b93ef085644");
    // Without a KEK nothing can be checked, and no kekId computed.
    let answer = keys.post("/keys", &format!(r#"{{"kid":"^kid1","ek":"{EK}"}}"#)).await;
    assert_eq!(answer.status, 201);
    let key = answer.json();
    assert_eq!(key["ek"], EK);
    assert!(key.get("k").is_none() && key.get("kekId").is_none(), "{key}");
    let again = keys.post("/keys", &format!(r#"{{"kid":"^kid1","ek":"{OTHER_EK}"}}"#)).await;
    assert_eq!((again.status, again.text()), (200, answer.text()));
}

#[tokio::test]
async fn a_key_that_is_there_comes_back_whatever_else_is_asked() {
    let keys = Keys::start().await;
    let with_kek = format!("/keys?kek={KEK}");
    let first = keys.post(&with_kek, &format!(r#"{{"kid":"^kid1","k":"{KEY}","info":"first"}}"#)).await;
    for body in [
        r#"{"kid":"^kid1"}"#.to_owned(),
        format!(r#"{{"kid":"{}","k":"{OTHER_KEY}","info":"second","kekId":"mine"}}"#, KID1.to_uppercase()),
        format!(r#"{{"kid":"^kid1","ek":"{OTHER_EK}"}}"#),
    ] {
        let answer = keys.post(&with_kek, &body).await;
        assert_eq!((answer.status, answer.text()), (200, first.text()), "{body}");
    }
    incorrect_kek(&keys.post(&format!("/keys?kek={OTHER_KEK}"), r#"{"kid":"^kid1"}"#).await);
    // Without the KEK: what GET without it shows.
    for body in [r#"{"kid":"^kid1"}"#.to_owned(), format!(r#"{{"kid":"^kid1","k":"{OTHER_KEY}"}}"#)] {
        let answer = keys.post("/keys", &body).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.text(), keys.get("/keys/^kid1").await.text());
    }
    // A service-held key has no KEK to match.
    let held = keys.post("/keys", &format!(r#"{{"kid":"^held","k":"{KEY}"}}"#)).await.json();
    assert_eq!((&held["k"], &held["kekId"]), (&KEY.into(), &"#service".into()));
    incorrect_kek(&keys.post(&with_kek, r#"{"kid":"^held"}"#).await);
    let again = keys.post("/keys", &format!(r#"{{"kid":"^held","k":"{OTHER_KEY}","kekId":"mine"}}"#)).await;
    assert_eq!((again.status, again.json()), (200, held));
}

#[tokio::test]
async fn names_of_keks_are_kept_unread_and_ours_are_refused() {
    let keys = Keys::start().await;
    let body = format!(r#"{{"kid":"^a","ek":"{EK}","kekId":"F0E1 mine"}}"#);
    assert_eq!(keys.post("/keys", &body).await.json()["kekId"], "F0E1 mine");
    let body = r#"{"kid":"^b","kekId":"mine"}"#;
    assert_eq!(keys.post(&format!("/keys?kek={KEK}"), body).await.json()["kekId"], "mine");
    for name in ["#service", "#seed.1"] {
        let body = format!(r#"{{"kid":"^c","ek":"{EK}","kekId":"{name}"}}"#);
        expect(&keys.post("/keys", &body).await, 400, 2, "Invalid Parameters");
    }
    // A key that would be the service's own has no KEK to name.
    expect(&keys.post("/keys", r#"{"kid":"^c","kekId":"mine"}"#).await, 400, 2, "Invalid Parameters");
    let both = format!(r#"{{"kid":"^c","k":"{KEY}","ek":"{EK}"}}"#);
    expect(&keys.post(&format!("/keys?kek={KEK}"), &both).await, 400, 2, "Invalid Parameters");
    let both = format!(r#"{{"kid":"^a","k":"{KEY}","ek":"{EK}"}}"#);
    expect(&keys.post("/keys", &both).await, 400, 2, "Invalid Parameters");
    assert_eq!(keys.count().await, 2);
}

#[tokio::test]
async fn an_account_without_service_keys_has_to_give_kek_or_ek() {
    let keys = Keys::start().await;
    let off = AccountChange { service_keys: Some(false), ..AccountChange::default() };
    keys.lab.change(&keys.customer, off).await;
    for body in ["", r#"{"kid":"^a"}"#, &format!(r#"{{"k":"{KEY}"}}"#)] {
        expect(&keys.post("/keys", body).await, 400, 2, "No KEK passed: ek required");
    }
    assert_eq!(keys.post("/keys", &format!(r#"{{"ek":"{EK}"}}"#)).await.status, 201);
    assert_eq!(keys.post(&format!("/keys?kek={KEK}"), "").await.status, 201);
    assert_eq!(keys.count().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_simultaneous_creates_one_wins_and_all_get_its_key() {
    let keys = Arc::new(Keys::start().await);
    for target in [format!("/keys?kek={KEK}"), "/keys".to_owned()] {
        let body = format!(r#"{{"kid":"^race {}"}}"#, target.len());
        let calls: Vec<_> = (0..24)
            .map(|_| {
                let (keys, target, body) = (Arc::clone(&keys), target.clone(), body.clone());
                tokio::spawn(async move { keys.call(Method::POST, &target, &body).await })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 23);
        assert!(answers.iter().all(|answer| answer.text() == answers[0].text()));
    }
    assert_eq!(keys.count().await, 2);
}

#[tokio::test]
async fn the_vectors_of_kek_ids_and_wrapping_hold() {
    let keys = Keys::start().await;
    for (kek, key, ek, id) in [
        (KEK, KEY, EK, KEK_ID),
        (KEK, "d4783a651c96a872daa145ce1a378153", "b6862c586af0d70fdc594deb7b254bb38937113dbc6411ea", KEK_ID),
        (KEK, "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf", "7c98f3e4d60636d4aef4977d12dbfe75611dbd03e54dffef", KEK_ID),
        (KEK, "00112233445566778899aabbccddeeff", "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5", KEK_ID),
        (
            "000102030405060708090a0b0c0d0e0f1011121314151617",
            "00112233445566778899aabbccddeeff",
            "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d",
            "#1.2dc7183022a67048bd6288b96f7e769a",
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "00112233445566778899aabbccddeeff",
            "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7",
            "#1.d4afc6cb61a12fc4fd8f3fc8d7cc82a5",
        ),
        (OTHER_KEK, OTHER_KEY, OTHER_EK, "#1.6ab55cdd522ced2ba2652b93ef085644"),
        (
            "11111111111111111111111111111111",
            "f2434ca0f6a7de822574bf2f8190f6cd",
            "61a9d3b082aab5a918ebb86461da475bd80ca4a83cea16b6",
            "#1.952241b0259652b68a8cae2be819dfa3",
        ),
    ] {
        let made = keys.post(&format!("/keys?kek={kek}"), &format!(r#"{{"k":"{key}"}}"#)).await;
        let made = made.json();
        assert_eq!((&made["ek"], &made["kekId"]), (&ek.into(), &id.into()), "{kek}");
        let found = keys.get(&format!("/keys/{}?kek={kek}", made["kid"].as_str().unwrap())).await;
        assert_eq!(found.json()["k"], key);
    }
}

#[tokio::test]
async fn texts_of_any_kind_come_back_as_they_came() {
    let keys = Keys::start().await;
    let info = "\u{0}\u{1f}\"\\</script><!-- ' OR 1=1 --\u{202e}\u{1F600}";
    let content = "é".repeat(512);
    let body = serde_json::json!({ "kid": "^a", "info": info, "contentId": content, "x": [1] }).to_string();
    let made = keys.post("/keys", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let found = keys.get("/keys/^a").await.json();
    assert_eq!((&found["info"], &found["contentId"]), (&info.into(), &content.into()));
    for (member, length) in [("info", 4_097), ("contentId", 1_025), ("kekId", 257)] {
        let body = serde_json::json!({ member: "x".repeat(length) }).to_string();
        expect(&keys.post(&format!("/keys?kek={KEK}"), &body).await, 400, 2, "Invalid Parameters");
    }
}
