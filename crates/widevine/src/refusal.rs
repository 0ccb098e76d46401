//! Why there is no licence.

use std::fmt;

use drm_primitives::{Kid, hex};
use thiserror::Error;

use crate::device::{DeviceLevel, Serial};

/// The most bytes that a request may have (widevine.md, section 2).
pub const BODY_LIMIT: usize = 65_536;

/// Why there is no licence (widevine.md, section 8), with the evidence. The text is a sentence for whoever
/// looks after the client; [`Refusal::reason`] is the stable word.
///
/// What the server finds out by itself (the token, the account, the balance, the upstream) is not here.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// No body, or too much of one.
    #[error("{0}")]
    Body(BodyFault),
    /// Not the message that was expected.
    #[error("{0}")]
    Message(MessageFault),
    /// A version of the protocol that is not known.
    #[error("the protocol version is {got}; 20, 21 and 22 are known")]
    ProtocolVersion {
        /// The number that came.
        got: i32,
    },
    /// The identity is under a service certificate that is not ours, or no longer.
    #[error(
        "the identity is encrypted for the service certificate {serial} of {provider:?}, which is not in use here: fetch it again"
    )]
    ServiceCertificate {
        /// The provider that was named.
        provider: String,
        /// The serial number that was named, hex.
        serial: String,
    },
    /// The identity cannot be decrypted or parsed. Says no more on purpose: more would be a padding oracle.
    #[error("the client identity cannot be decrypted or is malformed")]
    Identity,
    /// The identity is no device certificate.
    #[error(
        "the client identifies itself with a token of type {got}; only 1, a device certificate, is served"
    )]
    DeviceKind {
        /// The token type.
        got: i32,
    },
    /// The device's certificates do not lead to the root.
    #[error("the device is not trusted: {0}")]
    DeviceUntrusted(ChainFault),
    /// The device, its model or its system id is on the revocation list.
    #[error("the device is revoked: {0}")]
    DeviceRevoked(Revoked),
    /// The request is not signed by the device.
    #[error("the signature of the request does not verify with the device's key")]
    DeviceSignature,
    /// The data about the player's files cannot be read.
    #[error("the device's vmp_data is no FileHashes message")]
    DeviceVmp,
    /// Every key needs a better device.
    #[error("the keys need a device of level {required} or better; this one has {actual}")]
    DeviceLevel {
        /// The least that any of the keys needs.
        required: DeviceLevel,
        /// What the device has.
        actual: DeviceLevel,
    },
    /// The init data cannot be read.
    #[error("{0}")]
    InitData(InitDataFault),
    /// None of the KIDs that were asked for is in the token.
    #[error("{}", KidMismatch { asked, granted, swapped: *swapped })]
    KidNotGranted {
        /// The KIDs of the init data.
        asked: Vec<Kid>,
        /// The KIDs of the token.
        granted: Vec<Kid>,
        /// A KID of the token that one of the asked is, with the byte order of a GUID.
        swapped: Option<Kid>,
    },
    /// The content id of the init data is not the token's.
    #[error("the init data names the content {}, the token is for {}", Name(asked), Name(granted))]
    ContentMismatch {
        /// The content id of the init data.
        asked: Vec<u8>,
        /// The content id of the token.
        granted: Vec<u8>,
    },
    /// A licence to be stored was asked for, and the token does not allow that.
    #[error("an offline licence was asked for, and the token has no persistent=true")]
    PersistenceNotGranted,
    /// No renewal or release.
    #[error("{0}")]
    Renewal(RenewalFault),
}

/// What is wrong with the body.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum BodyFault {
    /// Nothing came.
    #[error("the body is empty, expected a Widevine request")]
    Empty,
    /// More than [`BODY_LIMIT`].
    #[error("the body has {got} bytes, expected at most {BODY_LIMIT}")]
    TooLong {
        /// How many bytes came, at least.
        got: usize,
    },
}

/// What is wrong with the message.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum MessageFault {
    /// The body is no `SignedMessage`.
    #[error("the body is no SignedMessage")]
    NotSignedMessage,
    /// A `SignedMessage` of a type that is not served.
    #[error(
        "the SignedMessage has type {got:?}; 1, a licence request, and 4, a certificate request, are served"
    )]
    MessageType {
        /// The type, if there is one.
        got: Option<i32>,
    },
    /// `msg` is no `LicenseRequest`.
    #[error("the SignedMessage carries no LicenseRequest")]
    NotLicenseRequest,
    /// A `LicenseRequest` of a type that is not known.
    #[error("the LicenseRequest has type {got}; 1 new, 2 renewal and 3 release are known")]
    RequestType {
        /// The type.
        got: i32,
    },
    /// A clear and an encrypted identity at once.
    #[error("the request has both a clear and an encrypted identity, expected one")]
    BothIdentities,
    /// No identity at all.
    #[error("the request has no identity, neither clear nor encrypted")]
    NoIdentity,
    /// None of the ways to name content, or several.
    #[error("the request names its content in {got} ways, expected one")]
    ContentCount {
        /// How many there are.
        got: usize,
    },
    /// A new licence for an existing one, or a renewal of nothing.
    #[error(
        "a new licence takes init data, a renewal or release takes existing_license: this request mixes them"
    )]
    ContentForAnotherType,
    /// The client gave the request no name.
    #[error("the request has no request_id")]
    NoRequestId,
    /// A licence that cannot be renewed any more often.
    #[error("the version of the licence cannot be counted up")]
    LicenceVersion,
}

/// Where the chain of certificates breaks.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ChainFault {
    /// Not a certificate, or one that lacks a field or has a strange one.
    #[error("the {0} certificate is malformed")]
    Malformed(Link),
    /// No signer where one is needed.
    #[error("the device certificate comes without its model's")]
    NoModel,
    /// A signer above the root, or one beside the model that is not the root.
    #[error("the model certificate names a signer other than the root")]
    AnotherRoot,
    /// Not the certificate that stands at this place.
    #[error("the {link} certificate has type {got}, expected {expected}")]
    CertificateType {
        /// Which certificate.
        link: Link,
        /// The type that it has.
        got: i32,
        /// The type that stands at this place.
        expected: i32,
    },
    /// Not an RSA key of 2048 to 4096 bits.
    #[error("the key of the {0} certificate is no RSA key of 2048 to 4096 bits")]
    Key(Link),
    /// The signature does not verify with the key above.
    #[error("the signature of the {0} certificate does not verify")]
    Signature(Link),
    /// Device and model have different system ids, or 0.
    #[error("the system ids differ or are 0: device {device}, model {model}")]
    SystemId {
        /// The device's.
        device: u32,
        /// The model's.
        model: u32,
    },
    /// Over.
    #[error("the {link} certificate expired at {expired} (unix seconds), now is {now}")]
    Expired {
        /// Which certificate.
        link: Link,
        /// Its end, unix seconds.
        expired: u32,
        /// Now, unix seconds.
        now: i64,
    },
}

/// A place in the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Link {
    /// The device's own certificate.
    Device,
    /// The certificate of its model.
    Model,
}

/// What is on the revocation list.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Revoked {
    /// All devices of a model.
    #[error("system id {0}")]
    System(u32),
    /// One certificate, of a device or a model.
    #[error("certificate {0}")]
    Serial(Serial),
    /// A model that is not among those that a list allows.
    #[error("system id {0} is not among those that the list allows")]
    Unlisted(u32),
    /// Nobody says which model it is, and the list allows some alone.
    #[error("nobody says its system id, and the list allows some system ids alone")]
    Unnamed,
}

/// What is wrong with the init data.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum InitDataFault {
    /// None came.
    #[error("the request has no init data")]
    Missing,
    /// Neither `pssh` boxes nor `WidevinePsshData`.
    #[error("the init data is neither whole pssh boxes nor WidevinePsshData")]
    Unreadable,
    /// Boxes of other systems only.
    #[error("the init data has {boxes} pssh boxes, none of them Widevine's")]
    NoWidevineBox {
        /// How many boxes there are.
        boxes: usize,
    },
    /// A key id that cannot be one.
    #[error("the init data has a key id of {got} bytes, expected 16")]
    KeyIdLength {
        /// Its length.
        got: usize,
    },
    /// Keys under keys.
    #[error("the init data is of type ENTITLED_KEY, which is not served")]
    EntitledKey,
}

/// What is wrong with a renewal or a release.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum RenewalFault {
    /// The environment does not renew.
    #[error("renewal is switched off here")]
    Off,
    /// The session id is none of ours.
    #[error("the session id was not made here, or its key is gone")]
    UnknownSession,
    /// The request was not made by the holder of this session of this token.
    #[error("the renewal is not signed with the key of this session and this token")]
    Mac,
    /// Too old.
    #[error("the session began at {began} and ended at {ended} (unix seconds), now is {now}")]
    Over {
        /// Its start, unix seconds.
        began: u32,
        /// Its end, unix seconds.
        ended: i64,
        /// Now, unix seconds.
        now: i64,
    },
    /// Ended by the client before.
    #[error("the session was released")]
    Released,
}

impl Refusal {
    /// The stable word of section 8.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Body(_) => "body",
            Self::Message(_) => "message",
            Self::ProtocolVersion { .. } => "protocol-version",
            Self::ServiceCertificate { .. } => "service-certificate",
            Self::Identity => "identity",
            Self::DeviceKind { .. } => "device-kind",
            Self::DeviceUntrusted(_) => "device-untrusted",
            Self::DeviceRevoked(_) => "device-revoked",
            Self::DeviceSignature => "device-signature",
            Self::DeviceVmp => "device-vmp",
            Self::DeviceLevel { .. } => "device-level",
            Self::InitData(_) => "init-data",
            Self::KidNotGranted { .. } => "kid-not-granted",
            Self::ContentMismatch { .. } => "content-mismatch",
            Self::PersistenceNotGranted => "persistence-not-granted",
            Self::Renewal(_) => "renewal",
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Device => "device",
            Self::Model => "model",
        })
    }
}

/// A content id, as text where it is text.
struct Name<'a>(&'a [u8]);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(self.0) {
            Ok(text) if !text.chars().any(char::is_control) => write!(f, "{text:?}"),
            _ => f.write_str(&hex::encode(self.0)),
        }
    }
}

/// How many KIDs of either side a sentence names.
const NAMED_KIDS: usize = 4;

struct KidMismatch<'a> {
    asked: &'a [Kid],
    granted: &'a [Kid],
    swapped: Option<Kid>,
}

impl fmt::Display for KidMismatch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the init data asks for ")?;
        list(f, self.asked)?;
        f.write_str(", the token has ")?;
        list(f, self.granted)?;
        if let Some(kid) = self.swapped {
            write!(f, "; {kid} would match if it were not in the byte order of a GUID")?;
        }
        Ok(())
    }
}

fn list(f: &mut fmt::Formatter<'_>, kids: &[Kid]) -> fmt::Result {
    if kids.is_empty() {
        return f.write_str("no KID");
    }
    for (index, kid) in kids.iter().take(NAMED_KIDS).enumerate() {
        write!(f, "{}{kid}", if index == 0 { "" } else { ", " })?;
    }
    match kids.len().saturating_sub(NAMED_KIDS) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kid_mismatch_names_both_sides_and_the_swapped_twin() {
        let token = Kid::from_hex(b"0123456789abcdef0123456789abcdef").unwrap();
        let refusal = Refusal::KidNotGranted {
            asked: vec![token.swapped()],
            granted: vec![token; 6],
            swapped: Some(token),
        };
        assert_eq!(refusal.reason(), "kid-not-granted");
        let kid = "0123456789abcdef0123456789abcdef";
        assert_eq!(
            refusal.to_string(),
            format!(
                "the init data asks for 67452301ab89efcd0123456789abcdef, the token has {kid}, {kid}, {kid}, {kid} \
                 and 2 more; {kid} would match if it were not in the byte order of a GUID"
            )
        );
    }

    #[test]
    fn a_content_id_is_shown_as_text_where_it_is_text() {
        let refusal = Refusal::ContentMismatch { asked: b"film".to_vec(), granted: vec![0, 0xFF] };
        assert_eq!(refusal.to_string(), "the init data names the content \"film\", the token is for 00ff");
    }
}
