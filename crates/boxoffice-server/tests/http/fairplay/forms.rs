//! The forms in which SPCs come and CKCs go (fairplay.md, section 3).

use drm_primitives::base64;
use fairplay::lab::{LabCkc, LabSpc};
use http::Method;
use serde_json::json;

use super::world::{GOOD, KEY, World, refusal, refused, spc};
use crate::kit::{Answer, Request};

/// Takes the CKC out of an answer.
type Read<'a> = &'a dyn Fn(&Answer) -> Vec<u8>;

fn check(spc: &LabSpc, ckc: &[u8]) {
    let asset = LabCkc::read(ckc, spc).unwrap().asset;
    assert_eq!(drm_primitives::hex::encode(asset.key.expose()), KEY);
}

fn from_base64(text: &str) -> Vec<u8> {
    base64::decode(text.as_bytes()).unwrap()
}

fn form(encoded: &str) -> String {
    format!("assetId=film-1&spc={encoded}&uri=skd%3A%2F%2Ffilm-1")
}

#[tokio::test]
async fn every_form_of_body_gets_the_same_licence_in_its_own_form_whatever_its_type_says() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    let spc = spc();
    let (encoded, url_safe) = (base64::encode(&spc.to_bytes()), base64::encode_url(&spc.to_bytes()));
    let octets = |answer: &Answer| answer.body.clone();
    let text = |answer: &Answer| from_base64(answer.text());
    let tag = |answer: &Answer| {
        let inside = answer.text().strip_prefix("<ckc>").unwrap().strip_suffix("</ckc>").unwrap();
        from_base64(inside)
    };
    let member = |answer: &Answer| from_base64(answer.json()["ckc"].as_str().unwrap());
    let streaming = |answer: &Answer| {
        let response = answer.json()["fairplay-streaming-response"]["streaming-keys"].clone();
        assert_eq!((&response[0]["id"], &response[0]["status"]), (&json!(7), &json!(0)));
        from_base64(response[0]["ckc"].as_str().unwrap())
    };
    let create = |answer: &Answer| {
        let response = answer.json()["fairplay-streaming-response"]["create-ckc"].clone();
        from_base64(response[0]["ckc"].as_str().unwrap())
    };
    let apple = |operation: &str, id: u8| {
        let item = json!([{ "id": id, "uri": "skd://film-1", "spc": encoded }]);
        json!({ "fairplay-streaming-request": { "version": 1, operation: item } }).to_string()
    };
    let wrapped = encoded.as_bytes().chunks(64).map(|line| [line, b"\r\n"].concat()).collect::<Vec<_>>();
    let cases: [(Vec<u8>, &str, Read<'_>); 9] = [
        (spc.to_bytes(), "application/octet-stream", &octets),
        (encoded.clone().into_bytes(), "text/plain", &text),
        (url_safe.into_bytes(), "text/plain", &text),
        (wrapped.concat(), "text/plain", &text),
        (form(&encoded.replace('+', "%2B").replace('=', "%3D")).into_bytes(), "text/plain", &tag),
        // As it arrives from clients that do not encode it.
        (form(&encoded).into_bytes(), "text/plain", &tag),
        (json!({ "spc": encoded }).to_string().into_bytes(), "application/json", &member),
        (apple("streaming-keys", 7).into_bytes(), "application/json", &streaming),
        (apple("create-ckc", 1).into_bytes(), "application/json", &create),
    ];
    for (body, content_type, read) in cases {
        for said in ["", "application/octet-stream", "application/x-www-form-urlencoded", "application/json"]
        {
            let answer = world.lab.send(Request::post(&target, said, body.clone())).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert_eq!(answer.header("content-type"), content_type);
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            assert_eq!(answer.header("cache-control"), "no-store");
            check(&spc, &read(&answer));
        }
    }
}

#[tokio::test]
async fn accept_overrides_the_form_of_the_answer() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    let spc = spc();
    for (accept, content_type) in [
        ("application/octet-stream", "application/octet-stream"),
        ("text/plain", "text/plain"),
        ("application/json", "application/json"),
        ("*/*", "application/octet-stream"),
        ("application/json, text/plain, */*", "application/octet-stream"),
    ] {
        let asked = Request::new(Method::POST, &target).body(spc.to_bytes()).header("accept", accept);
        let answer = world.lab.send(asked).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{accept}");
        match content_type {
            "application/octet-stream" => check(&spc, &answer.body),
            "text/plain" => check(&spc, &from_base64(answer.text())),
            _ => check(&spc, &from_base64(answer.json()["ckc"].as_str().unwrap())),
        }
    }
    let two_lines = Request::new(Method::POST, &target).body(spc.to_bytes());
    let two_lines = two_lines.header("accept", "image/png").header("accept", "application/json");
    assert_eq!(world.lab.send(two_lines).await.header("content-type"), "application/json");
}

#[tokio::test]
async fn what_is_no_one_spc_is_refused_before_the_key_server_is_bothered_and_named() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    let good = spc().to_bytes();
    let encoded = base64::encode(&good);
    let version = |first: u32| [&first.to_be_bytes(), &good[4..]].concat();
    let two = json!({ "fairplay-streaming-request": { "version": 1, "streaming-keys": [
        { "id": 1, "uri": "skd://a", "spc": encoded }, { "id": 2, "uri": "skd://b", "spc": encoded },
    ] } });
    let none = json!({ "fairplay-streaming-request": { "version": 1, "streaming-keys": [] } });
    for (body, hint) in [
        (Vec::new(), "empty"),
        (vec![0; 70_000], "65536"),
        (good[..63].to_vec(), "63 bytes"),
        ([&good[..], &vec![0; 32_768]].concat(), "32768"),
        (version(0), "the first four bytes are 0"),
        (version(256), "256"),
        (version(0x3082_0310), "certificate, not an SPC"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----".to_vec(), "certificate"),
        (b"*** not base64 ***".to_vec(), "base64"),
        (b"{".to_vec(), "JSON"),
        (b"{\"ckc\":\"\"}".to_vec(), "0 SPCs"),
        (b"spc=".to_vec(), "SPC"),
        (format!("spc={encoded}&spc={encoded}x").into_bytes(), "SPC"),
        (two.to_string().into_bytes(), "several requests"),
        (none.to_string().into_bytes(), "0 SPCs"),
        (b"<html>".to_vec(), "base64"),
    ] {
        let answer = world.post(&target, body).await;
        assert_eq!(refusal(&answer), refused(-6004, 400, "body"), "{}", answer.text());
        let told = answer.json()["hint"].as_str().unwrap().to_owned();
        assert!(told.contains(hint), "{told} does not say {hint}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    assert_eq!(world.key_server.request_count(), 0);
    assert!(world.records().await.iter().all(|record| !record.granted && record.code == -6004));
    // A version that nobody knows yet is the key server's to refuse.
    let answer = world.post(&target, version(4)).await;
    assert_eq!(refusal(&answer), refused(-6004, 400, "upstream-refused"));
    assert_eq!(world.key_server.request_count(), 1);
}

#[tokio::test]
async fn errors_are_ours_in_every_form_and_html_where_it_is_asked_for() {
    let world = World::new().await;
    let target = world.target(GOOD).await;
    let item = json!([{ "id": 1, "uri": "skd://a", "spc": "AAAA" }]);
    let apple = json!({ "fairplay-streaming-request": { "version": 1, "streaming-keys": item } }).to_string();
    let answer = world.post(&target, apple.clone()).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(refusal(&answer), refused(-6004, 400, "body"));
    let answer = world.post(&format!("{target}&errorFormat=html"), apple).await;
    assert_eq!((answer.status, answer.header("content-type")), (400, "text/html; charset=utf-8"));
    assert!(answer.text().contains("[-6004] Failed to generate CKC for FP"));
}

#[tokio::test]
async fn pages_of_other_origins_may_ask_with_every_method_that_there_is() {
    let world = World::new().await;
    let preflight = Request::new(Method::OPTIONS, "/hms/fp/rights/")
        .header("origin", "https://player.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "content-type,expressplaytoken");
    let answer = world.lab.send(preflight).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-allow-methods"), "POST, OPTIONS");
    assert_eq!(answer.header("access-control-allow-headers"), "content-type,expressplaytoken");
    let answer = world.lab.get("/hms/fp/rights/").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST, OPTIONS"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(world.records().await.is_empty());
}
