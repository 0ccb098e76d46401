//! Rings of keys: several are valid at once, one is current, and none is ever in clear at rest.

use std::fmt;

use jiff::Timestamp;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::Environment;

/// What a key of a ring is for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Purpose {
    /// Seals tokens.
    Sealing,
    /// Derives the signing keys of Widevine licences (widevine.md, section 6).
    LicenceSession,
    /// Wraps account keys and lab credentials (key-storage.md, section 10).
    Storage,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sealing, Self::LicenceSession, Self::Storage];

    /// The word in the database and in associated data.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sealing => "sealing",
            Self::LicenceSession => "licence-session",
            Self::Storage => "storage",
        }
    }
}

/// The number of a key within its environment and purpose: 1, 2, …
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key of a ring as the database has it: wrapped under the master key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WrappedRingKey {
    /// Whose.
    pub environment: Environment,
    /// What for.
    pub purpose: Purpose,
    /// Its number.
    pub id: KeyId,
    /// The 32 bytes, sealed under the master key (nonce first).
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// 32 bytes of key material that do not print and are wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret32([u8; 32]);

impl Secret32 {
    /// Takes the bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32(..)")
    }
}
