//! Widevine licences: reads a challenge, writes a licence.
//!
//! What it is: the lab issuer, which serves the devices that its own root of trust vouches for; that root
//! of trust, with its three lab devices ([`lab`]); and a strict client that is such a device
//! ([`lab_client`]); and the messages of the cloud licence service, which alone serves certified devices
//! ([`cloud`]). What it is not: certified devices cannot be served without an agreement with Google, and
//! nothing of Google's is here. There is no network, no clock and no storage: bytes go in and out, the time is an argument, and so is randomness,
//! but for what the RSA library draws itself for padding and key generation. No token is known here,
//! no event code and no HTTP status.
//!
//! The order of work of a redemption is the caller's, since its own checks stand between these:
//!
//! 1. [`Request::parse`] reads the body. A request for the service certificate is answered at once, with
//!    [`Issuer::service_certificate_answer`].
//! 2. [`Issuer::identify`] finds out which [`Device`] asks, and whether it may.
//! 3. [`Challenge::content`] says what it asks for, and [`Grant::decide`] what of the token it gets.
//! 4. [`Licence::issue`] writes the licence.
//!
//! Renewals and releases go through [`Issuer::identify_session`] and [`SessionRequest::verify`]. Every
//! refusal is a [`Refusal`], with its evidence.

mod certificate;
pub mod cloud;
mod content;
mod der;
mod device;
mod grant;
mod issuer;
mod key_wrap;
pub mod lab;
pub mod lab_client;
mod licence;
pub mod messages;
mod model_cache;
mod pem;
mod policy;
mod pssh;
mod refusal;
mod request;
mod revocation;
mod service;
mod session;
mod session_keys;
mod session_request;

pub use certificate::CertificateError;
pub use content::{AskedType, Content, ProtectionScheme};
pub use device::{ClaimedDevice, Device, DeviceLevel, Serial};
pub use grant::{
    Admission, Decision, Grant, Hdcp, KeyGrant, LicenceType, NotGranted, SecurityLevel, Terms, TrackLabel,
};
pub use issuer::{Issuer, IssuerError, ServiceCredential};
pub use licence::{CLOCK_TOLERANCE_SECONDS, Issued, Licence};
pub use policy::{RenewalPolicy, RenewalTerms};
pub use pssh::Pssh;
pub use refusal::{
    BODY_LIMIT, BodyFault, ChainFault, InitDataFault, Link, MessageFault, Refusal, RenewalFault, Revoked,
};
pub use request::{Challenge, ProtocolVersion, Request};
pub use revocation::{RevocationList, RevocationListError};
pub use service::{SERVICE_KEY_HISTORY_SECONDS, ServiceKeyError, service_certificate_answer};
pub use session::{LicenceSessionKey, SessionId};
pub use session_request::{SessionRequest, SessionRequestKind, VerifiedSession};
