//! Widevine redemption (widevine.md).

mod body;
pub mod certificate;
mod grant;
mod identity;
mod refusal;
pub mod rights;
