//! What the key server is told, and what the books say (fairplay.md, sections 2 to 4).

use boxoffice_core::account::{AccountChange, Balance, MinimumHdcpType};
use boxoffice_core::{Drm, Environment};
use boxoffice_storage::RecordKind;
use drm_primitives::{Kid, hex};
use fairplay::HdcpType;
use http::Method;
use serde_json::{Value, json};
use testkit::MockServer;
use testkit::key_server::KeyServer;
use tokio::task::JoinSet;

use super::world::{GOOD, IV, KEY, KID, World, refusal, refused, spc};
use crate::kit::{Lab, Request};

#[tokio::test]
async fn the_key_server_gets_the_key_the_iv_and_what_the_track_asks_for() {
    let world = World::new().await;
    let asset = world.asset(GOOD).await;
    assert_eq!((hex::encode(asset.key.expose()), hex::encode(&asset.iv)), (KEY.to_owned(), IV.to_owned()));
    assert_eq!(
        (asset.content_type.as_str(), asset.hdcp_type, asset.lease_seconds),
        ("hd", HdcpType::Type0, None)
    );
    for (track, content_type, hdcp) in [
        (0, "sd", HdcpType::Type0),
        (1, "hd", HdcpType::Type0),
        (2, "audio", HdcpType::NotRequired),
        (3, "uhd", HdcpType::Type1),
        (4, "uhd", HdcpType::Type1),
    ] {
        let asset = world.asset(&format!("{GOOD}&trackType={track}&rentalDuration=3600")).await;
        assert_eq!((asset.content_type.as_str(), asset.hdcp_type), (content_type, hdcp));
        assert_eq!(asset.lease_seconds, Some(3_600));
    }
    let request = world.key_server.last_request().unwrap();
    assert_eq!((request.method, request.path.as_str()), (Method::POST, "/ckc"));
    assert_eq!(request.headers["content-type"], "application/json");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let asset = &body["fairplay-streaming-request"]["create-ckc"][0]["asset-info"][0];
    let expected = json!({
        "content-key": KEY, "content-iv": IV, "content-type": "uhd", "hdcp-type": 1,
        "encryption-scheme": "cbcs", "lease-duration": 3600,
    });
    assert_eq!(asset, &expected);
}

#[tokio::test]
async fn an_environment_raises_hdcp_types_and_never_lowers_them() {
    let world = World::with_settings("min_hdcp_type = 0").await;
    for (track, hdcp) in [(1, HdcpType::Type0), (2, HdcpType::Type0), (3, HdcpType::Type1)] {
        assert_eq!(world.asset(&format!("{GOOD}&trackType={track}")).await.hdcp_type, hdcp);
    }
    let world = World::with_settings("min_hdcp_type = 1").await;
    assert_eq!(world.asset(&format!("{GOOD}&trackType=2")).await.hdcp_type, HdcpType::Type1);
}

#[tokio::test]
async fn the_highest_hdcp_type_of_track_environment_and_account_is_asked_for() {
    for environment in [HdcpType::NotRequired, HdcpType::Type0, HdcpType::Type1] {
        let world = World::with_settings(&format!("min_hdcp_type = {}", environment.number())).await;
        for account in [None, Some(MinimumHdcpType::Type0), Some(MinimumHdcpType::Type1)] {
            let change = AccountChange { min_hdcp_type: Some(account), ..AccountChange::default() };
            world.lab.change(&world.customer, change).await;
            for (track, of_track) in [(1, HdcpType::Type0), (2, HdcpType::NotRequired), (3, HdcpType::Type1)]
            {
                let of_account = account.map_or(HdcpType::NotRequired, |least| {
                    HdcpType::from_number(least.number().into()).unwrap()
                });
                let asked = world.asset(&format!("{GOOD}&trackType={track}")).await.hdcp_type;
                let highest = of_track.max(environment).max(of_account);
                assert_eq!(asked, highest, "track {track}, environment {environment:?}, account {account:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_licence_is_debited_and_recorded_before_it_leaves() {
    let world = World::new().await;
    world.set_balance(2).await;
    let target = world.target(&format!("{GOOD}&cookie=order-4711&fpExtension=wudo,AAECAw==")).await;
    let answer = world.redeem(&target).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(world.balance().await, Balance::Licences(1));
    let [record] = world.records().await.try_into().unwrap();
    assert_eq!(
        (record.drm, record.kind, record.granted, record.code),
        (Drm::FairPlay, RecordKind::Licence, true, 0)
    );
    assert_eq!(record.account, Some(world.customer.id));
    assert_eq!(record.kids, [Kid::from_hex(KID.as_bytes()).unwrap()]);
    assert_eq!(record.cookie.as_deref(), Some("order-4711"));
    assert_eq!((record.attempts, record.device_id, record.device), (1, None, None));
    assert_eq!(record.request_id, answer.header("x-request-id"));
    let detail: Value = serde_json::from_str(&record.detail.unwrap()).unwrap();
    assert_eq!(detail["spcVersion"], 1);
    assert_eq!(detail["extensions"], json!([{ "type": "wudo", "bytes": 4 }]));
    assert!(detail["upstreamMilliseconds"].is_u64());
}

#[tokio::test]
async fn without_a_kid_the_record_names_none() {
    let world = World::new().await;
    let target = world.target(&format!("contentKey={KEY}&iv={IV}")).await;
    assert_eq!(world.redeem(&target).await.status, 200);
    let [record] = world.records().await.try_into().unwrap();
    assert!(record.granted && record.kids.is_empty());
    let authenticator = &world.customer.authenticator;
    let answer = world.lab.get(format!("/cmiapi/getrecord/?customerAuthenticator={authenticator}")).await;
    assert_eq!(answer.json()["events"][0]["error_code"], 0, "{}", answer.text());
}

#[tokio::test]
async fn without_the_books_no_licence_leaves_and_nothing_is_debited() {
    use boxoffice_storage::Fault;
    let world = World::new().await;
    world.set_balance(5).await;
    let target = world.target(GOOD).await;
    world.lab.storage.fail("grant", 1, Fault::Before);
    let answer = world.redeem(&target).await;
    assert_eq!(refusal(&answer), refused(-2030, 503, "storage-unavailable"));
    assert_eq!(world.key_server.request_count(), 1, "a CKC was made, and thrown away");
    assert_eq!(world.balance().await, Balance::Licences(5));
    assert_eq!(world.redeem(&target).await.status, 200);
    assert_eq!(world.balance().await, Balance::Licences(4));
}

#[tokio::test]
async fn of_two_redemptions_of_a_one_time_token_at_once_one_gets_the_licence() {
    let world = std::sync::Arc::new(World::new().await);
    world.set_balance(10).await;
    let target = world.target(&format!("{GOOD}&oneTime=true")).await;
    let asking = (0..8).map(|_| {
        let (world, target) = (std::sync::Arc::clone(&world), target.clone());
        async move { world.redeem(&target).await }
    });
    let answers = asking.collect::<JoinSet<_>>().join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(refusal(answer), refused(-4010, 401, "token-used"));
    }
    assert_eq!(world.balance().await, Balance::Licences(9));
}

#[tokio::test]
async fn for_a_token_that_was_used_the_key_server_is_not_asked() {
    let world = World::new().await;
    let target = world.target(&format!("{GOOD}&oneTime=true")).await;
    // What was made in vain uses nothing up.
    world.key_server.faults().next(testkit::key_server::AnswerFault::ItemStatus(-1));
    assert_eq!(world.redeem(&target).await.status, 502);
    assert_eq!(world.redeem(&target).await.status, 200);
    assert_eq!(world.key_server.request_count(), 2);
    for _ in 0..3 {
        assert_eq!(refusal(&world.redeem(&target).await), refused(-4010, 401, "token-used"));
    }
    assert_eq!(world.key_server.request_count(), 2);
    let record = world.records().await.pop().unwrap();
    assert_eq!((record.code, record.attempts), (-4010, 0));
    world.lab.storage.fail("is_used", 1, boxoffice_storage::Fault::Before);
    assert_eq!(refusal(&world.redeem(&target).await), refused(-2030, 503, "storage-unavailable"));
    // Of a token that may be used again nothing is looked up.
    let looks = world.lab.storage.calls("is_used");
    let often = world.target(GOOD).await;
    assert_eq!([world.redeem(&often).await.status, world.redeem(&often).await.status], [200, 200]);
    assert_eq!((world.key_server.request_count(), world.lab.storage.calls("is_used")), (4, looks));
}

#[tokio::test]
async fn production_has_its_own_key_server() {
    let key_server = MockServer::start(KeyServer).await.unwrap();
    let settings = format!("[environments.production.fairplay]\nendpoints = ['{}']", key_server.url("/ckc"));
    let lab = Lab::with_settings(&settings).await;
    let customer = lab.account_in(Environment::Production).await;
    let token = lab.ask_for_token(&customer, "fp", GOOD).await;
    assert_eq!(token.status, 200, "{}", token.text());
    let (_, query) = token.text().split_once('?').unwrap();
    let asked = Request::new(Method::POST, format!("/hms/fp/rights/?{query}")).body(spc().to_bytes());
    assert_eq!(lab.send(asked.clone().host("prod.localhost")).await.status, 200);
    assert_eq!(key_server.request_count(), 1);
    let answer = lab.send(asked).await;
    assert_eq!(refusal(&answer), refused(-4010, 401, "token-not-ours"), "the other environment");
}

#[tokio::test]
async fn no_key_spc_or_licence_is_in_any_log_metric_or_error() {
    let world = World::with_settings("[log]\nlevel = 'debug'").await;
    let subscriber = boxoffice_server::telemetry::subscriber(
        &world.lab.log_sink(),
        boxoffice_server::config::LogLevel::Debug,
    );
    let _guard = tracing::subscriber::set_default(subscriber);
    let target = world.target(GOOD).await;
    let (spc, mut errors) = (spc(), Vec::new());
    assert_eq!(world.post(&target, spc.to_bytes()).await.status, 200);
    for fault in ["half", "ckc-not-base64", "status=500", "item-status=-42585", "broken-json"] {
        world.key_server.faults().always(fault.parse::<testkit::Fault<_>>().unwrap());
        errors.push(world.post(&target, spc.to_bytes()).await.text().to_owned());
    }
    errors.push(world.post(&target, &spc.to_bytes()[1..]).await.text().to_owned());
    let written = [world.lab.log(), world.lab.get("/metrics").await.text().to_owned(), errors.join("\n")];
    assert!(written[0].contains("hms.fp.rights"), "the log has something to search");
    let nonce = &spc.to_bytes()[21..37];
    let token = target.split_once('=').unwrap().1;
    let encoded = drm_primitives::base64::encode(&spc.to_bytes());
    for secret in
        [KEY, &hex::encode(nonce), &encoded[28..48], token, "LAB CKC", &world.key_server.place().to_string()]
    {
        for text in &written {
            assert!(!text.to_lowercase().contains(&secret.to_lowercase()), "{secret} is in {text}");
        }
    }
}
