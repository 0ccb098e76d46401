//! Every redemption leaves a record (token-api.md, section 10).

use boxoffice_core::account::AccountChange;
use boxoffice_core::{Drm, Environment};
use boxoffice_storage::RecordKind;
use http::Method;

use super::world::{KID, OTHER_KID, World, kid, request};
use crate::kit::{Lab, Request};
use crate::{playready, widevine};

#[tokio::test]
async fn a_granted_licence_leaves_a_record_with_everything_known_of_it() {
    let world = World::new().await;
    let target = world.target("cookie=order-17").await;
    let answer = world.redeem(&target, &[KID, OTHER_KID]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let [record] = world.records().await.try_into().unwrap();
    assert_eq!(record.time, world.lab.app.now());
    assert_eq!((record.environment, record.account), (Environment::Test, Some(world.customer.id)));
    assert_eq!((record.drm, record.kind), (Drm::ClearKey, RecordKind::Licence));
    assert_eq!((record.granted, record.code), (true, 0));
    assert_eq!(record.kids, [kid(KID)]);
    assert_eq!(record.cookie.as_deref(), Some("order-17"));
    assert!(record.token_id.is_some() && record.device_id.is_none() && record.device.is_none());
    assert_eq!(record.address, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(record.attempts, 0);
    assert_eq!(record.request_id, answer.header("x-request-id"));
    let detail: serde_json::Value = serde_json::from_str(&record.detail.unwrap()).unwrap();
    assert_eq!(detail, serde_json::json!({ "notGranted": [OTHER_KID] }));
}

#[tokio::test]
async fn a_refusal_leaves_a_record_of_the_account_whose_token_it_was() {
    let world = World::new().await;
    let production = world.lab.account_in(Environment::Production).await;
    let mut codes = Vec::new();
    let good = world.target("cookie=c").await;
    let elsewhere = world.target("cookie=c&ipAddress=203.0.113.7").await;
    for (target, body) in [
        (good.as_str(), "no JSON".to_owned()),
        (&good, request(&[OTHER_KID])),
        (&format!("{good}&errorFormat=xml"), request(&[KID])),
        (&elsewhere, request(&[KID])),
        (&good.replace("/hms/ck/", "/hms/wv/"), "x".to_owned()),
        (&good.replace("/hms/ck/", "/hms/pr/"), "x".to_owned()),
        (&good.replace("/hms/ck/", "/hms/fp/"), "x".to_owned()),
    ] {
        let answer = world.post(target, body).await;
        let record = world.records().await.pop().unwrap();
        assert!(!record.granted);
        assert_eq!(record.account, Some(world.customer.id), "{target}: {}", answer.text());
        assert_eq!(record.cookie.as_deref(), Some("c"));
        assert_eq!(record.request_id, answer.header("x-request-id"));
        codes.push(record.code);
    }
    assert_eq!(codes, [-6005, -6005, -3004, -2003, -4010, -4001, -6004]);
    let change = AccountChange { enabled: Some(false), ..AccountChange::default() };
    world.lab.change(&world.customer, change).await;
    world.redeem(&good, &[KID]).await;
    assert_eq!(world.records().await.pop().unwrap().code, -2031);
    world.lab.clock.advance(31 * 86_400);
    world.redeem(&good, &[KID]).await;
    let expired = world.records().await.pop().unwrap();
    assert_eq!((expired.code, expired.account), (-4010, Some(world.customer.id)));
    assert_eq!(world.records().await.len(), 9);
    assert!(world.records().await.iter().all(|record| record.account != Some(production.id)));
}

#[tokio::test]
async fn a_token_that_no_key_opens_is_the_operators_record() {
    let world = World::new().await;
    for target in ["/hms/ck/rights/?ExpressPlayToken=AAAA", "/hms/ck/rights/"] {
        world.redeem(target, &[KID]).await;
        let record = world.records().await.pop().unwrap();
        assert_eq!((record.account, record.token_id, record.cookie), (None, None, None));
        assert_eq!((record.code, record.kids), (-4010, vec![kid(KID)]));
    }
}

#[tokio::test]
async fn certificates_preflights_and_wrong_methods_leave_none() {
    let world = World::new().await;
    let target = world.target("").await.replace("/hms/ck/", "/hms/wv/");
    assert_eq!(world.post(&target, b"\x08\x04").await.status, 200);
    assert_eq!(world.lab.get("/hms/wv/certificate").await.status, 200);
    world.lab.send(Request::new(Method::OPTIONS, &target)).await;
    assert_eq!(world.lab.get(&target).await.status, 405);
    assert!(world.records().await.is_empty());
}

async fn only_record(lab: &Lab) -> boxoffice_storage::Record {
    use boxoffice_storage::{RecordFilter, Records as _};
    let page = lab.storage.inner().search_records(RecordFilter::default(), None, 10).await.unwrap();
    let [stored] = page.records.try_into().unwrap();
    stored.record
}

#[tokio::test]
async fn a_widevine_record_names_the_device_and_what_it_did_not_get() {
    let world = widevine::world::World::new().await;
    let keys = format!(
        "kid.0={}&contentKey.0={KEY}&securityLevel.0=1&kid.1=%5Euhd&contentKey.1={KEY}&securityLevel.1=5\
         &hdcpOutputControl=0&wvExtension=wudo,AAAA",
        widevine::world::KID,
        KEY = widevine::world::KEY
    );
    let target = world.target(&keys).await;
    let challenge = world.challenge("android-l3");
    let answer = world.redeem(&target, &challenge.body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let record = only_record(&world.lab).await;
    assert_eq!(record.kids, [kid(widevine::world::KID)]);
    assert_eq!(record.device_id.unwrap().len(), 32);
    let device = record.device.unwrap();
    assert!(device.ends_with("system 31003, L3"), "{device}");
    let detail: serde_json::Value = serde_json::from_str(&record.detail.unwrap()).unwrap();
    assert_eq!(detail["withheld"][0]["required"], "L1");
    assert_eq!(detail["withheld"][0]["device"], "L3");
    assert_eq!(detail["extensions"], serde_json::json!([{ "type": "wudo", "bytes": 3 }]));
    assert_eq!(detail["extension"], "extension-not-interpreted");
}

#[tokio::test]
async fn a_playready_record_names_the_device_and_its_features() {
    let world = playready::world::World::new().await;
    let token = world.purchase(2, "cookie=c").await;
    let device = world.device();
    let challenge = world.challenge(&device, &playready::world::header("4.2.0.0", Some("AESCTR"), &[0, 1]));
    let answer = world.post(&token, challenge).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let record = only_record(&world.lab).await;
    assert_eq!((record.drm, record.granted), (Drm::PlayReady, true));
    assert_eq!(record.kids, playready::world::kids(2));
    assert_eq!(record.device_id.unwrap().len(), 32);
    assert!(record.device.unwrap().contains("SL2000"));
    assert!(record.detail.unwrap().contains("features"));
}

#[tokio::test]
async fn a_device_that_is_refused_is_named_as_it_names_itself() {
    let world = widevine::world::World::new().await;
    let target = world.target("GOOD").await;
    // One flipped bit of the signature, at the end of the message.
    let mut bytes = world.challenge("android-l1").body;
    let place = bytes.len() - 10;
    bytes[place] ^= 1;
    let answer = world.redeem(&target, &bytes).await;
    let record = only_record(&world.lab).await;
    assert_eq!(answer.json()["reason"], "device-signature");
    assert_eq!((record.code, record.granted), (-4001, false));
    assert!(record.device.unwrap().ends_with("system 31001"));
    assert_eq!(record.detail.unwrap(), r#"{"deviceVerified":false}"#);
}
