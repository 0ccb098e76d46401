//! `POST /hms/wv/rights/`: a licence for a challenge and a token (widevine.md, sections 2 and 5).

use std::sync::Arc;

use boxoffice_core::entitlement::{Terms, WidevineTerms};
use boxoffice_core::{Account, Drm, Event, Refusal};
use widevine::{
    Challenge, Content, Decision, Device, DeviceLevel, Issuer, LicenceSessionKey, RenewalFault, Request,
};

use super::body::{self, Wrapping};
use super::{grant, refusal};
use crate::app::App;
use crate::hms::redemption::{Admitted, Licence, Redemption};

/// Answers a challenge with a licence, and a certificate request with the certificate.
///
/// The order is the specification's: body, token, account and back end, address, message, identity, device,
/// signature, content, keys, balance, licence.
///
/// # Errors
/// Every row of widevine.md, section 8, and of token-api.md, section 10.
pub async fn redeem(app: &App, redemption: &Redemption<'_>, body: &[u8]) -> Result<Licence, Refusal> {
    let (wrapping, body) = body::unwrap(body)?;
    let request = Request::parse(&body);
    match &request {
        Ok(Request::ServiceCertificate) => return certificate(app, redemption, wrapping),
        Err(cause @ widevine::Refusal::Body(_)) => return Err(refusal::of(cause)),
        Ok(Request::Licence(_) | Request::Session(_)) | Err(_) => {}
    }
    let admitted = redemption.admit(app, Drm::Widevine, None).await?;
    let issuer = app.issuers().widevine(redemption.environment);
    let issuer = issuer.ok_or_else(|| refusal::no_back_end(redemption.environment))?;
    redemption.check_address(&admitted)?;
    match request.map_err(|cause| refusal::of(&cause))? {
        Request::Licence(challenge) => issue(app, redemption, issuer, admitted, challenge, wrapping).await,
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
    issuer: &Arc<Issuer>,
    admitted: Admitted,
    challenge: Challenge,
    wrapping: Wrapping,
) -> Result<Licence, Refusal> {
    let now = app.now().as_second();
    let admitted = Arc::new(admitted);
    // RSA takes half a millisecond: on the cryptography threads, or nobody else is served meanwhile.
    let (issuer, revocations) =
        (Arc::clone(issuer), app.issuers().of(redemption.environment).widevine_revocations.current());
    let for_thread = Arc::clone(&admitted);
    let prepared = app.compute(move || {
        let device = issuer.identify(&challenge, now, &revocations).map_err(|cause| refusal::of(&cause))?;
        let terms = terms(&for_thread)?;
        let content = challenge.content().map_err(|cause| refusal::of(&cause))?;
        check_level(&for_thread.account, &device)?;
        let decision =
            grant::grant(terms).decide(&content, device.level).map_err(|cause| refusal::of(&cause))?;
        Ok(Prepared { challenge, content, device, decision })
    });
    let prepared = prepared.await??;
    admitted.check_balance()?;
    let not_granted = grant::not_granted_header(&prepared.decision.not_granted);
    let session_key = session_key(app, redemption)?;
    let random = Arc::clone(app.random());
    let licence = app.compute(move || {
        let licence = widevine::Licence {
            challenge: &prepared.challenge,
            content: &prepared.content,
            device: &prepared.device,
            decision: &prepared.decision,
            renewal: None,
            session_key: &session_key,
            token_id: admitted.entitlement.token_id.as_bytes(),
            now,
        };
        licence.issue(&*random)
    });
    let (body, content_type) = wrapping.wrap(licence.await?.answer);
    Ok(Licence { body, content_type, not_granted })
}

/// A challenge that was found good, and what its licence will grant.
struct Prepared {
    challenge: Challenge,
    content: Content,
    device: Device,
    decision: Decision,
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
