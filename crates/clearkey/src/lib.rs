//! Clear Key licences: reads a licence request, says which keys it gets, and writes the licence.
//!
//! No network, no clock, no storage and no token: bytes and keys go in, bytes go out. No event code and no
//! HTTP status either: errors say what came and what was expected. A Clear Key licence holds its keys in the
//! clear, so it protects nothing from the viewer (clearkey.md, section 1).
//!
//! Start with [`Request::parse`], [`answer`] and [`Grant::write`]. [`lab_client`] is a strict client to try
//! them with, which shares nothing with them but the types.

mod answer;
mod json_kind;
mod kid_text;
pub mod lab_client;
mod licence;
mod request;

pub use answer::{Grant, Key, NoneGranted, answer};
pub use json_kind::JsonKind;
pub use kid_text::KidTextError;
pub use request::{BODY_LIMIT, KID_LIMIT, Request, RequestError};
