//! The rings of keys, opened and in memory; read again whenever the database may have more.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use boxoffice_core::key_ring::{KeyId, Purpose, Secret32, WrappedRingKey};
use boxoffice_core::seal::{SealingKey, SealingRing};
use boxoffice_core::{Environment, PerEnvironment};
use jiff::Timestamp;

use super::{Installation, InstallationError};

/// A key of a ring, open.
#[derive(Clone, Debug)]
pub struct RingKey {
    /// Its number.
    pub id: KeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The key.
    pub secret: Secret32,
}

/// Every ring as it was at one moment.
#[derive(Debug)]
pub struct RingSet(PerEnvironment<EnvironmentRings>);

#[derive(Debug)]
struct EnvironmentRings {
    sealing: SealingRing,
    licence_session: Vec<RingKey>,
    storage: Vec<RingKey>,
}

/// The rings in force, shared by everything in the process.
#[derive(Clone)]
pub struct Rings(Arc<ArcSwap<RingSet>>);

impl RingSet {
    /// The ring that seals and opens the tokens of an environment.
    #[must_use]
    pub fn sealing(&self, environment: Environment) -> &SealingRing {
        &self.of(environment).sealing
    }

    /// The keys that licences' signing keys are derived from, the oldest first; never empty.
    #[must_use]
    pub fn licence_session(&self, environment: Environment) -> &[RingKey] {
        &self.of(environment).licence_session
    }

    /// The keys that wrap account keys and lab credentials, the oldest first; never empty.
    #[must_use]
    pub fn storage(&self, environment: Environment) -> &[RingKey] {
        &self.of(environment).storage
    }

    const fn of(&self, environment: Environment) -> &EnvironmentRings {
        self.0.of(environment)
    }
}

impl Rings {
    /// The rings in force now.
    #[must_use]
    pub fn current(&self) -> Guard<Arc<RingSet>> {
        self.0.load()
    }

    /// Reads the rings again: once a second, and where a token names a key that is not there.
    ///
    /// # Errors
    /// [`InstallationError`]; the rings stay as they were.
    pub async fn refresh(&self, installation: &Installation) -> Result<(), InstallationError> {
        self.0.store(Arc::new(installation.read_rings().await?));
        Ok(())
    }
}

impl Installation {
    /// Opens every ring.
    ///
    /// # Errors
    /// [`InstallationError`]: the database does not answer, or a key in it does not open.
    pub async fn rings(&self) -> Result<Rings, InstallationError> {
        Ok(Rings(Arc::new(ArcSwap::from_pointee(self.read_rings().await?))))
    }

    /// Draws a key for a ring and adds it under the first number that is free.
    pub(super) async fn add_ring_key(
        &self,
        environment: Environment,
        purpose: Purpose,
        first_id: KeyId,
    ) -> Result<KeyId, InstallationError> {
        let mut id = first_id;
        loop {
            let secret = Secret32::new(self.random.array());
            let wrapped = self.master_key.wrap_ring_key((environment, purpose, id), &secret, &*self.random);
            let key = WrappedRingKey { environment, purpose, id, wrapped, created_at: self.clock.now() };
            if self.storage.add_ring_key(key).await? {
                return Ok(id);
            }
            id = KeyId(id.0.saturating_add(1));
        }
    }

    /// Makes the first key of each ring that has none. Where two nodes start at once, the first one's stays.
    pub(super) async fn make_missing_rings(&self) -> Result<(), InstallationError> {
        let there = self.storage.ring_keys().await?;
        for environment in Environment::ALL {
            for purpose in Purpose::ALL {
                if there.iter().any(|key| key.environment == environment && key.purpose == purpose) {
                    continue;
                }
                let (id, secret) = (KeyId(1), Secret32::new(self.random.array()));
                let wrapped =
                    self.master_key.wrap_ring_key((environment, purpose, id), &secret, &*self.random);
                let key = WrappedRingKey { environment, purpose, id, wrapped, created_at: self.clock.now() };
                self.storage.add_ring_key(key).await?;
            }
        }
        Ok(())
    }

    async fn read_rings(&self) -> Result<RingSet, InstallationError> {
        let mut keys = self.storage.ring_keys().await?;
        keys.sort_by_key(|key| key.id);
        let ring = |environment: Environment, purpose: Purpose| {
            let mine = keys.iter().filter(|key| key.environment == environment && key.purpose == purpose);
            let open = |key: &WrappedRingKey| {
                let what = || format!("the {environment} {} key {}", purpose.as_str(), key.id);
                let secret = self
                    .master_key
                    .open_ring_key(key)
                    .map_err(|_| InstallationError::Damaged { what: what() })?;
                Ok(RingKey { id: key.id, created_at: key.created_at, secret })
            };
            let ring = mine.map(open).collect::<Result<Vec<_>, InstallationError>>()?;
            if ring.is_empty() {
                let what = format!("the {environment} {} ring, which is empty,", purpose.as_str());
                return Err(InstallationError::Damaged { what });
            }
            Ok(ring)
        };
        let rings = |environment: Environment| {
            let sealing = ring(environment, Purpose::Sealing)?;
            let sealing =
                sealing.iter().map(|key| SealingKey::new(key.id, key.created_at, &key.secret)).collect();
            Ok::<_, InstallationError>(EnvironmentRings {
                sealing: SealingRing::new(environment, sealing).expect("an empty ring was refused above"),
                licence_session: ring(environment, Purpose::LicenceSession)?,
                storage: ring(environment, Purpose::Storage)?,
            })
        };
        PerEnvironment::try_new(rings).map(RingSet)
    }
}
