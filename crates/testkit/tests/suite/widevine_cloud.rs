//! The mock licence service: widevine.md, sections 9.1, 9.2 and 9.4.

use std::sync::{Arc, LazyLock};

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use boxoffice_core::FixedClock;
use drm_primitives::{ContentKey, Kid, SequenceRandom, base64};
use rsa_pss_sha1::{Hash, PrivateKey, PublicKey};
use serde_json::{Value, json};
use testkit::widevine_cloud::{AnswerFault, Customer, RequestKey, SIGNING_KEY_MARK, WidevineCloud};
use testkit::{Fault, MockServer, TransportFault};
use widevine::lab::LabRoot;
use widevine::lab_client::{
    AskedInitData, ClientDevice, Expectation, ExpectedKey, ExpectedRenewal, Plan, ServiceCertificate, Session,
};
use zeroize::Zeroizing;

use super::kit::post;

const NOW: i64 = 1_800_000_000;
const KEY: [u8; 32] = [0x11; 32];
const IV: [u8; 16] = [0x22; 16];
const KID: Kid = Kid::from_bytes([0xA1; 16]);
const HARDWARE_KID: Kid = Kid::from_bytes([0xA2; 16]);

static ROOT: LazyLock<LabRoot> = LazyLock::new(|| LabRoot::generate(NOW, &SequenceRandom::new(1)));

fn aes_key() -> RequestKey {
    RequestKey::Aes { key: Zeroizing::new(KEY), iv: IV }
}

async fn start(key: RequestKey) -> MockServer<WidevineCloud> {
    let customer = Customer { provider: "acme".to_owned(), signer: "acme-signer".to_owned(), key };
    let (clock, random) = (Arc::new(FixedClock::at(NOW)), Arc::new(SequenceRandom::new(2)));
    let role = WidevineCloud::with(&ROOT, customer, clock, random).unwrap();
    MockServer::start(role).await.unwrap()
}

/// Signs as public clients do, with either padding.
fn sign(message: &[u8], padding: u8) -> Vec<u8> {
    let mut padded = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message).as_ref().to_vec();
    padded.resize(32, padding);
    let cipher = EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &KEY).unwrap()).unwrap();
    cipher.less_safe_encrypt(&mut padded, EncryptionContext::Iv128(FixedLength::from(IV))).unwrap();
    padded
}

fn outer(message: &[u8], signature: &[u8], signer: &str) -> String {
    json!({
        "request": base64::encode(message),
        "signature": base64::encode(signature),
        "signer": signer,
    })
    .to_string()
}

async fn ask(server: &MockServer<WidevineCloud>, inner: &Value) -> Value {
    let message = inner.to_string();
    let signature = sign(message.as_bytes(), 12);
    let body = outer(message.as_bytes(), &signature, "acme-signer");
    let answer = post(&server.url("/cenc/getlicense/acme"), body).await.unwrap();
    assert_eq!(answer.status, 200);
    answer.json()
}

fn device(name: &str) -> Arc<ClientDevice> {
    let file = ROOT.device(name).unwrap().device_file();
    Arc::new(ClientDevice::from_device_file(&file).unwrap())
}

fn challenge(name: &str, service: Option<&ServiceCertificate>) -> (Vec<u8>, Session) {
    let random = SequenceRandom::new(3);
    let plan = Plan::streaming(AskedInitData::kids(&[KID]), NOW, &random);
    let challenge = device(name).challenge(&plan, service, &random);
    (challenge.body, challenge.session)
}

fn specs() -> Value {
    json!([
        {
            "key_id": base64::encode(KID.as_bytes()),
            "key": base64::encode(&[0xB1; 16]),
            "track_type": "HD",
            "security_level": 1,
            "required_output_protection": { "hdcp": "HDCP_V2_2" },
        },
        {
            "key_id": base64::encode(HARDWARE_KID.as_bytes()),
            "key": base64::encode(&[0xB2; 16]),
            "track_type": "UHD1",
            "security_level": 5,
        },
    ])
}

fn inner(challenge: &[u8]) -> Value {
    json!({
        "payload": base64::encode(challenge),
        "provider": "acme",
        "content_id": base64::encode(b"film"),
        "content_key_specs": specs(),
        "policy_overrides": { "can_play": true, "can_persist": false, "playback_duration_seconds": 3600 },
        "use_policy_overrides_exclusively": true,
    })
}

fn licence(answer: &Value) -> Vec<u8> {
    base64::decode(answer["license"].as_str().unwrap().as_bytes()).unwrap()
}

fn expected_key() -> ExpectedKey {
    ExpectedKey {
        kid: KID,
        key: Some(ContentKey::from_bytes([0xB1; 16])),
        level: 1,
        hdcp: 4,
        track_label: Some("HD".to_owned()),
    }
}

#[tokio::test]
async fn a_lab_device_opens_the_licence_made_of_key_specs_and_policy() {
    let server = start(aes_key()).await;
    let (body, mut session) = challenge("chrome-l3", None);
    let answer = ask(&server, &inner(&body)).await;
    assert_eq!(answer["status"], "OK");
    let expectation =
        Expectation { keys: vec![expected_key()], playback_duration: Some(3600), ..Expectation::default() };
    session.open(&licence(&answer), Some(&expectation)).unwrap();
    assert_eq!(answer["license_metadata"]["content_id"], base64::encode(b"film"));
    assert_eq!(answer["license_metadata"]["license_type"], "STREAMING");
    assert_eq!(answer["license_metadata"]["request_type"], "NEW");
    assert_eq!(answer["message_type"], "LICENSE");
    // The key of level 5 is beyond this device, and the response says so by leaving it out.
    assert_eq!(
        answer["supported_tracks"],
        json!([{ "type": "HD", "key_id": base64::encode(KID.as_bytes()) }])
    );
    assert_eq!(answer["make"], "LabCo");
    assert_eq!(answer["system_id"], 31_103);
    assert_eq!(answer["platform_verification_status"], "PLATFORM_SOFTWARE_VERIFIED");
    assert_eq!(answer["session_state"]["signing_key"], base64::encode(SIGNING_KEY_MARK.as_bytes()));
}

#[tokio::test]
async fn the_service_certificate_comes_for_two_bytes_and_lets_devices_hide_who_they_are() {
    let server = start(aes_key()).await;
    let answer = ask(&server, &json!({ "payload": "CAQ=" })).await;
    assert_eq!((&answer["status"], &answer["message_type"]), (&"OK".into(), &"SERVICE_CERTIFICATE".into()));
    let service =
        ServiceCertificate::from_answer(&licence(&answer), ROOT.root().certificate(), "lab.boxoffice")
            .unwrap();
    let (body, mut session) = challenge("android-l1", Some(&service));
    let answer = ask(&server, &inner(&body)).await;
    assert_eq!(session.open(&licence(&answer), None).unwrap().keys.len(), 2);
    assert_eq!(answer["platform_verification_status"], "PLATFORM_HARDWARE_VERIFIED");
}

#[tokio::test]
async fn both_paddings_of_a_signature_are_accepted_and_no_third() {
    let server = start(aes_key()).await;
    let message = json!({ "payload": "CAQ=" }).to_string();
    for (padding, status) in [(12, "OK"), (0, "OK"), (1, "SIGNATURE_FAILED")] {
        let body = outer(message.as_bytes(), &sign(message.as_bytes(), padding), "acme-signer");
        let answer = post(&server.url("/cenc/getlicense/acme"), body).await.unwrap().json();
        assert_eq!(answer["status"], status, "{padding}");
    }
}

#[tokio::test]
async fn an_rsa_signature_is_checked_as_one() {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = pkcs1_of(&pair);
    let public = PublicKey::from_pkcs1(aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref()).unwrap();
    let server = start(RequestKey::Rsa(Arc::new(public))).await;
    let message = json!({ "payload": "CAQ=" }).to_string();
    let right = private.sign(Hash::Sha1, message.as_bytes());
    let wrong = sign(message.as_bytes(), 12);
    for (signature, status) in [(right, "OK"), (wrong, "SIGNATURE_FAILED")] {
        let body = outer(message.as_bytes(), &signature, "acme-signer");
        let answer = post(&server.url("/cenc/getlicense/acme"), body).await.unwrap().json();
        assert_eq!(answer["status"], status);
    }
}

/// The PKCS#1 inside a PKCS#8: its last member, an OCTET STRING of more than 255 bytes.
fn pkcs1_of(pair: &KeyPair) -> PrivateKey {
    let pkcs8 = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::Pkcs8V1Der<'_>>::as_der(pair).unwrap();
    let bytes = pkcs8.as_ref();
    let at = bytes.windows(2).position(|window| window == [0x04, 0x82]).unwrap();
    PrivateKey::from_pkcs1(&bytes[at + 4..]).unwrap()
}

#[tokio::test]
async fn strangers_are_turned_away() {
    let server = start(aes_key()).await;
    let (challenge, _) = challenge("chrome-l3", None);
    let mut foreign = inner(&challenge);
    foreign["provider"] = "another".into();
    assert_eq!(ask(&server, &foreign).await["status"], "ACCESS_DENIED");
    let message = inner(&challenge).to_string();
    let signature = sign(message.as_bytes(), 12);
    for (path, signer) in [("/cenc/getlicense/another", "acme-signer"), ("/cenc/getlicense/acme", "another")]
    {
        let body = outer(message.as_bytes(), &signature, signer);
        assert_eq!(post(&server.url(path), body).await.unwrap().json()["status"], "ACCESS_DENIED");
    }
    let other = outer(message.as_bytes(), &sign(b"another message", 12), "acme-signer");
    let answer = post(&server.url("/acme"), other).await.unwrap().json();
    assert_eq!(answer["status"], "SIGNATURE_FAILED");
    for body in ["not JSON", "{}", r#"{"request":"*","signature":"","signer":"acme-signer"}"#] {
        let answer = post(&server.url("/acme"), body).await.unwrap().json();
        assert_eq!(answer["status"], "MALFORMED_REQUEST", "{body}");
    }
}

#[tokio::test]
async fn both_track_selectors_at_once_are_an_invalid_request() {
    let server = start(aes_key()).await;
    let mut both = inner(&challenge("chrome-l3", None).0);
    both["allowed_track_types"] = "SD_HD".into();
    assert_eq!(ask(&server, &both).await["status"], "INVALID_REQUEST");
    let mut neither = inner(&challenge("chrome-l3", None).0);
    neither.as_object_mut().unwrap().remove("content_key_specs");
    assert_eq!(ask(&server, &neither).await["status"], "INVALID_REQUEST");
}

#[tokio::test]
async fn parse_only_describes_the_device_and_gives_no_licence() {
    let server = start(aes_key()).await;
    let mut parse = inner(&challenge("android-l3", None).0);
    parse["parse_only"] = true.into();
    let answer = ask(&server, &parse).await;
    assert_eq!((&answer["status"], answer.get("license")), (&"OK".into(), None));
    assert_eq!(answer["system_id"], 31_003);
    assert_eq!(answer["pssh_data"]["key_id"], json!([base64::encode(KID.as_bytes())]));
    assert_eq!(answer["platform_verification_status"], "PLATFORM_NO_VERIFICATION");
}

#[tokio::test]
async fn bad_challenges_and_bad_specs_have_their_statuses() {
    let server = start(aes_key()).await;
    let (good, _) = challenge("chrome-l3", None);
    let mut tampered = good.clone();
    *tampered.last_mut().unwrap() ^= 1;
    for payload in [tampered, b"rubbish".to_vec(), vec![]] {
        let answer = ask(&server, &inner(&payload)).await;
        assert_eq!(answer["status"], "INVALID_LICENSE_CHALLENGE", "{answer}");
    }
    for (member, value) in [
        ("key_id", json!("AAAA")),
        ("key", json!("AAAA")),
        ("security_level", json!(6)),
        ("track_type", json!("8K")),
        ("required_output_protection", json!({ "hdcp": "HDCP_V9" })),
    ] {
        let mut request = inner(&good);
        request["content_key_specs"][0][member] = value;
        assert_eq!(ask(&server, &request).await["status"], "INVALID_REQUEST", "{member}");
    }
    let mut beyond = inner(&good);
    beyond["content_key_specs"][0]["security_level"] = 5.into();
    assert_eq!(ask(&server, &beyond).await["status"], "NOT_GRANTED");
    let mut unplayable = inner(&good);
    unplayable["policy_overrides"]["can_play"] = false.into();
    assert_eq!(ask(&server, &unplayable).await["status"], "NOT_GRANTED");
}

#[tokio::test]
async fn a_licence_is_renewed_and_released_with_its_policy_sent_again() {
    let server = start(aes_key()).await;
    let (body, mut session) = challenge("chrome-l3", None);
    let renewable = |payload: &[u8]| {
        let mut request = inner(payload);
        request["policy_overrides"] = json!({
            "can_play": true, "can_renew": true, "license_duration_seconds": 180,
            "renewal_delay_seconds": 60, "renewal_retry_interval_seconds": 10,
            "renewal_recovery_duration_seconds": 120,
        });
        request
    };
    let answer = ask(&server, &renewable(&body)).await;
    let renewal = ExpectedRenewal { delay: 60, retry_interval: 10, recovery: 120 };
    let first = Expectation { keys: vec![expected_key()], renewal: Some(renewal), ..Expectation::default() };
    let mut opened = session.open(&licence(&answer), Some(&first)).unwrap();

    let exchange = opened.renewal(NOW + 60, None);
    let answer = ask(&server, &renewable(&exchange.body)).await;
    assert_eq!(answer["license_metadata"]["request_type"], "RENEWAL");
    opened.accept(&exchange, &licence(&answer), None).unwrap();

    let exchange = opened.renewal(NOW + 120, None);
    assert_eq!(ask(&server, &inner(&exchange.body)).await["status"], "NOT_GRANTED");
    let exchange = opened.release(NOW + 120, None);
    let answer = ask(&server, &inner(&exchange.body)).await;
    assert_eq!(answer["license_metadata"]["request_type"], "RELEASE");
    opened.accept(&exchange, &licence(&answer), None).unwrap();
}

#[tokio::test]
async fn it_fails_on_command() {
    let server = start(aes_key()).await;
    let (body, _) = challenge("chrome-l3", None);
    server.faults().next(AnswerFault::status("INTERNAL_ERROR"));
    assert_eq!(ask(&server, &inner(&body)).await["status"], "INTERNAL_ERROR");
    let revoked =
        AnswerFault::Status { status: "INVALID_LICENSE_CHALLENGE".to_owned(), internal_status: Some(127) };
    server.faults().next(revoked);
    let answer = ask(&server, &inner(&body)).await;
    assert_eq!(answer["internal_status"], 127);
    server.faults().next(AnswerFault::NoLicence);
    let answer = ask(&server, &inner(&body)).await;
    assert_eq!((&answer["status"], answer.get("license")), (&"OK".into(), None));
    let text = r#"with={"license": null, "make": "Other", "license_metadata": {"request_type": "RENEWAL"}}"#;
    server.faults().next(text.parse::<Fault<AnswerFault>>().unwrap());
    let answer = ask(&server, &inner(&body)).await;
    assert_eq!((answer.get("license"), &answer["make"]), (None, &"Other".into()));
    let metadata = &answer["license_metadata"];
    assert_eq!(
        (&metadata["request_type"], &metadata["license_type"]),
        (&"RENEWAL".into(), &"STREAMING".into())
    );
    assert!("with=[1]".parse::<Fault<AnswerFault>>().is_err());
    server.faults().next(TransportFault::BrokenJson);
    let broken = post(&server.url("/acme"), "{}").await.unwrap();
    assert!(serde_json::from_slice::<Value>(&broken.body).is_err());
    assert_eq!(ask(&server, &inner(&body)).await["status"], "OK");
}
