//! Content keys as they rest (key-storage.md, sections 1, 4, 8 and 10).

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::{KeyAuditRecord, StorageError};

/// Who can open a stored key.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum KeyKind {
    /// Whoever has the KEK: what is sealed is the wrapped key.
    ClientKek,
    /// The service itself.
    ServiceHeld,
}

/// A content key's row. The account is named beside it, in every call.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredKey {
    /// Its name, unique within the account.
    pub kid: Kid,
    /// Who can open it.
    pub kind: KeyKind,
    /// The key or the wrapped key, sealed under [`account_key`](Self::account_key). Two sealings are never the
    /// same bytes, since each draws a nonce; comparing these tells whether a row was changed meanwhile.
    pub sealed: Vec<u8>,
    /// The number of the account key that seals it.
    pub account_key: KeyId,
    /// How often it was changed; the database counts, and reads nothing from a new row.
    pub version: u64,
    /// When it was last changed.
    pub last_update: Timestamp,
    /// From when on it is not found any more.
    pub expiration: Option<Timestamp>,
    /// Which KEK, in the caller's words; `None` for a service-held key.
    pub kek_id: Option<String>,
    /// Free text.
    pub info: Option<String>,
    /// Free text that is searched for.
    pub content_id: Option<String>,
    /// The protection scheme that a packager asked for.
    pub scheme: Option<String>,
    /// The track that a packager asked for.
    pub track: Option<String>,
    /// The key period that a packager asked for.
    pub period: Option<u32>,
    /// The initialisation vector that a packager was given.
    pub iv: Option<Vec<u8>>,
    /// Whether it is the only one of its content id, track and period, so that of two packagers that ask at once
    /// both get the first one's (packagers.md).
    pub only_one: bool,
}

impl StoredKey {
    /// Whether it has ended.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expiration.is_some_and(|expiration| expiration <= now)
    }
}

/// What became of a create.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CreatedKey {
    /// The account key that seals it is not there any more: read the account's keys, seal again, try again.
    AccountKeyGone,
    /// It is stored.
    Created,
    /// Nothing was stored: this one has its KID, or its content id, track and period. It may be expired.
    Existing(Box<StoredKey>),
}

/// What became of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UpdatedKey {
    /// As for [`CreatedKey::AccountKeyGone`].
    AccountKeyGone,
    /// Somebody else has changed, deleted or re-sealed the row since it was read: read it and try again.
    Changed,
    /// It is as asked.
    Updated,
}

/// Which keys a listing has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyFilter {
    /// Those of exactly this content id.
    pub content_id: Option<String>,
    /// Those under this KEK.
    pub kek: Option<KekFilter>,
}

/// The KEK of a [`KeyFilter`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KekFilter {
    /// Client-KEK keys of exactly this `kekId`.
    Named(String),
    /// Service-held keys: `#service`.
    ServiceHeld,
}

/// A part of what an account key seals.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealedPage {
    /// Its rows in this part, by KID; it may be empty where other parts follow.
    pub keys: Vec<StoredKey>,
    /// Where the next part begins; `None` behind the last.
    pub next: Option<Kid>,
}

/// A row's new seal; nothing else of it changes, not even its version.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reseal {
    /// Which row.
    pub kid: Kid,
    /// What it must still hold.
    pub expected: Vec<u8>,
    /// The account key that seals it from now on.
    pub account_key: KeyId,
    /// The new seal.
    pub sealed: Vec<u8>,
}

/// The stored content keys.
#[async_trait::async_trait]
pub trait ContentKeys: Send + Sync {
    /// Stores a key unless its KID is taken. Of any number of simultaneous creates of one KID exactly one is
    /// [`CreatedKey::Created`]; it becomes durable together with its audit `record`, and the others leave none.
    async fn create_key(
        &self,
        account: AccountId,
        key: StoredKey,
        record: KeyAuditRecord,
    ) -> Result<CreatedKey, StorageError>;

    /// As [`create_key`](Self::create_key) for many, in their order, without records. Each key is durable for itself: where a
    /// part of the call fails, what came before it may be stored, and the call can be repeated.
    async fn create_keys(
        &self,
        account: AccountId,
        keys: Vec<StoredKey>,
    ) -> Result<Vec<CreatedKey>, StorageError>;

    /// The rows of these KIDs, in the order asked, the expired ones too.
    async fn keys(&self, account: AccountId, kids: Vec<Kid>) -> Result<Vec<Option<StoredKey>>, StorageError>;

    /// The only key of a content id, track and period.
    async fn key_of_track(
        &self,
        account: AccountId,
        content_id: &str,
        track: &str,
        period: Option<u32>,
    ) -> Result<Option<StoredKey>, StorageError>;

    /// Puts `changed` in the place of `read`, if the row is still as it was read. The KID and `only_one` stay.
    async fn update_key(
        &self,
        account: AccountId,
        read: StoredKey,
        changed: StoredKey,
    ) -> Result<UpdatedKey, StorageError>;

    /// Deletes a row, expired or not; `false` where there is none.
    async fn delete_key(&self, account: AccountId, kid: Kid) -> Result<bool, StorageError>;

    /// Up to `limit` keys that are not expired at `now`, by KID, beginning behind `after`.
    async fn list_keys(
        &self,
        account: AccountId,
        filter: KeyFilter,
        after: Option<Kid>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<StoredKey>, StorageError>;

    /// How many stored keys are not expired, as of the last [`sweep_expired_keys`](Self::sweep_expired_keys).
    async fn count_keys(&self, account: AccountId) -> Result<u64, StorageError>;

    /// Takes up to `limit` keys that have expired by `now` out of the count, and says how many: call again while
    /// that is `limit`.
    async fn sweep_expired_keys(&self, now: Timestamp, limit: u32) -> Result<u32, StorageError>;

    /// Deletes up to `limit` swept keys that had expired by `before`, and says how many.
    async fn purge_expired_keys(&self, before: Timestamp, limit: u32) -> Result<u32, StorageError>;

    /// The next `limit` rows of an account behind `after`, of which those that `account_key` seals are returned.
    async fn keys_sealed_under(
        &self,
        account: AccountId,
        account_key: KeyId,
        after: Option<Kid>,
        limit: u32,
    ) -> Result<SealedPage, StorageError>;

    /// Replaces seals, each only if the row is unchanged, and says how many it replaced. Where an account key is
    /// not there, none.
    async fn reseal_keys(&self, account: AccountId, reseals: Vec<Reseal>) -> Result<u64, StorageError>;
}
