//! The crate from outside: the lab issuer and the lab device, which share no code but the message structs.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod kit;
mod lab_root;
mod licences;
mod mutations;
mod refusals;
mod renewals;
mod service_certificate;
