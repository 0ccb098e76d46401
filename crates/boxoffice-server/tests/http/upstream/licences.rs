//! Licences of the cloud service (widevine.md, sections 9.1 to 9.3).

use boxoffice_core::account::{AccountChange, Balance, MinimumLevel};
use boxoffice_storage::RecordKind;
use drm_primitives::{Kid, base64};
use serde_json::{Value, json};
use testkit::Fault;
use testkit::widevine_cloud::{AnswerFault, SIGNING_KEY_MARK};
use widevine::lab_client::{Expectation, ServiceCertificate};
use widevine::messages::LicenseType;

use super::world::{
    HARDWARE_KEY, HARDWARE_KID, KEY, KID, SIGNING_IV, SIGNING_KEY, World, challenge, device, expectation,
    expected, plan, refusal,
};
use crate::kit::widevine_root;

fn kid(text: &str) -> Kid {
    Kid::from_hex(text.as_bytes()).unwrap()
}

#[tokio::test]
async fn every_device_gets_its_licence_in_clear_and_in_privacy_mode() {
    let world = World::new().await;
    let target = world.target("persistent=true&licenseDuration=3600&rentalDuration=86400").await;
    let bytes = world.post("/hms/wv/rights/", b"\x08\x04").await.body;
    let root = widevine_root().root().certificate().to_vec();
    let service = ServiceCertificate::from_answer(&bytes, &root, "lab.boxoffice").unwrap();
    for (name, all) in [("android-l1", true), ("android-l3", false), ("chrome-l3", false)] {
        for service in [None, Some(&service)] {
            for licence_type in [LicenseType::Streaming, LicenseType::Offline, LicenseType::Automatic] {
                let plan = plan(&[KID]).with_type(licence_type);
                let mut challenge = device(name).challenge(&plan, service, &drm_primitives::SystemRandom);
                let answer = world.post(&target, challenge.body).await;
                assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                assert_eq!(answer.header("content-type"), "application/octet-stream");
                assert_eq!(answer.header("cache-control"), "no-store");
                let hardware = all.then(|| expected(HARDWARE_KID, HARDWARE_KEY, 5, 0, "UHD1"));
                let expectation = Expectation {
                    keys: expectation().keys.into_iter().chain(hardware).collect(),
                    persistent: true,
                    playback_duration: Some(3_600),
                    rental_duration: Some(86_400),
                    renewal: None,
                };
                challenge.session.open(&answer.body, Some(&expectation)).unwrap();
                let withheld = format!("{HARDWARE_KID};security-level");
                assert_eq!(answer.header("x-boxoffice-not-granted"), if all { "" } else { &withheld });
            }
        }
    }
}

#[tokio::test]
async fn for_a_token_that_was_used_the_service_is_not_asked() {
    let world = World::new().await;
    let target = world.target("oneTime=true").await;
    world.redeem("android-l3", &target).await.unwrap();
    let asked = world.mock.request_count();
    for _ in 0..3 {
        let answer = world.redeem("android-l3", &target).await.unwrap_err();
        assert_eq!(refusal(&answer), (-4010, 401, "token-used".to_owned()));
    }
    let record = world.last_record().await;
    assert_eq!((record.code, record.attempts), (-4010, 0));
    world.lab.storage.fail("is_used", 1, boxoffice_storage::Fault::Before);
    let answer = world.redeem("android-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-2030, 503, "storage-unavailable".to_owned()));
    assert_eq!(world.mock.request_count(), asked);
    // Of a token that may be used again nothing is looked up.
    let looks = world.lab.storage.calls("is_used");
    let often = world.target("").await;
    world.redeem("android-l3", &often).await.unwrap();
    world.redeem("android-l3", &often).await.unwrap();
    assert_eq!((world.mock.request_count(), world.lab.storage.calls("is_used")), (asked + 2, looks));
}

#[tokio::test]
async fn the_record_has_the_device_as_the_service_knows_it_and_the_licence_costs_one() {
    let world = World::new().await;
    world.set_balance(5).await;
    let target = world.target("cookie=order-1").await;
    let bytes = world.post("/hms/wv/rights/", b"\x08\x04").await.body;
    let root = widevine_root().root().certificate().to_vec();
    let service = ServiceCertificate::from_answer(&bytes, &root, "lab.boxoffice").unwrap();
    let asked = plan(&[KID, "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"]);
    let challenge = device("chrome-l3").challenge(&asked, Some(&service), &drm_primitives::SystemRandom);
    let answer = world.post(&target, challenge.body).await;
    assert_eq!(answer.status, 200);
    let missing = format!("c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3, {HARDWARE_KID};security-level");
    assert_eq!(answer.header("x-boxoffice-not-granted"), missing);
    assert_eq!(world.balance().await, Balance::Licences(4));
    let records = world.records().await;
    assert_eq!(records.len(), 1, "the certificate leaves no record");
    let record = &records[0];
    assert_eq!((record.kind, record.granted, record.attempts), (RecordKind::Licence, true, 1));
    assert_eq!(record.kids, [kid(KID)]);
    assert!(record.device.as_deref().unwrap().starts_with("LabCo "), "{record:?}");
    assert_eq!(record.device_id.as_deref().map(str::len), Some(32));
    let detail: Value = serde_json::from_str(record.detail.as_deref().unwrap()).unwrap();
    assert_eq!(detail["upstream"]["status"], "OK");
    assert_eq!(detail["deviceFacts"]["system_id"], 31_103);
    assert_eq!(detail["deviceFacts"]["platform_verification_status"], "PLATFORM_SOFTWARE_VERIFIED");
    assert_eq!(detail["withheld"][0]["kid"], HARDWARE_KID);
    assert!(!record.detail.as_deref().unwrap().contains("signing_key"));
}

#[tokio::test]
async fn the_service_is_asked_for_exactly_what_the_token_says() {
    let world = World::new().await;
    let target = world.target("contentId=film&persistent=true&licenseDuration=60").await;
    let challenge = challenge("android-l1", &[KID]);
    assert_eq!(world.post(&target, challenge.body.clone()).await.status, 200);
    let request = world.mock.last_request().unwrap();
    assert_eq!(request.path, "/cenc/getlicense/acme");
    let outer: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(outer["signer"], "acme-signer");
    let inner = base64::decode(outer["request"].as_str().unwrap().as_bytes()).unwrap();
    let inner: Value = serde_json::from_slice(&inner).unwrap();
    let bytes = |text: &str| base64::encode(&drm_primitives::hex::decode::<16>(text.as_bytes()).unwrap());
    let expected = json!({
        "payload": base64::encode(&challenge.body),
        "provider": "acme",
        "content_id": base64::encode(b"film"),
        "content_key_specs": [
            { "key_id": bytes(KID), "key": bytes(KEY), "track_type": "SD", "security_level": 1,
              "required_output_protection": { "hdcp": "HDCP_V2" } },
            { "key_id": bytes(HARDWARE_KID), "key": bytes(HARDWARE_KEY), "track_type": "UHD1",
              "security_level": 5, "required_output_protection": { "hdcp": "HDCP_NONE" } },
        ],
        "policy_overrides": {
            "can_play": true, "can_persist": true, "can_renew": false, "playback_duration_seconds": 60,
        },
        "use_policy_overrides_exclusively": true,
    });
    assert_eq!(inner, expected);
}

#[tokio::test]
async fn what_is_wrong_with_the_content_is_refused_before_the_service_is_asked() {
    let world = World::new().await;
    let target = world.target("").await;
    let other = challenge("android-l1", &["c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3"]);
    assert_eq!(refusal(&world.post(&target, other.body).await), (-7008, 400, "kid-not-granted".to_owned()));
    let offline = plan(&[KID]).with_type(LicenseType::Offline);
    let offline = device("android-l1").challenge(&offline, None, &drm_primitives::SystemRandom);
    let answer = world.post(&target, offline.body).await;
    assert_eq!(refusal(&answer), (-7008, 400, "persistence-not-granted".to_owned()));
    assert_eq!(refusal(&world.post(&target, b"rubbish").await), (-7008, 400, "message".to_owned()));
    world.set_balance(0).await;
    let answer = world.redeem("android-l1", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-2019, 400, String::new()));
    assert_eq!(world.mock.request_count(), 0);
    assert!(world.records().await.iter().all(|record| record.attempts == 0 && !record.granted));
}

#[tokio::test]
async fn a_device_of_the_revocation_file_is_refused_here_already_when_it_shows_itself() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("revoked.json");
    std::fs::write(&file, r#"{"version":1,"systems":{"31103":{"status":"revoked"}},"serials":[]}"#).unwrap();
    let world = World::with(&format!("revocation_file = \"{}\"", file.display())).await;
    let target = world.target("").await;
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-4001, 403, "device-revoked".to_owned()));
    assert_eq!(world.mock.request_count(), 0);
    world.redeem("android-l3", &target).await.unwrap();
}

#[tokio::test]
async fn a_device_that_hides_is_refused_by_what_the_service_tells_of_it_and_costs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("revoked.json");
    for (list, refused) in [
        (r#"{"version":1,"systems":{"31103":{"status":"revoked"}}}"#, ["chrome-l3"].as_slice()),
        (
            r#"{"version":1,"unlisted":"revoked","systems":{"31001":{"status":"active"}}}"#,
            &["chrome-l3", "android-l3"],
        ),
    ] {
        std::fs::write(&file, list).unwrap();
        let world = World::with(&format!("revocation_file = \"{}\"", file.display())).await;
        world.set_balance(9).await;
        let target = world.target("").await;
        let certificate = world.post("/hms/wv/rights/", b"\x08\x04").await.body;
        let root = widevine_root().root().certificate().to_vec();
        let service = ServiceCertificate::from_answer(&certificate, &root, "lab.boxoffice").unwrap();
        for name in ["chrome-l3", "android-l1", "android-l3"] {
            let challenge =
                device(name).challenge(&plan(&[KID]), Some(&service), &drm_primitives::SystemRandom);
            let answer = world.post(&target, challenge.body).await;
            let record = world.last_record().await;
            if refused.contains(&name) {
                assert_eq!(refusal(&answer), (-4001, 403, "device-revoked".to_owned()), "{name}");
                assert_eq!((record.granted, record.attempts), (false, 1), "the service was asked who it is");
            } else {
                assert_eq!((answer.status, record.granted), (200, true), "{name}: {}", answer.text());
            }
        }
        let granted = 3 - u64::try_from(refused.len()).unwrap();
        assert_eq!(world.balance().await, Balance::Licences(9 - granted));
    }
}

#[tokio::test]
async fn the_least_level_of_the_account_holds_for_what_the_service_says() {
    let world = World::new().await;
    let min_level = Some(Some(MinimumLevel::L1));
    world.change(AccountChange { min_level, ..AccountChange::default() }).await;
    let target = world.target("").await;
    let answer = world.redeem("chrome-l3", &target).await.unwrap_err();
    assert_eq!(refusal(&answer), (-4001, 403, "device-level".to_owned()));
    let record = world.last_record().await;
    assert_eq!((record.granted, record.attempts, record.code), (false, 1, -4001));
    world.redeem("android-l1", &target).await.unwrap();
}

#[tokio::test]
async fn min_vmp_asks_for_a_platform_that_the_service_has_verified() {
    for (setting, granted) in [
        ("none", ["chrome-l3", "android-l1", "android-l3"].as_slice()),
        ("software", &["chrome-l3", "android-l1"]),
        ("hardware", &["android-l1"]),
    ] {
        let world = World::with(&format!("min_vmp = \"{setting}\"")).await;
        let target = world.target("").await;
        for name in ["chrome-l3", "android-l1", "android-l3"] {
            match world.redeem(name, &target).await {
                Ok(_) => assert!(granted.contains(&name), "{setting} {name}"),
                Err(answer) => {
                    assert!(!granted.contains(&name), "{setting} {name}");
                    assert_eq!(refusal(&answer), (-4001, 403, "device-vmp".to_owned()));
                    let hint = answer.json()["hint"].as_str().unwrap().to_owned();
                    assert!(hint.contains(setting) && hint.contains("PLATFORM_"), "{hint}");
                }
            }
        }
    }
}

fn with(members: &Value) -> Fault<AnswerFault> {
    AnswerFault::With(members.as_object().unwrap().clone()).into()
}

#[tokio::test]
async fn each_verification_of_a_platform_has_its_place_in_the_order() {
    for (setting, least) in [("software", 1), ("hardware", 2)] {
        let world = World::with(&format!("min_vmp = \"{setting}\"")).await;
        let target = world.target("").await;
        for (status, place) in [
            (json!("PLATFORM_UNVERIFIED"), 0),
            (json!("PLATFORM_TAMPERED"), 0),
            (json!("PLATFORM_NO_VERIFICATION"), 0),
            (json!("PLATFORM_SOFTWARE_VERIFIED"), 1),
            (json!("PLATFORM_SECURE_STORAGE_SOFTWARE_VERIFIED"), 1),
            (json!("PLATFORM_HARDWARE_VERIFIED"), 2),
            // Nothing, and what nobody knows, verifies nothing.
            (json!("PLATFORM_SOMETHING_NEW"), 0),
            (json!(3), 0),
            (Value::Null, 0),
        ] {
            world.mock.faults().next(with(&json!({ "platform_verification_status": status })));
            match world.redeem("android-l1", &target).await {
                Ok(_) => assert!(place >= least, "{setting} {status}"),
                Err(answer) => {
                    assert!(place < least, "{setting} {status}");
                    assert_eq!(refusal(&answer), (-4001, 403, "device-vmp".to_owned()));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_device_that_nobody_names_is_on_no_allow_list_and_on_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("revoked.json");
    for (list, granted) in [
        (r#"{"version":1,"unlisted":"revoked","systems":{"31001":{"status":"active"}}}"#, false),
        (r#"{"version":1,"systems":{"31003":{"status":"revoked"}}}"#, true),
    ] {
        std::fs::write(&file, list).unwrap();
        let world = World::with(&format!("revocation_file = \"{}\"", file.display())).await;
        let target = world.target("").await;
        for system_id in [Value::Null, json!("31001"), json!(4_294_967_296_u64)] {
            world.mock.faults().next(with(&json!({ "system_id": system_id })));
            match world.redeem("android-l1", &target).await {
                Ok(_) => assert!(granted, "{system_id}"),
                Err(answer) => {
                    assert!(!granted, "{system_id}: {}", answer.text());
                    assert_eq!(refusal(&answer), (-4001, 403, "device-revoked".to_owned()));
                }
            }
        }
    }
}

#[tokio::test]
async fn what_costs_a_licence_is_decided_by_what_the_service_calls_it() {
    let world = World::with("\n[environments.test.widevine.renewal]\nenabled = true\n").await;
    world.set_balance(9).await;
    let target = world.target("").await;
    let called = |name: &str| with(&json!({ "license_metadata": { "request_type": name } }));
    for (name, kind, balance) in [
        ("RENEWAL", RecordKind::Renewal, 9),
        ("NEW", RecordKind::Licence, 8),
        // Nobody gets a licence for nothing by a word that is not known, or makes no sense here.
        ("SOMETHING_NEW", RecordKind::Licence, 7),
        ("RELEASE", RecordKind::Licence, 6),
    ] {
        world.mock.faults().next(called(name));
        world.redeem("chrome-l3", &target).await.unwrap();
        let record = world.last_record().await;
        assert_eq!((record.kind, record.granted), (kind, true), "{name}");
        assert_eq!(world.balance().await, Balance::Licences(balance), "{name}");
    }
    let licence = world.redeem("chrome-l3", &target).await.unwrap();
    let renew = async || world.post(&target, licence.renewal(world.now(), None).body).await;
    for (name, kind, balance) in [
        ("NEW", RecordKind::Licence, 4),
        ("RENEWAL", RecordKind::Renewal, 4),
        ("SOMETHING_NEW", RecordKind::Renewal, 4),
    ] {
        world.mock.faults().next(called(name));
        assert_eq!(renew().await.status, 200, "{name}");
        let record = world.last_record().await;
        assert_eq!((record.kind, record.granted), (kind, true), "{name}");
        assert_eq!(world.balance().await, Balance::Licences(balance), "{name}");
    }
    world.set_balance(0).await;
    world.mock.faults().next(called("NEW"));
    assert_eq!(refusal(&renew().await), (-2019, 400, String::new()));
    assert_eq!(world.balance().await, Balance::Licences(0));
}

#[tokio::test]
async fn nothing_secret_of_a_request_or_an_answer_is_written_anywhere() {
    let world = World::with("\n[log]\nlevel = 'debug'").await;
    let subscriber = boxoffice_server::telemetry::subscriber(
        &world.lab.log_sink(),
        boxoffice_server::config::LogLevel::Debug,
    );
    let _guard = tracing::subscriber::set_default(subscriber);
    let target = world.target("").await;
    world.redeem("android-l1", &target).await.unwrap();
    world.mock.faults().next(testkit::TransportFault::BrokenJson);
    let mut written = world.redeem("android-l1", &target).await.unwrap_err().text().to_owned();
    world.mock.faults().always(testkit::TransportFault::Half);
    written.push_str(world.redeem("android-l1", &target).await.unwrap_err().text());
    written.push_str(&world.lab.log());
    written.push_str(world.lab.get("/metrics").await.text());
    for record in world.records().await {
        written += &serde_json::to_string(&format!("{record:?}")).unwrap();
    }
    assert!(written.contains("an attempt to call a service has failed"));
    let request = world.mock.last_request().unwrap();
    let outer: Value = serde_json::from_slice(&request.body).unwrap();
    let mark = base64::encode(SIGNING_KEY_MARK.as_bytes());
    for secret in [
        KEY,
        HARDWARE_KEY,
        SIGNING_KEY,
        SIGNING_IV,
        &base64::encode(&[0xB1; 16]),
        SIGNING_KEY_MARK,
        &mark,
        outer["signature"].as_str().unwrap(),
        &outer["request"].as_str().unwrap()[..64],
        "getlicense",
    ] {
        assert!(!written.contains(secret), "{secret} is in\n{written}");
    }
}
