//! The numbers of section 3: types, usages, features and tags. Shared with the lab client, which
//! shares nothing else with the issuer but the XMR types.

/// Types of certificates (BASIC's third number).
pub mod kind {
    /// A PC.
    pub const PC: u32 = 1;
    /// A device: the leaf of a challenge's chain.
    pub const DEVICE: u32 = 2;
    /// A domain.
    pub const DOMAIN: u32 = 3;
    /// An issuer: company, group, licence CA.
    pub const ISSUER: u32 = 4;
    /// Signs revocation lists.
    pub const CRL_SIGNER: u32 = 5;
    /// A service.
    pub const SERVICE: u32 = 6;
    /// Silverlight.
    pub const SILVERLIGHT: u32 = 7;
    /// An application.
    pub const APPLICATION: u32 = 8;
    /// Metering.
    pub const METERING: u32 = 9;
    /// Signs key files.
    pub const KEYFILE_SIGNER: u32 = 0xA;
    /// A server.
    pub const SERVER: u32 = 0xB;
    /// Signs licences and responses.
    pub const LICENSE_SIGNER: u32 = 0xC;
    /// A secure time server.
    pub const SECURE_TIME_SERVER: u32 = 0xD;
}

/// What a certified key may do.
pub mod usage {
    /// Signs challenges.
    pub const SIGN: u32 = 1;
    /// Receives content keys.
    pub const ENCRYPT_KEY: u32 = 2;
    /// Signs revocation lists.
    pub const SIGN_CRL: u32 = 3;
    /// Issues anything.
    pub const ISSUER_ALL: u32 = 4;
    /// Issues devices.
    pub const ISSUER_DEVICE: u32 = 6;
    /// Issues licence signers.
    pub const ISSUER_SIGN_LICENSE: u32 = 0x12;
    /// Signs licences.
    pub const SIGN_LICENSE: u32 = 0x13;
    /// Signs responses.
    pub const SIGN_RESPONSE: u32 = 0x14;
}

/// Features of a device.
pub mod feature {
    /// Transmits.
    pub const TRANSMITTER: u32 = 1;
    /// Receives.
    pub const RECEIVER: u32 = 2;
    /// Has a secure clock.
    pub const SECURE_CLOCK: u32 = 4;
    /// Has a clock that cannot be rolled back.
    pub const ANTI_ROLLBACK_CLOCK: u32 = 5;
    /// Knows revocation lists.
    pub const REVOCATION_LISTS: u32 = 9;
    /// Speaks `PlayReady` 3.
    pub const PLAYREADY_3: u32 = 0xD;
}

/// Tags of objects.
pub mod object_tag {
    /// BASIC.
    pub const BASIC: u16 = 1;
    /// DEVICE.
    pub const DEVICE: u16 = 4;
    /// FEATURE.
    pub const FEATURE: u16 = 5;
    /// KEY.
    pub const KEY: u16 = 6;
    /// MANUFACTURER.
    pub const MANUFACTURER: u16 = 7;
    /// SIGNATURE.
    pub const SIGNATURE: u16 = 8;
}

/// A feature's number, printed as records and the webhook name it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FeatureCode(pub u32);

impl std::fmt::Display for FeatureCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            feature::TRANSMITTER => f.write_str("Transmitter"),
            feature::RECEIVER => f.write_str("Receiver"),
            feature::SECURE_CLOCK => f.write_str("SecureClock"),
            feature::ANTI_ROLLBACK_CLOCK => f.write_str("AntiRollbackClock"),
            feature::REVOCATION_LISTS => f.write_str("RevocationLists"),
            feature::PLAYREADY_3 => f.write_str("PlayReady3"),
            other => write!(f, "Feature{other}"),
        }
    }
}

pub(super) const CHAIN_MAGIC: [u8; 4] = *b"CHAI";
pub(super) const CERTIFICATE_MAGIC: [u8; 4] = *b"CERT";
pub(super) const VERSION: u32 = 1;
/// "CHAI", version, length, flags, count.
pub(super) const CHAIN_HEADER: usize = 20;
/// "CERT", version, length, signed length.
pub(super) const CERTIFICATE_HEADER: usize = 16;
pub(super) const OBJECT_HEADER: usize = 8;
pub(super) const SIGNATURE_LENGTH: usize = 144;
pub(super) const MUST_UNDERSTAND: u16 = 1;
pub(super) const MAXIMUM_FEATURES: usize = 32;
pub(super) const KEY_TYPE_ECC: u16 = 1;
pub(super) const KEY_BITS: u16 = 512;
pub(super) const SIGNATURE_TYPE: u16 = 1;
