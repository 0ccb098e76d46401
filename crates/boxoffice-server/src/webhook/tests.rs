//! One policy for the webhook and the lab (playready.md, section 9.4): each case is a token request, the licences
//! that the handler reads, and the bytes that the lab's issuer writes.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use boxoffice_core::account::{AccountOptions, Balance};
use boxoffice_core::entitlement::{Cookie, Entitlement, PlayReadyTerms, Terms, TokenId};
use boxoffice_core::token_request::playready::Settings;
use boxoffice_core::token_request::{self, KeyRequest, KeySource, Keys, RequestedKey};
use boxoffice_core::{Account, AccountId, Drm, Environment, Parameters};
use drm_primitives::{Kek, SequenceRandom, base64, hex};
use jiff::Timestamp;
use playready::lab::Material;
use playready::lab_client::{ChallengeRequest, LabDevice, LeafSettings, header_text};
use playready::{Challenge, Revocations};

use super::entitled::Entitled;
use super::grant::GrantText;
use super::request::RedeemRequest;
use crate::config::{OutputControl, OutputKind};
use crate::hms::playready::policy::OutputControls;
use crate::hms::redemption::Admitted;
use crate::request_id::RequestIds;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;

const KEYS: &str = "kid=33e0008cc44447709899a321e079dd36&contentKey=00112233445566778899aabbccddeeff";

const NO_LEVELS: &str = "analogVideoOPL=0&compressedDigitalAudioOPL=0&compressedDigitalVideoOPL=0&\
                         uncompressedDigitalAudioOPL=0&uncompressedDigitalVideoOPL=0";

const LEVELS: &str = "analogVideoOPL=200&compressedDigitalAudioOPL=250&compressedDigitalVideoOPL=400&\
                      uncompressedDigitalAudioOPL=300&uncompressedDigitalVideoOPL=300";

static LAB: LazyLock<Material> = LazyLock::new(|| Material::generate(&SequenceRandom::new(1)).unwrap());

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// The operator's table: a bit for each kind of output.
fn outputs() -> OutputControls {
    let control = |output, guid: &str, data: &str| OutputControl {
        output,
        guid: guid.to_owned(),
        data: data.to_owned(),
    };
    [
        (1, control(OutputKind::DigitalVideo, "ABB2C6F1-E663-4625-A945-972D17B231E7", "AAAAAQ==")),
        (2, control(OutputKind::PlayEnabler, "5ABF0F0D-DC29-4B82-9982-FD8E57525BFC", "")),
        (4, control(OutputKind::AnalogVideo, "225CD36F-F132-49EF-BA8C-C91EA28E4369", "AAAAAw==")),
        (8, control(OutputKind::DigitalAudio, "6D5CFA59-C250-4426-930E-FAC72C8FCFA6", "")),
    ]
    .into()
}

/// What `/hms/pr/token` makes of a query.
fn terms(query: &str) -> PlayReadyTerms {
    let parameters = Parameters::parse(query.as_bytes(), b"").unwrap();
    let found = KeyRequest::parse_all(&parameters, Drm::PlayReady).unwrap().into_iter().map(|request| {
        let Ok(KeySource::Given(key)) = request.source else { panic!("the keys stand in the query") };
        RequestedKey { index: request.index, kid: request.kid, key }
    });
    let keys = Keys::collect(found.collect()).unwrap();
    let settings = Settings { defined_output_flags: 15, digital_only_flags: 0, min_security_level: 2000 };
    token_request::playready::terms(&parameters, &keys, settings, at(NOW)).unwrap()
}

fn admitted(query: &str) -> Admitted {
    let entitlement = Entitlement {
        environment: Environment::Test,
        account: AccountId(100_001),
        token_id: TokenId::from_bytes(hex::decode(b"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf").unwrap()),
        issued_at: at(NOW),
        expires_at: at(NOW + 60),
        one_time: false,
        cookie: Cookie::new("order-17".to_owned()),
        address: None,
        terms: Terms::PlayReady(terms(query)),
    };
    let account = Account {
        id: AccountId(100_001),
        name: "customer".to_owned(),
        environment: Environment::Test,
        enabled: true,
        balance: Balance::Unlimited,
        options: AccountOptions::new(Environment::Test),
        authenticators: Vec::new(),
        created_at: at(NOW),
    };
    Admitted { entitlement, account: Arc::new(account) }
}

fn entitled(query: &str, asked: &str) -> Entitled {
    let asked = RedeemRequest::parse(asked.as_bytes()).unwrap();
    Entitled::choose(admitted(query), &asked, &outputs(), at(NOW)).unwrap()
}

/// The `licenses` and what follows them, as the handler gets them, without blanks.
fn licenses(entitled: &Entitled) -> String {
    let ids = RequestIds::new(at(NOW), &SequenceRandom::new(1));
    let body = GrantText::new(entitled, None, ids.next()).with_record(4711);
    let text = String::from_utf8(body.to_vec()).unwrap();
    let start = text.find("\"licenses\":").unwrap();
    text[start..].to_owned()
}

/// Of each licence the lab writes: the objects of its global and play policies, and its key type, in hex.
fn written(entitled: &Entitled) -> Vec<(String, u16)> {
    let random = SequenceRandom::new(2 << 32);
    let files = LAB.group_files();
    let leaf = LeafSettings::new([1; 16]);
    let device = LabDevice::provision(&files.bgroupcert, &files.zgpriv, &leaf, &random).unwrap();
    let request = ChallengeRequest::new(header_text("4.0.0.0", None, &[]), 1, NOW, &random);
    let body = device.challenge(&request, LAB.server_public_key().as_bytes(), &random).unwrap();
    let (challenge, issuer) = (Challenge::parse(&body).unwrap(), LAB.issuer());
    let device = issuer.identify(&challenge, NOW, &Revocations::default()).unwrap();
    let answer = issuer.issue(&device, &entitled.policies, challenge.nonce(), NOW, &random).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let licences = answer.split("<License>").skip(1).map(|rest| {
        let licence = base64::decode(rest.split("</License>").next().unwrap().as_bytes()).unwrap();
        // Magic, version and RightsID have 24 bytes, the header of the outer container 8.
        let start = 32;
        let length = |at: usize| u32::from_be_bytes(licence[at + 4..at + 8].try_into().unwrap()) as usize;
        let play = start + length(start);
        let keys = play + length(play);
        // The KID stands behind two headers, the key type behind it.
        let key_type = u16::from_be_bytes(licence[keys + 32..keys + 34].try_into().unwrap());
        (hex::encode(&licence[start..keys]), key_type)
    });
    licences.collect()
}

fn check(query: &str, asked: &str, expected_json: &str, expected_xmr: &[(&str, u16)]) {
    let entitled = entitled(query, asked);
    let expected: serde_json::Value = serde_json::from_str(&format!("{{{expected_json}}}")).unwrap();
    // Whole texts, so that the order of the members counts too.
    assert_eq!(licenses(&entitled), expected.to_string()[1..]);
    let expected = expected_xmr.iter().map(|(parts, key_type)| (parts.replace([' ', '\n'], ""), *key_type));
    assert_eq!(written(&entitled), expected.collect::<Vec<_>>());
}

const ALL_KEYS: &str = r#"{"token":"t","kids":[],"client":{"securityLevel":2000}}"#;

#[test]
fn a_purchase_that_is_not_stored_has_no_times() {
    check(
        &format!("{KEYS}&rightsType=BuyToOwn&{NO_LEVELS}"),
        ALL_KEYS,
        r#""licenses":[{
            "kid":"33e0008cc44447709899a321e079dd36","kidGuid":"33e0008c-c444-4770-9899-a321e079dd36",
            "contentKey":"ABEiM0RVZneImaq7zN3u/w==","algId":"AESCTR","minimumSecurityLevel":2000,"persistent":false,
            "opl":{"compressedDigitalVideo":0,"uncompressedDigitalVideo":0,"analogVideo":0,
                   "compressedDigitalAudio":0,"uncompressedDigitalAudio":0},
            "playEnablers":[],"explicitOutputs":[],"outputControlFlags":"00000000"}]"#,
        &[(
            "0003000200000032 0001000d0000000a0001 000000130000000c6955b900 000100340000000a07d0 000000330000000a0001
             000200040000001a 000100050000001200000000000000000000",
            1,
        )],
    );
}

#[test]
fn a_rental_has_begin_end_first_play_levels_enabler_and_extension() {
    // The grant of section 9.2 and the policy bytes of section 14.2's vector.
    check(
        &format!(
            "{KEYS}&rightsType=Rental&generalFlags=00000001&rental.periodEndTime=2026-01-03T00:00:00Z&\
             rental.playDuration=86400&{LEVELS}&unknownOutputBehavior=SDOnly&extensionType=abcd&extensionPayload=aGVsbG8="
        ),
        r#"{"token":"t","kids":["33e0008cc44447709899a321e079dd36"],"algId":"AESCTR","client":{"securityLevel":2000,
            "clientVersion":"3.1.0.1017","clientTime":"2026-01-01T00:00:05Z"}}"#,
        r#""licenses":[{
            "kid":"33e0008cc44447709899a321e079dd36","kidGuid":"33e0008c-c444-4770-9899-a321e079dd36",
            "contentKey":"ABEiM0RVZneImaq7zN3u/w==","algId":"AESCTR","minimumSecurityLevel":2000,"persistent":true,
            "beginDate":"2025-12-31T23:55:00Z","expirationDate":"2026-01-03T00:00:00Z","expirationAfterFirstPlay":86400,
            "opl":{"compressedDigitalVideo":400,"uncompressedDigitalVideo":300,"analogVideo":200,
                   "compressedDigitalAudio":250,"uncompressedDigitalAudio":300},
            "playEnablers":["B621D91F-EDCC-4035-8D4B-DC71760D43E9"],"explicitOutputs":[],"outputControlFlags":"00000000",
            "extension":{"type":"abcd","id":1633837924,"guid":"61626364-0000-0010-8000-00AA00389B71","payload":"aGVsbG8="}}]"#,
        &[(
            "0003000200000061 00010012000000106955b7d469585c00 000100300000000c00015180 000000130000000c6955b900
             0000002c0000001d646362610000100080000 0aa00389b7168656c6c6f 000100340000000a07d0 000000330000000a0001
             000200040000003a 0001000500000012 0190012c00c800fa012c 0003003600000020 00010039000000181fd921b6cced35408d4bdc71760d43e9",
            1,
        )],
    );
}

#[test]
fn a_device_gets_the_keys_of_its_level_and_reads_of_the_others() {
    check(
        &format!(
            "kid.0=33e0008cc44447709899a321e079dd36&contentKey.0=00112233445566778899aabbccddeeff&minCertSecurityLevel.0=150&\
             kid.1=0123456789abcdef0123456789abcdef&contentKey.1=ffeeddccbbaa99887766554433221100&minCertSecurityLevel.1=3000&\
             algId=aescbc&rightsType=BuyToOwn&{NO_LEVELS}&unknownOutputBehavior=Allow&outputControlFlags=00000003"
        ),
        r#"{"token":"t","kids":["33e0008cc44447709899a321e079dd36","0123456789abcdef0123456789abcdef",
            "00000000000000000000000000000000"],"algId":"AESCBC","client":{"securityLevel":2000}}"#,
        r#""licenses":[{
            "kid":"33e0008cc44447709899a321e079dd36","kidGuid":"33e0008c-c444-4770-9899-a321e079dd36",
            "contentKey":"ABEiM0RVZneImaq7zN3u/w==","algId":"AESCBC","minimumSecurityLevel":150,"persistent":false,
            "opl":{"compressedDigitalVideo":0,"uncompressedDigitalVideo":0,"analogVideo":0,
                   "compressedDigitalAudio":0,"uncompressedDigitalAudio":0},
            "playEnablers":["786627D8-C2A6-44BE-8F88-08AE255B01A7","5ABF0F0D-DC29-4B82-9982-FD8E57525BFC"],
            "explicitOutputs":[{"output":"digital-video","guid":"ABB2C6F1-E663-4625-A945-972D17B231E7","data":"AAAAAQ=="}],
            "outputControlFlags":"00000003"}],
          "withheld":[
            {"kid":"0123456789abcdef0123456789abcdef","reason":"security-level","required":3000,"device":2000},
            {"kid":"00000000000000000000000000000000","reason":"kid-not-granted"}]"#,
        &[(
            "0003000200000032 0001000d0000000a0001 000000130000000c6955b900 000100340000000a0096 000000330000000a0001
             0002000400000076 000100050000001200000000000000000000
             0003005800000024 000100590000001cf1c6b2ab63e62546a945972d17b231e700000001
             0003003600000038 0001003900000018d8276678a6c2be448f8808ae255b01a7 00010039000000180d0fbf5a29dc824b9982fd8e57525bfc",
            5,
        )],
    );
}

#[test]
fn each_kind_of_output_stands_in_its_own_container_and_every_key_gets_a_licence() {
    let output = r#""playEnablers":[],"explicitOutputs":[
        {"output":"analog-video","guid":"225CD36F-F132-49EF-BA8C-C91EA28E4369","data":"AAAAAw=="},
        {"output":"digital-audio","guid":"6D5CFA59-C250-4426-930E-FAC72C8FCFA6","data":""}],"outputControlFlags":"0000000c""#;
    let levels = r#""opl":{"compressedDigitalVideo":400,"uncompressedDigitalVideo":300,"analogVideo":200,
        "compressedDigitalAudio":250,"uncompressedDigitalAudio":300}"#;
    let xmr = "0003000200000028 000000130000000c6955b900 000100340000000a07d0 000000330000000a0001
        000200040000005e 0001000500000012 0190012c00c800fa012c
        0003000700000024 000100080000001c6fd35c2232f1ef49ba8cc91ea28e436900000003
        0003002e00000020 000100310000001859fa5c6d50c22644930efac72c8fcfa6";
    check(
        &format!(
            "kid.0=33e0008cc44447709899a321e079dd36&contentKey.0=00112233445566778899aabbccddeeff&\
             kid.1=0123456789abcdef0123456789abcdef&contentKey.1=ffeeddccbbaa99887766554433221100&\
             rightsType=BuyToOwn&generalFlags=00000001&{LEVELS}&outputControlFlags=0000000c"
        ),
        ALL_KEYS,
        &format!(
            r#""licenses":[{{
                "kid":"33e0008cc44447709899a321e079dd36","kidGuid":"33e0008c-c444-4770-9899-a321e079dd36",
                "contentKey":"ABEiM0RVZneImaq7zN3u/w==","algId":"AESCTR","minimumSecurityLevel":2000,"persistent":true,
                {levels},{output}}},{{
                "kid":"0123456789abcdef0123456789abcdef","kidGuid":"01234567-89ab-cdef-0123-456789abcdef",
                "contentKey":"/+7dzLuqmYh3ZlVEMyIRAA==","algId":"AESCTR","minimumSecurityLevel":2000,"persistent":true,
                {levels},{output}}}]"#
        ),
        &[(xmr, 1), (xmr, 1)],
    );
}

#[test]
fn a_grant_begins_as_the_specification_has_it_and_wraps_keys_where_told() {
    let entitled = entitled(&format!("{KEYS}&rightsType=BuyToOwn&{NO_LEVELS}"), ALL_KEYS);
    let ids = RequestIds::new(at(NOW), &SequenceRandom::new(1));
    let request_id = ids.next();
    // RFC 3394, section 4.3: 128 bits of key data under a 256-bit KEK.
    let kek = Kek::from_hex(b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap();
    let body = GrantText::new(&entitled, Some(&kek), request_id).with_record(4711);
    let text = String::from_utf8(body.to_vec()).unwrap();
    let start = format!(
        r#"{{"decision":"grant","requestId":"{request_id}","tokenId":"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf","recordId":4711,"account":100001,"cookie":"order-17","forceSignature":true,"licenses":["#
    );
    assert!(text.starts_with(&start), "{text}");
    let wrapped =
        base64::encode(&hex::decode::<24>(b"64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7").unwrap());
    assert!(text.contains(&format!("\"wrappedKey\":\"{wrapped}\",\"algId\"")), "{text}");
    assert!(!text.contains("contentKey"));
}

/// The interface as it is documented.
fn documented() -> serde_json::Value {
    serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap()
}

/// The schema itself, behind a reference to it.
fn schema<'a>(document: &'a serde_json::Value, schema: &'a serde_json::Value) -> &'a serde_json::Value {
    match schema["$ref"].as_str() {
        Some(reference) => &document["components"]["schemas"][reference.rsplit('/').next().unwrap()],
        None => schema,
    }
}

/// Sees that an object has every member that its schema requires and none that it does not know; gathers which it has.
fn compare(
    document: &serde_json::Value,
    expected: &serde_json::Value,
    value: &serde_json::Value,
    place: &str,
    seen: &mut BTreeSet<String>,
) {
    let expected = schema(document, expected);
    match value {
        serde_json::Value::Array(values) => {
            for value in values {
                compare(document, &expected["items"], value, place, seen);
            }
        }
        serde_json::Value::Object(members) => {
            for required in expected["required"].as_array().unwrap() {
                assert!(members.contains_key(required.as_str().unwrap()), "{place} lacks {required}");
            }
            for (name, value) in members {
                let place = format!("{place}.{name}");
                let property = expected["properties"].get(name);
                compare(
                    document,
                    property.unwrap_or_else(|| panic!("{place} is not documented")),
                    value,
                    &place,
                    seen,
                );
                seen.insert(place);
            }
        }
        _ => {
            if let Some(allowed) = expected["enum"].as_array() {
                assert!(allowed.contains(value), "{place}: {value}");
            }
        }
    }
}

/// The places of all members that a schema knows.
fn places(
    document: &serde_json::Value,
    expected: &serde_json::Value,
    place: &str,
    all: &mut BTreeSet<String>,
) {
    let expected = schema(document, expected);
    if let Some(items) = expected.get("items") {
        places(document, items, place, all);
    }
    for (name, property) in expected["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        places(document, property, &place, all);
        all.insert(place);
    }
}

#[test]
fn the_documented_members_of_a_grant_are_those_that_are_written() {
    let document = documented();
    let expected = serde_json::json!({ "$ref": "#/components/schemas/PlayReadyGrant" });
    let query = format!(
        "kid.0=33e0008cc44447709899a321e079dd36&contentKey.0=00112233445566778899aabbccddeeff&minCertSecurityLevel.0=150&\
         kid.1=0123456789abcdef0123456789abcdef&contentKey.1=ffeeddccbbaa99887766554433221100&minCertSecurityLevel.1=3000&\
         rightsType=Rental&generalFlags=00000001&rental.periodEndTime=+60&rental.playDuration=1&{LEVELS}&\
         outputControlFlags=0000000f&unknownOutputBehavior=Allow&extensionType=abcd&extensionPayload=aGVsbG8="
    );
    let asked = r#"{"token":"t","kids":["33e0008cc44447709899a321e079dd36","0123456789abcdef0123456789abcdef",
        "00000000000000000000000000000000"],"client":{"securityLevel":2000}}"#;
    let entitled = entitled(&query, asked);
    let kek = Kek::from_hex(&[b'7'; 64]).unwrap();
    let (mut seen, mut all) = (BTreeSet::new(), BTreeSet::new());
    for wrap_key in [None, Some(&kek)] {
        let ids = RequestIds::new(at(NOW), &SequenceRandom::new(1));
        let body = GrantText::new(&entitled, wrap_key, ids.next()).with_record(1);
        compare(&document, &expected, &serde_json::from_slice(&body).unwrap(), "", &mut seen);
    }
    places(&document, &expected, "", &mut all);
    assert_eq!(seen, all);
}

#[test]
fn every_documented_member_of_a_question_is_read() {
    let document = documented();
    let good = serde_json::json!({ "token": "t", "kids": [], "client": { "securityLevel": 2000 } });
    assert!(RedeemRequest::parse(good.to_string().as_bytes()).is_ok());
    let schemas = &document["components"]["schemas"];
    for (name, parent) in [("PlayReadyRedeemRequest", None), ("PlayReadyClient", Some("client"))] {
        for member in schemas[name]["properties"].as_object().unwrap().keys() {
            let mut bad = good.clone();
            let object = match parent {
                None => &mut bad,
                Some(parent) => good_member(&mut bad, parent),
            };
            // No member is a list of lists.
            object[member.as_str()] = serde_json::json!([[]]);
            let error = RedeemRequest::parse(bad.to_string().as_bytes()).unwrap_err().to_string();
            assert!(error.contains(member.as_str()), "{member}: {error}");
        }
    }
    let required = |name: &str| schemas[name]["required"].clone();
    assert_eq!(required("PlayReadyRedeemRequest"), serde_json::json!(["token", "kids", "client"]));
    assert_eq!(required("PlayReadyClient"), serde_json::json!(["securityLevel"]));
}

fn good_member<'a>(value: &'a mut serde_json::Value, name: &str) -> &'a mut serde_json::Value {
    &mut value[name]
}
