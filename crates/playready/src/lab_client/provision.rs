//! A device that provisions itself from the group's two files (section 11).

use std::fmt;

use drm_primitives::Random;
use thiserror::Error;

use super::crypto::{ClientKey, sha_256};
use super::cursor::Cursor;
use crate::bcert::{feature, kind, object_tag, usage};

/// A device: its chain and its two keys. All three can be exchanged, to make it lie.
#[derive(Clone)]
pub struct LabDevice {
    /// CHAI: [leaf, group, company].
    pub chain: Vec<u8>,
    /// Signs challenges.
    pub signing_key: ClientKey,
    /// Receives content keys.
    pub encryption_key: ClientKey,
}

/// What the leaf says of itself.
#[derive(Clone, Copy, Debug)]
pub struct LeafSettings {
    /// Names the device.
    pub client_id: [u8; 16],
    /// `None`: the group's.
    pub security_level: Option<u32>,
    /// Unix seconds; `u32::MAX` is never.
    pub expiry: u32,
    /// Type of the certificate.
    pub kind: u32,
}

/// Why the files make no device.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ProvisionError {
    /// `bgroupcert.dat` is no chain.
    #[error("bgroupcert.dat is no chain of certificates with a MANUFACTURER in the first")]
    Chain,
    /// `zgpriv.dat` is no key.
    #[error("zgpriv.dat is no private key of P-256")]
    PrivateKey,
    /// The two do not belong together.
    #[error("zgpriv.dat is not the key of the first certificate in bgroupcert.dat")]
    Mismatch,
}

impl LeafSettings {
    /// A device at the group's level that never expires.
    #[must_use]
    pub const fn new(client_id: [u8; 16]) -> Self {
        Self { client_id, security_level: None, expiry: u32::MAX, kind: kind::DEVICE }
    }
}

/// What the leaf needs from the group's certificate.
struct Group<'a> {
    level: u32,
    key: [u8; 64],
    /// The whole object.
    manufacturer: &'a [u8],
}

impl LabDevice {
    /// Makes two keys, and a leaf in front of the group's chain.
    ///
    /// # Errors
    /// [`ProvisionError`].
    pub fn provision(
        bgroupcert: &[u8],
        zgpriv: &[u8; 32],
        settings: &LeafSettings,
        random: &dyn Random,
    ) -> Result<Self, ProvisionError> {
        let (count, certificates, group) = read_group(bgroupcert).ok_or(ProvisionError::Chain)?;
        let issuer = ClientKey::from_scalar(zgpriv).ok_or(ProvisionError::PrivateKey)?;
        if *issuer.public() != group.key {
            return Err(ProvisionError::Mismatch);
        }
        let (signing_key, encryption_key) = (ClientKey::draw(random), ClientKey::draw(random));
        let leaf = leaf(settings, &group, &signing_key, &encryption_key, &issuer, random);
        let mut chain = b"CHAI".to_vec();
        for number in [1, size(20 + leaf.len() + certificates.len()), 0, count + 1] {
            chain.extend(number.to_be_bytes());
        }
        chain.extend(leaf);
        chain.extend(certificates);
        Ok(Self { chain, signing_key, encryption_key })
    }
}

impl fmt::Debug for LabDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LabDevice(..)")
    }
}

/// The number of certificates, their bytes, and the first one.
fn read_group(chain: &[u8]) -> Option<(u32, &[u8], Group<'_>)> {
    let mut cursor = Cursor(chain);
    let magic = cursor.bytes(4)?;
    let (version, total, _flags, count) = (cursor.long()?, cursor.size()?, cursor.long()?, cursor.long()?);
    if magic != b"CHAI" || version != 1 || total != chain.len() {
        return None;
    }
    let certificates = cursor.0;
    let (magic, version, _total) = (cursor.bytes(4)?, cursor.long()?, cursor.long()?);
    let signed_length = cursor.size()?;
    if magic != b"CERT" || version != 1 {
        return None;
    }
    let mut objects = Cursor(cursor.bytes(signed_length.checked_sub(16)?)?);
    let (mut level, mut key, mut manufacturer) = (None, None, None);
    while !objects.done() {
        let start = objects.0;
        let (_flags, tag, length) = (objects.short()?, objects.short()?, objects.size()?);
        let body = objects.bytes(length.checked_sub(8)?)?;
        match tag {
            object_tag::BASIC => level = Some(u32::from_be_bytes(body.get(16..20)?.try_into().ok()?)),
            object_tag::KEY => key = Some(body.get(12..76)?.try_into().ok()?),
            object_tag::MANUFACTURER => manufacturer = Some(start.get(..length)?),
            _ => {}
        }
    }
    Some((count, certificates, Group { level: level?, key: key?, manufacturer: manufacturer? }))
}

fn leaf(
    settings: &LeafSettings,
    group: &Group<'_>,
    signing: &ClientKey,
    encryption: &ClientKey,
    issuer: &ClientKey,
    random: &dyn Random,
) -> Vec<u8> {
    let numbers =
        |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<_>>();
    let object = |tag: u16, parts: &[&[u8]]| {
        let body = parts.concat();
        [&[0, 1], tag.to_be_bytes().as_slice(), &size(body.len() + 8).to_be_bytes(), &body].concat()
    };
    let key = |key: &ClientKey, usage| {
        [&[0, 1, 2, 0, 0, 0, 0, 0], key.public().as_slice(), &numbers(&[1, usage])].concat()
    };
    let level = settings.security_level.unwrap_or(group.level);
    let objects = [
        object(
            object_tag::BASIC,
            &[
                &random.array::<16>(),
                &numbers(&[level, 0, settings.kind]),
                &sha_256(signing.public()),
                &settings.expiry.to_be_bytes(),
                &settings.client_id,
            ],
        ),
        object(object_tag::DEVICE, &[&numbers(&[10_240, 15_360, 2])]),
        object(
            object_tag::FEATURE,
            &[&numbers(&[3, feature::SECURE_CLOCK, feature::REVOCATION_LISTS, feature::PLAYREADY_3])],
        ),
        object(
            object_tag::KEY,
            &[&numbers(&[2]), &key(signing, usage::SIGN), &key(encryption, usage::ENCRYPT_KEY)],
        ),
        group.manufacturer.to_vec(),
    ]
    .concat();
    let signed_length = 16 + objects.len();
    let signed =
        [b"CERT", numbers(&[1, size(signed_length + 144), size(signed_length)]).as_slice(), &objects]
            .concat();
    let signature = issuer.sign(&signed);
    let signature =
        object(object_tag::SIGNATURE, &[&[0, 1, 0, 64], &signature, &512_u32.to_be_bytes(), issuer.public()]);
    [signed, signature].concat()
}

fn size(length: usize) -> u32 {
    u32::try_from(length).expect("certificates are short")
}
