//! PlayReady redemption (playready.md).

pub(crate) mod policy;
mod refusal;
pub mod rights;

pub use refusal::Fault;
