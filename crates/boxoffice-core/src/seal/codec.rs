//! The compact encoding inside a token: bytes, and integers of seven bits a byte, low first.

use thiserror::Error;
use zeroize::Zeroizing;

/// A sealed body that does not decode: sealed by a later version of this program, or a defect.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the body does not decode at byte {at}")]
pub struct CodecError {
    /// How many bytes were read before.
    pub at: usize,
}

/// Writes a body; wiped when dropped.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// With room for a body of the usual length.
    pub(super) fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(128)))
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn integer(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value & 0x7F) as u8 | 0x80);
            value >>= 7;
        }
        self.byte((value & 0x7F) as u8);
    }

    /// A length and so many bytes.
    pub(super) fn counted(&mut self, bytes: &[u8]) {
        self.integer(bytes.len() as u64);
        self.bytes(bytes);
    }

    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// Reads a body, to its last byte.
pub(super) struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { body, at: 0 }
    }

    pub(super) const fn error(&self) -> CodecError {
        CodecError { at: self.at }
    }

    pub(super) fn byte(&mut self) -> Result<u8, CodecError> {
        let [byte] = self.array()?;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        self.bytes(N)?.try_into().map_err(|_| self.error())
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let end = self.at.checked_add(count).ok_or_else(|| self.error())?;
        let bytes = self.body.get(self.at..end).ok_or_else(|| self.error())?;
        self.at = end;
        Ok(bytes)
    }

    pub(super) fn integer(&mut self) -> Result<u64, CodecError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if bits.leading_zeros() < shift {
                return Err(self.error());
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.error())
    }

    pub(super) fn number<T: TryFrom<u64>>(&mut self) -> Result<T, CodecError> {
        T::try_from(self.integer()?).map_err(|_| self.error())
    }

    pub(super) fn counted(&mut self) -> Result<&'a [u8], CodecError> {
        let count = self.number()?;
        self.bytes(count)
    }

    pub(super) fn text(&mut self) -> Result<String, CodecError> {
        let bytes = self.counted()?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.error())
    }

    /// A token with a tail is another format, not this one and a bit.
    pub(super) fn finish(self) -> Result<(), CodecError> {
        if self.at == self.body.len() { Ok(()) } else { Err(self.error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn integers_and_bytes_read_back(value: u64, bytes: Vec<u8>) {
            let mut writer = Writer::new();
            writer.integer(value);
            writer.counted(&bytes);
            let body = writer.finish();
            let mut reader = Reader::new(&body);
            prop_assert_eq!(reader.integer(), Ok(value));
            prop_assert_eq!(reader.counted(), Ok(bytes.as_slice()));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let mut reader = Reader::new(&body);
            while reader.integer().is_ok() {}
            let _ = Reader::new(&body).text();
        }
    }
}
