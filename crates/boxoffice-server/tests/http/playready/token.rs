//! `/hms/pr/token`: what a success is.

use boxoffice_core::Environment;

use super::world::{OPLS, RIGHTS, TRACKS, World, tracks};
use crate::kit::{Lab, Request};

fn parameters() -> String {
    format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1))
}

#[tokio::test]
async fn a_token_and_its_address_come_as_json_under_text_uri_list() {
    let world = World::new().await;
    let answer = world.ask(&parameters()).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/uri-list"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.text().starts_with("{\"licenseAcquisitionUrl\":\"") && answer.text().ends_with("\"}"));
    let json = answer.json();
    assert_eq!(json.as_object().unwrap().len(), 2);
    assert_eq!(json["licenseAcquisitionUrl"], format!("{}{RIGHTS}", world.lab.base()));
    let token = json["token"].as_str().unwrap();
    let is_base64url = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    assert!(token.bytes().all(is_base64url), "{token}");
}

#[tokio::test]
async fn a_form_asks_like_a_query() {
    let world = World::new().await;
    let body = format!("customerAuthenticator={}&{}", world.customer.authenticator, parameters());
    let form = Request::post("/hms/pr/token", "application/x-www-form-urlencoded", body);
    let answer = world.lab.send(form).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.json()["token"].is_string());
}

#[tokio::test]
async fn the_address_follows_use_https_and_the_configured_base() {
    let world =
        World::with_settings("[environments.test]\npublic_url = \"http://pr.example.com:81/base\"").await;
    for (further, expected) in [
        ("", "http://pr.example.com:81/base/hms/pr/rights/"),
        ("&useHttps=false", "http://pr.example.com:81/base/hms/pr/rights/"),
        ("&useHttps=true", "https://pr.example.com:81/base/hms/pr/rights/"),
    ] {
        let answer = world.ask(&format!("{}{further}", parameters())).await;
        assert_eq!(answer.json()["licenseAcquisitionUrl"], expected, "{further}");
    }
}

#[tokio::test]
async fn with_an_sdk_behind_it_the_address_is_the_operator_s() {
    let settings = "[environments.production.playready]\nbackend = \"sdk\"\n\
                    license_acquisition_url = \"https://pr.example.com/rightsmanager.asmx\"";
    let lab = Lab::with_settings(settings).await;
    let customer = lab.account_in(Environment::Production).await;
    let answer = lab.ask_for_token(&customer, "pr", &parameters()).await;
    assert_eq!(answer.json()["licenseAcquisitionUrl"], "https://pr.example.com/rightsmanager.asmx");
}

#[tokio::test]
async fn production_mints_tokens_without_a_back_end() {
    let lab = Lab::start().await;
    let customer = lab.account_in(Environment::Production).await;
    let answer = lab.ask_for_token(&customer, "pr", &parameters()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let url = answer.json()["licenseAcquisitionUrl"].as_str().unwrap().to_owned();
    assert!(url.starts_with("http://prod.localhost:") && url.ends_with(RIGHTS), "{url}");
}

/// Whatever section 6 allows gets a token; what is in it, the licences tell (see `grants`).
#[tokio::test]
async fn every_value_that_is_allowed_is_taken() {
    let world = World::with_settings(
        "[environments.test.playready.output_control_flags]\n\
         \"00000001\" = { output = \"digital-video\", guid = \"ABB2C6F1-E663-4625-A945-972D17B231E7\", data = \"AAAAAQ==\" }",
    )
    .await;
    for further in [
        "generalFlags=00000000",
        "generalFlags=00000001",
        "generalFlags=",
        "rental.playDuration=nonsense&rental.periodEndTime=nonsense",
        "unknownOutputBehavior=Allow",
        "unknownOutputBehavior=Disallow",
        "unknownOutputBehavior=SDOnly",
        "outputControlFlags=00000000",
        "outputControlFlags=00000001",
        "minCertSecurityLevel=150",
        "minCertSecurityLevel=2000",
        "minCertSecurityLevel=3000",
        "extensionType=abcd&extensionPayload=aGVsbG8=",
        "extensionType=abcd&extensionPayload=aGVsbG8",
        "extensionType=%20~%21a&extensionPayload=-_-_",
        "algId=aesctr",
        "algId=aescbc",
        "expirationTime=2026-01-31T00:00:00Z",
        "expirationTime=%2B2592000",
        "expirationTime=+60",
        "cookie=order-17",
        "deviceId=000102030405060708090a0B0C0D0E0F",
        "ipAddress=203.0.113.0/24",
        "oneTime=true",
        "generalFlags=00000000&generalFlags=00000000",
        "minCertSecurityLevel.0=3000",
        "licenseDuration=60&securityLevel=9&unknown=1",
    ] {
        let answer = world.ask(&format!("{}&{further}", parameters())).await;
        assert_eq!(answer.status, 200, "{further}: {}", answer.text());
    }
    let rental = format!("{}&rightsType=Rental&generalFlags=00000001&{OPLS}", tracks(1));
    for end in [
        "rental.periodEndTime=%2B1",
        "rental.periodEndTime=2106-02-07T06:28:14Z",
        "rental.periodEndTime=+86400",
    ] {
        for play in ["", "&rental.playDuration=1", "&rental.playDuration=2147483647"] {
            let answer = world.ask(&format!("{rental}&{end}{play}")).await;
            assert_eq!(answer.status, 200, "{end}{play}: {}", answer.text());
        }
    }
    for level in ["0", "000", "007", "999"] {
        let levels = OPLS.replace("=200", &format!("={level}"));
        let answer = world.ask(&format!("{}&rightsType=BuyToOwn&{levels}", tracks(1))).await;
        assert_eq!(answer.status, 200, "{level}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_wrapped_key_opens_under_its_kek() {
    // RFC 3394, section 4.1.
    let world = World::new().await;
    let (kid, key) = TRACKS[0];
    assert_eq!(key, "00112233445566778899aabbccddeeff");
    let wrapped = format!(
        "kid={kid}&kek=000102030405060708090A0B0C0D0E0F&ek=1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"
    );
    let token = world.token(&format!("{wrapped}&rightsType=BuyToOwn&{OPLS}")).await;
    world.redeem(&token, &super::world::plain(), &super::world::kids(1), &[super::world::purchased(0)]).await;
}
