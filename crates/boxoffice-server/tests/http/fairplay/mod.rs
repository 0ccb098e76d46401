//! FairPlay: tokens, redemption through a mock key server, and everything that can go wrong there (fairplay.md).

mod certificate;
mod codes;
mod faults;
mod forms;
mod grants;
mod refusals;
mod socket;
mod tls;
mod token;
pub mod world;
