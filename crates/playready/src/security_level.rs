//! Security levels (playready.md, section 3).

use std::fmt;

/// The level that a key demands of a device. A device's own level is the number in its certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum SecurityLevel {
    /// 150: test devices.
    Sl150,
    /// 2000: software.
    Sl2000,
    /// 3000: hardware.
    Sl3000,
}

impl SecurityLevel {
    /// Every level, ascending.
    pub const ALL: [Self; 3] = [Self::Sl150, Self::Sl2000, Self::Sl3000];

    /// The level that a number names.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            150 => Some(Self::Sl150),
            2000 => Some(Self::Sl2000),
            3000 => Some(Self::Sl3000),
            _ => None,
        }
    }

    /// 150, 2000 or 3000.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Sl150 => 150,
            Self::Sl2000 => 2000,
            Self::Sl3000 => 3000,
        }
    }
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}
