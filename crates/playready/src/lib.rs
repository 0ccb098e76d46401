//! PlayReady licences: reads a challenge, writes a licence, and has a lab of its own to try both with.
//!
//! What it is not: it holds no vendor root and no vendor key, and so can serve no stock device or browser; those
//! go through the operator's PlayReady Server SDK (playready.md, section 1). It knows no token, no HTTP, no
//! storage and no clock: time and randomness are arguments, except for ECDSA's nonces, which AWS-LC draws itself.
//! Section numbers are those of playready.md.
//!
//! Start with [`Challenge::parse`] and [`Issuer::issue`]. In between, in the order in which a service does its own
//! steps: [`Challenge::check_version`], [`Challenge::token`], [`Challenge::check_signature`],
//! [`SignedChallenge::open`](challenge::SignedChallenge::open), [`Identity::verify`](challenge::Identity::verify),
//! [`Challenge::check_clock`], [`Challenge::header`], [`Asked::choose`](keys::Asked::choose). Whatever refuses is a
//! [`Refusal`], and is sent as a [`Fault`].
//!
//! [`lab`] makes the lab's keys and certificates; [`lab_client`] is a strict client for it, which shares nothing
//! with the issuer but the tables of `BCert` and XMR.

pub mod algorithm;
pub mod bcert;
pub mod challenge;
pub mod checksum;
pub mod curve;
mod elgamal;
pub mod fault;
pub mod guid;
pub mod header;
pub mod issuer;
pub mod key_seed;
pub mod keys;
pub mod lab;
pub mod lab_client;
pub mod object;
pub mod policy;
mod reader;
pub mod refusal;
mod response;
pub mod security_level;
mod xml;
pub mod xmr;

pub use algorithm::Algorithm;
pub use bcert::{Revocations, Trust};
pub use challenge::{Challenge, Device};
pub use fault::{Fault, FaultCode};
pub use guid::Guid;
pub use header::WrmHeader;
pub use issuer::Issuer;
pub use keys::{Asked, GrantedKey};
pub use policy::LicencePolicy;
pub use refusal::Refusal;
pub use security_level::SecurityLevel;
pub use xml::XmlError;
