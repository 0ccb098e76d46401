//! The player's request, of which only size and version are looked at: the rest is the key server's.

use std::fmt;
use std::ops::RangeInclusive;

use thiserror::Error;

/// The sizes of an SPC, in bytes.
pub const SPC_BYTES: RangeInclusive<usize> = 64..=32 * 1024;

/// The versions that a server playback context may have: 1 to 3 today, and a new one is the key server's
/// to refuse.
const VERSIONS: RangeInclusive<u32> = 1..=255;

/// A server playback context: what Apple's player sends, closed to us. Prints its size and version alone.
#[derive(Clone, Eq, PartialEq)]
pub struct Spc {
    bytes: Vec<u8>,
    version: u8,
}

/// Why bytes are no SPC.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SpcError {
    /// A certificate in its place, a mistake seen in public.
    #[error("this is a certificate, not an SPC: the player makes the SPC from the certificate")]
    Certificate,
    /// Too few or too many bytes.
    #[error("the SPC has {got} bytes, expected {} to {}", SPC_BYTES.start(), SPC_BYTES.end())]
    Size {
        /// How many came.
        got: usize,
    },
    /// The first four bytes are no version.
    #[error("the first four bytes are {got} (0x{got:08x}), expected the version of an SPC, 1 to 255")]
    Version {
        /// They, as a big-endian number.
        got: u32,
    },
}

impl Spc {
    /// Takes bytes of the right size that start with a version.
    ///
    /// # Errors
    /// [`SpcError`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, SpcError> {
        // A certificate is told apart before its size is judged: it is the more useful answer.
        if bytes.starts_with(&[0x30, 0x82]) {
            return Err(SpcError::Certificate);
        }
        if !SPC_BYTES.contains(&bytes.len()) {
            return Err(SpcError::Size { got: bytes.len() });
        }
        let first = bytes.first_chunk::<4>().copied().expect("64 bytes have a first four");
        let got = u32::from_be_bytes(first);
        match u8::try_from(got) {
            Ok(version) if VERSIONS.contains(&got) => Ok(Self { bytes, version }),
            _ => Err(SpcError::Version { got }),
        }
    }

    /// All of it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its version, 1 to 255.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }
}

impl fmt::Debug for Spc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spc(version {}, {} bytes)", self.version, self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spc(first: u32, length: usize) -> Result<Spc, SpcError> {
        let mut bytes = first.to_be_bytes().to_vec();
        bytes.resize(length, 0xEE);
        Spc::new(bytes)
    }

    #[test]
    fn sizes_from_64_bytes_to_32_kibibytes_are_taken() {
        assert_eq!(spc(1, 63), Err(SpcError::Size { got: 63 }));
        assert!(spc(1, 64).is_ok());
        assert!(spc(1, 32_768).is_ok());
        assert_eq!(spc(1, 32_769), Err(SpcError::Size { got: 32_769 }));
    }

    #[test]
    fn versions_from_1_to_255_are_taken() {
        assert_eq!(spc(0, 64), Err(SpcError::Version { got: 0 }));
        assert_eq!(spc(1, 64).unwrap().version(), 1);
        assert_eq!(spc(255, 64).unwrap().version(), 255);
        assert_eq!(spc(256, 64), Err(SpcError::Version { got: 256 }));
        assert_eq!(
            spc(0x3C68_746D, 64).unwrap_err().to_string(),
            "the first four bytes are 1013478509 (0x3c68746d), expected the version of an SPC, 1 to 255"
        );
    }

    #[test]
    fn a_certificate_of_any_size_is_named_as_one() {
        assert_eq!(spc(0x3082_0310, 800), Err(SpcError::Certificate));
        assert_eq!(spc(0x3082_0310, 10), Err(SpcError::Certificate));
    }

    #[test]
    fn an_spc_prints_nothing_of_its_contents() {
        assert_eq!(format!("{:?}", spc(3, 70).unwrap()), "Spc(version 3, 70 bytes)");
    }
}
