//! An issuer that lies, and signs its lies well: what the strict client notices by itself (section 14.3).

use drm_primitives::{ContentKey, Kid, SequenceRandom, base64};

use super::crypto::{cmac, encrypt_random_point, sha_256};
use super::licence::signed_part;
use super::request::signed_info;
use super::*;
use crate::bcert::{
    Basic, Certificate, CertificateBody, CertifiedKey, Chain, Object, ObjectContent, Revocations, Trust,
    kind, usage,
};
use crate::curve::PrivateKey;
use crate::lab::Material;
use crate::policy::{ExplicitOutput, Extension, LicencePolicy, OutputKind, OutputProtectionLevels, known};
use crate::{Algorithm, Challenge, Guid, Issuer, SecurityLevel};

const NOW: i64 = 1_767_225_600;

/// A certificate of the signer's chain to be.
struct Plan {
    kind: u32,
    level: u32,
    expiry: u32,
    usages: Vec<u32>,
    digest_of: Option<[u8; 64]>,
}

/// An issuer whose every key a test holds, and a device that asks it.
struct World {
    random: SequenceRandom,
    material: Material,
    root: PrivateKey,
    authority: PrivateKey,
    signer: PrivateKey,
    device: LabDevice,
    request: ChallengeRequest,
    policies: Vec<LicencePolicy>,
}

fn plans() -> [Plan; 2] {
    let plan = |kind, level, usages| Plan { kind, level, expiry: u32::MAX, usages, digest_of: None };
    [
        plan(kind::LICENSE_SIGNER, 2000, vec![usage::SIGN_RESPONSE, usage::SIGN_LICENSE]),
        plan(kind::ISSUER, 3000, vec![usage::ISSUER_SIGN_LICENSE]),
    ]
}

fn policy(number: u8) -> LicencePolicy {
    LicencePolicy {
        kid: Kid::from_bytes([number; 16]),
        content_key: ContentKey::from_bytes([number | 0x80; 16]),
        algorithm: Algorithm::AesCtr,
        minimum_security_level: SecurityLevel::Sl2000,
        persistent: false,
        begin_date: Some(NOW - 300),
        expiration_date: Some(NOW + 3_600),
        expiration_after_first_play: Some(60),
        output_protection: OutputProtectionLevels::default(),
        play_enablers: vec![known::UNKNOWN_OUTPUT_ALLOW],
        explicit_outputs: vec![ExplicitOutput {
            output: OutputKind::DigitalVideo,
            guid: known::HDCP_TYPE,
            data: vec![0, 0, 0, 1],
        }],
        output_control_flags: 0,
        extension: Some(Extension { kind: *b"abcd", payload: b"hello".to_vec() }),
    }
}

impl World {
    fn new(count: u8) -> Self {
        let random = SequenceRandom::new(77 << 32);
        let material = Material::generate(&random).unwrap();
        let key = || PrivateKey::generate(&random).unwrap();
        let (root, authority, signer) = (key(), key(), key());
        let files = material.group_files();
        let settings = LeafSettings::new([7; 16]);
        let device = LabDevice::provision(&files.bgroupcert, &files.zgpriv, &settings, &random).unwrap();
        let policies: Vec<_> = (1..=count).map(policy).collect();
        let keys: Vec<_> =
            policies.iter().map(|policy| HeaderKey { kid: policy.kid, checksum: None }).collect();
        let header = header_text("4.2.0.0", Some("AESCTR"), &keys);
        let request = ChallengeRequest::new(header, protocol_version_for("4.2.0.0"), NOW, &random);
        Self { random, material, root, authority, signer, device, request, policies }
    }

    fn chain(&self, plans: &[Plan; 2]) -> Chain {
        let certify = |plan: &Plan, key: &PrivateKey, issuer: &PrivateKey| -> Certificate {
            let key = *key.public().as_bytes();
            let basic = Basic {
                certificate_id: [1; 16],
                security_level: plan.level,
                kind: plan.kind,
                key_digest: sha_256(&plan.digest_of.unwrap_or(key)),
                expiry: plan.expiry,
                client_id: [0; 16],
            };
            let keys = vec![CertifiedKey { flags: 0, key, usages: plan.usages.clone() }];
            let objects = vec![Object { flags: 1, content: ObjectContent::Keys(keys) }];
            CertificateBody { basic, objects }.sign(&issuer.to_signing_key())
        };
        let signer = certify(&plans[0], &self.signer, &self.authority);
        Chain::new(vec![signer, certify(&plans[1], &self.authority, &self.root)]).unwrap()
    }

    /// Issues for the device that asked, or another one.
    fn issue(&self, device: &LabDevice, policies: &[LicencePolicy], chain: &Chain, now: i64) -> Vec<u8> {
        let server = self.material.server_public_key();
        let body = device.challenge(&self.request, server.as_bytes(), &self.random).unwrap();
        let challenge = Challenge::parse(&body).unwrap();
        let honest = self.material.issuer();
        let known = honest.identify(&challenge, NOW, &Revocations::default()).unwrap();
        let trust = Trust::new(self.root.public());
        let issuer = Issuer::new(trust, self.root.clone(), chain, self.signer.to_signing_key());
        issuer.issue(&known, policies, &self.request.nonce, now, &self.random).unwrap()
    }

    fn answer(&self) -> String {
        let answer = self.issue(&self.device, &self.policies, &self.chain(&plans()), NOW);
        String::from_utf8(answer).unwrap()
    }

    /// What the client says of an answer that should be for `policies`.
    fn verify_as(&self, body: &[u8], policies: &[LicencePolicy]) -> Result<Granted, Violation> {
        let answer = Answer { status: 200, content_type: "text/xml; charset=utf-8", body };
        let asked: Vec<Kid> = self.policies.iter().map(|policy| policy.kid).collect();
        let expectation = Expectation { policies, begin_tolerance: 0 };
        let mut verifier = Verifier::new(*self.root.public().as_bytes());
        verifier.verify(&self.device, &self.request, &asked, &answer, NOW, Some(&expectation))
    }

    /// The rule that a body breaks; 0 for none.
    fn rule(&self, body: &[u8]) -> u8 {
        self.verify_as(body, &self.policies).map_or_else(|violation| violation.rule, |_| 0)
    }

    /// Signs a response after a change, with the right key.
    fn resigned(&self, change: impl FnOnce(&str) -> String) -> Vec<u8> {
        const END: &str = "</LicenseResponse>";
        let text = self.answer();
        let (from, to) = (text.find("<LicenseResponse ").unwrap(), text.find(END).unwrap() + END.len());
        let covered = change(&text[from..to]);
        let signed_info = signed_info(&sha_256(covered.as_bytes()));
        let signature = base64::encode(&self.signer.to_signing_key().sign(signed_info.as_bytes()));
        let rest = &text[text.find("</Signature>").unwrap()..];
        format!(
            "{}{covered}<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">{signed_info}\
             <SignatureValue>{signature}</SignatureValue>{rest}",
            &text[..from]
        )
        .into_bytes()
    }

    /// Changes the first licence, and signs it and the response anew.
    fn relicensed(&self, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        self.with_licence(|licence| {
            change(licence);
            self.sign_licence(licence);
        })
    }

    /// The same by what the licence says.
    fn reworded(&self, change: impl FnOnce(&mut ReadLicence)) -> Vec<u8> {
        self.relicensed(|licence| {
            let mut read = ReadLicence::read(licence).unwrap();
            change(&mut read);
            *licence = read.write();
        })
    }

    fn with_licence(&self, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        self.resigned(|covered| {
            let (before, rest) = covered.split_once("<License>").unwrap();
            let (licence, after) = rest.split_once("</License>").unwrap();
            let mut licence = base64::decode(licence.as_bytes()).unwrap();
            change(&mut licence);
            format!("{before}<License>{}</License>{after}", base64::encode(&licence))
        })
    }

    /// CMAC under the key that the device finds in it.
    fn sign_licence(&self, licence: &mut [u8]) {
        let ciphertext = place(licence, [0, 1, 0, 0x0A]) + 8 + 22;
        let ciphertext = licence[ciphertext..ciphertext + 128].try_into().unwrap();
        let x = self.device.encryption_key.decrypt_point(&ciphertext).unwrap();
        let tag = cmac(x.first_chunk().unwrap(), signed_part(licence)).unwrap();
        let end = licence.len();
        licence[end - 16..].copy_from_slice(&tag);
    }
}

/// Where an object begins, by its flags and type.
fn place(licence: &[u8], head: [u8; 4]) -> usize {
    licence.windows(4).position(|window| window == head).unwrap()
}

fn enlarge(licence: &mut [u8], object: usize, by: u32) {
    let length: [u8; 4] = licence[object + 4..object + 8].try_into().unwrap();
    let length = u32::from_be_bytes(length) + by;
    licence[object + 4..object + 8].copy_from_slice(&length.to_be_bytes());
}

#[test]
fn what_is_signed_again_unchanged_is_accepted() {
    let world = World::new(2);
    assert_eq!(world.rule(world.answer().as_bytes()), 0);
    assert_eq!(world.rule(&world.resigned(str::to_owned)), 0);
    assert_eq!(world.rule(&world.relicensed(|_| ())), 0);
    assert_eq!(world.rule(&world.reworded(|_| ())), 0);
}

#[test]
fn another_form_of_the_answer_is_noticed_though_it_is_signed() {
    let world = World::new(1);
    let xml = |from: &'static str, to: &'static str| {
        world.resigned(|covered| {
            assert!(covered.contains(from), "{from}");
            covered.replacen(from, to, 1)
        })
    };
    for (from, to) in [
        ("<Version>1<", "<Version>2<"),
        ("<Version>1</Version>", ""),
        ("<Licenses>", " <Licenses>"),
        ("<Licenses>", "<!-- --><Licenses>"),
        ("<License>", "<License Id=\"1\">"),
        ("</Licenses>", "</Licenses><RevInfo></RevInfo>"),
        ("</Licenses>", "</Licenses><Acknowledgement></Acknowledgement>"),
        ("<License>", "<License>\n"),
        ("xmlns=", "xmlns:x=\"y\" xmlns="),
        ("</LicenseResponse>", "</LicenseResponse >"),
    ] {
        assert_eq!(world.rule(&xml(from, to)), 1, "{from} → {to}");
    }
    let text = world.answer();
    for other in [
        format!("{text}\n"),
        format!("\u{FEFF}{text}"),
        text.replace("soap:", "s:"),
        text.replace("utf-8", "UTF-8"),
        text.replace("</Signature>", "<KeyInfo></KeyInfo></Signature>"),
        text.replace("<soap:Body>", "<soap:Header></soap:Header><soap:Body>"),
    ] {
        assert_eq!(world.rule(other.as_bytes()), 1);
    }
    for (status, content_type) in
        [(201, "text/xml; charset=utf-8"), (200, "text/xml"), (200, "application/json")]
    {
        let answer = Answer { status, content_type, body: text.as_bytes() };
        let mut verifier = Verifier::new(*world.root.public().as_bytes());
        let refused = verifier.verify(&world.device, &world.request, &[], &answer, NOW, None).unwrap_err();
        assert_eq!(refused.rule, 1);
    }
}

#[test]
fn a_signer_who_may_not_sign_is_noticed() {
    let world = World::new(1);
    let signed_under = |change: fn(&mut [Plan; 2])| {
        let mut plans = plans();
        change(&mut plans);
        world.rule(&world.issue(&world.device, &world.policies, &world.chain(&plans), NOW))
    };
    assert_eq!(signed_under(|_| ()), 0);
    for change in [
        (|plans| plans[0].kind = kind::DEVICE) as fn(&mut [Plan; 2]),
        |plans| plans[0].kind = kind::SERVER,
        |plans| plans[1].kind = kind::LICENSE_SIGNER,
        |plans| plans[0].usages = vec![usage::SIGN_RESPONSE],
        |plans| plans[0].usages = vec![usage::SIGN_LICENSE],
        |plans| plans[0].usages = vec![usage::SIGN],
        |plans| plans[1].usages = vec![usage::ISSUER_DEVICE],
        |plans| plans[0].level = 3001,
        |plans| plans[0].expiry = 1,
        |plans| plans[1].expiry = 1,
        |plans| plans[0].digest_of = Some([1; 64]),
    ] {
        assert_eq!(signed_under(change), 2);
    }
    // Signed with another key than the chain's, and under another root.
    let mut other = World::new(1);
    other.signer = PrivateKey::generate(&world.random).unwrap();
    let forged = other.issue(&world.device, &world.policies, &world.chain(&plans()), NOW);
    assert_eq!(world.rule(&forged), 2);
    other.root = PrivateKey::generate(&world.random).unwrap();
    assert_eq!(world.rule(other.answer().as_bytes()), 2);
    let alone = Chain::new(world.chain(&plans()).certificates()[..1].to_vec()).unwrap();
    assert_eq!(world.rule(&world.issue(&world.device, &world.policies, &alone, NOW)), 2);
}

#[test]
fn another_nonce_and_a_response_id_that_is_short_or_came_before_are_noticed() {
    let mut world = World::new(1);
    let nonce = |covered: &str| covered.find("<LicenseNonce>").unwrap() + 14;
    let other = |covered: &str| {
        let (before, after) = covered.split_at(nonce(covered));
        format!("{before}{}{}", base64::encode(&[9; 16]), after.split_at(24).1)
    };
    assert_eq!(world.rule(&world.resigned(other)), 3);
    let short = |covered: &str| {
        let at = covered.find("<ResponseID>").unwrap() + 12;
        format!("{}{}{}", &covered[..at], base64::encode(&[9; 31]), &covered[at + 44..])
    };
    assert_eq!(world.rule(&world.resigned(short)), 3);
    // Recorded for one challenge, played to another.
    let recorded = world.answer();
    world.request.nonce[0] ^= 1;
    assert_eq!(world.rule(recorded.as_bytes()), 3);
}

#[test]
fn licences_that_are_missing_doubled_turned_or_not_asked_for_are_noticed() {
    let world = World::new(3);
    let of = |order: &[usize]| {
        let policies: Vec<_> = order.iter().map(|&place| world.policies[place].clone()).collect();
        world.issue(&world.device, &policies, &world.chain(&plans()), NOW)
    };
    assert_eq!(world.rule(&of(&[0, 1, 2])), 0);
    for order in [&[0, 1][..], &[0], &[0, 2, 1], &[2, 1, 0], &[0, 1, 1], &[0, 1, 2, 2], &[0, 0, 1, 2]] {
        assert_eq!(world.rule(&of(order)), 4, "{order:?}");
    }
    let stranger = [world.policies.clone(), vec![policy(9)]].concat();
    let answer = world.issue(&world.device, &stranger, &world.chain(&plans()), NOW);
    assert_eq!(world.rule(&answer), 4);
    // Without an expectation the header is what counts.
    assert_eq!(world.verify_as(&answer, &stranger).unwrap_err().rule, 4);
    let none = world.resigned(|covered| {
        let (from, to) = (covered.find("<License>").unwrap(), covered.find("</Licenses>").unwrap());
        format!("{}{}", &covered[..from], &covered[to..])
    });
    assert_eq!(world.rule(&none), 4);
    let renamed = world.reworded(|licence| licence.kid = policy(9).kid);
    assert_eq!(world.rule(&renamed), 4);
}

#[test]
fn a_licence_of_another_shape_is_noticed_though_its_cmac_is_right() {
    let world = World::new(1);
    let raw = |change: fn(&mut Vec<u8>)| world.rule(&world.relicensed(change));
    for (number, change) in [
        (|licence| licence[7] = 4) as fn(&mut Vec<u8>),
        |licence| enlarge(licence, 24, 4),
        |licence| enlarge(licence, 32, 1),
        // Flags: the issue date must not be understood, the key must.
        |licence| {
            let at = place(licence, [0, 0, 0, 0x13]);
            licence[at + 1] = 1;
        },
        |licence| {
            let at = place(licence, [0, 0, 0, 0x2A]);
            licence[at + 1] = 1;
        },
        // 0D that allows storing; embedding of another kind.
        |licence| {
            let at = place(licence, [0, 1, 0, 0x0D]);
            licence[at + 9] = 0;
        },
        |licence| {
            let at = place(licence, [0, 0, 0, 0x33]);
            licence[at + 9] = 2;
        },
        // Cipher types that are not issued.
        |licence| {
            let at = place(licence, [0, 1, 0, 0x0A]);
            licence[at + 8 + 19] = 4;
        },
        // An empty object of no known type, and one that is known and not written.
        |licence| {
            let at = place(licence, [0, 0, 0, 0x33]);
            licence.splice(at..at, [0, 0, 0xFF, 0xFD, 0, 0, 0, 8]);
            enlarge(licence, 24, 8);
            enlarge(licence, 32, 8);
        },
        |licence| {
            let at = place(licence, [0, 0, 0, 0x33]);
            licence.splice(at..at, [0, 1, 0, 0x28, 0, 0, 0, 8]);
            enlarge(licence, 24, 8);
            enlarge(licence, 32, 8);
        },
        // 33 before 34.
        |licence| {
            let (at, end) = (place(licence, [0, 1, 0, 0x34]), place(licence, [0, 2, 0, 0x04]));
            let turned = [&licence[at + 10..end], &licence[at..at + 10]].concat();
            licence.splice(at..end, turned);
        },
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(raw(change), 5, "change {number}");
    }
    // Bytes after the signature, and a CMAC that is wrong by a bit.
    assert_eq!(world.rule(&world.with_licence(|licence| licence.push(0))), 5);
    assert_eq!(world.rule(&world.with_licence(|licence| *licence.last_mut().unwrap() ^= 1)), 5);
    let elsewhere = LabDevice { encryption_key: ClientKey::draw(&world.random), ..world.device.clone() };
    // Encrypted to this device, and said to be for another.
    let key = *elsewhere.encryption_key.public();
    assert_eq!(world.rule(&world.reworded(|licence| licence.device_key = key)), 5);
    assert_eq!(world.rule(&world.reworded(|licence| licence.key_type = 5)), 5);
    assert_eq!(world.rule(&world.reworded(|licence| licence.key_type = 6)), 5);
    assert_eq!(world.rule(&world.with_licence(|licence| licence[60] ^= 1)), 5);
    let mut off = World::new(1);
    off.device.encryption_key = elsewhere.encryption_key;
    assert_eq!(off.rule(world.answer().as_bytes()), 5, "another device's licence");
}

#[test]
fn an_integrity_key_that_begins_with_a_zero_is_noticed() {
    let world = World::new(1);
    let public = *world.device.encryption_key.public();
    let drawn = (0..10_000).find_map(|_| {
        let (ciphertext, x) = encrypt_random_point(&public, &world.random)?;
        (x.first() == Some(&0)).then_some(ciphertext)
    });
    let ciphertext = drawn.unwrap();
    let body = world.reworded(|licence| licence.encrypted_key = ciphertext);
    let violation = world.verify_as(&body, &world.policies).unwrap_err();
    assert_eq!((violation.rule, &*violation.what), (5, "CI starts with a zero byte"));
}

#[test]
fn a_rights_id_that_is_not_counted_from_the_nonce_is_noticed() {
    let world = World::new(2);
    assert_eq!(world.rule(&world.reworded(|licence| licence.rights_id[15] ^= 1)), 6);
    assert_eq!(world.rule(&world.reworded(|licence| licence.rights_id = [0; 16])), 6);
    // Licences that are stored have ids of their own, and not the same.
    let mut stored = World::new(2);
    stored.policies.iter_mut().for_each(|policy| policy.persistent = true);
    let second = {
        let mut verifier = Verifier::new(*stored.root.public().as_bytes());
        let text = stored.answer();
        let answer = Answer { status: 200, content_type: "text/xml; charset=utf-8", body: text.as_bytes() };
        let granted = verifier.verify(&stored.device, &stored.request, &[], &answer, NOW, None).unwrap();
        granted.licences[0].licence.rights_id
    };
    assert_ne!(second, stored.request.nonce);
    let doubled = stored.resigned(|covered| {
        let first = covered.split_once("<License>").unwrap().1.split_once("</License>").unwrap().0;
        let first = base64::decode(first.as_bytes()).unwrap();
        let (before, last) = covered.rsplit_once("<License>").unwrap();
        let (last, after) = last.split_once("</License>").unwrap();
        let mut last = base64::decode(last.as_bytes()).unwrap();
        last[8..24].copy_from_slice(&first[8..24]);
        stored.sign_licence(&mut last);
        format!("{before}<License>{}</License>{after}", base64::encode(&last))
    });
    assert_eq!(stored.rule(&doubled), 6);
}

#[test]
fn every_term_that_is_not_the_token_s_is_noticed() {
    let world = World::new(1);
    for (number, change) in [
        (|licence| licence.policy.persistent = true) as fn(&mut ReadLicence),
        |licence| licence.policy.dates = None,
        |licence| licence.policy.dates.as_mut().unwrap().0 -= 1,
        |licence| licence.policy.dates.as_mut().unwrap().1 += 1,
        |licence| licence.policy.expiration_after_first_play = None,
        |licence| licence.policy.expiration_after_first_play = Some(61),
        |licence| licence.policy.metadata.clear(),
        |licence| licence.policy.metadata[0].1.push(b'!'),
        |licence| licence.policy.metadata[0].0 = Guid::from_u128(1),
        |licence| licence.policy.metadata.push((Guid::from_u128(1), Vec::new())),
        |licence| licence.policy.minimum_security_level = 150,
        |licence| licence.policy.output_protection[0] = 1,
        |licence| licence.policy.output_protection[1] = 1,
        |licence| licence.policy.output_protection[2] = 1,
        |licence| licence.policy.output_protection[3] = 1,
        |licence| licence.policy.output_protection[4] = 1,
        |licence| licence.policy.explicit_outputs.clear(),
        |licence| licence.policy.explicit_outputs[0].data[3] = 0,
        |licence| licence.policy.explicit_outputs[0].output = OutputKind::DigitalAudio,
        |licence| licence.policy.play_enablers.clear(),
        |licence| licence.policy.play_enablers.push(known::AIRPLAY),
        |licence| licence.issued += 6,
        |licence| licence.issued -= 6,
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(world.rule(&world.reworded(change)), 7, "change {number}");
    }
    for off in [-5, 5] {
        let answer = world.issue(&world.device, &world.policies, &world.chain(&plans()), NOW + off);
        assert_eq!(world.rule(&answer), 0, "{off} s");
    }
    // Not yet, and no more, whatever was expected.
    for dates in [(1, u32::MAX), (0, 0)] {
        let begin = u32::try_from(NOW).unwrap() * dates.0 + dates.0;
        let body = world.reworded(|licence| licence.policy.dates = Some((begin, dates.1)));
        assert_eq!(world.rule(&body), 7);
    }
}

#[test]
fn a_key_that_is_another_one_or_stands_in_clear_is_noticed() {
    let mut world = World::new(1);
    let mut other = world.policies.clone();
    other[0].content_key = ContentKey::from_bytes([0x55; 16]);
    let answer = world.issue(&world.device, &other, &world.chain(&plans()), NOW);
    assert_eq!(world.rule(&answer), 8);
    let key = *world.policies[0].content_key.expose();
    for payload in [key.to_vec(), [b"a".as_slice(), &key, b"b"].concat()] {
        world.policies[0].extension = Some(Extension { kind: *b"abcd", payload });
        assert_eq!(world.rule(world.answer().as_bytes()), 8);
    }
}

#[test]
fn a_fault_of_another_form_or_code_is_noticed() {
    let custom_data = r#"{"code":-4010,"message":"m"}"#;
    let fault = crate::Fault {
        code: crate::FaultCode::ServiceSpecific,
        message: "m",
        actor: "/hms/pr/rights/",
        custom_data,
    };
    let good = String::from_utf8(fault.to_soap()).unwrap();
    let rule = |body: &str| {
        let answer = Answer { status: 500, content_type: "text/xml; charset=utf-8", body: body.as_bytes() };
        Verifier::verify_fault(&answer).map_or_else(|violation| violation.rule, |_| 0)
    };
    assert_eq!(rule(&good), 0);
    for (from, to) in [
        ("0x8004c604", "0x8004c603"),
        ("0x8004c604", "0x8004C604"),
        ("0x8004c604", "8004c604"),
        ("0x8004c604", "-2147170812"),
        ("<detail>", "<detail xmlns=\"http://schemas.microsoft.com/DRM/2007/03/protocols\">"),
        ("<Exception>", "<Exception xmlns=\"\">"),
        ("/hms/pr/rights/<", "/hms/pr/rights/?ExpressPlayToken=x<"),
        ("soap:Server", "soap:Client"),
        ("-4010", "\\u"),
        ("&quot;code&quot;:-4010,", ""),
        ("-4010", "&quot;-4010&quot;"),
        ("<faultstring>m<", "<faultstring>another<"),
        ("</soap:Envelope>", "</soap:Envelope>\n"),
        ("</detail>", "<StackTrace>at</StackTrace></detail>"),
    ] {
        assert!(good.contains(from), "{from} is not in {good}");
        assert_eq!(rule(&good.replacen(from, to, 1)), 9, "{from} → {to}");
    }
}
