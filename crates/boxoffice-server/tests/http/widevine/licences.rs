//! From token to licence: widevine.md, sections 2 and 7.

use boxoffice_core::account::AccountChange;
use drm_primitives::{ContentKey, base64};
use widevine::lab_client::{Expectation, ExpectedKey};
use widevine::messages::LicenseType;

use super::device;
use crate::kit::{Lab, Request};
use crate::token::{GOOD, KEY};

fn token_of(url: &str) -> &str {
    url.split("ExpressPlayToken=").nth(1).unwrap()
}

#[tokio::test]
async fn every_device_gets_every_kind_of_licence_in_clear_and_in_privacy_mode() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let service = device::service(&lab).await;
    let parameters = format!("{GOOD}&persistent=true&licenseDuration=3600&rentalDuration=86400&trackType=0");
    let url = lab.ask_for_token(&customer, "wv", &parameters).await.text().to_owned();
    let expected = Expectation {
        keys: vec![ExpectedKey {
            kid: device::kid("^kid1"),
            key: Some(ContentKey::from_hex(KEY.as_bytes()).unwrap()),
            level: 1,
            hdcp: 0,
            track_label: Some("SD".to_owned()),
        }],
        persistent: true,
        playback_duration: Some(3_600),
        rental_duration: Some(86_400),
        renewal: None,
    };
    for name in ["android-l1", "android-l3", "chrome-l3"] {
        let device = device::named(&lab, name);
        for private in [None, Some(&service)] {
            for licence_type in [LicenseType::Streaming, LicenseType::Offline, LicenseType::Automatic] {
                let plan = device::plan(&["^kid1"]).with_type(licence_type);
                let mut challenge = device::challenge(&device, &plan, private);
                let answer = device::post(&lab, &url, &challenge.body).await;
                assert_eq!(
                    answer.status,
                    200,
                    "{name} {licence_type:?}: {}",
                    String::from_utf8_lossy(&answer.body)
                );
                challenge.session.open(&answer.body, Some(&expected)).unwrap();
            }
        }
    }
}

#[tokio::test]
async fn keys_wrapped_under_a_kek_reach_the_device() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    // key-storage.md, section 7.
    let wrapped = "kid=^kid1&kek=00112233445566778899aabbccddeeff\
                   &ek=ffaf1dae9201d1adf62770dca5ddb77ad773a79369e39986&securityLevel=1&hdcpOutputControl=0";
    let url = lab.ask_for_token(&customer, "wv", wrapped).await.text().to_owned();
    let licence = device::redeem(&lab, &device::named(&lab, "android-l3"), &url, &device::plan(&["^kid1"]))
        .await
        .unwrap();
    assert_eq!(licence.keys[0].key, ContentKey::from_hex(b"12341234123412341234123412341234").unwrap());
    assert_eq!(licence.keys[0].kid.to_string(), "80ea8bc8a58f990ad1f76bc665b30bfa");
}

#[tokio::test]
async fn a_token_comes_in_the_query_in_a_header_or_as_a_bearer() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let url = lab.ask_for_token(&customer, "wv", GOOD).await.text().to_owned();
    let token = token_of(&url);
    let device = device::named(&lab, "android-l3");
    let body = || device::challenge(&device, &device::plan(&["^kid1"]), None).body;
    let bare = || Request::new(http::Method::POST, "/hms/wv/rights").body(body());
    for request in [
        Request::new(http::Method::POST, format!("/hms/wv/rights?ExpressPlayToken={token}")).body(body()),
        bare().header("ExpressPlayToken", token),
        bare().header("authorization", &format!("bearer {token}")),
        Request::new(http::Method::POST, format!("/hms/wv/rights/?ExpressPlayToken={token}"))
            .body(body())
            .header("ExpressPlayToken", token),
    ] {
        let answer = lab.send(request).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
}

#[tokio::test]
async fn a_wrapped_challenge_gets_a_wrapped_licence() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let url = lab.ask_for_token(&customer, "wv", GOOD).await.text().to_owned();
    let mut challenge = device::challenge(&device::named(&lab, "chrome-l3"), &device::plan(&["^kid1"]), None);
    let json = serde_json::json!({ "rawLicenseRequestBase64": base64::encode(&challenge.body) }).to_string();
    let answer = device::post(&lab, &url, json.as_bytes()).await;
    assert_eq!(answer.header("content-type"), "application/json");
    let licence = base64::decode(answer.json()["rawLicenseBase64"].as_str().unwrap().as_bytes()).unwrap();
    challenge.session.open(&licence, None).unwrap();
}

#[tokio::test]
async fn the_service_certificate_is_public() {
    let lab = Lab::start().await;
    let service = device::service(&lab).await;
    drop(service);
    // Recognised by parsing, not by length; the token is not looked at.
    for body in [&b"\x08\x04"[..], b"\x08\x84\x00"] {
        let answer = device::post(&lab, "/hms/wv/rights/?ExpressPlayToken=nonsense", body).await;
        assert_eq!((answer.status, &answer.body[..3]), (200, &b"\x08\x05\x12"[..]));
    }
    let bare = lab.get("/hms/wv/certificate").await;
    assert_eq!((bare.status, bare.header("cache-control")), (200, "max-age=3600"));
    assert_eq!(bare.header("content-type"), "application/octet-stream");
    assert_eq!(bare.header("access-control-allow-origin"), "*");
    let root = lab.app.issuers().lab().widevine_root.root().certificate().to_vec();
    widevine::lab_client::ServiceCertificate::verify(&bare.body, &root, "lab.boxoffice").unwrap();
}

#[tokio::test]
async fn keys_beyond_the_device_are_left_out_and_named() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let (a, b) = ("11111111111111111111111111111111", "22222222222222222222222222222222");
    let parameters = format!(
        "kid.0=^a&contentKey.0={a}&securityLevel.0=1&kid.1=^b&contentKey.1={b}&securityLevel.1=5&hdcpOutputControl=0"
    );
    let url = lab.ask_for_token(&customer, "wv", &parameters).await.text().to_owned();
    let (kid_b, kid_c) = (device::kid("^b"), device::kid("^c"));
    let mut challenge =
        device::challenge(&device::named(&lab, "android-l3"), &device::plan(&["^a", "^c"]), None);
    let answer = device::post(&lab, &url, &challenge.body).await;
    let not_granted = answer.header("x-boxoffice-not-granted");
    let mut items: Vec<_> = not_granted.split(", ").collect();
    items.sort_unstable();
    let mut expected = [format!("{kid_b};security-level"), kid_c.to_string()];
    expected.sort();
    assert_eq!(items, expected);
    let licence = challenge.session.open(&answer.body, None).unwrap();
    assert_eq!(licence.keys.len(), 1);
    let mut challenge = device::challenge(&device::named(&lab, "android-l1"), &device::plan(&["^a"]), None);
    let answer = device::post(&lab, &url, &challenge.body).await;
    assert_eq!(answer.header("x-boxoffice-not-granted"), "");
    assert_eq!(challenge.session.open(&answer.body, None).unwrap().keys.len(), 2);
}

#[tokio::test]
async fn tokens_outlive_a_rotation_of_the_sealing_key() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let old = lab.ask_for_token(&customer, "wv", GOOD).await.text().to_owned();
    lab.app.installation().rotate_sealing_key(boxoffice_core::Environment::Test).await.unwrap();
    lab.clock.advance(6);
    let device = device::named(&lab, "android-l3");
    device::redeem(&lab, &device, &old, &device::plan(&["^kid1"])).await.unwrap();
    // A node that has not met the new key yet reads the ring once more.
    let rings = lab.app.installation().rings().await.unwrap().current();
    let entitlement =
        rings.sealing(boxoffice_core::Environment::Test).open(token_of(&old).as_bytes()).unwrap();
    let new = rings.sealing(boxoffice_core::Environment::Test).seal(
        &entitlement,
        lab.app.now(),
        &drm_primitives::SystemRandom,
    );
    let url = format!("/hms/wv/rights/?ExpressPlayToken={new}");
    device::redeem(&lab, &device, &url, &device::plan(&["^kid1"])).await.unwrap();
}

#[tokio::test]
async fn a_body_may_come_in_chunks() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let url = lab.ask_for_token(&customer, "wv", GOOD).await.text().to_owned();
    let mut challenge =
        device::challenge(&device::named(&lab, "android-l3"), &device::plan(&["^kid1"]), None);
    let target = url.strip_prefix(&lab.base()).unwrap();
    let mut raw = format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .into_bytes();
    for chunk in challenge.body.chunks(700) {
        raw.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        raw.extend_from_slice(chunk);
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"0\r\n\r\n");
    let answer = lab.send_raw(&raw).await;
    assert_eq!(answer.status, 200);
    challenge.session.open(&answer.body, None).unwrap();
}

#[tokio::test]
async fn an_account_may_ask_more_of_devices_than_its_tokens_do() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    let change = AccountChange {
        min_level: Some(Some(boxoffice_core::account::MinimumLevel::L1)),
        ..AccountChange::default()
    };
    lab.change(&customer, change).await;
    let url = lab.ask_for_token(&customer, "wv", GOOD).await.text().to_owned();
    let refused =
        device::redeem(&lab, &device::named(&lab, "android-l3"), &url, &device::plan(&["^kid1"])).await;
    let refused = refused.err().unwrap().json();
    assert_eq!((&refused["code"], &refused["reason"]), (&(-4001).into(), &"device-level".into()));
    device::redeem(&lab, &device::named(&lab, "android-l1"), &url, &device::plan(&["^kid1"])).await.unwrap();
}
