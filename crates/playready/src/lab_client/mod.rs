//! A strict PlayReady client for the lab, and the verifier that every answer has to pass (playready.md,
//! sections 11 and 14.3).
//!
//! It provisions itself from `bgroupcert.dat` and `zgpriv.dat`, as any other client would. With the issuer it
//! shares the tables of `BCert` and XMR and the names of section 9.2's policy, and nothing else: strings,
//! bytes, ElGamal and signatures are its own, so that a mistake has to be made twice to go unseen. It is more
//! demanding than clients in the field, which ignore much, and can be made to lie, for tests.
//!
//! Start with [`LabDevice::provision`], [`ChallengeRequest::new`] and [`Verifier::verify`].

mod crypto;
mod cursor;
mod fault;
mod header;
mod licence;
mod provision;
mod request;
mod response;
mod scanner;
mod signing_chain;
#[cfg(test)]
mod tests;
mod verify;

pub use crypto::ClientKey;
pub use fault::ReceivedFault;
pub use header::{HeaderKey, header_text, protocol_version_for};
pub use licence::{ReadLicence, ReadPolicy};
pub use provision::{LabDevice, LeafSettings, ProvisionError};
pub use request::{ChallengeRequest, Draft, IvChoice, Pieces};
pub use verify::{Answer, Expectation, Granted, GrantedLicence, Verifier, Violation};
