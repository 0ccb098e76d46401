//! The key storage (key-storage.md): content keys between packaging and playback.
//!
//! [`KeyStorage`] is the service, one file an operation, and knows no HTTP; `http` puts it under `/keystore`.
//! Every call ends in an audit record, and what carries a key waits until that record is durable. Nothing that a
//! deletion or an expiry ends is remembered between calls.

mod account_keys;
mod audit;
mod call;
mod change;
mod contents;
mod count;
mod create;
mod delete;
mod export;
mod failure;
pub mod http;
mod import;
mod list;
mod lookup;
mod maintenance;
mod opened_seed;
mod read;
mod resolve;
mod rotation;
mod row;
mod seeds;
mod shown;

use std::sync::Arc;

use boxoffice_core::Clock;
use boxoffice_core::seal::MasterKey;
use boxoffice_storage::Storage;
use drm_primitives::Random;

use crate::config::KeystoreConfig;
use crate::installation::{Installation, InstallationError, Rings};
use account_keys::AccountKeyCache;
use seeds::SeedCache;

pub use call::{Call, Done, Outcome};
pub use contents::{ContentListing, TrackKey};
pub use create::Created;
pub use export::ExportedPage;
pub use failure::KeyStorageError;
pub use import::{ImportOutcome, ImportRow};
pub use list::{ListRequest, Listed};
pub use maintenance::Maintenance;
pub use resolve::Wanted;
pub use rotation::{RetireStorageKeyError, StorageKeyStatus};
pub use seeds::{NewSeedKind, SeedError, SeedSummary, kind_word};
pub use shown::ShownKey;

/// The key storage of every account. One for the process.
pub struct KeyStorage {
    storage: Arc<dyn Storage>,
    master_key: Arc<MasterKey>,
    installation: Installation,
    rings: Rings,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    settings: KeystoreConfig,
    account_keys: AccountKeyCache,
    seeds: SeedCache,
}

impl KeyStorage {
    /// Opens the key storage of an installation for a command; a running service has its own.
    ///
    /// # Errors
    /// [`InstallationError`]: the database does not answer, or a key in it does not open.
    pub async fn open(
        installation: &Installation,
        settings: KeystoreConfig,
    ) -> Result<Self, InstallationError> {
        let rings = installation.rings().await?;
        let (clock, random) = (Arc::clone(installation.clock()), Arc::clone(installation.random()));
        Ok(Self::new(installation.clone(), rings, settings, clock, random))
    }

    /// Puts it together.
    #[must_use]
    pub fn new(
        installation: Installation,
        rings: Rings,
        settings: KeystoreConfig,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            storage: Arc::clone(installation.storage()),
            master_key: Arc::clone(installation.master_key()),
            installation,
            rings,
            clock,
            random,
            settings,
            account_keys: AccountKeyCache::default(),
            seeds: SeedCache::default(),
        }
    }
}
