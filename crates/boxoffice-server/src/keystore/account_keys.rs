//! The keys that seal each account's rows, unwrapped.
//!
//! Remembering them outlives no deletion: a row that is gone cannot be opened with them. Which of them seals is
//! looked up again after half a second, so that a rotation is current on every node within a second.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use boxoffice_core::key_ring::{KeyId, Secret32};
use boxoffice_core::key_storage::{AccountKey, StorageKey};
use boxoffice_core::{AccountId, Environment};
use boxoffice_storage::WrappedAccountKey;
use tokio::time::Instant;

use super::{KeyStorage, KeyStorageError};

/// How long the newest key of an account is taken for its newest.
const FRESH: Duration = Duration::from_millis(500);

/// The most accounts in memory; beyond it all are forgotten at once, which costs each a look-up.
const MOST: usize = 65_536;

/// The unwrapped keys of accounts that were asked for.
#[derive(Default)]
pub(super) struct AccountKeyCache(RwLock<HashMap<AccountId, Entry>>);

#[derive(Clone)]
struct Entry {
    keys: Arc<BTreeMap<KeyId, Arc<AccountKey>>>,
    read_at: Instant,
}

impl AccountKeyCache {
    fn get(&self, account: AccountId) -> Option<Entry> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&account).cloned()
    }

    fn put(&self, account: AccountId, entry: Entry) {
        let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST && !entries.contains_key(&account) {
            entries.clear();
        }
        entries.insert(account, entry);
    }

    /// Has the keys of an account read again when they are next asked for.
    pub(super) fn forget(&self, account: AccountId) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&account);
    }
}

impl KeyStorage {
    /// The account key of a row.
    pub(super) async fn opening_key(
        &self,
        (environment, account): (Environment, AccountId),
        id: KeyId,
    ) -> Result<Arc<AccountKey>, KeyStorageError> {
        if let Some(key) = self.account_keys.get(account).and_then(|entry| entry.keys.get(&id).cloned()) {
            return Ok(key);
        }
        let entry = self.read_account_keys(environment, account).await?;
        entry.keys.get(&id).cloned().ok_or(KeyStorageError::AccountKeyMissing { account, id })
    }

    /// The account key that seals what is stored now; made where the account has none.
    pub(super) async fn sealing_key(
        &self,
        environment: Environment,
        account: AccountId,
    ) -> Result<Arc<AccountKey>, KeyStorageError> {
        let remembered = self.account_keys.get(account).filter(|entry| entry.read_at.elapsed() < FRESH);
        let mut entry = match remembered {
            Some(entry) => entry,
            None => self.read_account_keys(environment, account).await?,
        };
        loop {
            if let Some((_, newest)) = entry.keys.last_key_value() {
                return Ok(Arc::clone(newest));
            }
            // Of several nodes that make the first key at once one succeeds, and all read that one.
            self.add_account_key(environment, account, KeyId(1)).await?;
            entry = self.read_account_keys(environment, account).await?;
        }
    }

    /// Makes the account key number `id`; `false` where another node was first.
    pub(super) async fn add_account_key(
        &self,
        environment: Environment,
        account: AccountId,
        id: KeyId,
    ) -> Result<bool, KeyStorageError> {
        let storage_key = self.current_storage_key(environment);
        let secret = Secret32::new(self.random.array());
        let key = WrappedAccountKey {
            account,
            id,
            storage_key: storage_key.id(),
            wrapped: storage_key.wrap((account, id), &secret, &*self.random),
            created_at: self.clock.now(),
        };
        if self.storage.add_account_key(key).await? {
            return Ok(true);
        }
        // It may be the storage key that has gone, retired after these rings were read.
        self.rings.refresh(&self.installation).await?;
        Ok(false)
    }

    /// Unwraps an account key.
    pub(super) async fn unwrap_account_key(
        &self,
        environment: Environment,
        wrapped: &WrappedAccountKey,
    ) -> Result<Secret32, KeyStorageError> {
        let (account, id) = (wrapped.account, wrapped.id);
        let error = || KeyStorageError::AccountKey { account, id, storage_key: wrapped.storage_key };
        let storage_key = if let Some(key) = self.storage_key(environment, wrapped.storage_key) {
            key
        } else {
            // A key that was made since the rings were read.
            self.rings.refresh(&self.installation).await?;
            self.storage_key(environment, wrapped.storage_key).ok_or_else(error)?
        };
        storage_key.unwrap((account, id), &wrapped.wrapped).map_err(|_| error())
    }

    /// The newest storage key of an environment.
    pub(super) fn current_storage_key(&self, environment: Environment) -> StorageKey {
        let rings = self.rings.current();
        let key = rings.storage(environment).last().expect("a ring is never empty");
        StorageKey::new(environment, key.id, &key.secret)
    }

    fn storage_key(&self, environment: Environment, id: KeyId) -> Option<StorageKey> {
        let rings = self.rings.current();
        let key = rings.storage(environment).iter().find(|key| key.id == id)?;
        Some(StorageKey::new(environment, key.id, &key.secret))
    }

    async fn read_account_keys(
        &self,
        environment: Environment,
        account: AccountId,
    ) -> Result<Entry, KeyStorageError> {
        let read_at = Instant::now();
        let mut keys = BTreeMap::new();
        for wrapped in self.storage.account_keys(account).await? {
            let secret = self.unwrap_account_key(environment, &wrapped).await?;
            let key = AccountKey::new((environment, account, wrapped.id), &secret);
            keys.insert(wrapped.id, Arc::new(key));
        }
        let entry = Entry { keys: Arc::new(keys), read_at };
        self.account_keys.put(account, entry.clone());
        Ok(entry)
    }
}
