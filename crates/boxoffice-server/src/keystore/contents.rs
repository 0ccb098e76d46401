//! What seeds' keys were made for: the rows of content id and track (key-storage.md, section 9).

use boxoffice_core::AccountId;
use boxoffice_core::key_storage::{DerivedName, Tag};
use boxoffice_storage::{Content, ContentNames, RecordedContent, SeedId};
use drm_primitives::{ContentKey, Kid};

use super::{Call, KeyStorage, KeyStorageError};

/// A page of the contents of an account.
#[derive(Debug)]
pub struct ContentListing {
    /// By seed and tag.
    pub contents: Vec<Content>,
    /// Where the next page begins.
    pub next: Option<(SeedId, [u8; 8])>,
}

/// What an account's native seed has for a content id, a track and a period.
#[derive(Debug)]
pub enum TrackKey {
    /// The content was deleted: its keys have ended for good.
    Deleted,
    /// The key, with the KID that names it.
    Derived {
        /// The KID.
        kid: Kid,
        /// The key.
        key: ContentKey,
        /// The initialisation vector.
        iv: [u8; 16],
        /// The 32-byte entitlement key.
        entitlement: boxoffice_core::key_ring::Secret32,
    },
    /// The account has no native seed.
    NoSeed,
    /// Another content id or track has the same tag under this seed: refused, never mixed.
    TagTaken,
}

impl KeyStorage {
    /// The key of a content id, track and period under the account's first native seed; its first use is recorded.
    /// The caller records the read.
    ///
    /// # Errors
    /// [`KeyStorageError`].
    pub async fn track_key(
        &self,
        call: &Call,
        content_id: &[u8],
        track: &str,
        period: Option<u32>,
    ) -> Result<TrackKey, KeyStorageError> {
        use super::opened_seed::OpenedSeed;
        let seeds = self.live_seeds(call).await?;
        for seed in seeds.iter().filter(|seed| !seed.kind.is_open()) {
            let OpenedSeed::Native(opened) = &seed.opened else { continue };
            let tag = opened.tag(content_id, track);
            let names = ContentNames { content_id: content_id.to_vec(), track: track.to_owned() };
            match self.record_track(seed.id, tag, names).await? {
                Recorded::Deleted => return Ok(TrackKey::Deleted),
                Recorded::Other => return Ok(TrackKey::TagTaken),
                Recorded::SeedGone => {}
                Recorded::There => {
                    let kid = opened.kid(DerivedName { tag, period });
                    return Ok(TrackKey::Derived {
                        kid,
                        key: opened.content_key(&kid),
                        iv: opened.iv(&kid),
                        entitlement: opened.entitlement_key(&kid),
                    });
                }
            }
        }
        Ok(TrackKey::NoSeed)
    }

    async fn record_track(
        &self,
        seed: SeedId,
        tag: Tag,
        names: ContentNames,
    ) -> Result<Recorded, KeyStorageError> {
        let content = Content {
            seed,
            tag: tag.0,
            names: Some(names.clone()),
            created_at: self.clock.now(),
            deleted_at: None,
        };
        Ok(match self.storage.record_content(content).await? {
            RecordedContent::SeedGone => Recorded::SeedGone,
            RecordedContent::Recorded => Recorded::There,
            RecordedContent::Existing(existing) if existing.deleted_at.is_some() => Recorded::Deleted,
            RecordedContent::Existing(existing) => match existing.names {
                Some(other) if other != names => Recorded::Other,
                Some(_) | None => Recorded::There,
            },
        })
    }

    /// The contents of an account, the deleted ones too, up to `limit` behind `after`.
    ///
    /// # Errors
    /// The database's.
    pub async fn list_contents(
        &self,
        account: AccountId,
        after: Option<(SeedId, [u8; 8])>,
        limit: u32,
    ) -> Result<ContentListing, KeyStorageError> {
        let contents = self.storage.list_contents(account, after, limit).await?;
        let full = u32::try_from(contents.len()).is_ok_and(|got| got >= limit);
        let next = contents.last().filter(|_| full).map(|last| (last.seed, last.tag));
        Ok(ContentListing { contents, next })
    }

    /// Marks a content id deleted, which ends all its keys for good; says how many rows were not before.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_content(
        &self,
        account: AccountId,
        content_id: &[u8],
    ) -> Result<u64, KeyStorageError> {
        Ok(self.storage.delete_content(account, content_id, self.clock.now()).await?)
    }
}

enum Recorded {
    Deleted,
    Other,
    SeedGone,
    There,
}
