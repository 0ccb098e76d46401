//! The policy hook: before a licence is granted the operator's own service is asked, which may refuse or tighten, and
//! never loosen (widevine.md, section 7.4).
//!
//! Whatever makes licences calls [`ask`] once its keys are chosen and before it looks at the balance, and goes on with
//! the [`Ruling`]. What silence means is the operator's choice, `fail_open`. No key is ever sent.

mod answer;
mod client;
mod policy;
mod proof;
mod question;
mod tighten;

use boxoffice_core::entitlement::Terms;
use boxoffice_core::{Drm, Event, Refusal};
use serde_json::{Map, Value, json};

pub(crate) use client::Hooks;
pub(crate) use question::{Device, Question};

use self::answer::Decision;
use self::policy::Tightening;
use self::tighten::tighten;
use crate::app::App;
use crate::hms::redemption::Facts;

/// What the operator makes of a licence.
#[derive(Debug, Default)]
pub(crate) struct Ruling {
    /// The token's terms, tightened; `None`: as they are.
    pub terms: Option<Terms>,
    /// The least copy protection, where the DRM's own terms have none (FairPlay): its HDCP type.
    pub hdcp_at_least: Option<i64>,
    /// Members for the request to the licence service of Widevine, if one makes the licence.
    pub upstream: Map<String, Value>,
}

/// Asks the operator, where there is somebody to ask.
///
/// # Errors
/// `policy`, 403, where the operator refuses; `policy-unavailable`, 503, where nobody answers as they should and
/// `fail_open` is off. The code is the DRM's: -7008, -2030, -6004, -6005.
pub(crate) async fn ask(app: &App, facts: &mut Facts, question: &Question<'_>) -> Result<Ruling, Refusal> {
    let Some(hook) = app.hooks().of(facts.environment) else { return Ok(Ruling::default()) };
    let event = event(facts.drm);
    let decision = match hook.ask(facts, question).await {
        Ok(decision) => decision,
        Err(silence) if hook.fail_open => {
            tracing::warn!(environment = %facts.environment, %silence, "the policy hook is silent; licences are made without it");
            facts.note("policy", json!({ "decision": "none", "problem": silence.to_string() }));
            return Ok(Ruling::default());
        }
        Err(silence) => {
            tracing::warn!(environment = %facts.environment, %silence, "the policy hook is silent; no licence is made without it");
            facts.note("policy", json!({ "decision": "none", "problem": silence.to_string() }));
            let hint = "the operator's policy service did not answer; try again";
            let refusal = Refusal::new(event, hint).reason("policy-unavailable").status(503);
            return Err(refusal.retry_after(silence.retry_after()));
        }
    };
    match decision {
        Decision::Refuse { hint } => {
            facts.note("policy", json!({ "decision": "refuse" }));
            let hint = hint.unwrap_or_else(|| "the operator's policy allows no licence here".to_owned());
            Err(Refusal::new(event, hint).reason("policy").status(403))
        }
        Decision::Grant { policy, upstream } => {
            let mut tightening = Tightening::new(policy);
            let ruling = tighten(question.terms(), &mut tightening, facts.time);
            let (tightened, mut ignored) = tightening.end();
            if !upstream.is_empty() && facts.drm != Drm::Widevine {
                ignored.push("upstream".to_owned());
            }
            if !ignored.is_empty() {
                tracing::warn!(environment = %facts.environment, ?ignored, "the policy hook wanted more than the token grants, or what this DRM has not; ignored");
            }
            facts.note("policy", json!({ "decision": "grant", "tightened": tightened, "ignored": ignored }));
            Ok(Ruling { upstream, ..ruling })
        }
    }
}

/// What a refusal is called for each DRM.
const fn event(drm: Drm) -> Event {
    match drm {
        Drm::ClearKey => Event::KeyData,
        Drm::FairPlay => Event::CkcFailed,
        Drm::PlayReady => Event::AdminError,
        Drm::Widevine => Event::WidevineLicenseFailed,
    }
}
