//! GUIDs that name outputs, play enablers and extensions. Keys are named by [`drm_primitives::Kid`].

use std::fmt;

use drm_primitives::{Kid, hex};
use thiserror::Error;

/// 16 bytes in the order of the text; on the wire the first three fields are little-endian.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Guid([u8; 16]);

/// A text that is no GUID.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("expected a GUID: 8-4-4-4-12 hex digits")]
pub struct GuidError;

impl Guid {
    /// Takes 16 bytes in the order of the text.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Takes 16 bytes in the order of the wire.
    #[must_use]
    pub const fn from_wire(bytes: [u8; 16]) -> Self {
        Self(*Kid::from_guid_bytes(bytes).as_bytes())
    }

    /// From the number that the text writes in hex.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(number.to_be_bytes())
    }

    /// Reads `8-4-4-4-12` hex digits, in either case.
    ///
    /// # Errors
    /// [`GuidError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, GuidError> {
        let hyphens = text.bytes().enumerate().filter(|&(_, byte)| byte == b'-').map(|(at, _)| at);
        if !hyphens.eq([8, 13, 18, 23]) {
            return Err(GuidError);
        }
        let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b'-').collect();
        hex::decode(&digits).map(Self).map_err(|_| GuidError)
    }

    /// The 16 bytes in the order of the text.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The 16 bytes in the order of the wire.
    #[must_use]
    pub const fn wire_bytes(&self) -> [u8; 16] {
        Kid::from_bytes(self.0).guid_bytes()
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Kid::from_bytes(self.0).to_guid_text().to_uppercase())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Guid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_swaps_its_first_three_fields_on_the_wire() {
        let guid = Guid::parse("1fd92136-CECD-408d-8d4b-DC71760D43E9").unwrap();
        assert_eq!(guid.to_string(), "1FD92136-CECD-408D-8D4B-DC71760D43E9");
        assert_eq!(hex::encode(&guid.wire_bytes()), "3621d91fcdce8d408d4bdc71760d43e9");
        assert_eq!(Guid::from_wire(guid.wire_bytes()), guid);
        assert_eq!(Guid::from_u128(0x1FD9_2136_CECD_408D_8D4B_DC71_760D_43E9), guid);
    }

    #[test]
    fn what_is_no_guid_is_refused() {
        for text in [
            "",
            "1fd92136CECD408d8d4bDC71760D43E9",
            "1fd92136-CECD-408d-8d4b-DC71760D43E",
            "1fd92136-CECD-408d-8d4b-DC71760D43EG",
        ] {
            assert_eq!(Guid::parse(text), Err(GuidError), "{text}");
        }
    }
}
