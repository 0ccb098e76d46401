//! The four DRMs.

use std::fmt;

/// A DRM, or key system.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Drm {
    /// Widevine.
    Widevine,
    /// PlayReady.
    PlayReady,
    /// FairPlay Streaming.
    FairPlay,
    /// The Clear Key system of the W3C's Encrypted Media Extensions.
    ClearKey,
}

impl Drm {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Widevine, Self::PlayReady, Self::FairPlay, Self::ClearKey];

    /// The code in URLs, options and records: `wv`, `pr`, `fp`, `ck`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Widevine => "wv",
            Self::PlayReady => "pr",
            Self::FairPlay => "fp",
            Self::ClearKey => "ck",
        }
    }

    /// The code in capitals, as the catalogue of event codes has it: `WV`, `PR`, `FP`, `CK`.
    #[must_use]
    pub const fn catalogue_code(self) -> &'static str {
        match self {
            Self::Widevine => "WV",
            Self::PlayReady => "PR",
            Self::FairPlay => "FP",
            Self::ClearKey => "CK",
        }
    }

    /// The name in prose.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Widevine => "Widevine",
            Self::PlayReady => "PlayReady",
            Self::FairPlay => "FairPlay",
            Self::ClearKey => "Clear Key",
        }
    }

    /// The byte that stands for it in sealed tokens: 0 to 3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Widevine => 0,
            Self::PlayReady => 1,
            Self::FairPlay => 2,
            Self::ClearKey => 3,
        }
    }
}

impl fmt::Display for Drm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
