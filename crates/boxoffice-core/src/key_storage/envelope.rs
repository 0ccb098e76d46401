//! Envelope encryption: a storage key wraps a key of each account, which seals the account's rows
//! (key-storage.md, section 10).

use std::fmt;

use drm_primitives::{ContentKey, Kid, Random, WrappedKey};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{KeyMaterial, MaterialKind};
use crate::key_ring::{KeyId, Secret32};
use crate::seal::{Envelope, OpenError};
use crate::{AccountId, Environment};

/// A storage key of an environment, ready for use.
pub struct StorageKey {
    environment: Environment,
    id: KeyId,
    envelope: Envelope,
}

/// A key of one account, ready to seal and to open its rows.
pub struct AccountKey {
    environment: Environment,
    account: AccountId,
    id: KeyId,
    envelope: Envelope,
}

/// What a sealed seed is bound to beside its account: it is sealed before the database numbers it, so the moment
/// at which it was made tells it from the account's others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SeedPlace<'a> {
    /// The word of its kind.
    pub kind: &'a str,
    /// When it was made; fractions of a microsecond do not count.
    pub created_at: Timestamp,
}

impl StorageKey {
    /// Takes a key of the ring.
    #[must_use]
    pub fn new(environment: Environment, id: KeyId, secret: &Secret32) -> Self {
        Self { environment, id, envelope: Envelope::new(secret) }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Wraps the key number `id` of an account.
    #[must_use]
    pub fn wrap(&self, (account, id): (AccountId, KeyId), secret: &Secret32, random: &dyn Random) -> Vec<u8> {
        self.envelope.seal(&self.context(account, id), secret.expose(), random)
    }

    /// Unwraps the key number `id` of an account.
    ///
    /// # Errors
    /// [`OpenError`] where another storage key wrapped it, or somebody moved or altered it.
    pub fn unwrap(&self, (account, id): (AccountId, KeyId), wrapped: &[u8]) -> Result<Secret32, OpenError> {
        let opened = self.envelope.open(&self.context(account, id), wrapped)?;
        Ok(Secret32::new(opened.as_slice().try_into().map_err(|_| OpenError)?))
    }

    fn context(&self, account: AccountId, id: KeyId) -> Vec<u8> {
        format!("boxoffice account key v1/{}/{account}/{id}", self.environment).into_bytes()
    }
}

impl fmt::Debug for StorageKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorageKey({} {})", self.environment, self.id)
    }
}

impl AccountKey {
    /// Takes an unwrapped key.
    #[must_use]
    pub fn new((environment, account, id): (Environment, AccountId, KeyId), secret: &Secret32) -> Self {
        Self { environment, account, id, envelope: Envelope::new(secret) }
    }

    /// Its number within the account.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Seals what a row holds, bound to environment, account, KID and kind.
    #[must_use]
    pub fn seal(&self, kid: &Kid, material: &KeyMaterial, random: &dyn Random) -> Vec<u8> {
        let plain: &[u8] = match material {
            KeyMaterial::ClientKek(wrapped) => wrapped.as_bytes(),
            KeyMaterial::ServiceHeld(key) => key.expose(),
        };
        self.envelope.seal(&self.row_context(kid, material.kind()), plain, random)
    }

    /// Opens what a row holds.
    ///
    /// # Errors
    /// [`OpenError`] where it was sealed for another row, under another key, or was altered.
    pub fn open(&self, kid: &Kid, holder: MaterialKind, sealed: &[u8]) -> Result<KeyMaterial, OpenError> {
        let plain = self.envelope.open(&self.row_context(kid, holder), sealed)?;
        match holder {
            MaterialKind::ClientKek => {
                let wrapped = plain.as_slice().try_into().map_err(|_| OpenError)?;
                Ok(KeyMaterial::ClientKek(WrappedKey::from_bytes(wrapped)))
            }
            MaterialKind::ServiceHeld => {
                let key = Zeroizing::new(plain.as_slice().try_into().map_err(|_| OpenError)?);
                Ok(KeyMaterial::ServiceHeld(ContentKey::from_bytes(*key)))
            }
        }
    }

    /// Seals the bytes of a seed.
    #[must_use]
    pub fn seal_seed(&self, place: SeedPlace<'_>, seed: &[u8], random: &dyn Random) -> Vec<u8> {
        self.envelope.seal(&self.seed_context(place), seed, random)
    }

    /// Opens the bytes of a seed.
    ///
    /// # Errors
    /// [`OpenError`] where it was sealed for another place, under another key, or was altered.
    pub fn open_seed(&self, place: SeedPlace<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.envelope.open(&self.seed_context(place), sealed)
    }

    fn row_context(&self, kid: &Kid, holder: MaterialKind) -> [u8; 43] {
        const LABEL: &[u8; 21] = b"boxoffice key row v1/";
        let holder = match holder {
            MaterialKind::ClientKek => 0,
            MaterialKind::ServiceHeld => 1,
        };
        let mut context = [0; 43];
        let (environment, account) = ([self.environment.number()], self.account.0.to_be_bytes());
        let parts = [LABEL.as_slice(), &environment, &account, &[holder], kid.as_bytes()];
        for (byte, &part) in context.iter_mut().zip(parts.into_iter().flatten()) {
            *byte = part;
        }
        context
    }

    fn seed_context(&self, place: SeedPlace<'_>) -> Vec<u8> {
        let (environment, account, kind) = (self.environment, self.account, place.kind);
        let made = place.created_at.as_microsecond();
        format!("boxoffice seed v1/{environment}/{account}/{kind}/{made}").into_bytes()
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({} {})", self.account, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;

    const ACCOUNT: AccountId = AccountId(100_001);

    fn account_key(environment: Environment, account: AccountId) -> AccountKey {
        AccountKey::new((environment, account, KeyId(1)), &Secret32::new([1; 32]))
    }

    #[test]
    fn a_row_opens_in_its_own_place_alone() {
        let random = SequenceRandom::new(1);
        let (kid, other) = (Kid::from_bytes([1; 16]), Kid::from_bytes([2; 16]));
        let key = account_key(Environment::Test, ACCOUNT);
        let material = KeyMaterial::ServiceHeld(ContentKey::from_bytes([7; 16]));
        let sealed = key.seal(&kid, &material, &random);
        assert_eq!(sealed.len(), 16 + Envelope::OVERHEAD);
        assert_eq!(key.open(&kid, MaterialKind::ServiceHeld, &sealed), Ok(material));
        assert!(key.open(&other, MaterialKind::ServiceHeld, &sealed).is_err());
        assert!(key.open(&kid, MaterialKind::ClientKek, &sealed).is_err());
        for other in
            [account_key(Environment::Production, ACCOUNT), account_key(Environment::Test, AccountId(7))]
        {
            assert!(other.open(&kid, MaterialKind::ServiceHeld, &sealed).is_err());
        }
        let wrapped = KeyMaterial::ClientKek(WrappedKey::from_bytes([9; 24]));
        let sealed = key.seal(&kid, &wrapped, &random);
        assert_eq!(key.open(&kid, MaterialKind::ClientKek, &sealed), Ok(wrapped));
    }

    #[test]
    fn an_account_key_opens_under_its_storage_key_and_number_alone() {
        let random = SequenceRandom::new(1);
        let storage_key = StorageKey::new(Environment::Test, KeyId(1), &Secret32::new([3; 32]));
        let wrapped = storage_key.wrap((ACCOUNT, KeyId(1)), &Secret32::new([4; 32]), &random);
        assert_eq!(storage_key.unwrap((ACCOUNT, KeyId(1)), &wrapped).unwrap().expose(), &[4; 32]);
        assert!(storage_key.unwrap((ACCOUNT, KeyId(2)), &wrapped).is_err());
        assert!(storage_key.unwrap((AccountId(7), KeyId(1)), &wrapped).is_err());
        let other = StorageKey::new(Environment::Production, KeyId(1), &Secret32::new([3; 32]));
        assert!(other.unwrap((ACCOUNT, KeyId(1)), &wrapped).is_err());
    }

    #[test]
    fn a_seed_opens_in_its_own_place_alone() {
        let random = SequenceRandom::new(1);
        let key = account_key(Environment::Test, ACCOUNT);
        let place = SeedPlace { kind: "native", created_at: Timestamp::UNIX_EPOCH };
        let sealed = key.seal_seed(place, &[5; 32], &random);
        assert_eq!(key.open_seed(place, &sealed).unwrap().as_slice(), [5; 32]);
        assert!(key.open_seed(SeedPlace { kind: "open", ..place }, &sealed).is_err());
        let later = Timestamp::from_microsecond(1).unwrap();
        assert!(key.open_seed(SeedPlace { created_at: later, ..place }, &sealed).is_err());
    }
}
