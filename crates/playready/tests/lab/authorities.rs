//! Chains that somebody signed, up to a root that is trusted, and that are not to be trusted all the same (section 3).

use drm_primitives::{Random as _, SequenceRandom};
use playready::bcert::{
    Basic, Certificate, CertificateBody, CertifiedKey, Chain, ChainError, ChainSyntaxError, Object,
    ObjectContent, kind, usage,
};
use playready::curve::PrivateKey;
use playready::lab_client::{ClientKey, LabDevice};
use playready::{Challenge, Device, Refusal, Revocations, Trust};

use crate::kit::{Lab, MATERIAL, NOW};

/// A key and what it says that it is for.
#[derive(Clone)]
struct Key {
    key: [u8; 64],
    usages: Vec<u32>,
}

/// A certificate to be: a test changes what it wants to.
struct Plan {
    kind: u32,
    level: u32,
    expiry: u32,
    keys: Vec<Key>,
    key_digest: Option<[u8; 32]>,
    /// Whose key signs it: the next one's, unless a test says otherwise.
    signer: Option<PrivateKey>,
}

/// Certificates to be, leaf first, under a root of their own.
struct World {
    random: SequenceRandom,
    root: PrivateKey,
    /// The issuers' private keys, in the order of `plans` from the second on.
    issuers: Vec<PrivateKey>,
    device: LabDevice,
    plans: Vec<Plan>,
}

impl World {
    /// A chain of so many that is good in every way.
    fn new(count: usize) -> Self {
        let random = SequenceRandom::new(900 << 32);
        let device = LabDevice {
            chain: Vec::new(),
            signing_key: ClientKey::draw(&random),
            encryption_key: ClientKey::draw(&random),
        };
        let mut plans = vec![Plan::new(
            kind::DEVICE,
            vec![
                Key { key: *device.signing_key.public(), usages: vec![usage::SIGN] },
                Key { key: *device.encryption_key.public(), usages: vec![usage::ENCRYPT_KEY] },
            ],
        )];
        let issuers: Vec<_> = (1..count).map(|_| PrivateKey::generate(&random).unwrap()).collect();
        plans.extend(issuers.iter().map(|issuer| {
            let key = Key { key: *issuer.public().as_bytes(), usages: vec![usage::ISSUER_DEVICE] };
            Plan::new(kind::ISSUER, vec![key])
        }));
        Self { root: PrivateKey::generate(&random).unwrap(), random, issuers, device, plans }
    }

    fn certificates(&self) -> Vec<Certificate> {
        let sign = |(index, plan): (usize, &Plan)| {
            let next = self.issuers.get(index).unwrap_or(&self.root);
            plan.sign(plan.signer.as_ref().unwrap_or(next), &self.random)
        };
        self.plans.iter().enumerate().map(sign).collect()
    }

    /// What becomes of a challenge with these certificates.
    fn identify_as(&self, chain: Vec<u8>) -> Result<Device, Refusal> {
        let lab = Lab::new(901, 1);
        let mut device = self.device.clone();
        device.chain = chain;
        let body = lab.challenge(&device, &lab.request("4.0.0.0", Some("AESCTR")));
        let trust = Trust::new(self.root.public());
        let server = MATERIAL.issuer();
        let challenge = Challenge::parse(&body)?;
        challenge.check_signature()?.open(server.server_key())?.verify(&trust, NOW, &Revocations::default())
    }

    fn identify(&self) -> Result<Device, Refusal> {
        self.identify_as(Chain::new(self.certificates()).unwrap().to_bytes())
    }
}

impl Plan {
    fn new(kind: u32, keys: Vec<Key>) -> Self {
        Self { kind, level: 2000, expiry: u32::MAX, keys, key_digest: None, signer: None }
    }

    fn sign(&self, issuer: &PrivateKey, random: &SequenceRandom) -> Certificate {
        let keys =
            self.keys.iter().map(|key| CertifiedKey { flags: 0, key: key.key, usages: key.usages.clone() });
        let mut certificate_id = [0; 16];
        random.fill(&mut certificate_id);
        let own_digest = || sha256(&self.keys[0].key);
        let basic = Basic {
            certificate_id,
            security_level: self.level,
            kind: self.kind,
            key_digest: self.key_digest.unwrap_or_else(own_digest),
            expiry: self.expiry,
            client_id: [7; 16],
        };
        let keys = Object { flags: 1, content: ObjectContent::Keys(keys.collect()) };
        CertificateBody { basic, objects: vec![keys] }.sign(&issuer.to_signing_key())
    }
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes).as_ref().try_into().unwrap()
}

/// The refusal of a chain of three after a change.
fn refused(change: impl FnOnce(&mut World)) -> Refusal {
    let mut world = World::new(3);
    change(&mut world);
    world.identify().unwrap_err()
}

fn untrusted(error: ChainError) -> Refusal {
    Refusal::DeviceUntrusted(error)
}

#[test]
fn two_to_six_certificates_are_a_chain_and_seven_cannot_be_read() {
    for count in 2..=6 {
        assert_eq!(World::new(count).identify().unwrap().security_level(), 2000, "{count}");
    }
    assert_eq!(World::new(1).identify().unwrap_err(), untrusted(ChainError::Count { got: 1 }));
    let world = World::new(7);
    assert_eq!(Chain::new(world.certificates()), Err(ChainSyntaxError::Count { got: 7 }));
    // As long as it says, and honest about it.
    let mut bytes = Chain::new(world.certificates()[..6].to_vec()).unwrap().to_bytes();
    bytes.extend(world.certificates()[6].to_bytes());
    let length = u32::try_from(bytes.len()).unwrap();
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[19] = 7;
    assert_eq!(Chain::parse(&bytes), Err(ChainSyntaxError::Count { got: 7 }));
    assert_eq!(world.identify_as(bytes).unwrap_err(), Refusal::Unreadable);
}

#[test]
fn every_certificate_has_to_be_of_the_type_that_its_place_asks_for() {
    for (index, kind, expected) in [
        (0, kind::PC, kind::DEVICE),
        (0, kind::ISSUER, kind::DEVICE),
        (0, kind::APPLICATION, kind::DEVICE),
        (1, kind::DEVICE, kind::ISSUER),
        (1, kind::LICENSE_SIGNER, kind::ISSUER),
        (2, kind::SERVER, kind::ISSUER),
    ] {
        let got = refused(|world| world.plans[index].kind = kind);
        assert_eq!(got, untrusted(ChainError::Kind { index, got: kind, expected }));
    }
}

#[test]
fn a_key_for_something_else_issues_signs_and_receives_nothing() {
    for other in [usage::SIGN, usage::ISSUER_ALL, usage::ISSUER_SIGN_LICENSE, usage::SIGN_RESPONSE] {
        for index in [1, 2] {
            let got = refused(|world| world.plans[index].keys[0].usages = vec![other]);
            assert_eq!(got, untrusted(ChainError::Usage { index, usage: usage::ISSUER_DEVICE }));
        }
    }
    for (key, usage) in [(0, usage::SIGN), (1, usage::ENCRYPT_KEY)] {
        let got = refused(|world| world.plans[0].keys[key].usages = vec![usage::SIGN_CRL]);
        assert_eq!(got, untrusted(ChainError::Usage { index: 0, usage }));
    }
    // The issuer has the right usage at one key, and signs with another of its own.
    let got = refused(|world| {
        let other = PrivateKey::generate(&world.random).unwrap();
        let key = Key { key: *other.public().as_bytes(), usages: vec![usage::SIGN] };
        world.plans[1].keys.push(key);
        world.plans[0].signer = Some(other);
    });
    assert_eq!(got, untrusted(ChainError::Issuer { index: 0 }));
}

#[test]
fn a_link_that_is_missing_or_bent_breaks_the_chain() {
    let other = || PrivateKey::generate(&SequenceRandom::new(902 << 32)).unwrap();
    for index in [0, 1] {
        let got = refused(|world| world.plans[index].signer = Some(other()));
        assert_eq!(got, untrusted(ChainError::Issuer { index }));
    }
    let got = refused(|world| world.plans[2].signer = Some(other()));
    assert_eq!(got, untrusted(ChainError::ForeignRoot));
    // A company that signs itself is no root.
    let got = refused(|world| world.plans[2].signer = world.issuers.last().cloned());
    assert_eq!(got, untrusted(ChainError::ForeignRoot));

    let world = World::new(4);
    let [leaf, group, division, company] = world.certificates().try_into().unwrap();
    let of = |certificates: Vec<Certificate>| {
        world.identify_as(Chain::new(certificates).unwrap().to_bytes()).unwrap_err()
    };
    let skipped = of(vec![leaf.clone(), group.clone(), company.clone()]);
    assert_eq!(skipped, untrusted(ChainError::Issuer { index: 1 }));
    let turned = of(vec![leaf.clone(), division.clone(), group.clone(), company.clone()]);
    assert_eq!(turned, untrusted(ChainError::Issuer { index: 0 }));
    let cut = of(vec![leaf.clone(), group.clone(), division.clone()]);
    assert_eq!(cut, untrusted(ChainError::ForeignRoot));
    let twice = of(vec![leaf, group.clone(), group, division, company]);
    assert_eq!(twice, untrusted(ChainError::Issuer { index: 1 }));
}

#[test]
fn a_certificate_anywhere_in_the_chain_expires_and_has_at_most_its_issuer_s_level() {
    let now = u32::try_from(NOW).unwrap();
    for index in 0..3 {
        let got = refused(|world| world.plans[index].expiry = now - 1);
        assert_eq!(got, untrusted(ChainError::Expired { index, expiry: now - 1, now: NOW }));
        let got = refused(|world| world.plans[index].expiry = 0);
        assert_eq!(got, untrusted(ChainError::Expired { index, expiry: 0, now: NOW }));
    }
    for index in 0..2 {
        let got = refused(|world| world.plans[index].level = 2001);
        assert_eq!(got, untrusted(ChainError::Level { index, level: 2001, issuer: 2000 }));
    }
    let mut world = World::new(3);
    (world.plans[0].level, world.plans[1].level, world.plans[2].level) = (150, 2000, 3000);
    (0..3).for_each(|index| world.plans[index].expiry = now);
    assert_eq!(world.identify().unwrap().security_level(), 150);
}

#[test]
fn a_digest_of_another_key_and_points_off_the_curve_are_found_in_every_certificate() {
    for index in 0..3 {
        let got = refused(|world| world.plans[index].key_digest = Some([1; 32]));
        assert_eq!(got, untrusted(ChainError::KeyDigest { index }));
        for off in [[0; 64], [0xFF; 64], [1; 64]] {
            let got = refused(|world| {
                world.plans[index].keys.push(Key { key: off, usages: vec![usage::SIGN_CRL] });
            });
            assert_eq!(got, untrusted(ChainError::OffCurve { index }));
        }
    }
    // The key that a licence would be encrypted to.
    let got = refused(|world| world.plans[0].keys[1].key[63] ^= 1);
    assert_eq!(got, untrusted(ChainError::OffCurve { index: 0 }));
}

/// Where the chain of a lab's device says how long something is, or how many there are.
fn lengths(chain: &[u8]) -> Vec<(usize, &'static str)> {
    let number = |at: usize| u32::from_be_bytes(chain[at..at + 4].try_into().unwrap()) as usize;
    let tag = |at: usize| u16::from_be_bytes(chain[at..at + 2].try_into().unwrap());
    let mut found = vec![(8, "chain"), (16, "certificates")];
    let mut at = 20;
    while at < chain.len() {
        found.extend([(at + 8, "certificate"), (at + 12, "signed part")]);
        let end = at + number(at + 8);
        let mut object = at + 16;
        while object < end {
            found.push((object + 4, "object"));
            let body = object + 8;
            match tag(object + 2) {
                5 => found.push((body, "features")),
                6 => {
                    found.push((body, "keys"));
                    let mut key = body + 4;
                    for _ in 0..number(body) {
                        found.push((key + 72, "usages"));
                        key += 76 + 4 * number(key + 72);
                    }
                }
                7 => {
                    let mut text = body + 4;
                    for _ in 0..3 {
                        found.push((text, "text"));
                        text += 4 + number(text).next_multiple_of(4);
                    }
                }
                8 => found.extend([(body, "signature"), (body + 68, "issuer's key")]),
                _ => {}
            }
            object += number(object + 4);
        }
        at = end;
    }
    found
}

#[test]
fn a_length_or_a_count_that_lies_is_found_wherever_it_stands() {
    let chain = Lab::new(903, 1).device().chain;
    let places = lengths(&chain);
    assert!(places.len() > 30, "{places:?}");
    for (at, of) in places {
        let honest = u32::from_be_bytes(chain[at..at + 4].try_into().unwrap());
        let lies = [
            0,
            1,
            honest - 1,
            honest + 1,
            honest + 2,
            honest + 4,
            honest.saturating_sub(4),
            honest * 2,
            honest ^ 0x8000_0000,
            i32::MAX.cast_unsigned(),
            u32::MAX - 7,
            u32::MAX,
        ];
        for lie in lies.into_iter().filter(|lie| *lie != honest) {
            let mut altered = chain.clone();
            altered[at..at + 4].copy_from_slice(&lie.to_be_bytes());
            assert!(Chain::parse(&altered).is_err(), "{of} at {at}: {lie} in place of {honest}");
        }
    }
}
