//! What a token says stands in the licence, byte for byte: the strict client reads back every value of section 8 of
//! playready.md, for every header, cipher and kind of rights.

use playready::policy::{ExplicitOutput, Extension, OutputKind, known};
use playready::{Algorithm, Guid, LicencePolicy, SecurityLevel};

use super::world::{OPLS, World, header, header_of, kid, kids, plain, purchased, random, tracks};
use crate::kit::NOW;

/// What a kind of rights makes of a policy.
type Change = fn(LicencePolicy) -> LicencePolicy;

/// The kinds of rights: what the token request says, and what the licence then has.
fn kinds() -> [(&'static str, Change); 4] {
    [
        ("rightsType=BuyToOwn", |policy| policy),
        ("rightsType=BuyToOwn&generalFlags=00000001", |policy| LicencePolicy { persistent: true, ..policy }),
        ("rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B172800", |policy| LicencePolicy {
            persistent: true,
            begin_date: Some(NOW - 300),
            expiration_date: Some(NOW + 172_800),
            ..policy
        }),
        (
            "rightsType=Rental&generalFlags=00000001&rental.periodEndTime=2026-02-01T00:00:00Z&rental.playDuration=86400",
            |policy| LicencePolicy {
                persistent: true,
                begin_date: Some(NOW - 300),
                expiration_date: Some(1_769_904_000),
                expiration_after_first_play: Some(86_400),
                ..policy
            },
        ),
    ]
}

#[tokio::test]
async fn every_header_cipher_and_kind_of_rights_gets_its_licences() {
    use Algorithm::{AesCbc, AesCtr};
    let world = World::new().await;
    // Version, ALGID in the header, `algId` in the token, how many tracks, and the cipher that comes of it.
    let headers = [
        ("4.0.0.0", Some("AESCTR"), "", 1, AesCtr),
        ("4.1.0.0", Some("AESCTR"), "aesctr", 1, AesCtr),
        ("4.2.0.0", Some("AESCTR"), "", 1, AesCtr),
        ("4.2.0.0", Some("AESCTR"), "", 3, AesCtr),
        ("4.3.0.0", Some("AESCTR"), "aesctr", 1, AesCtr),
        ("4.3.0.0", Some("AESCTR"), "", 3, AesCtr),
        ("4.3.0.0", Some("AESCBC"), "", 1, AesCbc),
        ("4.3.0.0", Some("AESCBC"), "aescbc", 3, AesCbc),
        ("4.3.0.0", None, "aescbc", 3, AesCbc),
        ("4.3.0.0", None, "", 3, AesCtr),
    ];
    for (rights, of_rights) in kinds() {
        for (version, in_header, in_token, count, algorithm) in headers {
            let parameters = format!("{}&{rights}&{OPLS}&algId={in_token}", tracks(count));
            let token = world.token(&parameters).await;
            let of_track = |track| LicencePolicy { algorithm, ..of_rights(purchased(track)) };
            let policies: Vec<_> = (0..count).map(of_track).collect();
            let request = header(version, in_header, &(0..count).collect::<Vec<_>>());
            world.redeem(&token, &request, &kids(count), &policies).await;
        }
    }
}

/// Video in `cbcs` and audio in `cenc`, say: each header has the cipher of its own keys.
#[tokio::test]
async fn keys_of_one_token_may_have_different_ciphers() {
    use Algorithm::{AesCbc, AesCtr};
    let world = World::new().await;
    let token = world.purchase(2, "algId.0=aescbc&algId.1=aesctr").await;
    let of = |track, algorithm| LicencePolicy { algorithm, ..purchased(track) };
    world.redeem(&token, &header("4.3.0.0", Some("AESCBC"), &[0]), &kids(1), &[of(0, AesCbc)]).await;
    world.redeem(&token, &header("4.3.0.0", Some("AESCTR"), &[1]), &[kid(1)], &[of(1, AesCtr)]).await;
    world.redeem(&token, &header("4.3.0.0", None, &[0, 1]), &kids(2), &[of(0, AesCbc), of(1, AesCtr)]).await;
    for algorithm in ["AESCTR", "AESCBC"] {
        let request = header("4.3.0.0", Some(algorithm), &[0, 1]);
        let refused = world.refused(&token, world.challenge(&world.device(), &request)).await;
        assert_eq!(refused.row(), ("0x8004c604", -2005, 400, "algid"));
    }
}

#[tokio::test]
async fn licences_come_in_the_order_of_the_header() {
    let world = World::new().await;
    for rights in ["", "generalFlags=00000001"] {
        let token = world.purchase(3, rights).await;
        let persistent = !rights.is_empty();
        let policy = |track| LicencePolicy { persistent, ..purchased(track) };
        let request = header("4.2.0.0", Some("AESCTR"), &[2, 0, 1]);
        let asked = [kid(2), kid(0), kid(1)];
        world.redeem(&token, &request, &asked, &[policy(2), policy(0), policy(1)]).await;
    }
}

#[tokio::test]
async fn a_header_without_a_kid_gets_every_key_in_token_order() {
    let world = World::new().await;
    let token = world.purchase(3, "").await;
    for version in ["4.0.0.0", "4.1.0.0", "4.2.0.0", "4.3.0.0"] {
        let request = header_of(version, Some("AESCTR"), &[]);
        world.redeem(&token, &request, &[], &[purchased(0), purchased(1), purchased(2)]).await;
    }
}

#[tokio::test]
async fn a_header_gets_only_what_it_asks_for() {
    let world = World::new().await;
    let token = world.purchase(3, "").await;
    world.redeem(&token, &header("4.0.0.0", Some("AESCTR"), &[1]), &[kid(1)], &[purchased(1)]).await;
}

#[tokio::test]
async fn a_nonce_that_overflows_is_counted_on_from_zero() {
    let world = World::new().await;
    let token = world.purchase(3, "").await;
    let mut request = header("4.2.0.0", Some("AESCTR"), &[0, 1, 2]);
    request.nonce = [0xFF; 16];
    let policies: Vec<_> = (0..3).map(purchased).collect();
    world.redeem(&token, &request, &kids(3), &policies).await;
}

#[tokio::test]
async fn unknown_outputs_extensions_and_levels_stand_in_the_licence() {
    let world = World::new().await;
    let base = purchased(0);
    let extension = |payload: &[u8]| Some(Extension { kind: *b"abcd", payload: payload.to_vec() });
    let level = |minimum_security_level| LicencePolicy { minimum_security_level, ..base.clone() };
    let enablers =
        |play_enablers: &[Guid]| LicencePolicy { play_enablers: play_enablers.to_vec(), ..base.clone() };
    for (further, policy) in [
        ("unknownOutputBehavior=Allow", enablers(&[known::UNKNOWN_OUTPUT_ALLOW])),
        ("unknownOutputBehavior=SDOnly", enablers(&[known::UNKNOWN_OUTPUT_SD_ONLY])),
        ("unknownOutputBehavior=Disallow", base.clone()),
        ("outputControlFlags=00000000", base.clone()),
        (
            "extensionType=abcd&extensionPayload=aGVsbG8=",
            LicencePolicy { extension: extension(b"hello"), ..base.clone() },
        ),
        ("minCertSecurityLevel=150", level(SecurityLevel::Sl150)),
        ("minCertSecurityLevel.0=150", base.clone()),
        ("minCertSecurityLevel=2000", level(SecurityLevel::Sl2000)),
    ] {
        let token = world.purchase(1, further).await;
        let expected = if further.contains(".0=") {
            // An index of its own name alone is no key: the plain names are the default of index 0.
            level(SecurityLevel::Sl150)
        } else {
            policy
        };
        world.redeem(&token, &plain(), &kids(1), &[expected]).await;
    }
}

#[tokio::test]
async fn output_protection_levels_keep_their_places_zeros_included() {
    let world = World::new().await;
    for levels in [[0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [999, 998, 997, 996, 995]] {
        let [analog, compressed_audio, compressed_video, audio, video] = levels;
        let parameters = format!(
            "{}&rightsType=BuyToOwn&analogVideoOPL={analog}&compressedDigitalAudioOPL={compressed_audio}\
             &compressedDigitalVideoOPL={compressed_video}&uncompressedDigitalAudioOPL={audio}\
             &uncompressedDigitalVideoOPL={video}",
            tracks(1)
        );
        let mut policy = purchased(0);
        policy.output_protection.analog_video = analog;
        policy.output_protection.compressed_digital_audio = compressed_audio;
        policy.output_protection.compressed_digital_video = compressed_video;
        policy.output_protection.uncompressed_digital_audio = audio;
        policy.output_protection.uncompressed_digital_video = video;
        let token = world.token(&parameters).await;
        world.redeem(&token, &plain(), &kids(1), &[policy]).await;
    }
}

/// The operator's table makes outputs and enablers of the bits; the bytes are the operator's as they are.
#[tokio::test]
async fn output_control_flags_become_what_the_operator_s_table_says() {
    let world = World::with_settings(
        "[environments.test.playready.output_control_flags]\n\
         \"00000001\" = { output = \"digital-video\", guid = \"ABB2C6F1-E663-4625-A945-972D17B231E7\", data = \"AAAAAQ==\" }\n\
         \"00000002\" = { output = \"digital-audio\", guid = \"6D5CFA59-C250-4426-930E-FAC72C8FCFA6\", data = \"Ag==\" }\n\
         \"00000004\" = { output = \"analog-video\", guid = \"225CD36F-F132-49EF-BA8C-C91EA28E4369\", data = \"AAAAAw==\" }\n\
         \"00000008\" = { output = \"play-enabler\", guid = \"5ABF0F0D-DC29-4B82-9982-FD8E57525BFC\" }\n\
         \"80000000\" = { output = \"digital-video\", guid = \"9645E831-E01D-4FFF-8342-0A720E3E028F\", data = \"AAAEOAAAB4A=\" }",
    )
    .await;
    let explicit = |output, guid, data: &[u8]| ExplicitOutput { output, guid, data: data.to_vec() };
    let hdcp = || explicit(OutputKind::DigitalVideo, known::HDCP_TYPE, &[0, 0, 0, 1]);
    let scms = || explicit(OutputKind::DigitalAudio, known::SCMS, &[2]);
    let cgms = || explicit(OutputKind::AnalogVideo, known::CGMS_A, &[0, 0, 0, 3]);
    let picture =
        || explicit(OutputKind::DigitalVideo, known::MAXIMUM_PICTURE, &[0, 0, 4, 0x38, 0, 0, 7, 0x80]);
    // As the licence has them: analog video, digital audio, digital video.
    for (flags, behavior, explicit_outputs, play_enablers) in [
        ("00000001", "Disallow", vec![hdcp()], vec![]),
        ("80000001", "Disallow", vec![hdcp(), picture()], vec![]),
        ("00000008", "Disallow", vec![], vec![known::AIRPLAY]),
        (
            "8000000F",
            "Allow",
            vec![cgms(), scms(), hdcp(), picture()],
            vec![known::UNKNOWN_OUTPUT_ALLOW, known::AIRPLAY],
        ),
    ] {
        let further = format!("outputControlFlags={flags}&unknownOutputBehavior={behavior}");
        let token = world.purchase(1, &further).await;
        let policy = LicencePolicy { explicit_outputs, play_enablers, ..purchased(0) };
        world.redeem(&token, &plain(), &kids(1), &[policy]).await;
    }
}

#[tokio::test]
async fn a_rental_begins_with_the_earlier_clock_and_ends_when_the_token_said() {
    let world = World::new().await;
    let rental =
        format!("{}&rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B3600&{OPLS}", tracks(1));
    let token = world.token(&rental).await;
    // Half an hour later the end is where it was.
    world.lab.clock.advance(1_800);
    for (client_time, begin) in [
        (Some(NOW + 1_800), NOW + 1_500),
        (Some(NOW), NOW),
        (Some(NOW + 3_000), NOW + 1_500),
        (None, NOW + 1_500),
    ] {
        let mut request = plain();
        request.client_time = client_time;
        let policy = LicencePolicy {
            persistent: true,
            begin_date: Some(begin),
            expiration_date: Some(NOW + 3_600),
            ..purchased(0)
        };
        world.redeem(&token, &request, &kids(1), &[policy]).await;
    }
}

/// A clock that is off matters to nobody but a rental of a client of version 3 and later.
#[tokio::test]
async fn a_clock_off_by_two_hours_matters_only_where_a_rental_could_be_played_longer() {
    let world = World::new().await;
    let mut request = plain();
    request.client_time = Some(NOW - 7_200);
    let token = world.purchase(1, "").await;
    world.redeem(&token, &request, &kids(1), &[purchased(0)]).await;
    let rental =
        format!("{}&rightsType=Rental&generalFlags=00000001&rental.periodEndTime=%2B3600&{OPLS}", tracks(1));
    let token = world.token(&rental).await;
    request.client_version = Some("2.9.0.1".to_owned());
    let policy = LicencePolicy {
        persistent: true,
        begin_date: Some(NOW - 7_200),
        expiration_date: Some(NOW + 3_600),
        ..purchased(0)
    };
    world.redeem(&token, &request, &kids(1), &[policy]).await;
}

#[tokio::test]
async fn the_environment_s_default_level_goes_into_the_licence() {
    let settings = "[environments.test.playready]\ndefault_min_security_level = 150";
    let world = World::with_settings(settings).await;
    let token = world.purchase(1, "").await;
    let policy = LicencePolicy { minimum_security_level: SecurityLevel::Sl150, ..purchased(0) };
    let device = world.device_at(150);
    let request = plain();
    let answer = world.post(&token, world.challenge(&device, &request)).await;
    world.verify(&device, &request, &kids(1), &answer, &[policy]).unwrap();
}

/// What clients write differently, and servers must not care about.
#[tokio::test]
async fn a_challenge_may_be_written_in_other_ways() {
    use playready::lab_client::IvChoice;
    let world = World::new().await;
    let token = world.purchase(1, "").await;
    let mut as_text = plain();
    as_text.header_as_text = true;
    let mut blanks = plain();
    blanks.blanks = true;
    let mut from_point = plain();
    from_point.iv = IvChoice::FromPoint;
    let mut without = plain();
    (without.client_version, without.client_time, without.features) = (None, None, Vec::new());
    let mut edge = plain();
    edge.client_version = Some("10.0.16384.10011".to_owned());
    edge.features = ["AESCBC", "TEE", "REE", "é&<>"].map(escape).to_vec();
    for request in [as_text, blanks, from_point, without, edge] {
        world.redeem(&token, &request, &kids(1), &[purchased(0)]).await;
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Leading zeros of coordinates, keys and nonces show only where many are tried.
#[tokio::test]
async fn one_device_after_the_other_gets_a_licence_that_holds() {
    let world = World::new().await;
    let token = world.purchase(3, "").await;
    let policies: Vec<_> = (0..3).map(purchased).collect();
    for round in 0..100 {
        let version = ["4.0.0.0", "4.1.0.0", "4.2.0.0", "4.3.0.0"][round % 4];
        let count = if round % 4 < 2 { 1 } else { 3 };
        let mut request = header(version, Some("AESCTR"), &(0..count).collect::<Vec<_>>());
        request.nonce = random();
        request.nonce[0] = 0;
        world.redeem(&token, &request, &kids(count), &policies[..count]).await;
    }
}
