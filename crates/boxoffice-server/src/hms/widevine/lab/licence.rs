//! A new licence of the embedded issuer (widevine.md, section 5).

use std::sync::Arc;

use boxoffice_core::Refusal;
use boxoffice_core::entitlement::WidevineTerms;
use widevine::{Challenge, Issuer, LicenceType, RenewalPolicy};

use super::super::{grant, identity, level, policy, refusal, streams};
use super::{no_session_key, session_keys};
use crate::app::App;
use crate::hms::redemption::{Admitted, Facts, books};

/// The answer to a challenge, in the books already, and the value of `x-boxoffice-not-granted`.
pub(in super::super) async fn issue(
    app: &App,
    facts: &mut Facts,
    issuer: Arc<Issuer>,
    (admitted, terms): (&Admitted, &WidevineTerms),
    challenge: Challenge,
) -> Result<(Vec<u8>, Option<String>), Refusal> {
    let now = facts.time.as_second();
    let revocations = app.issuers().of(facts.environment).widevine_revocations.current();
    let identified = app.compute(move || match issuer.identify(&challenge, now, &revocations) {
        Ok(device) => Ok((challenge, device)),
        Err(cause) => Err(Box::new((cause, challenge.claimed_device()))),
    });
    let (challenge, device) = identified.await?.map_err(|refused| {
        let (cause, claimed) = *refused;
        identity::describe_claimed(claimed.as_ref(), facts);
        refusal::of(&cause)
    })?;
    identity::describe(&device, facts);
    let content = challenge.content().map_err(|cause| refusal::of(&cause))?;
    facts.kids.clone_from(&content.kids);
    level::check(&admitted.account, device.level)?;
    let decision = grant::grant(terms).decide(&content, device.level).map_err(|cause| refusal::of(&cause))?;
    let ruled = policy::ask(app, facts, admitted, identity::known(&device), Some(&content)).await?;
    let (terms, decision) = match &ruled.terms {
        None => (terms, decision),
        // Under tighter terms this device may have fewer keys.
        Some(tighter) => {
            let decision = grant::grant(tighter).decide(&content, device.level);
            (tighter, decision.map_err(|cause| refusal::of(&cause))?)
        }
    };
    admitted.check_balance()?;
    grant::note(decision.keys.iter().map(|key| key.kid), &decision.not_granted, terms, facts);
    let not_granted = grant::not_granted_header(&decision.not_granted);
    let renewal = app.config().environment(facts.environment).widevine.renewal;
    let policy = renewal.filter(|_| decision.licence_type == LicenceType::Streaming).map(RenewalPolicy::from);
    let session_key = session_keys(app, facts.environment).into_iter().next().ok_or_else(no_session_key)?;
    let (random, token_id) = (Arc::clone(app.random()), admitted.entitlement.token_id);
    let licence = app.compute(move || {
        let renewal = policy.map(|policy| policy.draw(&*random));
        let licence = widevine::Licence {
            challenge: &challenge,
            content: &content,
            device: &device,
            decision: &decision,
            renewal: renewal.as_ref(),
            session_key: &session_key,
            token_id: token_id.as_bytes(),
            now,
        };
        licence.issue(&*random)
    });
    let made = licence.await?;
    if let Some(seconds) = made.clock_ahead_seconds {
        facts.note("clockAheadSeconds", seconds);
    }
    let session = *made.session_id.as_bytes();
    let stream = streams::new_stream(admitted, terms, renewal.as_ref(), session, facts.time);
    books::grant(app, admitted, facts, stream).await?;
    Ok((made.answer, not_granted))
}
