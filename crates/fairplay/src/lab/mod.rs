//! The lab's SPC and CKC: unmistakably not Apple's, and without any secret (fairplay.md, section 6).
//!
//! A lab SPC goes through Boxoffice like any other. The mock key server of the test kit answers it with a lab
//! CKC, which shows what the key server was told. `boxoffice redeem` sends the one and reads the other.

mod asset;
mod ckc;
mod spc;

pub use asset::{LabAsset, LabAssetError};
pub use ckc::{CkcFault, LabCkc};
pub use spc::LabSpc;
