//! Refused redemptions: token-api.md, section 10, and widevine.md, section 8.

use boxoffice_core::account::{AccountChange, BalanceChange};
use drm_primitives::SystemRandom;
use widevine::lab_client::{AskedInitData, Plan, pssh_box, pssh_data};
use widevine::messages::LicenseType;

use super::device;
use crate::kit::{Answer, Customer, Lab, NOW, Request};
use crate::token::{GOOD, KEY};

struct World {
    lab: Lab,
    customer: Customer,
}

impl World {
    async fn with_settings(settings: &str) -> Self {
        let lab = Lab::with_settings(settings).await;
        let customer = lab.account().await;
        Self { lab, customer }
    }

    async fn start() -> Self {
        Self::with_settings("").await
    }

    async fn url(&self, parameters: &str) -> String {
        let answer = self.lab.ask_for_token(&self.customer, "wv", parameters).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text().to_owned()
    }

    /// What a good challenge of the device gets for a token's URL.
    async fn redeem(&self, url: &str) -> Answer {
        self.redeem_with(url, "android-l3", &device::plan(&["^kid1"])).await
    }

    async fn redeem_with(&self, url: &str, name: &str, plan: &Plan) -> Answer {
        let challenge = device::challenge(&device::named(&self.lab, name), plan, None);
        device::post(&self.lab, url, &challenge.body).await
    }

    async fn change(&self, change: AccountChange) {
        self.lab.change(&self.customer, change).await;
    }
}

/// Status, code and reason of a refusal, which is JSON unless it was asked for otherwise.
fn refusal(answer: &Answer) -> (u16, i64, String) {
    assert_eq!(
        answer.header("content-type"),
        "application/json",
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    let json = answer.json();
    let code = json["code"].as_i64().unwrap();
    assert!(json["message"].as_str().unwrap().starts_with(&format!("[{code}] ")));
    assert_eq!(json["request_id"], answer.header("x-request-id"));
    (answer.status, code, json["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_that_is_none_says_what_it_is() {
    let world = World::start().await;
    let url = world.url(GOOD).await;
    let (address, token) = url.split_once('=').unwrap();
    let with = |token: &str| format!("{address}={token}");
    for (url, status, reason) in [
        ("/hms/wv/rights/".to_owned(), 401, "token-missing"),
        (with(""), 401, "token-missing"),
        (with("nonsense!"), 400, "token-malformed"),
        (with(&token[..20]), 400, "token-malformed"),
        (format!("{url}&ExpressPlayToken=other"), 400, "token-malformed"),
        (with(&format!("{}AAAA", &token[..token.len() - 4])), 401, "token-not-ours"),
        (with(&format!("AQAAAAk{}", &token[7..])), 401, "token-not-ours"),
    ] {
        assert_eq!(refusal(&world.redeem(&url).await), (status, -4010, reason.to_owned()), "{url}");
    }
    let answer = world.redeem(&format!("{}&errorFormat=html", with("x"))).await;
    assert_eq!((answer.status, answer.header("content-type")), (400, "text/html; charset=utf-8"));
    assert!(answer.text().contains("-4010"));
    let answer = world.redeem(&format!("{url}&errorFormat=xml")).await;
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text().contains("-3004"));
}

#[tokio::test]
async fn a_token_of_another_drm_or_environment_is_refused() {
    let world = World::start().await;
    let key = format!("kid=^kid1&contentKey={KEY}");
    let clearkey =
        world.lab.ask_for_token(&world.customer, "ck", &key).await.text().replace("/hms/ck/", "/hms/wv/");
    assert_eq!(refusal(&world.redeem(&clearkey).await), (400, -4010, "token-other-drm".to_owned()));
    let url = world.url(GOOD).await;
    let target = url.strip_prefix(&world.lab.base()).unwrap();
    let challenge =
        device::challenge(&device::named(&world.lab, "android-l3"), &device::plan(&["^kid1"]), None);
    let request = Request::post(target, "", challenge.body).host("prod.localhost");
    assert_eq!(refusal(&world.lab.send(request).await), (401, -4010, "token-not-ours".to_owned()));
}

#[tokio::test]
async fn an_expired_token_is_refused_with_both_times_and_the_difference() {
    let world = World::start().await;
    let url = world.url(&format!("{GOOD}&expirationTime=%2B60")).await;
    world.lab.clock.advance(59);
    assert_eq!(world.redeem(&url).await.status, 200);
    world.lab.clock.advance(2);
    let answer = world.redeem(&url).await;
    assert_eq!(refusal(&answer), (401, -4010, "token-expired".to_owned()));
    let hint = answer.json()["hint"].as_str().unwrap().to_owned();
    for part in ["2026-01-01T00:01:00Z", "2026-01-01T00:01:01Z", "1 s"] {
        assert!(hint.contains(part), "{hint}");
    }
}

#[tokio::test]
async fn an_account_that_was_changed_since_redeems_no_more() {
    let world = World::start().await;
    let url = world.url(GOOD).await;
    let none = AccountChange::default();
    world.change(AccountChange { balance: Some(BalanceChange::Set(0)), ..none.clone() }).await;
    assert_eq!(refusal(&world.redeem(&url).await).1, -2019);
    world.change(AccountChange { widevine: Some(false), ..none.clone() }).await;
    assert_eq!(refusal(&world.redeem(&url).await), (400, -7011, String::new()));
    world.change(AccountChange { enabled: Some(false), ..none.clone() }).await;
    assert_eq!(refusal(&world.redeem(&url).await), (401, -2031, String::new()));
    let all = AccountChange {
        enabled: Some(true),
        widevine: Some(true),
        balance: Some(BalanceChange::Unlimited),
        ..none
    };
    world.change(all).await;
    assert_eq!(world.redeem(&url).await.status, 200);
}

#[tokio::test]
async fn a_token_for_one_address_is_good_from_there_alone() {
    let world = World::with_settings("[server]\ntrusted_proxies = ['127.0.0.1']").await;
    let url = world.url(&format!("{GOOD}&ipAddress=203.0.113.0/24")).await;
    let target = url.strip_prefix(&world.lab.base()).unwrap();
    let challenge =
        device::challenge(&device::named(&world.lab, "android-l3"), &device::plan(&["^kid1"]), None);
    let from =
        |address: &str| Request::post(target, "", challenge.body.clone()).header("x-forwarded-for", address);
    let (status, code, _) = refusal(&world.lab.send(from("198.51.100.1")).await);
    assert_eq!((status, code), (403, -2003));
    assert_eq!(world.lab.send(from("203.0.113.7")).await.status, 200);
    assert_eq!(refusal(&world.redeem(&url).await).1, -2003);
}

#[tokio::test]
async fn bodies_that_are_no_challenge_are_refused() {
    let world = World::start().await;
    let url = world.url(GOOD).await;
    let challenge =
        device::challenge(&device::named(&world.lab, "android-l3"), &device::plan(&["^kid1"]), None).body;
    // A field of bytes that says it has 2 GiB, one that never ends, and fields within fields.
    let bomb = [&b"\x08\x01\x12\xff\xff\xff\xff\x07"[..], &challenge].concat();
    let nested = (0..5_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut outer = vec![0x12];
        let mut length = inner.len();
        while length >= 0x80 {
            outer.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        outer.push(u8::try_from(length).unwrap());
        outer.extend_from_slice(&inner);
        outer
    });
    for (body, status, reason) in [
        (Vec::new(), 400, "body"),
        (vec![0; 65_537], 413, "body"),
        (b"{\"x\":1}".to_vec(), 400, "body"),
        (b"{".to_vec(), 400, "body"),
        (b"{\"rawLicenseRequestBase64\":\"*\"}".to_vec(), 400, "body"),
        (b"hello".to_vec(), 400, "message"),
        (vec![0xff; 1_000], 400, "message"),
        (b"\x08\x02".to_vec(), 400, "message"),
        (b"\x08\x01".to_vec(), 400, "message"),
        (challenge[..challenge.len() / 2].to_vec(), 400, "message"),
        (bomb, 400, "message"),
        (nested, 400, "message"),
    ] {
        let answer = device::post(&world.lab, &url, &body).await;
        let begins = String::from_utf8_lossy(&body[..body.len().min(20)]).into_owned();
        assert_eq!(refusal(&answer), (status, -7008, reason.to_owned()), "{begins}");
        assert_eq!(answer.json()["message"], "[-7008] Failed to generate Widevine license");
    }
}

#[tokio::test]
async fn a_body_of_64_kib_is_read() {
    let world = World::start().await;
    let url = world.url(GOOD).await;
    let answer = device::post(&world.lab, &url, &vec![0xff; 65_536]).await;
    assert_eq!(refusal(&answer), (400, -7008, "message".to_owned()));
}

#[tokio::test]
async fn a_device_that_is_not_what_it_says_is_refused() {
    let world = World::start().await;
    let url = world.url(GOOD).await;
    let device = device::named(&world.lab, "android-l3");
    let plan = device::plan(&["^kid1"]);
    let mut signature = device::challenge(&device, &plan, None).body;
    let at = signature.len() - 10;
    signature[at] ^= 1;
    assert_eq!(
        refusal(&device::post(&world.lab, &url, &signature).await),
        (403, -4001, "device-signature".to_owned())
    );
    let mut client_id = device.client_id().to_vec();
    let at = client_id.len() / 3;
    client_id[at] ^= 1;
    let altered = device.draft(&plan).identify_clearly(&client_id).sign().body;
    let (status, code, reason) = refusal(&device::post(&world.lab, &url, &altered).await);
    assert!(matches!((status, code), (403, -4001) | (400, -7008)), "{reason}");
    // A device of another lab's root.
    let foreign = widevine::lab::LabRoot::generate(NOW, &SystemRandom);
    let file = foreign.device("android-l3").unwrap().device_file();
    let foreign = std::sync::Arc::new(widevine::lab_client::ClientDevice::from_device_file(&file).unwrap());
    let body = device::challenge(&foreign, &plan, None).body;
    assert_eq!(
        refusal(&device::post(&world.lab, &url, &body).await),
        (403, -4001, "device-untrusted".to_owned())
    );
}

#[tokio::test]
async fn an_identity_for_another_certificate_is_told_to_fetch_it_again() {
    let world = World::start().await;
    let url = world.url(GOOD).await;
    let foreign = widevine::lab::LabRoot::generate(NOW, &SystemRandom);
    let answer = foreign.issuer().unwrap().service_certificate_answer();
    let service = widevine::lab_client::ServiceCertificate::from_answer(
        &answer,
        foreign.root().certificate(),
        "lab.boxoffice",
    );
    let device = device::named(&world.lab, "chrome-l3");
    let body = device::challenge(&device, &device::plan(&["^kid1"]), Some(&service.unwrap())).body;
    let answer = device::post(&world.lab, &url, &body).await;
    assert_eq!(refusal(&answer), (400, -7008, "service-certificate".to_owned()));
    assert!(answer.json()["hint"].as_str().unwrap().contains("fetch it again"));
}

#[tokio::test]
async fn revoked_devices_get_nothing() {
    let system_id = {
        let lab = Lab::start().await;
        lab.app.issuers().lab().widevine_root.device("android-l3").unwrap().system_id()
    };
    let directory = tempfile::tempdir().unwrap();
    let list = serde_json::json!({ "version": 7, "systems": { system_id.to_string(): { "status": "revoked" } }, "serials": [] });
    std::fs::write(directory.path().join("revoked.json"), list.to_string()).unwrap();
    let settings = "[environments.test.widevine]\nrevocation_file = 'DIR/revoked.json'\n";
    let lab = Lab::in_directory(directory, settings).await;
    let world = World { customer: lab.account().await, lab };
    let url = world.url(GOOD).await;
    assert_eq!(refusal(&world.redeem(&url).await), (403, -4001, "device-revoked".to_owned()));
    assert_eq!(world.redeem_with(&url, "android-l1", &device::plan(&["^kid1"])).await.status, 200);
}

#[tokio::test]
async fn where_the_list_allows_some_models_alone_all_others_get_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let list = r#"{"version":1,"unlisted":"revoked","systems":{"31001":{"status":"active"}}}"#;
    std::fs::write(directory.path().join("allowed.json"), list).unwrap();
    let settings = "[environments.test.widevine]\nrevocation_file = 'DIR/allowed.json'\n";
    let lab = Lab::in_directory(directory, settings).await;
    let world = World { customer: lab.account().await, lab };
    let url = world.url(GOOD).await;
    let answer = world.redeem(&url).await;
    assert_eq!(refusal(&answer), (403, -4001, "device-revoked".to_owned()));
    let hint = answer.json()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("31003 is not among those that the list allows"), "{hint}");
    assert_eq!(world.redeem_with(&url, "android-l1", &device::plan(&["^kid1"])).await.status, 200);
}

#[tokio::test]
async fn keys_for_better_devices_are_refused_with_both_levels() {
    let world = World::start().await;
    let url = world.url(&GOOD.replace("securityLevel=1", "securityLevel=5")).await;
    let answer = world.redeem(&url).await;
    assert_eq!(refusal(&answer), (403, -4001, "device-level".to_owned()));
    let hint = answer.json()["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains("L1") && hint.contains("L3"), "{hint}");
    assert_eq!(world.redeem_with(&url, "android-l1", &device::plan(&["^kid1"])).await.status, 200);
}

#[tokio::test]
async fn content_that_the_token_does_not_have_is_refused() {
    let world = World::start().await;
    let url = world.url(GOOD).await;
    let answer = world.redeem_with(&url, "android-l3", &device::plan(&["^other"])).await;
    assert_eq!(refusal(&answer), (400, -7008, "kid-not-granted".to_owned()));
    let hint = answer.json()["hint"].as_str().unwrap().to_owned();
    for kid in ["^other", "^kid1"] {
        assert!(hint.contains(&device::kid(kid).to_string()), "{hint}");
    }
    let nonsense = Plan::streaming(
        AskedInitData::Cenc(vec![0, 0, 0, 40, b'p', b's', b's', b'h', 9]),
        NOW,
        &SystemRandom,
    );
    assert_eq!(refusal(&world.redeem_with(&url, "android-l3", &nonsense).await).2, "init-data");
    let named = world.url(&format!("{GOOD}&contentId=film-1")).await;
    let content = |content_id: &[u8]| {
        let init_data = AskedInitData::WidevinePssh(pssh_box(&pssh_data(&[], Some(content_id), None)));
        Plan::streaming(init_data, NOW, &SystemRandom)
    };
    let answer = world.redeem_with(&named, "android-l3", &content(b"film-2")).await;
    assert_eq!(refusal(&answer), (400, -7008, "content-mismatch".to_owned()));
    for content_id in [&b"film-1"[..], b"*"] {
        assert_eq!(world.redeem_with(&named, "android-l3", &content(content_id)).await.status, 200);
    }
    assert_eq!(world.redeem_with(&url, "android-l3", &content(b"film-2")).await.status, 200);
}

#[tokio::test]
async fn an_offline_licence_needs_a_persistent_token() {
    let world = World::start().await;
    let offline = device::plan(&["^kid1"]).with_type(LicenseType::Offline);
    let url = world.url(GOOD).await;
    let answer = world.redeem_with(&url, "android-l3", &offline).await;
    assert_eq!(refusal(&answer), (400, -7008, "persistence-not-granted".to_owned()));
    let url = world.url(&format!("{GOOD}&persistent=true")).await;
    assert_eq!(world.redeem_with(&url, "android-l3", &offline).await.status, 200);
}

#[tokio::test]
async fn without_a_back_end_tokens_are_minted_and_redemptions_wait() {
    let world = World::with_settings("[environments.test.widevine]\nbackend = 'off'").await;
    let url = world.url(GOOD).await;
    let answer = world.redeem(&url).await;
    assert_eq!(refusal(&answer), (503, -7008, "upstream-unavailable".to_owned()));
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(world.lab.get("/hms/wv/certificate").await.status, 503);
}

#[tokio::test]
async fn a_database_that_is_away_is_503() {
    let lab = Lab::start().await;
    let customer = lab.account().await;
    lab.storage.set_away(true);
    let answer = lab.ask_for_token(&customer, "wv", &format!("{GOOD}&errorFormat=json")).await;
    assert_eq!(refusal(&answer), (503, -2030, "storage-unavailable".to_owned()));
    assert!(!answer.header("retry-after").is_empty());
    lab.storage.set_away(false);
    assert_eq!(lab.ask_for_token(&customer, "wv", GOOD).await.status, 200);
    // An account that was seen a moment ago will do for another five minutes.
    lab.storage.set_away(true);
    assert_eq!(lab.ask_for_token(&customer, "wv", GOOD).await.status, 200);
}
