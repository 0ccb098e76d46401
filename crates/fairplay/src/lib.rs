//! FairPlay without Apple's part: finds the player's request (SPC) in whatever body it comes in, writes the
//! request to the operator's key server (KSM), reads its response (CKC), and wraps that for the player.
//!
//! What it is not: nothing here opens an SPC, derives a key from one, or builds a CKC, and nothing ever will
//! (fairplay.md, section 1). There is no network, no clock, no storage, no token, no event code and no HTTP
//! client: bytes and values go in, bytes and typed outcomes come out.
//!
//! The order of work of a redemption:
//!
//! 1. [`Submission::parse`] finds the one [`Spc`] and remembers the [`BodyForm`].
//! 2. [`CreateCkc::write`] writes the request to the key server.
//! 3. [`read_response`] reads what it answers: a [`Ckc`], or a [`KeyServerFault`] that says whose it is.
//! 4. [`BodyForm::answer`] wraps the CKC as the player expects it.
//!
//! [`lab`] makes requests and reads answers that are unmistakably not Apple's, for tests.

mod answer;
mod asset_info;
mod body;
mod ckc;
mod create_ckc;
pub mod lab;
mod response;
mod spc;

pub use answer::Answer;
pub use asset_info::{AssetInfo, HdcpType, Track};
pub use body::{AppleItem, AppleOperation, BODY_LIMIT, BodyError, BodyForm, Submission};
pub use ckc::Ckc;
pub use create_ckc::{CreateCkc, ITEM_ID};
pub use response::{Blame, KeyServerFault, RESPONSE_LIMIT, SPC_VERSION_STATUS, read_response};
pub use spc::{SPC_BYTES, Spc, SpcError};
