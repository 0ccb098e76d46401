//! The two ciphers that content is encrypted with (playready.md, section 10: ALGID).

use std::fmt;

/// How the content is encrypted.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Algorithm {
    /// AES-128 in counter mode: `cenc`.
    AesCtr,
    /// AES-128 in CBC mode: `cbcs`.
    AesCbc,
}

impl Algorithm {
    /// Reads what a header's ALGID and a token's `algId` write.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "AESCTR" => Some(Self::AesCtr),
            "AESCBC" => Some(Self::AesCbc),
            _ => None,
        }
    }

    /// `AESCTR` or `AESCBC`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCtr => "AESCTR",
            Self::AesCbc => "AESCBC",
        }
    }

    /// The key type of an XMR content key (section 7): 1 or 5.
    #[must_use]
    pub const fn key_type(self) -> u16 {
        match self {
            Self::AesCtr => 1,
            Self::AesCbc => 5,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
