//! One suite for every database, and what only one of them has.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that finds less than it expects has failed, and says where"
)]

mod account_keys;
mod accounts;
mod backend;
mod content_keys;
mod faulty;
mod key_audit;
mod postgres;
mod records;
mod redemptions;
mod ring_keys;
mod schema;
mod sealed_values;
mod seeds;
mod sqlite;
