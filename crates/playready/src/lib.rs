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
//! ```
//! use drm_primitives::{ContentKey, Kid, SystemRandom};
//! use playready::lab::Material;
//! use playready::lab_client::{Answer, ChallengeRequest, LabDevice, LeafSettings, Verifier, header_text};
//! use playready::policy::OutputProtectionLevels;
//! use playready::{Asked, Challenge, GrantedKey, LicencePolicy, Revocations, SecurityLevel};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (random, now) = (SystemRandom, 1_767_225_600);
//! let lab = Material::generate(&random)?;
//! let issuer = lab.issuer();
//!
//! // A device provisions itself, and asks for all keys of its token.
//! let files = lab.group_files();
//! let device = LabDevice::provision(&files.bgroupcert, &files.zgpriv, &LeafSettings::new([1; 16]), &random)?;
//! let request = ChallengeRequest::new(header_text("4.0.0.0", None, &[]), 1, now, &random);
//! let body = device.challenge(&request, lab.server_public_key().as_bytes(), &random).ok_or("no point")?;
//!
//! // The service reads the challenge and answers it.
//! let challenge = Challenge::parse(&body)?;
//! let known = issuer.identify(&challenge, now, &Revocations::default())?;
//! let content_key = ContentKey::from_bytes([7; 16]);
//! let (kid, minimum_security_level) = (Kid::from_bytes([9; 16]), SecurityLevel::Sl2000);
//! let granted = [GrantedKey { kid, content_key: &content_key, minimum_security_level }];
//! let choice = Asked::from(&challenge.header()?).choose(&granted, None, known.security_level())?;
//! let policy = LicencePolicy {
//!     kid,
//!     content_key: content_key.clone(),
//!     algorithm: choice.algorithm,
//!     minimum_security_level,
//!     persistent: false,
//!     begin_date: None,
//!     expiration_date: None,
//!     expiration_after_first_play: None,
//!     output_protection: OutputProtectionLevels::default(),
//!     play_enablers: vec![],
//!     explicit_outputs: vec![],
//!     output_control_flags: 0,
//!     extension: None,
//! };
//! let answer = issuer.issue(&known, &[policy], challenge.nonce(), now, &random)?;
//!
//! // The device opens the answer.
//! let answer = Answer { status: 200, content_type: "text/xml; charset=utf-8", body: &answer };
//! let mut verifier = Verifier::new(*lab.root_public_key().as_bytes());
//! let opened = verifier.verify(&device, &request, &[], &answer, now, None)?;
//! assert!(opened.licences.iter().all(|licence| licence.content_key == content_key));
//! # Ok(())
//! # }
//! ```
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
