//! The real program, run as its users run it: on temporary data directories and free ports.
//!
//! Nothing here waits for a length of time. What takes its time is polled, up to a deadline, or comes as a line.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod accounts;
mod configuration;
mod doctor;
mod documents;
mod fairplay;
mod first_start;
mod http;
mod key_crashes;
mod key_storage;
mod lab;
mod licence_service;
mod lifecycle;
mod migration;
mod node_client;
mod node_crashes;
mod nodes;
mod playready;
mod program;
mod records;
mod secrets;
mod thousand;
mod tokens;
