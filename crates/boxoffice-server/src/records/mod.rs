//! The records of redemptions, for those who read them: account by account over HTTP (`getrecord`), all of them with
//! `boxoffice records`, and what becomes of old ones (token-api.md, sections 10 and 11; operations.md, section 1).
//!
//! They are written by [`hms::redemption::books`](crate::hms::redemption::books).

pub mod archive;
pub(crate) mod http;
pub mod line;
mod query;
pub mod retention;
pub mod search;
