//! What is wrong with the key storage itself, and not with a call.

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use boxoffice_core::key_storage::{KeyProblem, KeyRefusal};
use boxoffice_storage::{SeedId, StorageError};
use drm_primitives::Kid;
use thiserror::Error;

use crate::installation::InstallationError;

/// Why the key storage cannot do its work.
#[derive(Debug, Error)]
pub enum KeyStorageError {
    /// An account key does not open under its storage key, or its storage key is not there.
    #[error("key {id} of account {account} does not open under storage key {storage_key}")]
    AccountKey {
        /// Whose.
        account: AccountId,
        /// Its number.
        id: KeyId,
        /// The key that should open it.
        storage_key: KeyId,
    },
    /// A row names an account key that is not there.
    #[error("account {account} has no key {id}, which seals rows of its")]
    AccountKeyMissing {
        /// Whose.
        account: AccountId,
        /// Its number.
        id: KeyId,
    },
    /// Others changed the same row as often as this call tried to.
    #[error("the row was changed by others each time it was read")]
    Contended,
    /// The master key or a ring.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// A row does not open: it was altered or moved.
    #[error("the row of {kid} in account {account} does not open: it was altered, or moved from elsewhere")]
    Row {
        /// Whose.
        account: AccountId,
        /// Which.
        kid: Kid,
    },
    /// A seed does not open: it was altered or moved.
    #[error("seed {} does not open: it was altered, or moved from elsewhere", id.0)]
    Seed {
        /// Which.
        id: SeedId,
    },
    /// The database.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl KeyStorageError {
    /// Whether rows or keys are damaged, which somebody has to look into; else it passes by itself.
    const fn is_damage(&self) -> bool {
        match self {
            Self::AccountKey { .. }
            | Self::AccountKeyMissing { .. }
            | Self::Row { .. }
            | Self::Seed { .. } => true,
            Self::Contended | Self::Installation(_) | Self::Storage(_) => false,
        }
    }
}

/// What does not open is 503 and an alarm, never "not found" (key-storage.md, section 10).
impl From<KeyStorageError> for KeyRefusal {
    fn from(error: KeyStorageError) -> Self {
        if error.is_damage() {
            tracing::error!(alarm = "key-storage-damaged", %error, "the key storage is damaged: {error}");
        } else {
            tracing::error!(%error, "the key storage does not answer: {error}");
        }
        Self::new(KeyProblem::Unavailable, "the key storage does not answer; try again shortly")
    }
}
