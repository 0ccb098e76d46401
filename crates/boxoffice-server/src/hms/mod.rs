//! The token API: token requests and redemptions, DRM by DRM (token-api.md).

pub mod clearkey;
pub mod fairplay;
mod issuers;
pub mod playready;
pub mod redemption;
pub mod token;
pub mod widevine;

pub use issuers::Issuers;
