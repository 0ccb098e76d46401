use drm_primitives::{ContentKey, Kid, base64, hex};
use proptest::prelude::*;

use super::*;
use crate::algorithm::Algorithm;
use crate::bcert::sha256;
use crate::curve::PublicKey;
use crate::policy::{ExplicitOutput, Extension, LicencePolicy, OutputKind, OutputProtectionLevels, known};
use crate::security_level::SecurityLevel;

const DEVICE_KEY: &str = "3c0e4a55076e88519535f55803c138de51df763af30a8daee6244121265e05474a895d5f7ad2d73ccd9c41d480589b576b9ca8286b59fbf85dcf6c354e0743a9";
const ENCRYPTED: &str = "11db88f7e33ec8eaf4e64540806f2f98e0478dc3bd1d1cc7352a3b83369bd54688d52069479be54c663a9fd06c95a17dde8a5d40f0581ad6ab680471a876ae272ffe7e01aceef428dad682301f415849c307379e0598b55daff324d3eb676c03033047f22544a23aa9e76906f542dd0fa90d69ebad5b4b923f402104cc4cfb33";

/// The licence of section 14.2, from the page.
const GOLDEN: &str = "
    WE1SAAAAAANAQUJDREVGR0hJSktMTU5PAAMAAQAAAbEAAwACAAAAYQABABIAAAAQaVW31GlYXAAAAQAwAAAADAABUYAAAAATAAAADGlVuQAAAAAsAAAAHWRj
    YmEAABAAgAAAqgA4m3FoZWxsbwABADQAAAAKB9AAAAAzAAAACgABAAIABAAAADoAAQAFAAAAEgGQASwAyAD6ASwAAwA2AAAAIAABADkAAAAYH9khtsztNUCN
    S9xxdg1D6QADAAkAAADyAAEACgAAAJ5nRSMBq4nvzQEjRWeJq83vAAEAAwCAEduI9+M+yOr05kVAgG8vmOBHjcO9HRzHNSo7gzab1UaI1SBpR5vlTGY6n9Bs
    laF93opdQPBYGtaraARxqHauJy/+fgGs7vQo2taCMB9BWEnDBzeeBZi1Xa/zJNPrZ2wDAzBH8iVEojqp52kG9ULdD6kNaeutW0uSP0AhBMxM+zMAAAAqAAAA
    TAABAEA8DkpVB26IUZU19VgDwTjeUd92OvMKja7mJEEhJl4FR0qJXV960tc8zZxB1IBYm1drnKgoa1n7+F3PbDVOB0OpAAEACwAAABwAAQAQCipYQRRqKvTK
    CHsaJZOHLQ==";

fn golden() -> Vec<u8> {
    let text: Vec<u8> = GOLDEN.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    base64::decode(&text).unwrap()
}

fn policy() -> LicencePolicy {
    LicencePolicy {
        kid: Kid::from_hex(b"0123456789abcdef0123456789abcdef").unwrap(),
        content_key: ContentKey::from_hex(b"00112233445566778899aabbccddeeff").unwrap(),
        algorithm: Algorithm::AesCtr,
        minimum_security_level: SecurityLevel::Sl2000,
        persistent: true,
        begin_date: Some(1_767_225_300),
        expiration_date: Some(1_767_398_400),
        expiration_after_first_play: Some(86_400),
        output_protection: OutputProtectionLevels {
            compressed_digital_video: 400,
            uncompressed_digital_video: 300,
            analog_video: 200,
            compressed_digital_audio: 250,
            uncompressed_digital_audio: 300,
        },
        play_enablers: vec![known::UNKNOWN_OUTPUT_SD_ONLY],
        explicit_outputs: vec![],
        output_control_flags: 0,
        extension: Some(Extension { kind: *b"abcd", payload: b"hello".to_vec() }),
    }
}

fn written(policy: &LicencePolicy) -> Vec<u8> {
    let device_key = PublicKey::from_bytes(&hex::decode(DEVICE_KEY.as_bytes()).unwrap()).unwrap();
    let integrity_key = hex::decode(b"d50a69820dcf93bcc293e8fd85a36258").unwrap();
    let content = Content {
        rights_id: *b"@ABCDEFGHIJKLMNO",
        issued: 1_767_225_600,
        encrypted_key: hex::decode(ENCRYPTED.as_bytes()).unwrap(),
        device_key: &device_key,
        integrity_key: &integrity_key,
    };
    write(policy, &content)
}

/// The types of a tree, in order: `02{13 34 33}`.
fn shape(object: &Object) -> String {
    match &object.body {
        Body::Container(objects) => {
            let inside: Vec<_> = objects.iter().map(shape).collect();
            format!("{:02X}{{{}}}", object.code, inside.join(" "))
        }
        Body::Leaf(_) => format!("{:02X}", object.code),
    }
}

#[test]
fn the_licence_of_the_specification_is_written_to_the_byte() {
    let licence = written(&policy());
    assert_eq!(licence.len(), 457);
    assert_eq!(hex::encode(&licence), hex::encode(&golden()));
    assert_eq!(
        hex::encode(&sha256(&licence)),
        "3d88f2b1ece8dc0753900eda772eb6caf4195c184f5e21f035fe8751bc3e3859"
    );
    assert_eq!(hex::encode(&licence[441..]), "0a2a5841146a2af4ca087b1a2593872d");
}

#[test]
fn a_licence_that_may_not_be_stored_and_has_no_limits_has_only_what_it_needs() {
    let policy = LicencePolicy {
        persistent: false,
        begin_date: None,
        expiration_date: None,
        expiration_after_first_play: None,
        output_protection: OutputProtectionLevels::default(),
        play_enablers: vec![],
        extension: None,
        algorithm: Algorithm::AesCbc,
        ..policy()
    };
    let licence = Licence::parse(&written(&policy)).unwrap();
    assert_eq!(shape(&licence.outer), "01{02{0D 13 34 33} 04{05} 09{0A 2A} 0B}");
    let bytes = |path: &[ObjectKind]| hex::encode(licence.find(path).unwrap().bytes());
    assert_eq!(bytes(&[ObjectKind::GlobalPolicy, ObjectKind::RightsSettings]), "0001");
    assert_eq!(bytes(&[ObjectKind::PlayPolicy, ObjectKind::OutputProtection]), "00000000000000000000");
    assert_eq!(bytes(&[ObjectKind::KeyMaterial, ObjectKind::ContentKey])[32..44], *"000500030080");
}

#[test]
fn everything_that_can_be_said_stands_in_the_order_of_the_specification() {
    let output = |output, guid, data: &[u8]| ExplicitOutput { output, guid, data: data.to_vec() };
    let policy = LicencePolicy {
        persistent: false,
        expiration_date: None,
        play_enablers: vec![known::UNKNOWN_OUTPUT_ALLOW, known::AIRPLAY],
        explicit_outputs: vec![
            output(OutputKind::DigitalVideo, known::HDCP_TYPE, &[0, 0, 0, 1]),
            output(OutputKind::AnalogVideo, known::CGMS_A, &[0, 0, 0, 3]),
            output(OutputKind::DigitalAudio, known::SCMS, &[]),
            output(OutputKind::DigitalVideo, known::MAXIMUM_PICTURE, &[0; 8]),
        ],
        ..policy()
    };
    let licence = Licence::parse(&written(&policy)).unwrap();
    assert_eq!(
        shape(&licence.outer),
        "01{02{0D 12 30 13 2C 34 33} 04{05 07{08} 2E{31} 58{59 59} 36{39 39}} 09{0A 2A} 0B}"
    );
    let begin = licence.find(&[ObjectKind::GlobalPolicy, ObjectKind::Expiration]).unwrap().bytes();
    assert_eq!(hex::encode(begin), "6955b7d4ffffffff");
    let path = [ObjectKind::PlayPolicy, ObjectKind::ExplicitDigitalVideo, ObjectKind::DigitalVideoOutput];
    assert_eq!(hex::encode(licence.find(&path).unwrap().bytes()), "f1c6b2ab63e62546a945972d17b231e700000001");
}

#[test]
fn times_before_1970_and_after_2106_are_open() {
    let policy = LicencePolicy { begin_date: Some(-5), expiration_date: Some(i64::MAX), ..policy() };
    let licence = Licence::parse(&written(&policy)).unwrap();
    let times = licence.find(&[ObjectKind::GlobalPolicy, ObjectKind::Expiration]).unwrap().bytes();
    assert_eq!(hex::encode(times), "00000000ffffffff");
}

/// The published response's licence, rebuilt from what section 14.1 says of it: 378 bytes, play before
/// global policy.
#[test]
fn play_may_stand_before_global_policy_and_the_published_lengths_add_up() {
    let leaf = |flags, code, bytes: Vec<u8>| Object { flags, code, body: Body::Leaf(bytes) };
    let hexes = |text: &str| hex::decode_any(text.as_bytes()).unwrap();
    let container = |flags, code, objects| Object { flags, code, body: Body::Container(objects) };
    let licence = Licence {
        rights_id: hex::decode(b"6bc96e7b8c8d1040922d5edeebc5a808").unwrap(),
        outer: container(
            3,
            0x01,
            vec![
                container(2, 0x04, vec![]),
                container(
                    3,
                    0x02,
                    vec![
                        leaf(1, 0x12, hexes("000000005633a166")),
                        leaf(0, 0x13, hexes("5633a12a")),
                        leaf(1, 0x32, hexes("0000001e")),
                        leaf(1, 0x34, hexes("07d0")),
                        leaf(0, 0x33, hexes("0001")),
                    ],
                ),
                container(
                    3,
                    0x09,
                    vec![
                        leaf(
                            1,
                            0x0A,
                            [hexes("8c00e03344c470479899a321e079dd36000100030080"), vec![0; 128]].concat(),
                        ),
                        leaf(0, 0x2A, [hexes("00010040"), vec![0; 64]].concat()),
                    ],
                ),
                leaf(1, 0x0B, hexes("00010010430863109c9dc97eacd3e4afb99d2e64")),
            ],
        ),
    };
    let bytes = licence.to_bytes();
    assert_eq!(bytes.len(), 378);
    assert_eq!(hex::encode(&bytes[24..32]), "0003000100000162");
    assert_eq!(hex::encode(&bytes[32..48]), "00020004000000080003000200000044");
    assert_eq!(Licence::parse(&bytes), Ok(licence.clone()));
    let kid =
        licence.find(&[ObjectKind::KeyMaterial, ObjectKind::ContentKey]).unwrap().bytes()[..16].to_vec();
    assert_eq!(kid, base64::decode(b"jADgM0TEcEeYmaMh4HndNg==").unwrap());
}

#[test]
fn a_licence_truncated_anywhere_is_none() {
    let bytes = golden();
    for end in 0..bytes.len() {
        assert!(Licence::parse(&bytes[..end]).is_err(), "{end}");
    }
    assert!(Licence::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn containers_nested_deeper_than_any_licence_are_refused() {
    let mut bytes = b"XMR\0\0\0\0\x03RRRRRRRRRRRRRRRR".to_vec();
    for depth in (1..=20_u32).rev() {
        bytes.extend([0, 3, 0, 1]);
        bytes.extend((depth * 8).to_be_bytes());
    }
    assert_eq!(Licence::parse(&bytes), Err(XmrError::Depth));
}

#[test]
fn the_table_of_kinds_names_each_number_once() {
    for kind in ObjectKind::ALL {
        assert_eq!(ObjectKind::from_code(kind.code()), Some(*kind));
    }
    assert_eq!(ObjectKind::from_code(0xFFFE), None);
}

proptest! {
    #[test]
    fn any_bytes_are_walked_without_panic_and_written_back(mut bytes: Vec<u8>, place in any::<prop::sample::Index>(), byte: u8) {
        let _ = Licence::parse(&bytes);
        bytes = golden();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(licence) = Licence::parse(&bytes) {
            prop_assert_eq!(licence.to_bytes(), bytes);
        }
    }
}
