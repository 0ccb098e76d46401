//! Renewals and releases of the embedded issuer's licences (widevine.md, section 6).

use std::sync::Arc;

use boxoffice_core::Refusal;
use boxoffice_core::entitlement::WidevineTerms;
use jiff::Timestamp;
use widevine::{Issuer, RenewalFault, RenewalPolicy, SessionId, SessionRequest, SessionRequestKind};

use super::super::{grant, identity, level, policy, refusal, streams};
use super::session_keys;
use crate::app::App;
use crate::hms::redemption::{Admitted, Facts, books};

/// The answer to a renewal or release, in the books already. It costs nothing.
pub(in super::super) async fn go_on(
    app: &App,
    facts: &mut Facts,
    issuer: Arc<Issuer>,
    (admitted, terms): (&Admitted, &WidevineTerms),
    session: SessionRequest,
) -> Result<Vec<u8>, Refusal> {
    let config = &app.config().environment(facts.environment).widevine;
    let renewal = match (session.kind(), config.renewal) {
        (SessionRequestKind::Renewal, None) => {
            return Err(refusal::of(&widevine::Refusal::Renewal(RenewalFault::Off)));
        }
        (SessionRequestKind::Renewal, Some(renewal)) => Some(renewal),
        (SessionRequestKind::Release, _) => None,
    };
    facts.kids = terms.keys.iter().map(|key| key.kid).collect();
    let longest = config.max_session_seconds;
    let (now, token_id) = (facts.time.as_second(), admitted.entitlement.token_id);
    let keys = Arc::new(session_keys(app, facts.environment));
    let revocations = app.issuers().of(facts.environment).widevine_revocations.current();
    let keys_there = Arc::clone(&keys);
    let identified = app.compute(move || -> Result<_, widevine::Refusal> {
        session.verify(&keys_there, token_id.as_bytes(), longest, now)?;
        let device = issuer.identify_session(&session, now, &revocations)?;
        Ok((session, device))
    });
    let (session, device) = identified.await?.map_err(|cause| refusal::of(&cause))?;
    if let Some(device) = &device {
        identity::describe(device, facts);
        level::check(&admitted.account, device.level)?;
    }
    let tighter = if renewal.is_some() {
        let device = device.as_ref().map(identity::known).unwrap_or_default();
        policy::ask(app, facts, admitted, device, None).await?.terms
    } else {
        None
    };
    // Verified before; a MAC is cheap, and so what is answered needs to be held nowhere while the operator is asked.
    let verified = session.verify(&keys, token_id.as_bytes(), longest, now);
    let verified = verified.map_err(|cause| refusal::of(&cause))?;
    let session_id = verified.session_id();
    let body = match renewal.map(RenewalPolicy::from) {
        Some(renewal) => {
            let terms = grant::grant(tighter.as_ref().unwrap_or(terms)).terms;
            verified.renew(&terms, &renewal.draw(&**app.random()))
        }
        None => verified.release(),
    };
    facts.note("session", session_id.to_string());
    let in_books = books::Session {
        admitted,
        id: *session_id.as_bytes(),
        user_id: terms.stream.as_ref().map(|stream| stream.user_id.as_str()),
    };
    match renewal {
        Some(renewal) => {
            books::renew(app, facts, in_books, streams::active_until(&renewal, facts.time)).await?;
        }
        None => {
            books::release(app, facts, in_books, end(session_id, longest)).await?;
        }
    }
    Ok(body)
}

/// When a session is over, and its release need not be remembered any more: one second behind its last.
fn end(session: SessionId, longest: u32) -> Timestamp {
    let seconds = i64::from(session.issued_at()) + i64::from(longest) + 1;
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
}
