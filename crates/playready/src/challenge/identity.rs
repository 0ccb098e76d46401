//! Who sent the challenge: claimed, then verified.

use drm_primitives::hex;

use crate::bcert::{Chain, FeatureCode, Manufacturer, Revocations, Trust, VerifyError};
use crate::curve::PublicKey;
use crate::refusal::{Refusal, SignatureError};

/// What a challenge said inside its encryption, not verified yet.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(super) chain: Chain,
    pub(super) feature_names: Vec<String>,
    pub(super) signing_key: [u8; 64],
    pub(super) client_version: Option<String>,
}

/// A device whose chain leads to the root, and who holds the key in it.
#[derive(Clone, Debug)]
pub struct Device {
    security_level: u32,
    client_id: [u8; 16],
    features: Vec<u32>,
    feature_names: Vec<String>,
    manufacturer: Manufacturer,
    key_digests: Vec<[u8; 32]>,
    certificate_digests: Vec<[u8; 32]>,
    client_version: Option<String>,
    encryption_key: PublicKey,
}

impl Identity {
    /// The chain, leaf first.
    #[must_use]
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Verifies the chain (section 3, checks 2 to 6), and then that its leaf has the key that signed the challenge (7).
    ///
    /// # Errors
    /// [`Refusal::DeviceUntrusted`], [`Refusal::DeviceRevoked`], [`Refusal::DeviceSignature`].
    pub fn verify(self, trust: &Trust, now: i64, revocations: &Revocations) -> Result<Device, Refusal> {
        let keys = trust.verify_device(&self.chain, now, revocations).map_err(|error| match error {
            VerifyError::Untrusted(error) => Refusal::DeviceUntrusted(error),
            VerifyError::Revoked { index, digest } => Refusal::DeviceRevoked { index, digest },
        })?;
        if *keys.signing.as_bytes() != self.signing_key {
            return Err(SignatureError::ForeignKey.into());
        }
        let certificates = self.chain.certificates();
        let leaf = self.chain.leaf().body();
        Ok(Device {
            security_level: leaf.basic.security_level,
            client_id: leaf.basic.client_id,
            features: leaf.features().to_vec(),
            feature_names: self.feature_names,
            manufacturer: certificates
                .iter()
                .find_map(|certificate| certificate.body().manufacturer())
                .cloned()
                .unwrap_or_default(),
            key_digests: certificates.iter().map(|certificate| certificate.body().basic.key_digest).collect(),
            certificate_digests: certificates.iter().map(crate::bcert::Certificate::digest).collect(),
            client_version: self.client_version,
            encryption_key: keys.encryption,
        })
    }
}

impl Device {
    /// The leaf's security level.
    #[must_use]
    pub const fn security_level(&self) -> u32 {
        self.security_level
    }

    /// The device id: the leaf's clientId in 32 lower-case hex digits, which is also what a token's
    /// `deviceId` is compared with.
    #[must_use]
    pub fn device_id(&self) -> String {
        hex::encode(&self.client_id)
    }

    /// The leaf's clientId.
    #[must_use]
    pub const fn client_id(&self) -> &[u8; 16] {
        &self.client_id
    }

    /// The leaf's features, named: `SecureClock`, `RevocationLists` …; one without a name is `Feature` and its number.
    #[must_use]
    pub fn features(&self) -> Vec<String> {
        self.features.iter().map(|&code| FeatureCode(code).to_string()).collect()
    }

    /// The names of the feature lists beside the chain: `AESCBC` …
    #[must_use]
    pub fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    /// The company, from the first certificate that names one.
    #[must_use]
    pub fn maker(&self) -> String {
        String::from_utf8_lossy(&self.manufacturer.maker).into_owned()
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> String {
        String::from_utf8_lossy(&self.manufacturer.model).into_owned()
    }

    /// The model's number.
    #[must_use]
    pub fn model_number(&self) -> String {
        String::from_utf8_lossy(&self.manufacturer.number).into_owned()
    }

    /// SHA-256 of the first key of every certificate, leaf first; either these or
    /// [`Device::certificate_digests`] are what a revocation list names.
    #[must_use]
    pub fn key_digests(&self) -> &[[u8; 32]] {
        &self.key_digests
    }

    /// SHA-256 over the signed part of every certificate, leaf first.
    #[must_use]
    pub fn certificate_digests(&self) -> &[[u8; 32]] {
        &self.certificate_digests
    }

    /// CLIENTVERSION of the challenge.
    #[must_use]
    pub fn client_version(&self) -> Option<&str> {
        self.client_version.as_deref()
    }

    /// The leaf's `ENCRYPT_KEY` key, which licences are encrypted to.
    #[must_use]
    pub const fn encryption_key(&self) -> &PublicKey {
        &self.encryption_key
    }
}
