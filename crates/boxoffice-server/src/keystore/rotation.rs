//! Rolling storage keys while serving (key-storage.md, section 10).
//!
//! A new storage key gets a new key of every account, which seals from then on; the older account keys are wrapped
//! anew at once, and what they seal is sealed anew in the background. Whatever is left can be read off the database,
//! so any node goes on where another one stopped.

use std::collections::HashMap;

use boxoffice_core::key_ring::{KeyId, Purpose, Secret32, WrappedRingKey};
use boxoffice_core::{AccountId, Environment};
use boxoffice_storage::{AccountKeyUse, WrappedAccountKey};
use jiff::Timestamp;
use thiserror::Error;

use super::{KeyStorage, KeyStorageError};
use crate::installation::InstallationError;

/// How a storage key stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StorageKeyStatus {
    /// Whose.
    pub environment: Environment,
    /// Its number.
    pub id: KeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is the one that wraps new account keys.
    pub current: bool,
    /// How many account keys it wraps.
    pub account_keys: u64,
    /// How many keys and seeds are still sealed as they were before the rotation to the current key; 0 for that one.
    pub left_to_reseal: u64,
}

impl StorageKeyStatus {
    /// Whether anything needs it.
    #[must_use]
    pub const fn is_needed(&self) -> bool {
        self.current || self.account_keys > 0 || self.left_to_reseal > 0
    }
}

/// Why a storage key is not retired.
#[derive(Debug, Error)]
pub enum RetireStorageKeyError {
    /// It is the one that wraps new account keys.
    #[error("storage key {id} of the {environment} environment is the current one; rotate first")]
    Current {
        /// Whose.
        environment: Environment,
        /// Its number.
        id: KeyId,
    },
    /// The key storage.
    #[error(transparent)]
    KeyStorage(#[from] KeyStorageError),
    /// Something needs it.
    #[error(
        "storage key {id} of the {environment} environment is needed: it wraps {account_keys} account keys, and \
         {left_to_reseal} rows are still to be sealed anew; a running server does that"
    )]
    Needed {
        /// Whose.
        environment: Environment,
        /// Its number.
        id: KeyId,
        /// How many account keys it wraps.
        account_keys: u64,
        /// How many rows are sealed as they were before.
        left_to_reseal: u64,
    },
    /// No such key.
    #[error("the {environment} environment has no storage key {id}")]
    Unknown {
        /// Whose.
        environment: Environment,
        /// The number that was asked for.
        id: KeyId,
    },
}

impl KeyStorage {
    /// Makes a new storage key, and new account keys under it; older account keys are wrapped anew before this
    /// returns. What they seal follows in the background.
    ///
    /// # Errors
    /// [`KeyStorageError`]; where the key was made already, a running server goes on.
    pub async fn rotate_storage_key(&self, environment: Environment) -> Result<KeyId, KeyStorageError> {
        let place = |id| (environment, Purpose::Storage, id);
        self.rings.refresh(&self.installation).await?;
        let mut id = KeyId(self.current_storage_key(environment).id().0.saturating_add(1));
        loop {
            let secret = Secret32::new(self.random.array());
            let wrapped = self.master_key.wrap_ring_key(place(id), &secret, &*self.random);
            let key = WrappedRingKey {
                environment,
                purpose: Purpose::Storage,
                id,
                wrapped,
                created_at: self.clock.now(),
            };
            if self.storage.add_ring_key(key).await? {
                break;
            }
            id = KeyId(id.0.saturating_add(1));
        }
        self.rings.refresh(&self.installation).await?;
        if environment == Environment::Test {
            self.installation.reseal_lab_material(&self.rings.current()).await?;
        }
        self.rewrap_account_keys(environment).await?;
        Ok(id)
    }

    /// Wraps every account key anew that is not under the current storage key, and says how many those were.
    ///
    /// # Errors
    /// [`KeyStorageError`]; what was done stays done.
    pub async fn rewrap_account_keys(&self, environment: Environment) -> Result<u64, KeyStorageError> {
        let current = self.current_storage_key(environment);
        let older: Vec<_> = self.rings.current().storage(environment).iter().map(|key| key.id).collect();
        let mut done = 0;
        for storage_key in older.into_iter().filter(|&id| id != current.id()) {
            for key in self.storage.account_keys_under(environment, storage_key).await? {
                self.supersede(environment, key.account, current.id()).await?;
                let secret = self.unwrap_account_key(environment, &key).await?;
                let wrapped = current.wrap((key.account, key.id), &secret, &*self.random);
                let rewrapped = WrappedAccountKey { storage_key: current.id(), wrapped, ..key };
                done += u64::from(self.storage.rewrap_account_key(rewrapped, storage_key).await?);
            }
        }
        Ok(done)
    }

    /// Gives an account a new key, unless its newest is under the current storage key. That one is wrapped anew
    /// only after this, so that a rotation which stopped in between goes on here.
    async fn supersede(
        &self,
        environment: Environment,
        account: AccountId,
        current: KeyId,
    ) -> Result<(), KeyStorageError> {
        let keys = self.storage.account_keys(account).await?;
        let newest = keys.last().filter(|newest| newest.storage_key != current);
        if let Some(newest) = newest {
            // Where another node was first, its key is as good.
            self.add_account_key(environment, account, KeyId(newest.id.0.saturating_add(1))).await?;
            self.account_keys.forget(account);
        }
        Ok(())
    }

    /// How each storage key of an environment stands, the oldest first.
    ///
    /// # Errors
    /// [`KeyStorageError`].
    pub async fn storage_key_status(
        &self,
        environment: Environment,
    ) -> Result<Vec<StorageKeyStatus>, KeyStorageError> {
        self.rings.refresh(&self.installation).await?;
        let rings = self.rings.current();
        let uses = self.storage.account_key_use(environment).await?;
        let left: u64 = superseded(&uses).map(|key| key.keys + key.seeds).sum();
        let keys = rings.storage(environment);
        let current = keys.last().map(|key| key.id);
        let status = keys.iter().map(|key| {
            let wrapped = uses.iter().filter(|used| used.storage_key == key.id).count();
            StorageKeyStatus {
                environment,
                id: key.id,
                created_at: key.created_at,
                current: Some(key.id) == current,
                account_keys: wrapped as u64,
                left_to_reseal: if Some(key.id) == current { 0 } else { left },
            }
        });
        Ok(status.collect())
    }

    /// Removes a storage key that nothing needs, for good.
    ///
    /// # Errors
    /// [`RetireStorageKeyError`].
    pub async fn retire_storage_key(
        &self,
        environment: Environment,
        id: KeyId,
    ) -> Result<(), RetireStorageKeyError> {
        let status = self.storage_key_status(environment).await?;
        let key = status.iter().find(|key| key.id == id);
        let key = key.ok_or(RetireStorageKeyError::Unknown { environment, id })?;
        if key.current {
            return Err(RetireStorageKeyError::Current { environment, id });
        }
        let (account_keys, left_to_reseal) = (key.account_keys, key.left_to_reseal);
        let needed = || RetireStorageKeyError::Needed { environment, id, account_keys, left_to_reseal };
        if key.is_needed() {
            return Err(needed());
        }
        let damaged = |error: InstallationError| KeyStorageError::from(error);
        if environment == Environment::Test {
            // Where a rotation stopped before it, the lab's material is still under an older key.
            self.installation.reseal_lab_material(&self.rings.current()).await.map_err(damaged)?;
        }
        let removed = self.storage.remove_ring_key(environment, Purpose::Storage, id).await;
        // The database refuses while an account key is wrapped under it, whatever was so a moment ago.
        if !removed.map_err(KeyStorageError::from)? {
            return Err(needed());
        }
        self.rings.refresh(&self.installation).await.map_err(damaged)?;
        Ok(())
    }
}

/// The account keys that are not the newest of their account.
pub(super) fn superseded(uses: &[AccountKeyUse]) -> impl Iterator<Item = &AccountKeyUse> {
    let mut newest = HashMap::new();
    for key in uses {
        let id = newest.entry(key.account).or_insert(key.id);
        *id = (*id).max(key.id);
    }
    uses.iter().filter(move |key| newest.get(&key.account).is_some_and(|&id| id > key.id))
}
