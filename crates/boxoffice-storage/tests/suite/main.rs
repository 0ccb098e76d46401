//! One suite for every database, and what only one of them has.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that finds less than it expects has failed, and says where"
)]

mod accounts;
mod backend;
mod faulty;
mod ring_keys;
mod sealed_values;
mod sqlite;
