//! PlayReady redemption (playready.md).

mod policy;
mod refusal;
pub mod rights;

pub use refusal::Fault;
