//! Every lab device, with and without privacy, every kind of licence, end to end.

use drm_primitives::{Kid, hex};
use proptest::prelude::*;
use prost::Message as _;
use rsa_pss_sha1::Hash;
use widevine::lab_client::{
    AnswerFault, AskedInitData, Expectation, ExpectedRenewal, Plan, pssh_box, pssh_data,
};
use widevine::messages::LicenseType;
use widevine::{
    CLOCK_TOLERANCE_SECONDS, Grant, Hdcp, KeyGrant, ProtocolVersion, Pssh, SecurityLevel, Terms, TrackLabel,
};

use crate::kit::{
    DEVICES, NOW, RENEWAL, Server, challenge, device, expectation, grant, key, kid, random, service,
};

const TYPES: [LicenseType; 3] = [LicenseType::Streaming, LicenseType::Offline, LicenseType::Automatic];

fn plan(kids: &[Kid]) -> Plan {
    Plan::streaming(AskedInitData::kids(kids), NOW, &*random())
}

/// Asks, answers and opens; the answer has to be exactly what is expected.
fn plays(name: &str, private: bool, plan: &Plan, grant: &Grant, server: &Server, expected: &Expectation) {
    let service = private.then(service);
    let mut asked = device(name).challenge(plan, service.as_ref(), &*random());
    assert_eq!(challenge(&asked.body).unwrap().is_private(), private);
    let answer = server.redeem(&asked.body, grant).unwrap();
    let licence = asked.session.open(&answer, Some(expected)).unwrap();
    assert_eq!(licence.keys.len(), expected.keys.len());
    for key in &grant.keys {
        let clear = key.key.expose().as_slice();
        assert!(!answer.windows(16).any(|window| window == clear), "a content key in clear");
    }
}

#[test]
fn every_device_with_and_without_privacy_gets_every_kind_of_licence() {
    for name in DEVICES {
        for private in [false, true] {
            for licence_type in TYPES {
                for persistent in [false, true] {
                    if licence_type == LicenseType::Offline && !persistent {
                        continue;
                    }
                    let terms = Terms { persistent, ..Terms::default() };
                    let grant = Grant { terms, ..grant() };
                    let plan = plan(&[kid(0x11)]).with_type(licence_type);
                    plays(name, private, &plan, &grant, &Server::default(), &expectation(&grant));
                }
            }
        }
    }
}

#[test]
fn every_condition_of_a_token_arrives() {
    let numbers = [0, 1, 2, 3, 4, 5, 255].into_iter().zip([1, 2, 3, 4, 5, 1, 2]).zip([0, 1, 2, 3, 4, 9, 0]);
    let keys = numbers.enumerate().map(|(index, ((hdcp, level), track))| KeyGrant {
        level: SecurityLevel::from_number(level).unwrap(),
        hdcp: Hdcp::from_number(hdcp).unwrap(),
        track: TrackLabel::from_number(track),
        ..key(u8::try_from(index).unwrap() + 1)
    });
    let terms =
        Terms { persistent: true, playback_duration: Some(172_800), rental_duration: Some(2_592_000) };
    let grant = Grant { keys: keys.collect(), terms, ..grant() };
    plays("android-l1", true, &plan(&[kid(3)]), &grant, &Server::default(), &expectation(&grant));
}

#[test]
fn a_device_gets_the_keys_that_it_may_have_in_the_order_of_the_token() {
    let hard = KeyGrant { level: SecurityLevel::HardwareAll, ..key(0x22) };
    let grant = Grant { keys: vec![key(0x33), hard, key(0x11)], ..grant() };
    let mut expected = expectation(&grant);
    expected.keys.remove(1);
    plays("chrome-l3", false, &plan(&[kid(0x11)]), &grant, &Server::default(), &expected);
}

#[test]
fn every_way_to_name_the_content_is_understood() {
    let grant = Grant { content_id: Some(b"film".to_vec()), ..grant() };
    let data = pssh_data(&[kid(0x11)], None, Some(0x6362_6373));
    let by_name = pssh_data(&[], Some(b"film"), None);
    let by_star = pssh_data(&[], Some(b"*"), None);
    let kid = kid(0x11).as_bytes().to_vec();
    for init_data in [
        AskedInitData::WidevinePssh(data.clone()),
        AskedInitData::WidevinePssh(pssh_box(&data)),
        AskedInitData::Cenc(pssh_box(&data)),
        AskedInitData::Cenc([pssh_box(&data), pssh_box(&by_name)].concat()),
        AskedInitData::WidevinePssh(by_name),
        AskedInitData::WidevinePssh(by_star),
        AskedInitData::WidevinePssh(pssh_box(&[])),
        AskedInitData::Webm(kid.clone()),
        AskedInitData::WebmKeyId(kid),
    ] {
        let plan = Plan::streaming(init_data, NOW, &*random());
        plays("android-l3", false, &plan, &grant, &Server::default(), &expectation(&grant));
    }
}

#[test]
fn every_version_of_the_protocol_and_every_hash_is_served() {
    let versions = [
        (None, ProtocolVersion::V2_0),
        (Some(20), ProtocolVersion::V2_0),
        (Some(21), ProtocolVersion::V2_1),
        (Some(22), ProtocolVersion::V2_2),
    ];
    let grant = grant();
    let device = device("android-l3");
    for (protocol_version, version) in versions {
        for hash in [Hash::Sha1, Hash::Sha256, Hash::Sha384] {
            let plan = Plan { protocol_version, ..plan(&[kid(0x11)]) };
            let mut draft = device.draft(&plan).identify_clearly(device.client_id());
            draft.hash = hash;
            draft.core_message = b"core".to_vec();
            let mut asked = draft.sign();
            assert_eq!(challenge(&asked.body).unwrap().protocol_version(), version);
            let answer = Server::default().redeem(&asked.body, &grant).unwrap();
            asked.session.open(&answer, Some(&expectation(&grant))).unwrap();
        }
    }
}

#[test]
fn streaming_licences_are_renewed_where_the_environment_says_so_and_offline_ones_never() {
    let server = Server { renewal: Some(RENEWAL), ..Server::default() };
    let terms = Terms { persistent: true, ..Terms::default() };
    let grant = Grant { terms, ..grant() };
    let renewal = Some(ExpectedRenewal { delay: 60, retry_interval: 10, recovery: 120 });
    let expected = Expectation { renewal, ..expectation(&grant) };
    for licence_type in TYPES {
        plays("android-l3", false, &plan(&[kid(0x11)]).with_type(licence_type), &grant, &server, &expected);
    }
}

#[test]
fn a_request_id_of_any_bytes_comes_back_as_it_was() {
    for request_id in [vec![0], vec![0xFF; 300], b"not hex at all".to_vec()] {
        let plan = Plan { request_id, ..plan(&[kid(0x11)]) };
        plays("android-l3", false, &plan, &grant(), &Server::default(), &expectation(&grant()));
    }
}

#[test]
fn a_licence_starts_at_the_clients_time_or_at_ours_if_it_has_none() {
    let grant = grant();
    for (request_time, start, ahead) in [
        (Some(NOW - 400), NOW - 400, Some(-400)),
        (Some(NOW + 3), NOW + 3, Some(3)),
        (Some(0), NOW, None),
        (None, NOW, None),
    ] {
        let plan = Plan { request_time, ..plan(&[kid(0x11)]) };
        let mut asked = device("android-l3").challenge(&plan, None, &*random());
        let issued = Server::default().issue(&asked.body, &grant).unwrap();
        let licence = asked.session.open(&issued.answer, Some(&expectation(&grant))).unwrap();
        assert_eq!((licence.license_start_time, issued.clock_ahead_seconds), (start, ahead));
        let session_id = issued.session_id;
        assert_eq!(licence.id.session_id.as_deref(), Some(&session_id.as_bytes()[..]));
        assert_eq!((session_id.key_id(), i64::from(session_id.issued_at())), (1, NOW));
    }
    assert_eq!(CLOCK_TOLERANCE_SECONDS, 300);
}

#[test]
fn a_licence_opens_once_and_for_its_own_request_only() {
    let grant = grant();
    let device = device("android-l3");
    let mut asked = device.challenge(&plan(&[kid(0x11)]), None, &*random());
    let another_plan = Plan { request_id: b"another".to_vec(), ..plan(&[kid(0x11)]) };
    let mut another = device.challenge(&another_plan, None, &*random());
    let answer = Server::default().redeem(&asked.body, &grant).unwrap();
    assert_eq!(another.session.open(&answer, None).unwrap_err(), AnswerFault::Mac);
    asked.session.open(&answer, None).unwrap();
    assert_eq!(asked.session.open(&answer, None).unwrap_err(), AnswerFault::Opened);
}

#[test]
fn a_licence_opens_on_no_other_device() {
    let plan = plan(&[kid(0x11)]);
    let asked = device("android-l3").challenge(&plan, None, &*random());
    let mut thief = device("chrome-l3").challenge(&plan, None, &*random());
    let answer = Server::default().redeem(&asked.body, &grant()).unwrap();
    assert_eq!(thief.session.open(&answer, None).unwrap_err(), AnswerFault::SessionKey);
}

#[test]
fn an_expectation_catches_every_difference() {
    let grant = Grant { keys: vec![key(0x11), key(0x22)], ..grant() };
    let right = expectation(&grant);
    let mut wrong = vec![right.clone(); 10];
    wrong[0].keys.pop();
    wrong[1].keys.swap(0, 1);
    wrong[2].keys[0].level = 2;
    wrong[3].keys[0].hdcp = 1;
    wrong[4].keys[0].track_label = None;
    wrong[5].keys[0].key = wrong[5].keys[1].key.clone();
    wrong[6].persistent = true;
    wrong[7].playback_duration = Some(1);
    wrong[8].rental_duration = Some(1);
    wrong[9].renewal = Some(ExpectedRenewal { delay: 60, retry_interval: 10, recovery: 120 });
    let mut asked = device("android-l3").challenge(&plan(&[kid(0x11)]), None, &*random());
    let answer = Server::default().redeem(&asked.body, &grant).unwrap();
    for (index, expectation) in wrong.iter().enumerate() {
        assert!(asked.session.open(&answer, Some(expectation)).is_err(), "{index}");
    }
    asked.session.open(&answer, Some(&right)).unwrap();
}

#[test]
fn the_device_is_described() {
    let asked = device("chrome-l3").challenge(&plan(&[kid(0x11)]), Some(&service()), &*random());
    let device = Server::default().identify(&challenge(&asked.body).unwrap()).unwrap();
    assert_eq!((device.system_id, device.level.to_string()), (31103, "L3".to_owned()));
    assert_eq!(device.info("company_name"), Some("LabCo"));
    assert_eq!(device.info("model_name"), Some("Lab Browser"));
    assert_eq!(device.info("colour"), None);
    assert!(device.has_vmp_data);
    let names: Vec<&str> = device.client_info.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "company_name",
        "model_name",
        "architecture_name",
        "device_name",
        "product_name",
        "build_info",
        "widevine_cdm_version",
    ];
    assert_eq!(names, expected);
    assert_eq!(device.capabilities.as_ref().unwrap().oem_crypto_api_version, Some(17));
    assert!(!format!("{device:?}").contains("key"));
}

#[test]
fn a_clear_identity_can_be_looked_at_before_it_is_verified() {
    let device = device("android-l1");
    let plan = plan(&[kid(0x11)]);
    let clear = challenge(&device.challenge(&plan, None, &*random()).body).unwrap();
    let claimed = clear.claimed_device().unwrap();
    let verified = Server::default().identify(&clear).unwrap();
    assert_eq!(claimed.system_id, 31001);
    assert_eq!(claimed.serials, [verified.serial, verified.model_serial]);
    assert_eq!(claimed.client_info, verified.client_info);
    let private = challenge(&device.challenge(&plan, Some(&service()), &*random()).body).unwrap();
    assert_eq!(private.claimed_device(), None);
}

#[test]
fn sizes_are_those_of_the_specification() {
    let grant = Grant { keys: vec![key(1), key(2), key(3)], ..grant() };
    for name in DEVICES {
        for service in [None, Some(service())] {
            let asked = device(name).challenge(&plan(&[kid(1)]), service.as_ref(), &*random());
            let answer = Server::default().redeem(&asked.body, &grant).unwrap();
            assert!((1_700..=2_400).contains(&asked.body.len()), "{name}: {}", asked.body.len());
            assert!((700..=850).contains(&answer.len()), "{name}: {}", answer.len());
        }
    }
}

#[test]
fn a_licence_is_written_as_the_specification_says_byte_for_byte() {
    // The clear parts of a licence, by hand: field by field, ascending, minimal.
    let plan = Plan { request_id: vec![0xAB], ..plan(&[kid(0x11)]) };
    let asked = device("android-l3").challenge(&plan, None, &*random());
    let answer = Server::default().redeem(&asked.body, &grant()).unwrap();
    let message = widevine::messages::SignedMessage::decode(&answer[..]).unwrap();
    assert_eq!(hex::encode(&answer[..3]), "080212");
    let msg = message.msg.unwrap();
    let session_id = &msg[7..23];
    // id { request_id ab, session_id 16 bytes, type 1, version 0 }
    assert_eq!(hex::encode(&msg[..7]), "0a190a01ab1210");
    assert_eq!(hex::encode(&session_id[..5]), "016dd59400");
    // policy { can_play, can_persist false, can_renew false }, then the SIGNING container's length
    assert_eq!(hex::encode(&msg[23..37]), "200128001206080110001800 1a66".replace(' ', ""));
    // CONTENT: id, iv, key, type 2, level 1, required_protection { hdcp 0 }, label HD
    let content = &msg[37 + 0x66..];
    assert_eq!(hex::encode(&content[..4]), "1a520a10");
    assert_eq!(hex::encode(&content[20..22]), "1210");
    assert_eq!(hex::encode(&content[38..40]), "1a20");
    assert_eq!(hex::encode(&content[72..84]), "200228013202080062024844");
    // license_start_time 1842713600, protection_scheme cenc
    assert_eq!(hex::encode(&content[84..]), "2080a8d6ee0638e3dc959b06");
}

proptest! {
    #[test]
    fn the_init_data_that_a_client_writes_is_what_the_issuer_reads(
        kids in prop::collection::btree_set(any::<[u8; 16]>(), 0..6),
        content_id in prop::option::of(prop::collection::vec(any::<u8>(), 1..80)),
        scheme in prop::option::of(1..u32::MAX),
    ) {
        let kids: Vec<Kid> = kids.into_iter().map(Kid::from_bytes).collect();
        let data = pssh_data(&kids, content_id.as_deref(), scheme);
        let expected = Pssh { kids, content_id, protection_scheme: scheme };
        prop_assert_eq!(Pssh::parse(&pssh_box(&data)), Ok(expected));
    }
}
