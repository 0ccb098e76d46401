//! The operator's policy hook (widevine.md, section 7.4): what it is told, what it may do, and what its silence means.

mod back_ends;
mod clearkey;
mod fairplay;
mod playready;
pub mod proofs;
mod silence;
mod widevine;
mod world;
