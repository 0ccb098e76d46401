//! Calls to the services of others: Widevine's licence service, FairPlay's key server, the policy hook
//! (widevine.md, section 9.3; fairplay.md, section 5).
//!
//! One [`Upstream`] is one service with its endpoints. It keeps connections, bounds every attempt and all of them
//! together, takes a limited number of calls at once and queues none, and lets an endpoint rest that has failed
//! too often. What an answer means, its caller says with a [`Verdict`]; only what a caller calls
//! [`Verdict::Again`], and what broke on the way, is tried once more. Nothing of a request or an answer is logged,
//! and no address either, for it may hold credentials: endpoints are named by their number.

mod attempt;
mod breaker;
mod call;
mod client;
mod failure;
mod metrics;
mod names;
mod settings;

pub use attempt::Answer;
pub use call::{Called, Message, Upstream, Verdict};
pub use client::UpstreamError;
pub(crate) use client::read_file;
pub use failure::{Cause, Unreached};
pub use metrics::UpstreamMetrics;
pub use settings::{Address, Service, UpstreamSettings};
