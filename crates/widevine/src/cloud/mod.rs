//! The interface of Widevine's cloud licence service, without its network (widevine.md, section 9).
//!
//! [`CloudRequest::write`] makes the body of a request, signed by a [`RequestSigner`]; [`CloudResponse::read`] reads
//! what comes back, and says of everything that is no licence whose fault it is. The licence itself is passed on
//! unchanged, and the service's signing key is never even read.

mod device;
mod extras;
mod names;
mod request;
mod response;
mod signer;

pub use device::{CloudDevice, PlatformVerification};
pub use extras::CloudExtras;
pub use request::{CloudRequest, service_certificate_request};
pub use response::{
    CloudFault, CloudLicence, CloudRequestType, CloudResponse, RESPONSE_LIMIT, service_certificate,
};
pub use signer::{RequestSigner, SignerError};
