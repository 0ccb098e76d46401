//! Addresses of the webhook's own (playready.md, section 9, `webhook_listen`).

use boxoffice_core::Environment;

/// Goes with every request of such an address: nothing but the webhook of this environment is there, whatever the
/// `Host`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebhookOnly(pub Environment);
