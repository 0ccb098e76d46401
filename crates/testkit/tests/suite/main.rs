//! The mock servers, over real connections.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds something else than it expects has failed"
)]

mod faults;
mod key_server;
mod kit;
mod policy_hook;
#[cfg(feature = "program")]
mod program;
mod widevine_cloud;
