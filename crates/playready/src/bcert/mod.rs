//! Device certificates: `BCert` (playready.md, section 3). All integers big-endian.
//!
//! [`Chain::parse`] reads exact lengths only; [`Identity::verify`](crate::challenge::Identity::verify) checks a chain against the one
//! root that it knows; [`CertificateBody::sign`] writes.

mod parse;
mod revocation;
mod tables;
mod verify;
mod write;

pub use parse::ChainSyntaxError;
pub use revocation::{RevocationListError, Revocations};
pub use tables::{FeatureCode, feature, kind, object_tag, usage};
pub use verify::{ChainError, Trust, VerifyError};

use aws_lc_rs::digest;

/// The certificates of a chain: the leaf first, the last signed by the root, which is not in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chain {
    certificates: Vec<Certificate>,
}

/// A signed certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    body: CertificateBody,
    signature: [u8; 64],
    issuer_key: [u8; 64],
    encoded: Vec<u8>,
    signed_length: usize,
}

/// What a certificate says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertificateBody {
    /// The object that comes first.
    pub basic: Basic,
    /// The objects after it, in their order.
    pub objects: Vec<Object>,
}

/// BASIC, tag 1, without its flags, which have to be 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Basic {
    /// Names the certificate.
    pub certificate_id: [u8; 16],
    /// 150, 2000 or 3000.
    pub security_level: u32,
    /// One of [`kind`].
    pub kind: u32,
    /// SHA-256 of the first key.
    pub key_digest: [u8; 32],
    /// Unix seconds; `u32::MAX` is never.
    pub expiry: u32,
    /// Names the device.
    pub client_id: [u8; 16],
}

/// An object after BASIC, with its flags (1: must understand; 2: container).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    /// The flags as they came.
    pub flags: u16,
    /// What it says.
    pub content: ObjectContent,
}

/// What an object says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ObjectContent {
    /// DEVICE, tag 4: the largest licence, the largest header, the longest licence chain.
    Device {
        /// Bytes.
        maximum_licence: u32,
        /// Bytes.
        maximum_header: u32,
        /// Licences.
        maximum_chain_depth: u32,
    },
    /// FEATURE, tag 5: values of [`feature`].
    Features(Vec<u32>),
    /// KEY, tag 6.
    Keys(Vec<CertifiedKey>),
    /// MANUFACTURER, tag 7.
    Manufacturer(Manufacturer),
    /// An object that this page does not know and that need not be understood.
    Unknown {
        /// Its tag.
        tag: u16,
        /// Its body, without the 8 bytes in front.
        body: Vec<u8>,
    },
}

/// A key and what it may do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CertifiedKey {
    /// Flags as they came.
    pub flags: u32,
    /// X‖Y; whether it lies on the curve is checked when the chain is verified.
    pub key: [u8; 64],
    /// Values of [`usage`].
    pub usages: Vec<u32>,
}

/// Who made the device. Texts are bytes without the NUL at their end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Manufacturer {
    /// Flags as they came.
    pub flags: u32,
    /// The company.
    pub maker: Vec<u8>,
    /// The model's name.
    pub model: Vec<u8>,
    /// The model's number.
    pub number: Vec<u8>,
}

impl Chain {
    /// The fewest and the most certificates of any chain.
    pub const COUNT: std::ops::RangeInclusive<usize> = 1..=6;

    /// The certificates, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The first certificate.
    #[must_use]
    pub fn leaf(&self) -> &Certificate {
        self.certificates.first().expect("a chain has at least one certificate")
    }
}

impl Certificate {
    /// What it says.
    #[must_use]
    pub const fn body(&self) -> &CertificateBody {
        &self.body
    }

    /// The bytes that the signature covers, as they came.
    #[must_use]
    pub fn signed_bytes(&self) -> &[u8] {
        self.encoded.get(..self.signed_length).unwrap_or_default()
    }

    /// The whole certificate, as it came.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }

    /// SHA-256 over the signed part: one of the two digests that a revocation list may name.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(self.signed_bytes())
    }

    /// r‖s over [`Certificate::signed_bytes`].
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The key that it says it was signed with, X‖Y.
    #[must_use]
    pub const fn issuer_key(&self) -> &[u8; 64] {
        &self.issuer_key
    }
}

impl CertificateBody {
    /// Its keys, in order.
    #[must_use]
    pub fn keys(&self) -> &[CertifiedKey] {
        self.objects
            .iter()
            .find_map(|object| match &object.content {
                ObjectContent::Keys(keys) => Some(keys.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// The first key with that usage.
    #[must_use]
    pub fn key_for(&self, usage: u32) -> Option<&[u8; 64]> {
        self.keys().iter().find(|key| key.usages.contains(&usage)).map(|key| &key.key)
    }

    /// Its features; empty when it lists none.
    #[must_use]
    pub fn features(&self) -> &[u32] {
        self.objects
            .iter()
            .find_map(|object| match &object.content {
                ObjectContent::Features(features) => Some(features.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Who made it, if it says so.
    #[must_use]
    pub fn manufacturer(&self) -> Option<&Manufacturer> {
        self.objects.iter().find_map(|object| match &object.content {
            ObjectContent::Manufacturer(manufacturer) => Some(manufacturer),
            _ => None,
        })
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (byte, hashed) in hash.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
        *byte = *hashed;
    }
    hash
}
