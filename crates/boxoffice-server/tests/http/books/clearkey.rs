//! Clear Key over HTTP, row by row (clearkey.md, sections 2 and 3).

use boxoffice_core::Environment;
use boxoffice_core::account::AccountChange;
use http::Method;

use super::world::{KEY, KID, OTHER_KID, World, refusal, request};
use crate::kit::{Answer, Request};

const GOLDEN_REQUEST: &str = r#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"temporary"}"#;
const GOLDEN_ANSWER: &str = r#"{"keys":[{"kty":"oct","kid":"nrQFDeRLSAKTLifXUIPiZg","k":"FmY0xnWCPCNaSpRG-tUuTQ"}],"type":"temporary"}"#;

#[tokio::test]
async fn the_pair_of_the_specification_is_answered_to_the_byte() {
    let world = World::new().await;
    let target = world.target("").await;
    let answer = world.post(&target, GOLDEN_REQUEST).await;
    assert_eq!((answer.status, answer.text()), (200, GOLDEN_ANSWER));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_token_request_takes_what_clear_key_has_and_refuses_what_it_cannot_keep() {
    let world = World::new().await;
    let key = format!("kid={KID}&contentKey={KEY}");
    let json = "errorFormat=json";
    let answer = world.ask(&format!("{key}&securityLevel=9&rightsType=Gift")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/uri-list"));
    assert!(answer.text().starts_with(&format!("{}/hms/ck/rights/?ExpressPlayToken=", world.lab.base())));
    assert!(answer.header("access-control-allow-origin").is_empty());
    for (parameters, code) in [
        (format!("{key}&deviceId=000102030405060708090a0b0c0d0e0f"), -5005),
        (format!("{key}&kek=000102030405060708090a0b0c0d0e0f"), -6005),
        (format!("contentKey={KEY}"), -4018),
        (format!("kid={KID}&contentKey=00"), -2027),
        ("kid=%5Ex".to_owned(), -4019),
    ] {
        let answer = world.ask(&format!("{parameters}&{json}")).await;
        assert_eq!(refusal(&answer).0, code, "{parameters}");
    }
    let change = AccountChange { clearkey: Some(false), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    let answer = world.ask(&format!("{key}&{json}")).await;
    assert_eq!(refusal(&answer).0, -2031);
    assert!(answer.json()["hint"].as_str().unwrap().contains("account set"), "{}", answer.text());
    let production = world.lab.account_in(Environment::Production).await;
    let answer = world.lab.ask_for_token(&production, "ck", &format!("{key}&{json}")).await;
    assert_eq!(refusal(&answer).0, -2031);
}

fn expect(answer: &Answer, code: i64, status: u16, hint: &str) {
    assert_eq!((refusal(answer).0, answer.status), (code, status), "{}", answer.text());
    let told = answer.json()["hint"].as_str().unwrap().to_owned();
    assert!(told.contains(hint), "{told}");
}

#[tokio::test]
async fn requests_are_read_leniently_and_what_is_wrong_is_named() {
    let world = World::new().await;
    let target = world.target("").await;
    for body in [
        r#"{"kids":["nrQFDeRLSAKTLifXUIPiZg=="]}"#,
        r#" { "kids" : [ "nrQFDeRLSAKTLifXUIPiZg", "nrQFDeRLSAKTLifXUIPiZg" ], "more": [1] } "#,
    ] {
        assert_eq!(world.post(&target, body).await.text(), GOLDEN_ANSWER, "{body}");
    }
    for (content_type, body) in [("text/plain", GOLDEN_REQUEST), ("application/octet-stream", GOLDEN_REQUEST)]
    {
        let answer = world.lab.send(Request::post(&target, content_type, body)).await;
        assert_eq!(answer.text(), GOLDEN_ANSWER);
    }
    for (body, hint) in [
        ("", "byte 1 of 0"),
        ("<html>", "byte 1 of 6"),
        ("[]", "object"),
        ("{}", "kids"),
        (r#"{"kids":[]}"#, "0 members"),
        (r#"{"kids":["AAAA"]}"#, "kids[0]: got 3 bytes"),
        (r#"{"kids":[7]}"#, "kids[0]"),
        (r#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"persistent-license"}"#, "persistent"),
    ] {
        expect(&world.post(&target, body).await, -6005, 400, hint);
    }
    let long = format!("{GOLDEN_REQUEST}{}", " ".repeat(16_384));
    let answer = world.post(&target, long).await;
    assert_eq!((refusal(&answer).0, answer.status), (-6005, 413));
    for method in [Method::GET, Method::PUT] {
        let answer = world.lab.send(Request::new(method, &target)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
    }
}

#[tokio::test]
async fn the_token_comes_in_the_query_a_header_or_as_a_bearer() {
    let world = World::new().await;
    let target = world.target("").await;
    let (path, token) = target.split_once("?ExpressPlayToken=").unwrap();
    let bearer = format!("Bearer {token}");
    for (name, value) in [("ExpressPlayToken", token), ("Authorization", bearer.as_str())] {
        let asked = Request::new(Method::POST, path).body(GOLDEN_REQUEST).header(name, value);
        assert_eq!(world.lab.send(asked).await.text(), GOLDEN_ANSWER, "{name}");
    }
    let none = world.post(path, GOLDEN_REQUEST).await;
    assert_eq!(refusal(&none), (-4010, 401, "token-missing".to_owned()));
}

#[tokio::test]
async fn keys_come_in_the_order_asked_and_what_is_not_held_is_listed() {
    let world = World::new().await;
    let target = world.target_of_two("").await;
    let stranger = "00112233445566778899aabbccddeeff";
    let answer = world.redeem(&target, &[OTHER_KID, stranger, KID]).await;
    let keys = answer.json();
    let kids: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, ["gOqLyKWPmQrR92vGZbML-g", "nrQFDeRLSAKTLifXUIPiZg"]);
    assert_eq!(answer.header("x-boxoffice-not-granted"), stranger);
    let answer = world.redeem(&target, &[stranger]).await;
    expect(&answer, -6005, 400, KID);
    let swapped = "0d05b49e4be4024893 2e27d75083e266".replace(' ', "");
    expect(&world.redeem(&target, &[&swapped]).await, -6005, 400, "GUID byte order");
    assert_eq!(world.post(&target, request(&[KID])).await.status, 200);
}
