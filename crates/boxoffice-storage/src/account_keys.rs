//! The keys that seal an account's rows (key-storage.md, section 10).

use boxoffice_core::key_ring::KeyId;
use boxoffice_core::{AccountId, Environment};
use jiff::Timestamp;

use crate::StorageError;

/// A key that seals rows of one account, wrapped under a storage key of its environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WrappedAccountKey {
    /// Whose.
    pub account: AccountId,
    /// Its number within the account: 1, 2, …
    pub id: KeyId,
    /// The number of the storage key that wraps it.
    pub storage_key: KeyId,
    /// The 32 bytes, sealed under the storage key (nonce first).
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How much an account key still seals: what `storage-key status` shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccountKeyUse {
    /// Whose.
    pub account: AccountId,
    /// Its number within the account.
    pub id: KeyId,
    /// The number of the storage key that wraps it.
    pub storage_key: KeyId,
    /// How many content keys it seals, the expired ones too.
    pub keys: u64,
    /// How many seeds it seals, the retired ones too.
    pub seeds: u64,
}

/// What became of [`AccountKeys::remove_account_key`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RemovedAccountKey {
    /// It seals so many rows, and stays.
    InUse {
        /// Content keys and seeds together.
        rows: u64,
    },
    /// It is gone.
    Removed,
    /// There is none of that number.
    Unknown,
}

/// The wrapped account keys. A row can only be stored under an account key that is there, and an account key
/// only under a storage key that is there; so none is ever removed from under what it seals.
#[async_trait::async_trait]
pub trait AccountKeys: Send + Sync {
    /// The keys of one account, by number; the last one is current.
    async fn account_keys(&self, account: AccountId) -> Result<Vec<WrappedAccountKey>, StorageError>;

    /// Every account key that a storage key wraps.
    async fn account_keys_under(
        &self,
        environment: Environment,
        storage_key: KeyId,
    ) -> Result<Vec<WrappedAccountKey>, StorageError>;

    /// Adds a key; `false`, and nothing changed, where its number is taken (another node was first) or its account
    /// or storage key is not there: read again.
    async fn add_account_key(&self, key: WrappedAccountKey) -> Result<bool, StorageError>;

    /// Puts `key` in the place of the one with its number, if that is still wrapped under `expected`; `false`
    /// where it is not, or where the new storage key is not there.
    async fn rewrap_account_key(&self, key: WrappedAccountKey, expected: KeyId)
    -> Result<bool, StorageError>;

    /// What every account key of an environment seals.
    async fn account_key_use(&self, environment: Environment) -> Result<Vec<AccountKeyUse>, StorageError>;

    /// Removes a key that seals nothing.
    async fn remove_account_key(
        &self,
        account: AccountId,
        id: KeyId,
    ) -> Result<RemovedAccountKey, StorageError>;
}
