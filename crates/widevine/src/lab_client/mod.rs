//! A strict lab device: asks for licences as a player would, and believes nothing of what comes back.
//!
//! It shares the message structs with the issuer and no other code: key derivation, wrapping and
//! certificates are written once more here, so that a mistake cannot cancel itself out (widevine.md,
//! sections 1 and 13.2). It is for this project's tests, for `boxoffice redeem` and for `doctor`; it plays
//! nothing, and no certified service would know it.
//!
//! [`ClientDevice::from_device_file`] reads a `.wvd` file; [`ClientDevice::challenge`] asks;
//! [`Session::open`] takes the answer apart. [`ServiceCertificate::verify`] is for privacy mode. A
//! [`Draft`] is a challenge before it is signed, for tests that need a bad one.

mod device;
mod device_file;
mod draft;
mod expectation;
mod fault;
mod keys;
mod licence;
mod open;
mod plan;
mod renewal;
mod service_certificate;
#[cfg(test)]
mod tampering;

pub use device::ClientDevice;
pub use draft::{Draft, SignedChallenge};
pub use expectation::{Expectation, ExpectedKey, ExpectedRenewal};
pub use fault::{AnswerFault, DeviceFileError, ServiceCertificateFault};
pub use licence::{LicenceKey, OpenedLicence};
pub use open::Session;
pub use plan::{AskedInitData, Plan, pssh_box, pssh_data};
pub use renewal::SessionExchange;
pub use service_certificate::ServiceCertificate;

/// Asks for the service certificate: a `SignedMessage` of type 4 and nothing else.
pub const SERVICE_CERTIFICATE_REQUEST: [u8; 2] = [0x08, 0x04];
