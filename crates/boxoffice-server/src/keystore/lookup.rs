//! Where a KID's key is: stored row, then each native seed, then the open seed (key-storage.md, section 9).

use std::sync::Arc;

use boxoffice_core::key_storage::{KeyProblem, KeyRefusal, SEED_PREFIX};
use boxoffice_storage::{Content, ContentNames, RecordedContent, SeedId, StoredKey};
use drm_primitives::{ContentKey, Kid};
use jiff::Timestamp;

use super::row::OpenRow;
use super::seeds::LiveSeed;
use super::{Call, KeyStorage, KeyStorageError};

/// What a KID leads to.
pub(super) enum Found {
    /// A row that has not ended.
    Stored(Box<OpenRow>),
    /// A seed of the account.
    Derived(DerivedKey),
    /// No key, and why.
    Missing(Missing),
}

/// A key that follows from a seed.
pub(super) struct DerivedKey {
    pub(super) seed: SeedId,
    pub(super) key: ContentKey,
    /// Whether the seed made the KID, or answers for any.
    pub(super) owned: bool,
    pub(super) names: Option<ContentNames>,
    pub(super) period: Option<u32>,
}

/// Why a KID has no key.
pub(super) enum Missing {
    /// Its content was deleted, which ended its key for good.
    Deleted { at: Timestamp },
    /// Its row has ended, and is kept.
    Expired { row: Box<StoredKey> },
    /// Nobody here knows it. Another account's KID is this too.
    Unknown,
}

impl DerivedKey {
    pub(super) fn kek_id(&self) -> String {
        format!("{SEED_PREFIX}{}", self.seed.0)
    }

    /// The content id, where it is known and is text.
    pub(super) fn content_id(&self) -> Option<&str> {
        self.names.as_ref().and_then(|names| std::str::from_utf8(&names.content_id).ok())
    }
}

impl Missing {
    /// A row that has ended.
    pub(super) fn expired(row: StoredKey) -> Self {
        Self::Expired { row: Box::new(row) }
    }

    /// The 404; its hint says which.
    pub(super) fn refusal(&self, kid: &Kid) -> KeyRefusal {
        KeyRefusal::new(KeyProblem::NotFound, self.hint(kid)).parameter("kid")
    }

    pub(super) fn hint(&self, kid: &Kid) -> String {
        match self {
            Self::Deleted { at } => {
                format!("the content of {kid} was deleted at {at:.0}, and its key with it")
            }
            Self::Expired { row } => match row.expiration {
                Some(at) => format!("the key {kid} expired at {at:.0}"),
                None => format!("the key {kid} has expired"),
            },
            Self::Unknown => format!("this account has no key {kid}"),
        }
    }
}

impl KeyStorage {
    /// What each KID leads to, in the order asked.
    pub(super) async fn look_up(&self, call: &Call, kids: &[Kid]) -> Result<Vec<Found>, KeyStorageError> {
        let now = self.clock.now();
        let rows = self.storage.keys(call.account, kids.to_vec()).await?;
        self.look_up_beside(call, kids, rows, now).await
    }

    /// The same, where the rows of the KIDs are read already.
    pub(super) async fn look_up_beside(
        &self,
        call: &Call,
        kids: &[Kid],
        rows: Vec<Option<StoredKey>>,
        now: Timestamp,
    ) -> Result<Vec<Found>, KeyStorageError> {
        let mut found = Vec::with_capacity(rows.len());
        let mut seeds = None;
        for (kid, row) in kids.iter().zip(rows) {
            found.push(match row {
                Some(row) if row.is_expired(now) => Found::Missing(Missing::expired(row)),
                Some(row) => Found::Stored(Box::new(self.open_row(call, row).await?)),
                None => {
                    let seeds = match &mut seeds {
                        Some(seeds) => seeds,
                        none => none.insert(self.live_seeds(call).await?),
                    };
                    self.derive(seeds, kid, now).await?
                }
            });
        }
        Ok(found)
    }

    /// What the account's seeds make of a KID that has no row.
    pub(super) async fn derive(
        &self,
        seeds: &[Arc<LiveSeed>],
        kid: &Kid,
        now: Timestamp,
    ) -> Result<Found, KeyStorageError> {
        for seed in seeds.iter().filter(|seed| !seed.kind.is_open()) {
            let Some(name) = seed.opened.recognise(kid) else { continue };
            let on_record = self.storage.contents(seed.id, vec![name.tag.0]).await?.pop().flatten();
            let content = match on_record {
                Some(content) => content,
                // A random KID passes once in about 2^32; where the seed was made here, every tag is on record.
                None if !seed.imported => continue,
                None => {
                    let content = Content {
                        seed: seed.id,
                        tag: name.tag.0,
                        names: None,
                        created_at: now,
                        deleted_at: None,
                    };
                    match self.storage.record_content(content.clone()).await? {
                        RecordedContent::Existing(content) => content,
                        RecordedContent::Recorded => content,
                        RecordedContent::SeedGone => continue,
                    }
                }
            };
            return Ok(match content.deleted_at {
                Some(at) => Found::Missing(Missing::Deleted { at }),
                None => Found::Derived(DerivedKey {
                    seed: seed.id,
                    key: seed.opened.content_key(kid),
                    owned: true,
                    names: content.names,
                    period: name.period,
                }),
            });
        }
        let open = seeds.iter().find(|seed| seed.kind.is_open());
        Ok(open.map_or(Found::Missing(Missing::Unknown), |seed| {
            let key = seed.opened.content_key(kid);
            Found::Derived(DerivedKey { seed: seed.id, key, owned: false, names: None, period: None })
        }))
    }
}
