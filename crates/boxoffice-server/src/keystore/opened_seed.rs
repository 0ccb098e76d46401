//! Seeds ready for use, whatever their kind.

use boxoffice_core::key_ring::Secret32;
use boxoffice_core::key_storage::{DerivedName, KeySeed};
use boxoffice_storage::SeedKind;
use drm_primitives::{ContentKey, Kid};
use playready::key_seed::KeySeed as PlayReadySeed;

/// A seed whose seal is open.
#[derive(Debug)]
pub(super) enum OpenedSeed {
    /// Native or open: what differs is which KIDs they answer for.
    Native(Box<KeySeed>),
    /// PlayReady's algorithm, for any KID.
    PlayReady(PlayReadySeed),
}

impl OpenedSeed {
    /// Takes the bytes under the seal; `None` where there are too few or too many.
    pub(super) fn new(kind: SeedKind, bytes: &[u8]) -> Option<Self> {
        match kind {
            SeedKind::Native | SeedKind::Open => {
                Some(Self::Native(Box::new(KeySeed::new(&Secret32::new(bytes.try_into().ok()?)))))
            }
            SeedKind::PlayReady => Some(Self::PlayReady(PlayReadySeed::from_bytes(bytes).ok()?)),
        }
    }

    /// What a KID says, if this seed made it.
    pub(super) fn recognise(&self, kid: &Kid) -> Option<DerivedName> {
        match self {
            Self::Native(seed) => seed.recognise(kid),
            Self::PlayReady(_) => None,
        }
    }

    /// The key of a KID.
    pub(super) fn content_key(&self, kid: &Kid) -> ContentKey {
        match self {
            Self::Native(seed) => seed.content_key(kid),
            Self::PlayReady(seed) => seed.content_key(kid),
        }
    }
}
