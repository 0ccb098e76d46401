//! The lab SPC: 128 bytes that say so.

use drm_primitives::Random;

use crate::spc::Spc;

/// The text behind the version.
const MARK: &[u8; 17] = b"BOXOFFICE LAB SPC";

/// The version and the mark.
const HEAD: usize = 4 + MARK.len();

/// A lab SPC: version 1, a text, 16 random bytes, zeros.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LabSpc {
    nonce: [u8; 16],
}

impl LabSpc {
    /// Its size in bytes.
    pub const BYTES: usize = 128;

    /// Draws one.
    #[must_use]
    pub fn draw(random: &dyn Random) -> Self {
        Self { nonce: random.array() }
    }

    /// Reads one; `None` if the bytes are anything else.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&1_u32.to_be_bytes())?.strip_prefix(MARK)?;
        let (nonce, zeros) = rest.split_first_chunk()?;
        let padded = zeros.iter().all(|byte| *byte == 0) && bytes.len() == Self::BYTES;
        padded.then_some(Self { nonce: *nonce })
    }

    /// The 128 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&1_u32.to_be_bytes());
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&self.nonce);
        debug_assert_eq!(bytes.len(), HEAD + 16, "the nonce follows the mark");
        bytes.resize(Self::BYTES, 0);
        bytes
    }

    /// The same as an SPC to send.
    #[must_use]
    pub fn to_spc(&self) -> Spc {
        Spc::new(self.to_bytes()).expect("128 bytes with version 1 are an SPC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::{SequenceRandom, hex};

    #[test]
    fn a_lab_spc_is_written_as_specified_and_read_back() {
        let spc = LabSpc { nonce: [0xAA; 16] };
        let expected = format!(
            "00000001{}{}{}",
            "424f584f4646494345204c414220535043",
            "aa".repeat(16),
            "00".repeat(128 - 4 - 17 - 16)
        );
        assert_eq!(hex::encode(&spc.to_bytes()), expected);
        assert_eq!(LabSpc::read(&spc.to_bytes()), Some(spc));
        assert_eq!(spc.to_spc().version(), 1);
    }

    #[test]
    fn anything_else_is_no_lab_spc() {
        let good = LabSpc::draw(&SequenceRandom::new(1)).to_bytes();
        assert!(LabSpc::read(&good).is_some());
        assert_eq!(LabSpc::read(&good[..127]), None);
        assert_eq!(LabSpc::read(&[good.as_slice(), &[0]].concat()), None);
        assert_eq!(LabSpc::read(b""), None);
        for at in [3, 4, 20, 37, 127] {
            let mut bytes = good.clone();
            bytes[at] ^= 2;
            assert_eq!(LabSpc::read(&bytes), None, "byte {at}");
        }
    }
}
