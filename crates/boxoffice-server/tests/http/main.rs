//! The service over HTTP: the real operations behind the real edge, on a socket of this machine, with a database of
//! its own and a clock that the test owns.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds something else than it expects has failed"
)]

mod books;
mod fairplay;
mod hook;
mod keystore;
mod kit;
mod playready;
mod service;
mod token;
mod upstream;
mod webhook;
mod widevine;
