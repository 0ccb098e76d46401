//! An installation: a database, the master key that opens it, and what the first start makes in it.
//!
//! The service and every command open it in the same way, so that each can be the first
//! (operations.md, section 2). Nothing is made where the database is sealed under another master key.

mod account;
mod demo;
mod error;
mod lab;
mod master_key_source;
mod rings;
mod rotation;

use std::sync::Arc;

use boxoffice_core::Clock;
use boxoffice_core::seal::MasterKey;
use boxoffice_storage::Storage;
use drm_primitives::Random;

pub use account::NewCustomer;
pub use error::InstallationError;
pub use lab::LabMaterial;
pub use master_key_source::MasterKeySource;
pub use rings::{RingKey, RingSet, Rings};
pub use rotation::{RetireError, RingStatus};

/// A database and the master key that opens it.
#[derive(Clone)]
pub struct Installation {
    storage: Arc<dyn Storage>,
    master_key: Arc<MasterKey>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// The name of the value that tells whether a master key is this database's: any text, sealed under it.
const MARK: &str = "master-key-mark";

impl Installation {
    /// Opens an installation, and makes what is missing of master key and rings.
    ///
    /// # Errors
    /// [`InstallationError`]: the master key is missing, too widely readable, or not this database's; or the
    /// database does not answer.
    pub async fn open(
        storage: Arc<dyn Storage>,
        source: &MasterKeySource,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, InstallationError> {
        let mark = storage.sealed_value(MARK).await?;
        let key = match source.read()? {
            Some(key) => key,
            None if mark.is_none() => source.create(&*random)?,
            None => return Err(InstallationError::MasterKeyMissing { from: source.to_string() }),
        };
        let master_key = MasterKey::new(&key);
        let mark = if let Some(mark) = mark {
            mark
        } else {
            let sealed = master_key.seal_value(MARK, b"boxoffice", &*random);
            storage.keep_sealed_value(MARK, sealed).await?
        };
        if master_key.open_value(MARK, &mark).is_err() {
            return Err(InstallationError::OtherMasterKey { from: source.to_string() });
        }
        let installation = Self { storage, master_key: Arc::new(master_key), clock, random };
        installation.make_missing_rings().await?;
        Ok(installation)
    }

    /// The database.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Randomness.
    #[must_use]
    pub fn random(&self) -> &Arc<dyn Random> {
        &self.random
    }

    /// The master key.
    #[must_use]
    pub fn master_key(&self) -> &Arc<MasterKey> {
        &self.master_key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::entitlement::{ClearKeyTerms, Entitlement, Terms, TokenId};
    use boxoffice_core::key_ring::KeyId;
    use boxoffice_core::{AccountId, Environment, FixedClock};
    use boxoffice_storage::SqliteStorage;
    use drm_primitives::SystemRandom;
    use std::path::Path;

    struct Place {
        directory: tempfile::TempDir,
        clock: Arc<FixedClock>,
    }

    impl Place {
        fn new() -> Self {
            Self { directory: tempfile::tempdir().unwrap(), clock: Arc::new(FixedClock::at(1_800_000_000)) }
        }

        fn path(&self) -> &Path {
            self.directory.path()
        }

        async fn open(&self, key: &str) -> Result<Installation, InstallationError> {
            let storage = Arc::new(SqliteStorage::open(&self.path().join("boxoffice.db")).unwrap());
            let source = MasterKeySource::File(self.path().join(key));
            Installation::open(storage, &source, self.clock.clone(), Arc::new(SystemRandom)).await
        }
    }

    fn entitlement(now: jiff::Timestamp) -> Entitlement {
        Entitlement {
            environment: Environment::Test,
            account: AccountId::FIRST,
            token_id: TokenId::from_bytes([1; 16]),
            issued_at: now,
            expires_at: now + jiff::SignedDuration::from_secs(60),
            one_time: false,
            cookie: None,
            address: None,
            terms: Terms::ClearKey(ClearKeyTerms { keys: Vec::new() }),
        }
    }

    #[tokio::test]
    async fn a_second_start_opens_what_the_first_one_made() {
        let place = Place::new();
        let first = place.open("master.key").await.unwrap();
        first.make_demo_account().await.unwrap();
        let shown = first.demo_authenticator().await.unwrap().unwrap().reveal();
        let second = place.open("master.key").await.unwrap();
        second.make_demo_account().await.unwrap();
        assert_eq!(second.demo_authenticator().await.unwrap().unwrap().reveal(), shown);
        assert_eq!(second.storage().accounts().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_database_under_another_master_key_is_refused_and_nothing_is_made() {
        let place = Place::new();
        place.open("master.key").await.unwrap();
        let refused = place.open("other.key").await.err().unwrap();
        assert!(matches!(refused, InstallationError::MasterKeyMissing { .. }), "{refused}");
        assert!(!place.path().join("other.key").exists());
        MasterKeySource::File(place.path().join("other.key")).create(&SystemRandom).unwrap();
        let refused = place.open("other.key").await.err().unwrap();
        assert!(matches!(refused, InstallationError::OtherMasterKey { .. }), "{refused}");
    }

    #[tokio::test]
    async fn a_revoked_demo_authenticator_is_shown_no_more() {
        let place = Place::new();
        let installation = place.open("master.key").await.unwrap();
        installation.make_demo_account().await.unwrap();
        let account = installation.storage().account(AccountId::FIRST).await.unwrap().unwrap();
        let id = account.authenticators[0].id;
        installation.storage().revoke_authenticator(id, place.clock.now()).await.unwrap();
        assert!(installation.demo_authenticator().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn rotation_loses_no_token_and_retiring_waits_for_the_last_one() {
        let place = Place::new();
        let installation = place.open("master.key").await.unwrap();
        let rings = installation.rings().await.unwrap();
        let now = place.clock.now();
        let ring = |rings: &Rings| rings.current();
        let token = ring(&rings).sealing(Environment::Test).seal(&entitlement(now), now, &SystemRandom);
        assert_eq!(installation.rotate_sealing_key(Environment::Test).await.unwrap(), KeyId(2));
        rings.refresh(&installation).await.unwrap();
        place.clock.advance(5);
        let set = ring(&rings);
        assert_eq!(set.sealing(Environment::Test).current(place.clock.now()).id(), KeyId(2));
        assert!(set.sealing(Environment::Test).open(token.as_bytes()).is_ok());
        let retire =
            async |id, force| installation.retire_sealing_key(Environment::Test, KeyId(id), force).await;
        assert!(matches!(retire(1, false).await, Err(RetireError::Needed { .. })));
        assert!(matches!(retire(2, true).await, Err(RetireError::Current { .. })));
        assert!(matches!(retire(9, true).await, Err(RetireError::Unknown { .. })));
        retire(1, true).await.unwrap();
        rings.refresh(&installation).await.unwrap();
        assert!(ring(&rings).sealing(Environment::Test).open(token.as_bytes()).is_err());
    }

    #[tokio::test]
    async fn lab_material_is_made_once_and_survives_another_storage_key() {
        let place = Place::new();
        let installation = place.open("master.key").await.unwrap();
        let rings = installation.rings().await.unwrap().current();
        let material = async |byte: u8| {
            let make = async || Ok(zeroize::Zeroizing::new(vec![byte]));
            installation.lab_material(&rings, LabMaterial::Widevine, make).await.unwrap().to_vec()
        };
        assert_eq!(material(1).await, [1]);
        installation.reseal_lab_material(&rings).await.unwrap();
        assert_eq!(material(2).await, [1]);
    }
}
