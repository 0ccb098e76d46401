//! The lab root of trust (widevine.md, section 4): a root, a service certificate, three device models and
//! a device of each, all made here and trusted nowhere else.
//!
//! [`LabRoot::generate`] makes it, [`LabRoot::to_bytes`] and [`LabRoot::from_bytes`] store it (in clear:
//! the caller wraps it), [`LabRoot::issuer`] serves its devices, and [`LabRoot::export`] gives the files
//! that other programs read.

mod authority;
mod credentials;
mod device_file;
mod encoding;
mod export;
mod profile;
mod root;

pub use authority::Authority;
pub use encoding::LabRootError;
pub use export::ExportedFile;
pub use profile::DeviceType;
pub use root::{LabDevice, LabRoot, LabService};
