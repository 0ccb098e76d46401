//! `POST /v1/playready/redeem`: what the operator's PlayReady Server SDK asks at each challenge (playready.md,
//! section 9).
//!
//! Players post to the operator's SDK service; its handler asks here, and gets keys and policy, or what it shall
//! throw. The policy is the lab issuer's own. What is granted is debited and recorded before the answer leaves, and a
//! handler that asks again with the same `Idempotency-Key` gets the same answer with no second debit. [`Webhooks`]
//! is what the settings say; the listener hands over a [`ClientCertificate`] with each request that has one.

mod authentication;
mod certificate;
mod decision;
mod entitled;
mod grant;
mod handler;
mod listener;
mod record;
mod request;
mod secret;
mod settings;
#[cfg(test)]
mod tests;

pub use certificate::{ClientCertificate, client_certificates};
pub(crate) use handler::handler;
pub(crate) use listener::WebhookOnly;
pub(crate) use secret::Secret;
pub use settings::{WebhookError, Webhooks};
