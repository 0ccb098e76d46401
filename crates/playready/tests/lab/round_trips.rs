//! What works: every header version, cipher and number of keys, verified by the strict client.

use playready::challenge::wrap_in_key_message;
use playready::lab_client::{Expectation, HeaderKey, IvChoice};
use playready::policy::{ExplicitOutput, Extension, OutputKind, known};
use playready::{Algorithm, Challenge, SecurityLevel};

use crate::kit::{Lab, NOW, Terms, ok, verifier};

/// Leading zeros in coordinates and scalars show only after many.
#[test]
fn a_thousand_round_trips_over_all_header_versions_succeed() {
    let cases = [
        ("4.0.0.0", Some("AESCTR"), 1),
        ("4.1.0.0", Some("AESCTR"), 1),
        ("4.2.0.0", Some("AESCTR"), 3),
        ("4.3.0.0", Some("AESCBC"), 1),
        ("4.3.0.0", Some("AESCTR"), 1),
        ("4.2.0.0", None, 1),
        ("4.3.0.0", None, 1),
        ("4.3.0.0", Some("AESCBC"), 3),
    ];
    let mut verifier = verifier();
    for round in 0..1_000_u32 {
        let (version, algorithm, count) = cases[round as usize % cases.len()];
        let mut lab = Lab::new(u64::from(round), count);
        lab.terms = Terms {
            persistent: round % 3 == 0,
            rental_end: (round % 2 == 0).then_some(NOW + 3_600),
            play_duration: (round % 6 == 0).then_some(86_400),
        };
        let mut request = lab.request(version, algorithm);
        request.header_as_text = round % 5 == 0;
        request.blanks = round % 7 == 0;
        request.iv = if round % 2 == 0 { IvChoice::Random } else { IvChoice::FromPoint };
        let granted = lab.redeem(&lab.device(), &request, &lab.kids(), &mut verifier).unwrap();
        assert_eq!(granted.licences.len(), usize::from(count));
        for (licence, key) in granted.licences.iter().zip(&lab.keys) {
            assert_eq!(licence.content_key, key.content_key, "round {round}");
        }
    }
}

#[test]
fn a_header_without_kids_gets_every_key_of_the_token() {
    let lab = Lab::new(1, 3);
    for version in ["4.0.0.0", "4.1.0.0", "4.2.0.0", "4.3.0.0"] {
        let request = lab.request_for(version, None, &[]);
        let granted = lab.redeem(&lab.device(), &request, &[], &mut verifier()).unwrap();
        let kids: Vec<_> = granted.licences.iter().map(|granted| granted.licence.kid).collect();
        assert_eq!(kids, lab.kids());
    }
}

#[test]
fn a_header_gets_its_own_keys_in_its_own_order() {
    let lab = Lab::new(2, 3);
    let kids = [lab.keys[2].kid, lab.keys[0].kid];
    let keys = kids.map(|kid| HeaderKey { kid, checksum: None });
    let request = lab.request_for("4.2.0.0", Some("AESCTR"), &keys);
    let granted = lab.redeem(&lab.device(), &request, &kids, &mut verifier()).unwrap();
    assert_eq!(granted.licences.len(), 2);
}

#[test]
fn an_eme_message_is_unwrapped_and_answered_with_soap() {
    let lab = Lab::new(3, 1);
    let device = lab.device();
    let request = lab.request("4.3.0.0", Some("AESCBC"));
    let body = wrap_in_key_message(&lab.challenge(&device, &request));
    let (answer, policies) = lab.answer(&body).unwrap();
    let expectation = Expectation { policies: &policies, begin_tolerance: 0 };
    let granted =
        verifier().verify(&device, &request, &lab.kids(), &ok(&answer), NOW, Some(&expectation)).unwrap();
    assert_eq!(granted.licences[0].licence.key_type, 5);
}

#[test]
fn custom_data_comes_through_with_every_awkward_character() {
    let lab = Lab::new(4, 1);
    let mut request = lab.request("4.0.0.0", Some("AESCTR"));
    let text = "<>&\"'é ]]> ExpressPlayToken=BAEAAA-_&x";
    request.custom_data = Some(text.to_owned());
    let body = lab.challenge(&lab.device(), &request);
    let challenge = Challenge::parse(&body).unwrap();
    assert_eq!(challenge.custom_data(), Some(text));
    assert_eq!(challenge.token(), Some("BAEAAA-_"));
    assert!(challenge.check_signature().is_ok());
    lab.answer(&body).unwrap();
}

#[test]
fn what_a_challenge_says_of_itself_is_read() {
    let lab = Lab::new(5, 1);
    let mut request = lab.request("4.2.0.0", Some("AESCTR"));
    let challenge = Challenge::parse(&lab.challenge(&lab.device(), &request)).unwrap();
    assert_eq!(challenge.nonce(), &request.nonce);
    assert_eq!(challenge.client_time(), Some(NOW));
    assert_eq!(challenge.client_version(), Some("4.0.0.5102"));
    assert_eq!(challenge.custom_data(), None);
    assert_eq!(challenge.check_version().unwrap().number(), 4);
    assert_eq!(challenge.header().unwrap().keys[0].kid, lab.keys[0].kid);
    request.client_time = None;
    request.client_version = None;
    let challenge = Challenge::parse(&lab.challenge(&lab.device(), &request)).unwrap();
    assert_eq!((challenge.client_time(), challenge.client_version()), (None, None));
}

#[test]
fn keys_above_the_device_s_level_are_left_out_of_the_answer() {
    for (level, expected) in [(150, 1), (2000, 2), (3000, 3)] {
        let mut lab = Lab::new(u64::from(level), 3);
        for (key, minimum) in lab.keys.iter_mut().zip(SecurityLevel::ALL) {
            key.minimum_security_level = minimum;
        }
        let request = lab.request("4.2.0.0", Some("AESCTR"));
        let granted = lab.redeem(&lab.device_at(level), &request, &lab.kids(), &mut verifier()).unwrap();
        assert_eq!(granted.licences.len(), expected, "level {level}");
    }
}

#[test]
fn rights_ids_count_up_from_the_nonce_and_wrap_around() {
    let lab = Lab::new(6, 3);
    let mut request = lab.request("4.2.0.0", Some("AESCTR"));
    request.nonce = [0xFF; 16];
    let granted = lab.redeem(&lab.device(), &request, &lab.kids(), &mut verifier()).unwrap();
    let ids: Vec<_> =
        granted.licences.iter().map(|granted| u128::from_be_bytes(granted.licence.rights_id)).collect();
    assert_eq!(ids, [u128::MAX, 0, 1]);
}

#[test]
fn every_term_of_a_policy_reaches_the_client() {
    let lab = Lab::new(7, 1);
    let device = lab.device();
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let body = lab.challenge(&device, &request);
    let (_, mut policies) = lab.answer(&body).unwrap();
    policies[0].algorithm = Algorithm::AesCbc;
    policies[0].minimum_security_level = SecurityLevel::Sl150;
    policies[0].persistent = true;
    policies[0].begin_date = Some(NOW - 300);
    policies[0].expiration_date = Some(NOW + 10);
    policies[0].expiration_after_first_play = Some(60);
    policies[0].output_protection.analog_video = 999;
    policies[0].play_enablers = vec![known::UNKNOWN_OUTPUT_ALLOW];
    policies[0].explicit_outputs = vec![
        ExplicitOutput { output: OutputKind::DigitalVideo, guid: known::HDCP_TYPE, data: vec![0, 0, 0, 1] },
        ExplicitOutput { output: OutputKind::AnalogVideo, guid: known::CGMS_A, data: vec![] },
    ];
    policies[0].extension = Some(Extension { kind: *b"abcd", payload: vec![0; 1000] });
    let challenge = Challenge::parse(&body).unwrap();
    let known_device = lab.issuer.identify(&challenge, NOW, &lab.revocations).unwrap();
    let answer = lab.issuer.issue(&known_device, &policies, challenge.nonce(), NOW, &lab.random).unwrap();
    let expectation = Expectation { policies: &policies, begin_tolerance: 0 };
    let mut verifier = verifier();
    let verify = |verifier: &mut playready::lab_client::Verifier, expectation: Option<&Expectation<'_>>| {
        verifier.verify(&device, &request, &lab.kids(), &ok(&answer), NOW, expectation)
    };
    let granted = verify(&mut verifier, Some(&expectation)).unwrap();
    assert_eq!(granted.licences[0].licence.policy.metadata[0].1, vec![0; 1000]);
    // The same answer again is a replay; and without an expectation a new verifier has nothing against it.
    assert_eq!(verify(&mut verifier, Some(&expectation)).unwrap_err().rule, 3);
    verify(&mut self::verifier(), None).unwrap();
    // Whatever differs is noticed.
    policies[0].output_protection.analog_video = 998;
    let expectation = Expectation { policies: &policies, begin_tolerance: 0 };
    assert_eq!(verify(&mut self::verifier(), Some(&expectation)).unwrap_err().rule, 7);
}

#[test]
fn the_strict_verifier_refuses_an_answer_altered_anywhere() {
    let lab = Lab::new(8, 1);
    let device = lab.device();
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let (answer, policies) = lab.answer(&lab.challenge(&device, &request)).unwrap();
    let expectation = Expectation { policies: &policies, begin_tolerance: 0 };
    let mut altered = answer.clone();
    for at in (0..answer.len()).step_by(3) {
        altered[at] ^= 1;
        let verified = verifier().verify(&device, &request, &[], &ok(&altered), NOW, Some(&expectation));
        assert!(verified.is_err(), "byte {at}");
        altered[at] = answer[at];
    }
}
