//! `POST /hms/wv/rights/`: a licence for a challenge and a token (widevine.md, sections 2 and 5).

use std::sync::Arc;

use boxoffice_core::entitlement::{Terms, WidevineTerms};
use boxoffice_core::{Account, Drm, Event, Refusal};
use widevine::{Challenge, Device, DeviceLevel, Issuer, LicenceSessionKey, RenewalFault, Request};

use super::body::{self, Wrapping};
use super::{grant, identity, refusal};
use crate::app::App;
use crate::hms::redemption::{Admitted, Facts, Licence, Redemption, books};

/// Answers a challenge with a licence, and a certificate request with the certificate.
///
/// The order is the specification's: body, token, account and back end, address, message, identity, device,
/// signature, content, keys, balance, licence; then the books.
///
/// # Errors
/// Every row of widevine.md, section 8, and of token-api.md, section 10.
pub async fn redeem(
    app: &App,
    redemption: &Redemption<'_>,
    facts: &mut Facts,
    body: &[u8],
) -> Result<Licence, Refusal> {
    let (wrapping, body) = body::unwrap(body)?;
    let request = Request::parse(&body);
    match &request {
        Ok(Request::ServiceCertificate) => return certificate(app, redemption, wrapping),
        Err(cause @ widevine::Refusal::Body(_)) => return Err(refusal::of(cause)),
        Ok(Request::Licence(_) | Request::Session(_)) | Err(_) => {}
    }
    let admitted = redemption.admit(app, Drm::Widevine, None, facts).await?;
    let issuer = app.issuers().widevine(redemption.environment);
    let issuer = issuer.ok_or_else(|| refusal::no_back_end(redemption.environment))?;
    redemption.check_address(&admitted)?;
    match request.map_err(|cause| refusal::of(&cause))? {
        Request::Licence(challenge) => {
            let issuer = Arc::clone(issuer);
            issue(app, redemption, facts, issuer, admitted, challenge, wrapping).await
        }
        Request::Session(_) => Err(refusal::of(&widevine::Refusal::Renewal(RenewalFault::Off))),
        Request::ServiceCertificate => certificate(app, redemption, wrapping),
    }
}

/// It is public: no token, no price, no record.
fn certificate(app: &App, redemption: &Redemption<'_>, wrapping: Wrapping) -> Result<Licence, Refusal> {
    let issuer = app.issuers().widevine(redemption.environment);
    let issuer = issuer.ok_or_else(|| refusal::no_back_end(redemption.environment))?;
    let (body, content_type) = wrapping.wrap(issuer.service_certificate_answer());
    Ok(Licence { body, content_type, not_granted: None })
}

async fn issue(
    app: &App,
    redemption: &Redemption<'_>,
    facts: &mut Facts,
    issuer: Arc<Issuer>,
    admitted: Admitted,
    challenge: Challenge,
    wrapping: Wrapping,
) -> Result<Licence, Refusal> {
    let now = facts.time.as_second();
    // RSA takes half a millisecond: on the cryptography threads, or nobody else is served meanwhile.
    let revocations = app.issuers().of(redemption.environment).widevine_revocations.current();
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
    let terms = terms(&admitted)?;
    let content = challenge.content().map_err(|cause| refusal::of(&cause))?;
    facts.kids.clone_from(&content.kids);
    check_level(&admitted.account, &device)?;
    let decision = grant::grant(terms).decide(&content, device.level).map_err(|cause| refusal::of(&cause))?;
    admitted.check_balance()?;
    grant::note(&decision, terms, facts);
    let not_granted = grant::not_granted_header(&decision.not_granted);
    let session_key = session_key(app, redemption)?;
    let (random, token_id) = (Arc::clone(app.random()), admitted.entitlement.token_id);
    let licence = app.compute(move || {
        let licence = widevine::Licence {
            challenge: &challenge,
            content: &content,
            device: &device,
            decision: &decision,
            renewal: None,
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
    books::grant(app, &admitted, facts, None).await?;
    let (body, content_type) = wrapping.wrap(made.answer);
    Ok(Licence { body, content_type, not_granted })
}

fn terms(admitted: &Admitted) -> Result<&WidevineTerms, Refusal> {
    match &admitted.entitlement.terms {
        Terms::Widevine(terms) => Ok(terms),
        // The token's DRM was checked when it was opened.
        Terms::ClearKey(_) | Terms::FairPlay(_) | Terms::PlayReady(_) => {
            Err(Refusal::new(Event::WidevineLicenseFailed, "this is no Widevine token")
                .reason("internal")
                .status(500))
        }
    }
}

/// The account may want more of a device than its keys do.
fn check_level(account: &Account, device: &Device) -> Result<(), Refusal> {
    let required =
        account.options.min_level.and_then(|level| DeviceLevel::from_number(level.number().into()));
    match required {
        Some(required) if !device.level.meets(required) => {
            let actual = device.level;
            Err(refusal::of(&widevine::Refusal::DeviceLevel { required, actual }))
        }
        Some(_) | None => Ok(()),
    }
}

/// The newest licence session key. Its number in a session is one byte, the low one of the ring's.
fn session_key(app: &App, redemption: &Redemption<'_>) -> Result<LicenceSessionKey, Refusal> {
    let rings = app.rings();
    let internal = || {
        Refusal::new(Event::WidevineLicenseFailed, "no licence session key").reason("internal").status(500)
    };
    let key = rings.licence_session(redemption.environment).last().ok_or_else(internal)?;
    let [.., number] = key.id.0.to_be_bytes();
    Ok(LicenceSessionKey::new(number, *key.secret.expose()))
}
