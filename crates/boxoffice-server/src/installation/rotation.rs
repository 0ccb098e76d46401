//! Rolling the keys that seal tokens, and the licence session keys with them.

use boxoffice_core::Environment;
use boxoffice_core::key_ring::{KeyId, Purpose};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{Installation, InstallationError};

/// How a sealing key stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RingStatus {
    /// Whose.
    pub environment: Environment,
    /// Its number.
    pub id: KeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it is the one that seals.
    pub current: bool,
    /// When the last token that it sealed expires at the latest; `None` while it seals.
    pub needed_until: Option<Timestamp>,
}

/// Why a key is not retired.
#[derive(Debug, Error)]
pub enum RetireError {
    /// It is the one that seals, or the only one.
    #[error("key {id} of the {environment} environment is the one that seals; rotate first")]
    Current {
        /// Whose.
        environment: Environment,
        /// Its number.
        id: KeyId,
    },
    /// The installation.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// Tokens that it sealed are still good.
    #[error(
        "tokens that key {id} of the {environment} environment sealed are good until {until}; wait, or give --force to end them now"
    )]
    Needed {
        /// Whose.
        environment: Environment,
        /// Its number.
        id: KeyId,
        /// Until when.
        until: Timestamp,
    },
    /// No such key.
    #[error("the {environment} environment has no sealing key {id}")]
    Unknown {
        /// Whose.
        environment: Environment,
        /// The number that was asked for.
        id: KeyId,
    },
}

/// The longest that a token lives.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long after a newer key was made an old one may still seal: the time of settling, and a second in which
/// nodes learn of the newer one, with room for clocks that differ.
const HANDOVER: SignedDuration = SignedDuration::from_secs(60);

impl Installation {
    /// Makes a new sealing key and a new licence session key of the same number. Old ones go on opening.
    ///
    /// # Errors
    /// [`InstallationError`]; nothing was rotated, or the sealing key alone was.
    pub async fn rotate_sealing_key(&self, environment: Environment) -> Result<KeyId, InstallationError> {
        let newest = self.sealing_keys(environment).await?.last().map_or(KeyId(0), |key| key.0);
        let id = self.add_ring_key(environment, Purpose::Sealing, KeyId(newest.0.saturating_add(1))).await?;
        self.add_ring_key(environment, Purpose::LicenceSession, id).await?;
        Ok(id)
    }

    /// How each sealing key of an environment stands, the oldest first.
    ///
    /// # Errors
    /// [`InstallationError`].
    pub async fn sealing_key_status(
        &self,
        environment: Environment,
    ) -> Result<Vec<RingStatus>, InstallationError> {
        let keys = self.sealing_keys(environment).await?;
        let followers = keys.iter().skip(1).map(|&(_, made)| Some(made)).chain([None]);
        let status = |(&(id, created_at), follower): (&(KeyId, Timestamp), Option<Timestamp>)| RingStatus {
            environment,
            id,
            created_at,
            current: follower.is_none(),
            needed_until: follower.map(|made| made + HANDOVER + TOKEN_LIFETIME),
        };
        Ok(keys.iter().zip(followers).map(status).collect())
    }

    /// Removes a sealing key and the licence session key of its number, for good.
    ///
    /// # Errors
    /// [`RetireError`]; without `force` while tokens that it sealed may still be good.
    pub async fn retire_sealing_key(
        &self,
        environment: Environment,
        id: KeyId,
        force: bool,
    ) -> Result<(), RetireError> {
        let keys = self.sealing_key_status(environment).await?;
        let key = keys.iter().find(|key| key.id == id).ok_or(RetireError::Unknown { environment, id })?;
        let until = key.needed_until.ok_or(RetireError::Current { environment, id })?;
        if !force && self.clock.now() < until {
            return Err(RetireError::Needed { environment, id, until });
        }
        for purpose in [Purpose::Sealing, Purpose::LicenceSession] {
            let removed = self.storage.remove_ring_key(environment, purpose, id).await;
            removed.map_err(InstallationError::from)?;
        }
        Ok(())
    }

    async fn sealing_keys(
        &self,
        environment: Environment,
    ) -> Result<Vec<(KeyId, Timestamp)>, InstallationError> {
        let keys = self.storage.ring_keys().await?.into_iter();
        let mine = keys.filter(|key| key.environment == environment && key.purpose == Purpose::Sealing);
        let mut mine: Vec<_> = mine.map(|key| (key.id, key.created_at)).collect();
        mine.sort_unstable();
        Ok(mine)
    }
}
