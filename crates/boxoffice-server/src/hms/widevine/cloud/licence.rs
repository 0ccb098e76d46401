//! A new licence of the licence service (widevine.md, section 9).

use std::sync::Arc;

use boxoffice_core::Refusal;
use boxoffice_core::entitlement::WidevineTerms;
use boxoffice_storage::RecordKind;
use bytes::Bytes;
use widevine::cloud::{CloudExtras, CloudRequest, CloudRequestType, CloudResponse};
use widevine::{Admission, Challenge, Content, DeviceLevel, Grant, LicenceType, NotGranted, RenewalPolicy};

use super::super::{grant, identity, policy, refusal, streams};
use super::{Cloud, outcome};
use crate::app::App;
use crate::hms::redemption::{Admitted, Facts, books};

/// The answer to a challenge, in the books already, and the value of `x-boxoffice-not-granted`.
///
/// All that can be decided here is, before the service is asked: what it gives is debited in the transaction of its
/// record, and a call that fails costs nothing.
pub(in super::super) async fn issue(
    app: &App,
    facts: &mut Facts,
    cloud: Arc<Cloud>,
    (admitted, terms): (&Admitted, &WidevineTerms),
    (challenge, payload): (&Challenge, Vec<u8>),
) -> Result<(Vec<u8>, Option<String>), Refusal> {
    let claimed = challenge.claimed_device();
    identity::describe_claimed(claimed.as_ref(), facts);
    if let Some(claimed) = &claimed {
        identity::check_revocation(app, facts.environment, claimed)?;
    }
    let content = challenge.content().map_err(|cause| refusal::of(&cause))?;
    facts.kids.clone_from(&content.kids);
    let grant = grant::grant(terms);
    let admission = grant.admit(&content).map_err(|cause| refusal::of(&cause))?;
    cloud.check_room()?;
    let device = identity::claimed(claimed.as_ref());
    let ruled = policy::ask(app, facts, admitted, device, Some(&content)).await?;
    let (terms, grant, admission) = match &ruled.terms {
        None => (terms, grant, admission),
        Some(tighter) => {
            let grant = grant::grant(tighter);
            let admission = grant.admit(&content).map_err(|cause| refusal::of(&cause))?;
            (tighter, grant, admission)
        }
    };
    let renewal = app.config().environment(facts.environment).widevine.renewal;
    books::check_unused(app, admitted, facts).await?;
    streams::check(app, admitted, terms, renewal.as_ref(), facts).await?;
    admitted.check_balance()?;
    let body = write(app, &cloud, (grant.clone(), content, &admission), (payload, ruled.extras)).await?;
    let response = outcome::settle(&cloud, cloud.ask(body).await, facts)?;
    outcome::check_device(app, &cloud, &admitted.account, &response)?;
    let not_granted = not_granted(&grant, admission, &response);
    let withheld = |kid| {
        not_granted
            .iter()
            .any(|item| matches!(item, NotGranted::SecurityLevel { kid: named, .. } if *named == kid))
    };
    let granted = grant.keys.iter().map(|key| key.kid).filter(|kid| !withheld(*kid));
    grant::note(granted, &not_granted, terms, facts);
    let session = response.licence.session();
    if response.request_type == Some(CloudRequestType::Renewal) {
        // The service knows the session: what it renews is paid already.
        facts.kind = RecordKind::Renewal;
        if let (Some(id), Some(renewal)) = (session, renewal) {
            let user_id = terms.stream.as_ref().map(|stream| stream.user_id.as_str());
            let session = books::Session { admitted, id, user_id };
            books::renew(app, facts, session, streams::active_until(&renewal, facts.time)).await?;
            return Ok((response.licence.into_bytes(), grant::not_granted_header(&not_granted)));
        }
        facts.kind = RecordKind::Licence;
    }
    let stream = session
        .and_then(|session| streams::new_stream(admitted, terms, renewal.as_ref(), session, facts.time));
    books::grant(app, admitted, facts, stream).await?;
    Ok((response.licence.into_bytes(), grant::not_granted_header(&not_granted)))
}

/// The body of the request. It is signed on the cryptography threads, as the key may be RSA.
async fn write(
    app: &App,
    cloud: &Arc<Cloud>,
    (grant, content, admission): (Grant, Content, &Admission),
    (payload, extras): (Vec<u8>, CloudExtras),
) -> Result<Bytes, Refusal> {
    let environment = cloud.environment;
    let renewal = app.config().environment(environment).widevine.renewal.map(RenewalPolicy::from);
    let licence_type = admission.licence_type;
    let (random, cloud) = (Arc::clone(app.random()), Arc::clone(cloud));
    let body = app.compute(move || {
        let renewal = renewal.filter(|_| licence_type == LicenceType::Streaming);
        let renewal = renewal.map(|policy| policy.draw(&*random));
        let request = CloudRequest {
            payload: &payload,
            provider: &cloud.provider,
            content_id: &CloudRequest::content_id(&grant, Some(&content)),
            keys: &grant.keys,
            terms: &grant.terms,
            licence_type,
            renewal: renewal.as_ref(),
            extras: &extras,
        };
        request.write(&cloud.signer)
    });
    body.await.map(Bytes::from_owner)
}

/// What was asked for and is not in the token, and what is in the token and not in the licence.
fn not_granted(grant: &Grant, admission: Admission, response: &CloudResponse) -> Vec<NotGranted> {
    let mut not_granted: Vec<_> = admission.missing.into_iter().map(NotGranted::Missing).collect();
    // A service that names no key at all does not say which ones there are.
    if let Some(supported) = response.supported.as_ref().filter(|supported| !supported.is_empty()) {
        let actual = response.device.level.unwrap_or(DeviceLevel::L3);
        let withheld = grant.keys.iter().filter(|key| !supported.contains(&key.kid));
        not_granted.extend(withheld.map(|key| NotGranted::SecurityLevel {
            kid: key.kid,
            required: key.level.device_level(),
            actual,
        }));
    }
    not_granted
}
