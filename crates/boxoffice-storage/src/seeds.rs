//! Key seeds, and what was made from them (key-storage.md, section 9).

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use jiff::Timestamp;

use crate::StorageError;

/// The number of a seed, unique over all accounts: the one of `#seed.<id>`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SeedId(pub u64);

/// What a seed answers for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SeedKind {
    /// The KIDs that it made.
    Native,
    /// Any KID.
    Open,
    /// Any KID, by the algorithm of PlayReady.
    PlayReady,
}

impl SeedKind {
    /// Whether it answers for any KID. An account has one such seed at most.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::PlayReady)
    }
}

/// What `seed create` and `seed import` store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewSeed {
    /// Whose.
    pub account: AccountId,
    /// What it answers for.
    pub kind: SeedKind,
    /// Whether it came from elsewhere, so that a tag which is not on record may be its own.
    pub imported: bool,
    /// The seed, sealed under [`account_key`](Self::account_key).
    pub sealed: Vec<u8>,
    /// The number of the account key that seals it.
    pub account_key: KeyId,
    /// When.
    pub created_at: Timestamp,
}

/// A seed as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seed {
    /// Its number.
    pub id: SeedId,
    /// What was stored.
    pub seed: NewSeed,
    /// When it was retired: from then on its keys are not found.
    pub retired_at: Option<Timestamp>,
}

/// What became of [`Seeds::add_seed`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AddedSeed {
    /// The account key that seals it is not there any more: read the account's keys, seal again, try again.
    AccountKeyGone,
    /// It is stored.
    Added(SeedId),
    /// Nothing was stored: this one answers for any KID already.
    OpenSeedExists(SeedId),
}

/// What became of [`Seeds::retire_seed`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetiredSeed {
    /// So many content rows point to it, and it stays.
    HasContents(u64),
    /// It is retired.
    Retired,
    /// There is none of that number that is not retired.
    Unknown,
}

/// What a seed's keys were made for: the row of a tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    /// Whose keys.
    pub seed: SeedId,
    /// What the KIDs carry.
    pub tag: [u8; 8],
    /// What the tag stands for, where anybody knows.
    pub names: Option<ContentNames>,
    /// When it was recorded.
    pub created_at: Timestamp,
    /// When it was deleted, which ended all its keys for good.
    pub deleted_at: Option<Timestamp>,
}

/// What a tag stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ContentNames {
    /// The content id's bytes.
    pub content_id: Vec<u8>,
    /// The track's label.
    pub track: String,
}

/// What became of [`Seeds::record_content`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RecordedContent {
    /// The tag is on record: under these names, or deleted.
    Existing(Content),
    /// It is on record from now on.
    Recorded,
    /// The seed is retired, or is not there.
    SeedGone,
}

/// The seeds and their contents.
#[async_trait::async_trait]
pub trait Seeds: Send + Sync {
    /// Stores a seed.
    async fn add_seed(&self, seed: NewSeed) -> Result<AddedSeed, StorageError>;

    /// The seeds of an account, or of all, by number, the retired ones too.
    async fn seeds(&self, account: Option<AccountId>) -> Result<Vec<Seed>, StorageError>;

    /// Retires a seed; with `force` also where content rows that are not deleted point to it.
    async fn retire_seed(&self, id: SeedId, at: Timestamp, force: bool) -> Result<RetiredSeed, StorageError>;

    /// Replaces a seed's seal if it is still `expected`; `false` where it is not, or the account key is not there.
    async fn reseal_seed(
        &self,
        id: SeedId,
        expected: Vec<u8>,
        account_key: KeyId,
        sealed: Vec<u8>,
    ) -> Result<bool, StorageError>;

    /// Records the tag of a first use unless it is on record. A row without names, which an imported seed may
    /// have, takes the names of a later call. `deleted_at` is not read.
    async fn record_content(&self, content: Content) -> Result<RecordedContent, StorageError>;

    /// The rows of these tags of one seed, in the order asked, the deleted ones too.
    async fn contents(&self, seed: SeedId, tags: Vec<[u8; 8]>) -> Result<Vec<Option<Content>>, StorageError>;

    /// Up to `limit` rows of an account, by seed and tag, beginning behind `after`.
    async fn list_contents(
        &self,
        account: AccountId,
        after: Option<(SeedId, [u8; 8])>,
        limit: u32,
    ) -> Result<Vec<Content>, StorageError>;

    /// Marks every row of a content id deleted, and says how many were not before.
    async fn delete_content(
        &self,
        account: AccountId,
        content_id: &[u8],
        at: Timestamp,
    ) -> Result<u64, StorageError>;
}
