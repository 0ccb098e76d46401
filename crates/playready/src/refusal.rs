//! Every way in which the protocol refuses, with its evidence (playready.md, section 6).
//!
//! Event codes and HTTP statuses are the server's; [`Refusal::reason`] and [`Refusal::fault`] are what the
//! protocol itself says. Token, account, hook and back end are the server's too.

use drm_primitives::Kid;
use thiserror::Error;

use crate::algorithm::Algorithm;
use crate::bcert::ChainError;
use crate::curve::Exhausted;
use crate::fault::FaultCode;
use crate::issuer::IssueError;
use crate::xml::XmlError;

/// Why a challenge gets no licence.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Refusal {
    /// The token's `algId` and the header's ALGID differ.
    #[error("the token says {token}, the header says {header}")]
    AlgorithmConflict {
        /// `algId`.
        token: Algorithm,
        /// ALGID.
        header: Algorithm,
    },
    /// The header's CHECKSUM is not that of the token's key.
    #[error("the header's CHECKSUM for {kid} does not fit the key in the token")]
    Checksum {
        /// Which key.
        kid: Kid,
    },
    /// The client's clock is more than an hour off, and the licence would be a rental.
    #[error("the client's clock says {client}, ours {server}, in unix seconds: more than an hour apart")]
    DeviceClock {
        /// `ClientTime`.
        client: i64,
        /// The server's clock.
        server: i64,
    },
    /// Every key needs a higher level.
    #[error("the device has security level {device}, every key needs at least {required}")]
    DeviceLevel {
        /// The lowest level that one of the keys needs.
        required: u32,
        /// The device's.
        device: u32,
    },
    /// A certificate of the chain is revoked.
    #[error("certificate {index} of the device's chain is revoked")]
    DeviceRevoked {
        /// Which one, the leaf being 0.
        index: usize,
        /// The digest that the list names.
        digest: [u8; 32],
    },
    /// Digest, signature, or the key that signed.
    #[error(transparent)]
    DeviceSignature(#[from] SignatureError),
    /// The chain is not trusted.
    #[error(transparent)]
    DeviceUntrusted(#[from] ChainError),
    /// The content header cannot be read.
    #[error(transparent)]
    Header(HeaderError),
    /// The content header has a version that is not known.
    #[error("the content header has version {got}, expected 4.0.0.0 to 4.3.0.0")]
    HeaderVersion {
        /// The version, as it came.
        got: String,
    },
    /// Something on our side.
    #[error(transparent)]
    Internal(#[from] IssueError),
    /// The token has none of the header's keys.
    #[error("{}", not_granted_text(asked, granted, *swapped))]
    KidNotGranted {
        /// The header's KIDs.
        asked: Vec<Kid>,
        /// The token's KIDs.
        granted: Vec<Kid>,
        /// The first of the header's KIDs that the token has in the other byte order.
        swapped: Option<Kid>,
    },
    /// The body is no `AcquireLicense` message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// `LA/Version` is not known.
    #[error("the protocol has version {got}, expected 1, 4 or 5")]
    ProtocolVersion {
        /// The version.
        got: u32,
    },
    /// The rental is over.
    #[error("the rental ended at {end}, now {now}, in unix seconds")]
    RentalEnded {
        /// When it ended.
        end: i64,
        /// The server's clock.
        now: i64,
    },
    /// The challenge cannot be decrypted, or what is inside cannot be read. One text for all.
    #[error(
        "the challenge cannot be read: it is encrypted to another key; stock devices and browsers need the SDK back end"
    )]
    Unreadable,
}

/// Why a body is no `AcquireLicense` message.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum MessageError {
    /// Nothing there.
    #[error("the body is empty")]
    Empty,
    /// An element, or a value of it, is missing or wrong.
    #[error("{name} is missing or wrong")]
    Element {
        /// Which.
        name: &'static str,
    },
    /// An EME message without a challenge in it.
    #[error("the PlayReadyKeyMessage has no base64 Challenge")]
    KeyMessage,
    /// Another root or body than SOAP 1.1 with one operation.
    #[error("the body is no SOAP 1.1 envelope with one operation")]
    NotSoap,
    /// Bytes that are no UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// Another operation.
    #[error("the operation {got} is not offered, only AcquireLicense")]
    Operation {
        /// Its name.
        got: String,
    },
    /// An element that may come once comes again: signature wrapping.
    #[error("there is more than one {name}")]
    Repeated {
        /// Which.
        name: &'static str,
    },
    /// Too long.
    #[error("the body has {got} bytes, at most {limit} are read")]
    TooLong {
        /// Bytes that came.
        got: usize,
        /// Bytes that are read.
        limit: usize,
    },
    /// Not the XML that is read here.
    #[error(transparent)]
    Xml(#[from] XmlError),
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SignatureError {
    /// `DigestValue` is not SHA-256 of LA as it came.
    #[error("the digest is not that of LA as it was sent")]
    Digest,
    /// The key is not the leaf's.
    #[error("the challenge is signed with a key that is not in the device's certificate")]
    ForeignKey,
    /// The signature does not verify.
    #[error("the signature over SignedInfo does not verify")]
    Signature,
}

/// Why a content header cannot be read.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum HeaderError {
    /// Two ALGIDs in one header.
    #[error("the header's keys have different ALGIDs")]
    AlgorithmConflict,
    /// An ALGID that its version does not have, or COCKTAIL.
    #[error("the header's ALGID {got} is not supported with its version")]
    Algorithm {
        /// The ALGID.
        got: String,
    },
    /// A value of another form.
    #[error("{name} in the content header is not what it should be")]
    Element {
        /// Which element or attribute.
        name: &'static str,
    },
    /// The challenge has no `ContentHeader`.
    #[error("there is no content header")]
    Missing,
    /// An element that may come once comes again.
    #[error("{name} comes more than once in the content header")]
    Repeated {
        /// Which.
        name: &'static str,
    },
    /// A version that is not known; a refusal of its own.
    #[error("the content header has version {got}, expected 4.0.0.0 to 4.3.0.0")]
    Version {
        /// The version, as it came.
        got: String,
    },
    /// Not the XML that is read here.
    #[error("the content header is {0}")]
    Xml(#[from] XmlError),
}

impl Refusal {
    /// The `reason` of section 6.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlgorithmConflict { .. } => "algid",
            Self::Checksum { .. } => "checksum",
            Self::DeviceClock { .. } => "device-clock",
            Self::DeviceLevel { .. } => "device-level",
            Self::DeviceRevoked { .. } => "device-revoked",
            Self::DeviceSignature(_) => "device-signature",
            Self::DeviceUntrusted(_) => "device-untrusted",
            Self::Header(_) => "header",
            Self::HeaderVersion { .. } | Self::ProtocolVersion { .. } => "protocol-version",
            Self::Internal(_) => "internal",
            Self::KidNotGranted { .. } => "kid-not-granted",
            Self::Message(_) => "message",
            Self::RentalEnded { .. } => "rental-ended",
            Self::Unreadable => "challenge-unreadable",
        }
    }

    /// The `StatusCode` of its fault.
    #[must_use]
    pub const fn fault(&self) -> FaultCode {
        match self {
            Self::DeviceRevoked { .. } => FaultCode::DeviceCertificateRevoked,
            Self::Internal(_) => FaultCode::InternalError,
            Self::DeviceSignature(_)
            | Self::DeviceUntrusted(_)
            | Self::Header(_)
            | Self::Message(_)
            | Self::Unreadable => FaultCode::InvalidMessage,
            Self::AlgorithmConflict { .. }
            | Self::Checksum { .. }
            | Self::DeviceClock { .. }
            | Self::DeviceLevel { .. }
            | Self::KidNotGranted { .. }
            | Self::RentalEnded { .. } => FaultCode::ServiceSpecific,
            Self::HeaderVersion { .. } | Self::ProtocolVersion { .. } => FaultCode::ProtocolVersionMismatch,
        }
    }
}

impl From<HeaderError> for Refusal {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Version { got } => Self::HeaderVersion { got },
            other => Self::Header(other),
        }
    }
}

impl From<Exhausted> for Refusal {
    fn from(error: Exhausted) -> Self {
        Self::Internal(error.into())
    }
}

fn not_granted_text(asked: &[Kid], granted: &[Kid], swapped: Option<Kid>) -> String {
    let list = |kids: &[Kid]| kids.iter().map(Kid::to_hex).collect::<Vec<_>>().join(", ");
    let text = format!("the header asks for {}, the token has {}", list(asked), list(granted));
    let Some(kid) = swapped else { return text };
    format!(
        "{text}; in GUID byte order {kid} would be {}, which the token has: the KID was swapped once too often, or not at all",
        kid.swapped()
    )
}
