//! The operator's say at new licences and renewals (widevine.md, section 7.4).

use boxoffice_core::Refusal;
use boxoffice_core::entitlement::{Terms, WidevineTerms};
use widevine::cloud::CloudExtras;
use widevine::{AskedType, Content};

use crate::app::App;
use crate::hms::redemption::{Admitted, Facts, MOST, shown};
use crate::hook::{self, Device, Question};

/// What the operator wants otherwise than the token says.
pub(super) struct Ruled {
    /// Tighter terms; `None`: as they are.
    pub terms: Option<WidevineTerms>,
    /// What the licence service is told besides.
    pub extras: CloudExtras,
}

/// Asks about a licence. Of a renewal there is no content to speak of.
///
/// # Errors
/// -7008: `policy`, 403; `policy-unavailable`, 503.
pub(super) async fn ask(
    app: &App,
    facts: &mut Facts,
    admitted: &Admitted,
    device: Device,
    content: Option<&Content>,
) -> Result<Ruled, Refusal> {
    let content_id = content.and_then(|content| content.content_id.as_deref());
    let question = Question {
        admitted,
        device,
        content_id: content_id.map(|id| shown(&String::from_utf8_lossy(id))),
        licence_type: content.map(|content| match content.asked_type {
            AskedType::Streaming => "streaming",
            AskedType::Offline => "offline",
            AskedType::Automatic => "automatic",
        }),
    };
    let ruling = hook::ask(app, facts, &question).await?;
    let terms = match ruling.terms {
        Some(Terms::Widevine(terms)) => Some(terms),
        Some(_) | None => None,
    };
    let (extras, ignored) = CloudExtras::read(&ruling.upstream);
    if !ignored.is_empty() {
        let ignored: Vec<_> = ignored.iter().take(MOST).map(|name| shown(name)).collect();
        tracing::warn!(environment = %facts.environment, ?ignored, "the policy hook wants to overwrite what this service says itself; ignored");
        facts.note("upstreamIgnored", ignored);
    }
    Ok(Ruled { terms, extras })
}
