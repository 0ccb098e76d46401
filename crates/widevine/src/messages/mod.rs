//! The messages on the wire (widevine.md, section 3): protobuf with proto2 semantics, a message a file.
//!
//! Only the fields that somebody here reads or writes are named; all others are skipped when reading
//! and absent when writing. Enums are kept as the number that came, so that an unknown value never
//! fails a parse; the accessor named after the field gives the default for such a number, as proto2 does.
//! Text that other people's devices write is kept as bytes, since proto2 does not promise UTF-8.
//!
//! prost writes fields in ascending order with minimal varints, which is the canonical form that
//! clients compare with. There is no `oneof`, which prost would write out of order.

mod client_capabilities;
mod client_identification;
mod content_identification;
mod drm_certificate;
mod encrypted_client_identification;
mod file_hashes;
mod key_container;
mod license;
mod license_identification;
mod license_request;
mod output_protection;
mod policy;
mod signed_drm_certificate;
mod signed_message;
mod widevine_pssh_data;

pub use client_capabilities::{ClientCapabilities, MaxHdcpVersion};
pub use client_identification::{ClientIdentification, NameValue, TokenType};
pub use content_identification::{
    ContentIdentification, ExistingLicense, InitData, InitDataType, WebmKeyId, WidevinePssh,
};
pub use drm_certificate::{CertificateAlgorithm, CertificateType, DrmCertificate, ServiceType};
pub use encrypted_client_identification::EncryptedClientIdentification;
pub use file_hashes::{FileHash, FileHashes};
pub use key_container::{KeyContainer, KeyType};
pub use license::License;
pub use license_identification::{LicenseIdentification, LicenseType};
pub use license_request::{LicenseRequest, RequestType};
pub use output_protection::OutputProtection;
pub use policy::Policy;
pub use signed_drm_certificate::SignedDrmCertificate;
pub use signed_message::{HashAlgorithm, MessageType, SessionKeyType, SignedMessage};
pub use widevine_pssh_data::{PsshType, WidevinePsshData};
