//! The master key: the one secret that is not in the database.

use std::fmt;

use aws_lc_rs::hkdf;
use drm_primitives::Random;
use zeroize::Zeroizing;

use super::{Envelope, OpenError};
use crate::Environment;
use crate::authenticator::AuthenticatorHashKey;
use crate::key_ring::{KeyId, Purpose, Secret32, WrappedRingKey};

/// Wraps every ring of keys and hashes authenticators. Derived keys do the work, so that no two uses share one.
pub struct MasterKey {
    wrapping: Envelope,
    authenticators: AuthenticatorHashKey,
}

impl MasterKey {
    /// Derives the working keys from the 32 bytes of the master key by HKDF-SHA256 (RFC 5869).
    #[must_use]
    pub fn new(key: &Secret32) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"boxoffice master key v1").extract(key.expose());
        let derive = |purpose: &[u8]| {
            let mut derived = Zeroizing::new([0; 32]);
            prk.expand(&[purpose], hkdf::HKDF_SHA256)
                .and_then(|output| output.fill(derived.as_mut()))
                .expect("HKDF gives up to 8160 bytes");
            derived
        };
        Self {
            wrapping: Envelope::new(&Secret32::new(*derive(b"wrapping"))),
            authenticators: AuthenticatorHashKey::new(&derive(b"authenticators")),
        }
    }

    /// The key under which authenticators are hashed.
    #[must_use]
    pub const fn authenticators(&self) -> &AuthenticatorHashKey {
        &self.authenticators
    }

    /// Wraps the 32 bytes of a ring's key; environment, purpose and number are bound to it.
    #[must_use]
    pub fn wrap_ring_key(
        &self,
        (environment, purpose, id): (Environment, Purpose, KeyId),
        key: &Secret32,
        random: &dyn Random,
    ) -> Vec<u8> {
        self.wrapping.seal(&ring_context(environment, purpose, id), key.expose(), random)
    }

    /// Opens a ring's key.
    ///
    /// # Errors
    /// [`OpenError`] where another master key wrapped it, or somebody moved or altered it.
    pub fn open_ring_key(&self, wrapped: &WrappedRingKey) -> Result<Secret32, OpenError> {
        let context = ring_context(wrapped.environment, wrapped.purpose, wrapped.id);
        let opened = self.wrapping.open(&context, &wrapped.wrapped)?;
        Ok(Secret32::new(opened.as_slice().try_into().map_err(|_| OpenError)?))
    }

    /// Seals a value that there is one of in an installation, under its name.
    #[must_use]
    pub fn seal_value(&self, name: &str, value: &[u8], random: &dyn Random) -> Vec<u8> {
        self.wrapping.seal(&value_context(name), value, random)
    }

    /// Opens such a value.
    ///
    /// # Errors
    /// [`OpenError`] where another master key sealed it, or somebody moved or altered it.
    pub fn open_value(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.wrapping.open(&value_context(name), sealed)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

fn ring_context(environment: Environment, purpose: Purpose, id: KeyId) -> Vec<u8> {
    format!("boxoffice ring key v1/{environment}/{}/{id}", purpose.as_str()).into_bytes()
}

fn value_context(name: &str) -> Vec<u8> {
    format!("boxoffice value v1/{name}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;
    use jiff::Timestamp;

    #[test]
    fn a_ring_key_opens_in_its_own_place_alone() {
        let random = SequenceRandom::new(1);
        let master = MasterKey::new(&Secret32::new([3; 32]));
        let place = (Environment::Test, Purpose::Sealing, KeyId(1));
        let mut wrapped = WrappedRingKey {
            environment: place.0,
            purpose: place.1,
            id: place.2,
            wrapped: master.wrap_ring_key(place, &Secret32::new([9; 32]), &random),
            created_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(master.open_ring_key(&wrapped).unwrap().expose(), &[9; 32]);
        assert!(MasterKey::new(&Secret32::new([4; 32])).open_ring_key(&wrapped).is_err());
        wrapped.environment = Environment::Production;
        assert!(master.open_ring_key(&wrapped).is_err());
    }

    #[test]
    fn a_value_opens_under_its_own_name_alone() {
        let random = SequenceRandom::new(1);
        let master = MasterKey::new(&Secret32::new([3; 32]));
        let sealed = master.seal_value("demo", b"x", &random);
        assert_eq!(master.open_value("demo", &sealed).unwrap().as_slice(), b"x");
        assert!(master.open_value("other", &sealed).is_err());
    }
}
