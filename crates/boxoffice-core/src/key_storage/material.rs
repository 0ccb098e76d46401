//! What a stored key is made of.

use drm_primitives::{ContentKey, WrappedKey};

/// Who can open a stored key (key-storage.md, section 1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MaterialKind {
    /// Whoever has the KEK.
    ClientKek,
    /// The service itself.
    ServiceHeld,
}

/// What the seal of a row hides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KeyMaterial {
    /// The key, wrapped under a KEK that only callers have.
    ClientKek(WrappedKey),
    /// The key.
    ServiceHeld(ContentKey),
}

impl KeyMaterial {
    /// Which of the two.
    #[must_use]
    pub const fn kind(&self) -> MaterialKind {
        match self {
            Self::ClientKek(_) => MaterialKind::ClientKek,
            Self::ServiceHeld(_) => MaterialKind::ServiceHeld,
        }
    }
}

impl MaterialKind {
    /// The word in audit records and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientKek => "client-kek",
            Self::ServiceHeld => "service-held",
        }
    }
}
