//! Renewals and releases of the licence service's licences: the service holds the session (widevine.md, section 9.1).

use std::sync::Arc;

use boxoffice_core::Refusal;
use boxoffice_core::entitlement::WidevineTerms;
use boxoffice_storage::RecordKind;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use widevine::cloud::{CloudExtras, CloudRequest, CloudRequestType};
use widevine::{LicenceType, RenewalFault, RenewalPolicy, SessionRequest, SessionRequestKind};

use super::super::{grant, identity, policy, refusal, streams};
use super::{Cloud, outcome};
use crate::app::App;
use crate::hms::redemption::{Admitted, Facts, books};

/// The answer to a renewal or release, in the books already. It costs nothing, unless the service made a new licence.
pub(in super::super) async fn go_on(
    app: &App,
    facts: &mut Facts,
    cloud: Arc<Cloud>,
    (admitted, terms): (&Admitted, &WidevineTerms),
    (session, payload): (&SessionRequest, Vec<u8>),
) -> Result<Vec<u8>, Refusal> {
    let config = &app.config().environment(facts.environment).widevine;
    if session.kind() == SessionRequestKind::Renewal && config.renewal.is_none() {
        return Err(refusal::of(&widevine::Refusal::Renewal(RenewalFault::Off)));
    }
    let unknown = || refusal::of(&widevine::Refusal::Renewal(RenewalFault::UnknownSession));
    let id = session.session_name().ok_or_else(unknown)?;
    let claimed = session.claimed_device();
    identity::describe_claimed(claimed.as_ref(), facts);
    if let Some(claimed) = &claimed {
        identity::check_revocation(app, facts.environment, claimed)?;
    }
    facts.kids = terms.keys.iter().map(|key| key.kid).collect();
    cloud.check_room()?;
    let (tighter, extras) = match session.kind() {
        SessionRequestKind::Release => (None, CloudExtras::default()),
        SessionRequestKind::Renewal => {
            let device = identity::claimed(claimed.as_ref());
            let ruled = policy::ask(app, facts, admitted, device, None).await?;
            (ruled.terms, ruled.extras)
        }
    };
    let terms = tighter.as_ref().unwrap_or(terms);
    let (random, grant) = (Arc::clone(app.random()), grant::grant(terms));
    let renewals = config.renewal.map(RenewalPolicy::from);
    let for_thread = Arc::clone(&cloud);
    let body = app.compute(move || {
        let renewal = renewals.map(|policy| policy.draw(&*random));
        let request = CloudRequest {
            payload: &payload,
            provider: &for_thread.provider,
            content_id: &CloudRequest::content_id(&grant, None),
            keys: &grant.keys,
            terms: &grant.terms,
            licence_type: LicenceType::Streaming,
            renewal: renewal.as_ref(),
            extras: &extras,
        };
        request.write(&for_thread.signer)
    });
    let response = outcome::settle(&cloud, cloud.ask(Bytes::from_owner(body.await?)).await, facts)?;
    if session.kind() == SessionRequestKind::Renewal {
        outcome::check_renewed(app, &cloud, &admitted.account, &response)?;
    }
    facts.note("session", drm_primitives::hex::encode(&id));
    let user_id = terms.stream.as_ref().map(|stream| stream.user_id.as_str());
    let in_books = books::Session { admitted, id, user_id };
    match (response.request_type, session.kind(), config.renewal) {
        (Some(CloudRequestType::New), _, renewal) => {
            // What the service calls a new licence costs one.
            facts.kind = RecordKind::Licence;
            admitted.check_balance()?;
            let stream = streams::new_stream(admitted, terms, renewal.as_ref(), id, facts.time);
            books::grant(app, admitted, facts, stream).await?;
        }
        (_, SessionRequestKind::Renewal, Some(renewal)) => {
            books::renew(app, facts, in_books, streams::active_until(&renewal, facts.time)).await?;
        }
        (_, SessionRequestKind::Renewal, None) => return Err(unknown()),
        (_, SessionRequestKind::Release, _) => {
            let longest = SignedDuration::from_secs(i64::from(config.max_session_seconds) + 1);
            let expires = facts.time.saturating_add(longest).unwrap_or(Timestamp::MAX);
            books::release(app, facts, in_books, expires).await?;
        }
    }
    Ok(response.licence.into_bytes())
}
