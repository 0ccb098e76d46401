//! The licence, as opaque as the request.

use std::fmt;

/// A content key context: the key server's answer, for one player alone. Not empty; prints its size alone.
#[derive(Clone, Eq, PartialEq)]
pub struct Ckc(Vec<u8>);

impl Ckc {
    /// Takes bytes, unless there are none.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// All of it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Ckc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ckc({} bytes)", self.0.len())
    }
}
