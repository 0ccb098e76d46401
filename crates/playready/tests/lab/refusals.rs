//! What is refused, and how: section 14.4, without HTTP.

use drm_primitives::{base64, hex};
use playready::bcert::{Chain, ChainError};
use playready::lab::Material;
use playready::lab_client::{Answer, HeaderKey, LabDevice, LeafSettings, Pieces, Verifier};
use playready::refusal::{MessageError, SignatureError};
use playready::{Challenge, Fault, FaultCode, Refusal, Revocations, SecurityLevel, XmlError};

use crate::kit::{Lab, MATERIAL, NOW, Terms};

/// A lab, a device of it, and a signed challenge in pieces.
fn signed(seed: u64) -> (Lab, LabDevice, Pieces) {
    let lab = Lab::new(seed, 1);
    let device = lab.device();
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let draft = device.draft(&request, MATERIAL.server_public_key().as_bytes(), &lab.random).unwrap();
    let pieces = device.sign(draft.acquisition());
    (lab, device, pieces)
}

fn text(pieces: &Pieces) -> String {
    String::from_utf8(pieces.to_soap()).unwrap()
}

#[test]
fn an_acquisition_changed_after_signing_is_refused_even_with_a_new_digest() {
    let (lab, device, mut pieces) = signed(100);
    pieces.acquisition = pieces.acquisition.replace("<Version>0</Version>", "<Version>1</Version>");
    assert_eq!(lab.refusal(&pieces.to_soap()), Refusal::DeviceSignature(SignatureError::Digest));
    pieces.signed_info = device.sign(pieces.acquisition.clone()).signed_info;
    assert_eq!(lab.refusal(&pieces.to_soap()), Refusal::DeviceSignature(SignatureError::Signature));
}

#[test]
fn a_re_serialised_acquisition_is_another_one() {
    let (lab, _, mut pieces) = signed(101);
    pieces.acquisition = pieces.acquisition.replace("<CLIENTINFO>", "<CLIENTINFO >");
    assert_eq!(lab.refusal(&pieces.to_soap()), Refusal::DeviceSignature(SignatureError::Digest));
}

#[test]
fn a_second_of_anything_that_is_signed_is_refused() {
    let (lab, device, pieces) = signed(102);
    let once = text(&pieces);
    let evil = device.sign(pieces.acquisition.replace("<CustomData>", "<X>")).acquisition;
    for (twice, name) in [
        (once.replace("<LA ", &format!("{evil}<LA ")), "LA"),
        (once.replace("<soap:Body>", &format!("<soap:Header>{evil}</soap:Header><soap:Body>")), "LA"),
        (once.replace("</Signature>", &format!("{}</Signature>", pieces.signed_info)), "SignedInfo"),
        (once.replace("</Signature>", "<DigestValue></DigestValue></Signature>"), "DigestValue"),
        (once.replace("</Signature>", "</Signature><Signature></Signature>"), "Signature"),
        (once.replace("<challenge>", "<challenge Id=\"SignedData\">"), "@Id"),
        (once.replace("<challenge>", "<challenge id=\"SignedData\">"), "@Id"),
    ] {
        assert_eq!(lab.refusal(twice.as_bytes()), MessageError::Repeated { name }.into());
    }
}

#[test]
fn another_reference_or_algorithm_is_refused() {
    let (lab, _, pieces) = signed(103);
    let once = text(&pieces);
    for (from, to, name) in [
        ("URI=\"#SignedData\"", "URI=\"\"", "Reference"),
        ("<DigestMethod", "<Transforms></Transforms><DigestMethod", "Reference"),
        ("#ecdsa-sha256", "#ecdsa-sha1", "SignatureMethod"),
        ("REC-xml-c14n-20010315", "REC-xml-c14n-20010315#WithComments", "CanonicalizationMethod"),
        (" Id=\"SignedData\"", " Id=\"Other\"", "LA/@Id"),
    ] {
        assert_eq!(lab.refusal(once.replace(from, to).as_bytes()), MessageError::Element { name }.into());
    }
}

#[test]
fn a_key_that_is_not_in_the_certificate_may_not_sign() {
    let (lab, device, pieces) = signed(104);
    let mut impostor = lab.device();
    impostor.chain.clone_from(&device.chain);
    let pieces = impostor.sign(pieces.acquisition);
    assert_eq!(lab.refusal(&pieces.to_soap()), Refusal::DeviceSignature(SignatureError::ForeignKey));
}

#[test]
fn a_chain_of_another_root_or_with_a_replaced_group_is_not_trusted() {
    let lab = Lab::new(105, 1);
    let other = Material::generate(&lab.random).unwrap();
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let foreign = lab.device_of(&other.group_files());
    let body = lab.challenge(&foreign, &request);
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(ChainError::ForeignRoot));

    // The leaf of one group under the certificates of the other.
    let chain = |device: &LabDevice| Chain::parse(&device.chain).unwrap().certificates().to_vec();
    let mut device = lab.device();
    let mixed = [&chain(&foreign)[..1], &chain(&device)[1..]].concat();
    device.chain = Chain::new(mixed).unwrap().to_bytes();
    let body = lab.challenge(&device, &request);
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(ChainError::Issuer { index: 0 }));

    // One bit of the leaf's signed part: its certificate id.
    let mut device = lab.device();
    device.chain[20 + 16 + 8] ^= 1;
    let body = lab.challenge(&device, &request);
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(ChainError::Signature { index: 0 }));

    // The group's certificate altered, after the good one has been remembered.
    lab.answer(&lab.challenge(&lab.device(), &request)).unwrap();
    let mut device = lab.device();
    let leaf_length = chain(&device)[0].as_bytes().len();
    device.chain[20 + leaf_length + 16 + 8] ^= 1;
    let body = lab.challenge(&device, &request);
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(ChainError::Signature { index: 1 }));
}

#[test]
fn a_group_alone_or_a_leaf_that_is_no_device_is_not_trusted() {
    let lab = Lab::new(106, 1);
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let mut device = lab.device();
    device.chain = MATERIAL.group_files().bgroupcert;
    let body = lab.challenge(&device, &request);
    let kind = ChainError::Kind { index: 0, got: 4, expected: 2 };
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(kind));
    let settings = LeafSettings { kind: 1, ..LeafSettings::new([7; 16]) };
    let body = lab.challenge(&lab.device_with(&MATERIAL.group_files(), &settings), &request);
    let kind = ChainError::Kind { index: 0, got: 1, expected: 2 };
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(kind));
    let single = Chain::new(vec![MATERIAL.group_chain().certificates()[1].clone()]).unwrap();
    device.chain = single.to_bytes();
    let body = lab.challenge(&device, &request);
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(ChainError::Count { got: 1 }));
}

#[test]
fn a_level_above_the_issuer_s_and_an_expired_certificate_are_not_trusted() {
    let lab = Lab::new(107, 1);
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let leaf = LeafSettings::new([7; 16]);
    let settings = LeafSettings { security_level: Some(3000), ..leaf };
    let body = lab.challenge(&lab.device_with(&MATERIAL.group_files(), &settings), &request);
    let error = ChainError::Level { index: 0, level: 3000, issuer: 2000 };
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(error));

    let expiry = u32::try_from(NOW).unwrap() - 1;
    let settings = LeafSettings { expiry, ..leaf };
    let body = lab.challenge(&lab.device_with(&MATERIAL.group_files(), &settings), &request);
    let error = ChainError::Expired { index: 0, expiry, now: NOW };
    assert_eq!(lab.refusal(&body), Refusal::DeviceUntrusted(error));
    let settings = LeafSettings { expiry: expiry + 1, ..leaf };
    lab.answer(&lab.challenge(&lab.device_with(&MATERIAL.group_files(), &settings), &request)).unwrap();
}

#[test]
fn each_certificate_of_a_chain_can_be_revoked_by_either_digest() {
    let mut lab = Lab::new(108, 1);
    let device = lab.device();
    let body = lab.challenge(&device, &lab.request("4.0.0.0", Some("AESCTR")));
    // Remembered as verified before, which must not matter.
    lab.answer(&body).unwrap();
    let chain = Chain::parse(&device.chain).unwrap();
    for (index, certificate) in chain.certificates().iter().enumerate() {
        for digest in [certificate.digest(), certificate.body().basic.key_digest] {
            for written in [hex::encode(&digest), base64::encode(&digest)] {
                let file = format!("{{\"version\":1,\"digests\":[\"{written}\"]}}");
                lab.revocations = Revocations::parse(file.as_bytes()).unwrap();
                let refusal = lab.refusal(&body);
                assert_eq!(refusal, Refusal::DeviceRevoked { index, digest });
                assert_eq!(refusal.fault().status_code(), "0x8004c065");
            }
        }
    }
    lab.revocations = Revocations::default();
    lab.answer(&body).unwrap();
}

#[test]
fn whatever_cannot_be_opened_is_refused_alike() {
    let lab = Lab::new(109, 1);
    let device = lab.device();
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let server = MATERIAL.server_public_key();
    let draft = || device.draft(&request, server.as_bytes(), &lab.random).unwrap();
    let mut drafts = Vec::new();
    // Another server's key.
    drafts.push(device.draft(&request, MATERIAL.root_public_key().as_bytes(), &lab.random).unwrap());
    // Points off the curve, at infinity, of other lengths.
    for at in [0, 40, 64, 127] {
        let mut bad = draft();
        bad.encrypted_key[at] ^= 1;
        drafts.push(bad);
    }
    for half in [0..64, 64..128, 0..128] {
        let mut bad = draft();
        bad.encrypted_key[half].fill(0);
        drafts.push(bad);
    }
    for length in [0, 127, 129] {
        let mut bad = draft();
        bad.encrypted_key.resize(length, 1);
        drafts.push(bad);
    }
    // Data of 16, 31 and 33 bytes, none, and with a padding that is none.
    for length in [0, 15, 16, 31, 33] {
        let mut bad = draft();
        bad.encrypted_data.truncate(length);
        drafts.push(bad);
    }
    for at_end in 1..=32 {
        let mut bad = draft();
        let length = bad.encrypted_data.len();
        bad.encrypted_data[length - at_end] ^= 1;
        drafts.push(bad);
    }
    // Another name of the key, and data that are no chain.
    let mut named = draft();
    named.request.key_name = "Other".to_owned();
    drafts.push(named);
    let good = device.data(&request);
    for data in [
        String::new(),
        "<Data>".to_owned(),
        good.replace("Data>", "Date>"),
        good.replace("CertificateChains>", "Chains>"),
        good.replace("<CertificateChain>Q0hB", "<CertificateChain>Q0hC"),
        good.replace("<CertificateChain>", "<CertificateChain>*"),
        good.replace("<CertificateChain>", "<CertificateChain></CertificateChain><CertificateChain>"),
        format!("<!DOCTYPE Data>{good}"),
    ] {
        drafts.push(device.draft_around(&request, &data, server.as_bytes(), &lab.random).unwrap());
    }
    for draft in drafts {
        let refusal = lab.refusal(&device.sign(draft.acquisition()).to_soap());
        assert_eq!(refusal, Refusal::Unreadable);
        assert_eq!((refusal.reason(), refusal.fault()), ("challenge-unreadable", FaultCode::InvalidMessage));
    }
    let unaltered = device.draft_around(&request, &good, server.as_bytes(), &lab.random).unwrap();
    lab.answer(&device.sign(unaltered.acquisition()).to_soap()).unwrap();
}

#[test]
fn what_is_no_soap_is_refused_with_what_it_is() {
    let (lab, _, pieces) = signed(110);
    let once = text(&pieces);
    let refused = |body: &[u8]| lab.refusal(body);
    let xml = |error: XmlError| Refusal::from(MessageError::Xml(error));
    assert_eq!(refused(b""), MessageError::Empty.into());
    assert_eq!(refused(b"\xFF\xFF"), MessageError::NotUtf8.into());
    assert_eq!(refused(b"<a/>"), MessageError::NotSoap.into());
    assert_eq!(
        refused(once.replace("schemas.xmlsoap.org/soap", "www.w3.org/2003/05/soap-envelope").as_bytes()),
        MessageError::NotSoap.into()
    );
    assert_eq!(
        refused(once.replace("AcquireLicense", "AcknowledgeLicense").as_bytes()),
        MessageError::Operation { got: "AcknowledgeLicense".to_owned() }.into()
    );
    assert_eq!(
        refused(once.replace("?><", "?><!DOCTYPE soap:Envelope><").as_bytes()),
        xml(XmlError::Doctype)
    );
    let utf_16: Vec<u8> = once.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(refused(&utf_16), MessageError::NotUtf8.into());
    assert_eq!(refused(once.replace("utf-8", "utf-16").as_bytes()), xml(XmlError::Encoding));
    let deep = |depth: usize| {
        let nested = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        once.replace("<challenge>", &format!("{nested}<challenge>"))
    };
    // The operation is the third level.
    assert!(lab.answer(deep(29).as_bytes()).is_ok());
    assert_eq!(refused(deep(30).as_bytes()), xml(XmlError::Depth));
}

#[test]
fn a_body_of_64_kib_is_read_and_one_byte_more_is_not() {
    let (lab, _, pieces) = signed(111);
    let mut body = pieces.to_soap();
    body.resize(Challenge::MAXIMUM_LENGTH, b' ');
    lab.answer(&body).unwrap();
    body.push(b' ');
    let error = MessageError::TooLong { got: 65_537, limit: 65_536 };
    assert_eq!(lab.refusal(&body), error.into());
}

#[test]
fn other_protocol_and_header_versions_have_a_fault_of_their_own() {
    let lab = Lab::new(112, 1);
    let device = lab.device();
    for version in [0, 2, 3, 6, 100] {
        let mut request = lab.request("4.0.0.0", Some("AESCTR"));
        request.protocol_version = version;
        let refusal = lab.refusal(&lab.challenge(&device, &request));
        assert_eq!(refusal, Refusal::ProtocolVersion { got: version });
        assert_eq!((refusal.reason(), refusal.fault().status_code()), ("protocol-version", "0x8004c60b"));
    }
    let refusal = lab.refusal(&lab.challenge(&device, &lab.request("4.4.0.0", Some("AESCTR"))));
    assert_eq!(refusal, Refusal::HeaderVersion { got: "4.4.0.0".to_owned() });
    assert_eq!((refusal.reason(), refusal.fault().status_code()), ("protocol-version", "0x8004c60b"));
    let refusal = lab.refusal(&lab.challenge(&device, &lab.request("4.0.0.0", Some("COCKTAIL"))));
    assert_eq!((refusal.reason(), refusal.fault().status_code()), ("header", "0x8004c601"));
    // A version that is not known is what is said, whatever else LA has.
    let request = lab.request("4.0.0.0", Some("AESCTR"));
    let draft = device.draft(&request, MATERIAL.server_public_key().as_bytes(), &lab.random).unwrap();
    let newer = draft.acquisition().replace("<Version>1<", "<Version>9<").replace("LicenseNonce", "Nonce");
    assert_eq!(lab.refusal(&device.sign(newer).to_soap()), Refusal::ProtocolVersion { got: 9 });
}

#[test]
fn a_kid_that_is_not_granted_and_its_swapped_twin_are_refused_with_both() {
    let lab = Lab::new(113, 1);
    let device = lab.device();
    let kid = lab.keys[0].kid;
    let ask = |kid| {
        let request = lab.request_for("4.2.0.0", Some("AESCTR"), &[HeaderKey { kid, checksum: None }]);
        lab.refusal(&lab.challenge(&device, &request))
    };
    let other = drm_primitives::Kid::from_bytes([1; 16]);
    let refusal = ask(other);
    assert_eq!(refusal, Refusal::KidNotGranted { asked: vec![other], granted: vec![kid], swapped: None });
    assert_eq!((refusal.reason(), refusal.fault().status_code()), ("kid-not-granted", "0x8004c604"));
    let refusal = ask(kid.swapped());
    assert!(refusal.to_string().contains("swapped"), "{refusal}");
}

#[test]
fn a_wrong_checksum_is_refused_before_a_licence_is_made() {
    let lab = Lab::new(114, 1);
    let kid = lab.keys[0].kid;
    for version in ["4.0.0.0", "4.1.0.0", "4.2.0.0", "4.3.0.0"] {
        let key = HeaderKey { kid, checksum: Some([0; 8]) };
        let request = lab.request_for(version, Some("AESCTR"), &[key]);
        let refusal = lab.refusal(&lab.challenge(&lab.device(), &request));
        assert_eq!(refusal, Refusal::Checksum { kid });
    }
}

#[test]
fn a_clock_off_by_two_hours_matters_to_a_rental_and_a_new_client_only() {
    let mut lab = Lab::new(115, 1);
    let device = lab.device();
    let client = NOW - 7_200;
    for (rental, version, time, refused) in [
        (true, Some("4.0.0.5102"), Some(client), true),
        (true, Some("10.0.16384.10011"), Some(NOW + 7_200), true),
        (true, Some("3.1.0.1017"), Some(client), true),
        (true, Some("4.0.0.5102"), Some(NOW - 3_600), false),
        (false, Some("4.0.0.5102"), Some(client), false),
        (true, Some("2.9.0.1"), Some(client), false),
        (true, None, Some(client), false),
        (true, Some("4.0.0.5102"), None, false),
    ] {
        lab.terms = Terms { rental_end: rental.then_some(NOW + 60), ..Terms::default() };
        let mut request = lab.request("4.0.0.0", Some("AESCTR"));
        request.client_version = version.map(str::to_owned);
        request.client_time = time;
        let answer = lab.answer(&lab.challenge(&device, &request));
        let expected = Refusal::DeviceClock { client: time.unwrap_or_default(), server: NOW };
        assert_eq!(answer.err(), refused.then_some(expected), "{version:?} {time:?}");
    }
}

#[test]
fn a_rental_that_is_over_and_a_device_of_too_low_a_level_get_nothing() {
    let mut lab = Lab::new(116, 1);
    let body = lab.challenge(&lab.device(), &lab.request("4.0.0.0", Some("AESCTR")));
    lab.terms.rental_end = Some(NOW);
    assert_eq!(lab.refusal(&body), Refusal::RentalEnded { end: NOW, now: NOW });
    lab.terms.rental_end = None;
    lab.keys[0].minimum_security_level = SecurityLevel::Sl3000;
    assert_eq!(lab.refusal(&body), Refusal::DeviceLevel { required: 3000, device: 2000 });
}

#[test]
fn a_fault_is_read_by_the_client_as_it_was_meant() {
    let custom_data = r#"{"code":-4010,"message":"[-4010] <é> & \"'","reason":"token-expired","status":401}"#;
    let fault = Fault {
        code: FaultCode::ServiceSpecific,
        message: "[-4010] <é> & \"'",
        actor: "/hms/pr/rights/",
        custom_data,
    };
    let body = fault.to_soap();
    let answer = Answer { status: 500, content_type: "text/xml; charset=utf-8", body: &body };
    let received = Verifier::verify_fault(&answer).unwrap();
    assert_eq!((received.status_code, received.code), ("0x8004c604", -4010));
    assert_eq!(received.reason.as_deref(), Some("token-expired"));
    assert_eq!(received.custom_data, custom_data);
    assert_eq!(Verifier::verify_fault(&Answer { status: 200, ..answer }).unwrap_err().rule, 9);
}

#[test]
fn nothing_prints_a_key_or_a_token() {
    let lab = Lab::new(117, 1);
    let refusal = lab.refusal(&lab.challenge(
        &lab.device(),
        &lab.request_for("4.0.0.0", None, &[HeaderKey { kid: lab.keys[0].kid, checksum: Some([1; 8]) }]),
    ));
    let key = hex::encode(lab.keys[0].content_key.expose());
    assert!(!format!("{refusal} {refusal:?}").contains(&key));
    let mut request = lab.request("4.0.0.0", None);
    request.custom_data = Some("BAEAAAtoken".to_owned());
    let body = lab.challenge(&lab.device(), &request);
    let challenge = Challenge::parse(&body).unwrap();
    let (_, policies) = lab.answer(&body).unwrap();
    let printed = format!("{challenge:?} {:?} {request:?} {policies:?}", challenge.check_signature());
    assert!(!printed.contains("BAEAAAtoken") && !printed.contains(&key), "{printed}");
}
