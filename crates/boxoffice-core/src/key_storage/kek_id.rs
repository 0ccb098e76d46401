//! Names of KEKs.

use thiserror::Error;

/// The `kekId` of every service-held key.
pub const SERVICE: &str = "#service";

/// How the `kekId` of a derived key begins; the seed's number follows.
pub const SEED_PREFIX: &str = "#seed.";

/// A `kekId` of a caller's choice, stored unread: clients compute it in different ways (key-storage.md, section 7).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KekId(String);

/// Why a text is no `kekId` of a caller.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KekIdError {
    /// More than [`KekId::MOST`] bytes.
    #[error("got {got} bytes, expected at most {}", KekId::MOST)]
    Length {
        /// How many came.
        got: usize,
    },
    /// It begins as one of ours does.
    #[error("names that begin with #service or #seed. are the service's own")]
    Reserved,
}

impl KekId {
    /// The most bytes of UTF-8.
    pub const MOST: usize = 256;

    /// Takes a caller's text.
    ///
    /// # Errors
    /// [`KekIdError`].
    pub fn parse(text: &str) -> Result<Self, KekIdError> {
        if text.len() > Self::MOST {
            return Err(KekIdError::Length { got: text.len() });
        }
        if text.starts_with(SERVICE) || text.starts_with(SEED_PREFIX) {
            return Err(KekIdError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_names_are_not_a_callers_to_give() {
        for text in ["#service", "#service2", "#seed.1", "#seed."] {
            assert_eq!(KekId::parse(text), Err(KekIdError::Reserved), "{text}");
        }
        for text in ["#1.afe008a381bdac03b412a92d54b92ddf", "#seed", "service", "#Service"] {
            assert!(KekId::parse(text).is_ok(), "{text}");
        }
        assert!(KekId::parse(&"é".repeat(128)).is_ok());
        assert_eq!(KekId::parse(&"é".repeat(129)), Err(KekIdError::Length { got: 258 }));
    }
}
