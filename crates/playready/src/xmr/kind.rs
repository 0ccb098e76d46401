//! The objects of section 7. Shared with the lab client.

/// Cipher type: an ElGamal ciphertext of 128 bytes on P-256.
pub const CIPHER_ECC_256: u16 = 3;

/// The fixed numbers of object 2A.
pub mod device_key {
    /// P-256.
    pub const CURVE: u16 = 1;
    /// X‖Y, in bytes.
    pub const LENGTH: u16 = 64;
}

/// The fixed numbers of object 0B.
pub mod signature {
    /// AES-128-CMAC.
    pub const CMAC: u16 = 1;
    /// In bytes.
    pub const LENGTH: u16 = 16;
}

/// One row of the table: type, flags and place.
macro_rules! object_kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal, flags $flags:literal, in $parent:expr;)*) => {
        /// The objects that section 7 names. Others are walked over by number.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum ObjectKind {
            $($(#[$doc])* $name,)*
        }

        impl ObjectKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }

            /// The flags that it is written with: 1 must understand, 2 container.
            #[must_use]
            pub const fn flags(self) -> u16 {
                match self { $(Self::$name => $flags,)* }
            }

            /// The container that it stands in; none for the outer one.
            #[must_use]
            pub const fn parent(self) -> Option<Self> {
                match self { $(Self::$name => $parent,)* }
            }
        }
    };
}

object_kinds! {
    /// 01: outer container.
    Outer = 0x01, flags 3, in None;
    /// 02: global policy.
    GlobalPolicy = 0x02, flags 3, in Some(Self::Outer);
    /// 0D: rights settings.
    RightsSettings = 0x0D, flags 1, in Some(Self::GlobalPolicy);
    /// 12: begin and end.
    Expiration = 0x12, flags 1, in Some(Self::GlobalPolicy);
    /// 30: expires after first play.
    ExpirationAfterFirstPlay = 0x30, flags 1, in Some(Self::GlobalPolicy);
    /// 13: issue date.
    IssueDate = 0x13, flags 0, in Some(Self::GlobalPolicy);
    /// 1A: grace period.
    GracePeriod = 0x1A, flags 0, in Some(Self::GlobalPolicy);
    /// 50: removal date.
    RemovalDate = 0x50, flags 0, in Some(Self::GlobalPolicy);
    /// 22: source id.
    SourceId = 0x22, flags 1, in Some(Self::GlobalPolicy);
    /// 28: restricted source id.
    RestrictedSourceId = 0x28, flags 1, in Some(Self::GlobalPolicy);
    /// 29: domain.
    Domain = 0x29, flags 1, in Some(Self::GlobalPolicy);
    /// 16: metering.
    Metering = 0x16, flags 1, in Some(Self::GlobalPolicy);
    /// 5A: secure stop.
    SecureStop = 0x5A, flags 1, in Some(Self::GlobalPolicy);
    /// 2C: policy metadata.
    PolicyMetadata = 0x2C, flags 0, in Some(Self::GlobalPolicy);
    /// 32: revocation data at least.
    RevocationInformation = 0x32, flags 1, in Some(Self::GlobalPolicy);
    /// 34: minimum security level.
    SecurityLevel = 0x34, flags 1, in Some(Self::GlobalPolicy);
    /// 33: embedding.
    Embedding = 0x33, flags 0, in Some(Self::GlobalPolicy);
    /// 55: expiry enforced in real time.
    RealTimeExpiration = 0x55, flags 1, in Some(Self::GlobalPolicy);
    /// 04: play policy.
    PlayPolicy = 0x04, flags 2, in Some(Self::Outer);
    /// 05: output protection levels.
    OutputProtection = 0x05, flags 1, in Some(Self::PlayPolicy);
    /// 07: explicit analog video outputs.
    ExplicitAnalogVideo = 0x07, flags 3, in Some(Self::PlayPolicy);
    /// 08: one of 07.
    AnalogVideoOutput = 0x08, flags 1, in Some(Self::ExplicitAnalogVideo);
    /// 2E: explicit digital audio outputs.
    ExplicitDigitalAudio = 0x2E, flags 3, in Some(Self::PlayPolicy);
    /// 31: one of 2E.
    DigitalAudioOutput = 0x31, flags 1, in Some(Self::ExplicitDigitalAudio);
    /// 58: explicit digital video outputs.
    ExplicitDigitalVideo = 0x58, flags 3, in Some(Self::PlayPolicy);
    /// 59: one of 58.
    DigitalVideoOutput = 0x59, flags 1, in Some(Self::ExplicitDigitalVideo);
    /// 36: play enablers.
    PlayEnablers = 0x36, flags 3, in Some(Self::PlayPolicy);
    /// 39: one of 36.
    PlayEnabler = 0x39, flags 1, in Some(Self::PlayEnablers);
    /// 09: key material.
    KeyMaterial = 0x09, flags 3, in Some(Self::Outer);
    /// 0A: content key.
    ContentKey = 0x0A, flags 1, in Some(Self::KeyMaterial);
    /// 2A: device key.
    DeviceKey = 0x2A, flags 0, in Some(Self::KeyMaterial);
    /// 51: auxiliary keys.
    AuxiliaryKeys = 0x51, flags 1, in Some(Self::KeyMaterial);
    /// 3B: uplink.
    Uplink = 0x3B, flags 1, in Some(Self::KeyMaterial);
    /// 52: uplink of a scalable licence.
    ScalableUplink = 0x52, flags 1, in Some(Self::KeyMaterial);
    /// 0B: signature, last.
    Signature = 0x0B, flags 1, in Some(Self::Outer);
}

impl ObjectKind {
    /// The kind of a number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }
}
