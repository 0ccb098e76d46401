//! The issuer and the lab client against each other: golden vectors, round trips, refusals, hostile bytes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod authorities;
mod chains;
mod hostile;
mod kit;
mod refusals;
mod round_trips;
