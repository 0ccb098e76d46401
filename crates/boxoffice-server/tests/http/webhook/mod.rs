//! The webhook for the operator's PlayReady Server SDK (playready.md, section 9).

mod authentication;
mod client_certificates;
mod contract;
mod grants;
mod idempotency;
mod players;
mod refusals;
pub mod sdk;
mod secrets;
