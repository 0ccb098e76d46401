//! Refusals: the status and code of section 6, and what the handler shall throw (playready.md, section 9.3).

use boxoffice_core::Environment;
use boxoffice_core::account::{AccountChange, BalanceChange};
use boxoffice_storage::{RecordFilter, Records as _, StoredRecord};
use serde_json::{Value, json};

use super::sdk::{ask, lab, question};
use crate::kit::{Answer, Customer, Lab, NOW};
use crate::playready::world::{OPLS, TRACKS, tracks};

const SERVICE_SPECIFIC: &str = "0x8004c604";
const INTERNAL_ERROR: &str = "0x8004c600";

struct Scene {
    lab: Lab,
    customer: Customer,
}

impl Scene {
    async fn new() -> Self {
        let lab = lab("").await;
        Self { customer: lab.account().await, lab }
    }

    async fn token(&self, parameters: &str) -> String {
        let answer = self.lab.ask_for_token(&self.customer, "pr", parameters).await;
        answer.json()["token"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
    }

    async fn purchase(&self, further: &str) -> String {
        self.token(&format!("{}&rightsType=BuyToOwn&{OPLS}&{further}", tracks(1))).await
    }

    async fn rental(&self, end: &str) -> String {
        let rental = format!("rightsType=Rental&generalFlags=00000001&rental.periodEndTime={end}");
        self.token(&format!("{}&{rental}&{OPLS}", tracks(1))).await
    }

    /// What a question gets that has to be refused.
    async fn row(&self, question: &Value) -> (u16, i64, String, String) {
        row(&ask(&self.lab, question).await)
    }

    async fn change(&self, change: AccountChange) {
        self.lab.change(&self.customer, change).await;
    }

    async fn records(&self) -> Vec<StoredRecord> {
        self.lab.storage.search_records(RecordFilter::default(), None, 1_000).await.unwrap().records
    }
}

/// Status, code, reason and the fault's `statusCode` of a refusal, whose two tellings agree.
fn row(answer: &Answer) -> (u16, i64, String, String) {
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let json = answer.json();
    let code = json["code"].as_i64().unwrap();
    assert!(json["message"].as_str().unwrap().starts_with(&format!("[{code}] ")), "{json}");
    assert_eq!(json["request_id"], answer.header("x-request-id"));
    assert!(json.get("decision").is_none() && json.get("licenses").is_none());
    let thrown: Value = serde_json::from_str(json["fault"]["customData"].as_str().unwrap()).unwrap();
    let mut expected = json.as_object().unwrap().clone();
    expected.remove("fault");
    expected.insert("status".to_owned(), answer.status.into());
    assert_eq!(thrown, Value::Object(expected), "the handler throws what the answer says, and its status");
    let reason = json["reason"].as_str().unwrap_or_default().to_owned();
    (answer.status, code, reason, json["fault"]["statusCode"].as_str().unwrap().to_owned())
}

fn expected(status: u16, code: i64, reason: &str) -> (u16, i64, String, String) {
    let fault = if status >= 500 { INTERNAL_ERROR } else { SERVICE_SPECIFIC };
    (status, code, reason.to_owned(), fault.to_owned())
}

#[tokio::test]
async fn a_token_that_is_missing_malformed_foreign_another_drm_s_or_expired() {
    let scene = Scene::new().await;
    for none in ["", "  ", "ExpressPlayToken=", "user=17&ExpressPlayToken=&x"] {
        assert_eq!(scene.row(&question(none)).await, expected(401, -4010, "token-missing"), "{none:?}");
    }
    for malformed in ["A", "not a token", "AAAA", "é", "\u{0}"] {
        let refused = scene.row(&question(malformed)).await;
        assert_eq!(refused, expected(400, -4010, "token-malformed"), "{malformed}");
    }
    let token = scene.purchase("expirationTime=%2B60").await;
    let mut altered = token.clone().into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    assert_eq!(scene.row(&question(&altered)).await, expected(401, -4010, "token-not-ours"));

    let elsewhere = scene.lab.account_in(Environment::Production).await;
    let parameters = format!("{}&rightsType=BuyToOwn&{OPLS}", tracks(1));
    let answer = scene.lab.ask_for_token(&elsewhere, "pr", &parameters).await.json();
    let production = answer["token"].as_str().unwrap();
    assert_eq!(scene.row(&question(production)).await, expected(401, -4010, "token-not-ours"));

    let widevine = format!("{}&securityLevel=1&hdcpOutputControl=0", tracks(1));
    let answer = scene.lab.ask_for_token(&scene.customer, "wv", &widevine).await;
    let widevine = answer.text().split_once("ExpressPlayToken=").unwrap().1.to_owned();
    assert_eq!(scene.row(&question(&widevine)).await, expected(400, -4010, "token-other-drm"));

    scene.lab.clock.advance(61);
    assert_eq!(scene.row(&question(&token)).await, expected(401, -4010, "token-expired"));
}

#[tokio::test]
async fn an_account_that_was_disabled_switched_off_or_used_up_since() {
    let scene = Scene::new().await;
    let token = scene.purchase("").await;
    let asked = |model: &str| {
        let mut asked = question(&token);
        asked["client"]["model"] = json!(model);
        asked
    };
    scene.change(AccountChange { balance: Some(BalanceChange::Set(0)), ..AccountChange::default() }).await;
    assert_eq!(scene.row(&asked("a")).await, expected(400, -2019, ""));
    scene.change(AccountChange { playready: Some(false), ..AccountChange::default() }).await;
    assert_eq!(scene.row(&asked("b")).await, expected(400, -5002, ""));
    scene.change(AccountChange { enabled: Some(false), ..AccountChange::default() }).await;
    assert_eq!(scene.row(&asked("c")).await, expected(401, -2031, ""));
}

#[tokio::test]
async fn a_bound_token_from_another_place_or_device_or_from_nobody_knows_where() {
    let scene = Scene::new().await;
    let to_address = scene.purchase("ipAddress=203.0.113.0/24").await;
    let to_device = scene.purchase("deviceId=000102030405060708090a0b0c0d0e0f").await;
    let from = |address: Value| {
        let mut asked = question(&to_address);
        asked["clientAddress"] = address;
        asked
    };
    for address in [json!("198.51.100.1"), json!("2001:db8::1"), Value::Null, json!("0.0.0.0")] {
        assert_eq!(scene.row(&from(address.clone())).await, expected(403, -2003, "address"), "{address}");
    }
    for address in ["203.0.113.7", "::ffff:203.0.113.7"] {
        assert_eq!(ask(&scene.lab, &from(json!(address))).await.status, 200, "{address}");
    }
    // The handler's own address is not the player's.
    let local = scene.purchase("ipAddress=127.0.0.1").await;
    assert_eq!(scene.row(&question(&local)).await, expected(403, -2003, "address"));
    // A token for every address is one that is bound all the same.
    let anywhere = scene.purchase("ipAddress=0.0.0.0/0").await;
    assert_eq!(scene.row(&question(&anywhere)).await, expected(403, -2003, "address"));

    let on = |device: Value| {
        let mut asked = question(&to_device);
        asked["client"]["deviceId"] = device;
        asked
    };
    for device in [json!("000102030405060708090a0b0c0d0e00"), Value::Null] {
        assert_eq!(scene.row(&on(device.clone())).await, expected(403, -5005, "device-binding"), "{device}");
    }
    for device in ["000102030405060708090a0b0c0d0e0f", "000102030405060708090A0B0C0D0E0F"] {
        assert_eq!(ask(&scene.lab, &on(json!(device))).await.status, 200, "{device}");
    }
}

#[tokio::test]
async fn kids_ciphers_and_levels_that_do_not_fit() {
    let scene = Scene::new().await;
    let token = scene.purchase("algId=aesctr&minCertSecurityLevel=3000").await;
    let with = |change: fn(&mut Value)| {
        let mut asked = question(&token);
        change(&mut asked);
        asked
    };
    let stranger = with(|asked| asked["kids"] = json!(["09".repeat(16)]));
    assert_eq!(scene.row(&stranger).await, expected(400, -4022, "kid-not-granted"));
    let json = ask(&scene.lab, &stranger).await.json();
    let hint = json["hint"].as_str().unwrap();
    assert!(hint.contains(&"09".repeat(16)) && hint.contains(TRACKS[0].0), "{hint}");
    let cipher = with(|asked| asked["algId"] = json!("AESCBC"));
    assert_eq!(scene.row(&cipher).await, expected(400, -2005, "algid"));
    for level in [0, 150, 2000, 2999] {
        let mut asked = question(&token);
        asked["client"]["securityLevel"] = json!(level);
        let answer = ask(&scene.lab, &asked).await;
        assert_eq!(row(&answer), expected(403, -4001, "device-level"), "{level}");
        let hint = answer.json()["hint"].as_str().unwrap().to_owned();
        assert!(hint.contains("3000") && hint.contains(&level.to_string()), "{hint}");
    }
}

#[tokio::test]
async fn a_rental_that_is_over_or_whose_player_has_another_time() {
    let scene = Scene::new().await;
    let rental = scene.rental("%2B86400").await;
    let at = |version: Option<&str>, off: i64| {
        let mut asked = question(&rental);
        let time = jiff::Timestamp::from_second(NOW + off).unwrap();
        asked["client"]["clientTime"] = json!(time.to_string());
        asked["client"]["clientVersion"] = json!(version);
        asked
    };
    for (version, off) in [("3.1.0.1017", 3_601), ("10.0.16384.10011", -7_200), ("4.0.0.5102", 7_200)] {
        let refused = scene.row(&at(Some(version), off)).await;
        assert_eq!(refused, expected(400, -4001, "device-clock"), "{version}");
    }
    // Within the hour, of before version 3, or of nobody knows which: not judged.
    for (version, off) in [(Some("3.1.0.1017"), 3_600), (Some("2.9.0.1"), 7_200), (None, -7_200)] {
        assert_eq!(ask(&scene.lab, &at(version, off)).await.status, 200, "{version:?}");
    }
    let over = scene.rental("%2B60").await;
    scene.lab.clock.advance(61);
    assert_eq!(scene.row(&question(&over)).await, expected(401, -4010, "rental-ended"));
}

#[tokio::test]
async fn a_database_that_is_away_is_our_failure_and_says_when_to_try_again() {
    let scene = Scene::new().await;
    let token = scene.purchase("").await;
    scene.lab.storage.set_away(true);
    let answer = ask(&scene.lab, &question(&token)).await;
    assert_eq!(row(&answer), expected(503, -2030, "storage-unavailable"));
    assert!(answer.headers.contains_key("retry-after"));
    scene.lab.storage.set_away(false);
    assert_eq!(ask(&scene.lab, &question(&token)).await.status, 200, "and recovers by itself");
}

#[tokio::test]
async fn every_refusal_leaves_a_record_of_what_was_asked_and_whose_token_it_was() {
    let scene = Scene::new().await;
    let token = scene.purchase("cookie=order-17&minCertSecurityLevel=3000").await;
    let mut asked = question(&token);
    asked["kids"] = json!([TRACKS[0].0]);
    asked["clientAddress"] = json!("203.0.113.7");
    asked["client"]["deviceId"] = json!("000102030405060708090a0b0c0d0e0f");
    let refused = ask(&scene.lab, &asked).await;
    assert_eq!(refused.json()["reason"], "device-level");
    let records = scene.records().await;
    let [StoredRecord { record, .. }] = &*records else { panic!("{records:?}") };
    assert_eq!((record.granted, record.code), (false, -4001));
    assert_eq!(record.account, Some(scene.customer.id));
    assert_eq!(record.cookie.as_deref(), Some("order-17"));
    assert_eq!(record.request_id, refused.header("x-request-id"));
    assert_eq!(record.kids.iter().map(drm_primitives::Kid::to_hex).collect::<Vec<_>>(), [TRACKS[0].0]);
    assert_eq!(record.device_id.as_deref(), Some("000102030405060708090a0b0c0d0e0f"));
    assert_eq!(record.address.unwrap().to_string(), "203.0.113.7");
    assert!(record.token_id.is_some());

    // A token that no key opens is nobody's.
    ask(&scene.lab, &question("AAAA")).await;
    let records = scene.records().await;
    let nobody = records.iter().find(|stored| stored.record.code == -4010).unwrap();
    assert_eq!((nobody.record.account, nobody.record.token_id), (None, None));

    // A question that cannot be read is none.
    ask(&scene.lab, &json!({})).await;
    assert_eq!(scene.records().await.len(), 2);
}
