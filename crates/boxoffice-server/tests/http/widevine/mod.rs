//! Widevine: token-api.md, sections 5 and 10, and widevine.md.

mod codes;
pub mod device;
mod hostile;
mod licences;
mod lists;
pub mod player;
mod refusals;
mod renewals;
mod streams;
mod timeline;
mod tokens;
pub mod world;
