//! Widevine redemption (widevine.md).

mod body;
pub mod certificate;
pub mod cloud;
mod grant;
mod identity;
mod lab;
mod level;
mod policy;
mod refusal;
pub mod rights;
mod streams;
