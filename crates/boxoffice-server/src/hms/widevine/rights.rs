//! `POST /hms/wv/rights/`: a licence for a challenge and a token (widevine.md, sections 2, 5, 6 and 9).

use std::sync::Arc;

use boxoffice_core::entitlement::{Terms, WidevineTerms};
use boxoffice_core::{Drm, Event, Refusal};
use boxoffice_storage::RecordKind;
use jiff::{SignedDuration, Timestamp};
use widevine::{Issuer, Request, SessionRequest, SessionRequestKind};

use super::body::{self, Wrapping};
use super::cloud::Cloud;
use super::{certificate, cloud, lab, refusal};
use crate::admission::Kind;
use crate::app::App;
use crate::hms::redemption::{Admitted, Facts, Licence, Redemption};

/// Which rate a body counts for. What is neither a renewal nor a release counts as a licence, whatever it is.
pub(crate) fn kind(body: &[u8]) -> Kind {
    match body::unwrap(body).map(|(_, challenge)| Request::parse(&challenge)) {
        Ok(Ok(Request::Session(_))) => Kind::Renewals,
        Ok(Ok(Request::Licence(_) | Request::ServiceCertificate) | Err(_)) | Err(_) => Kind::Licences,
    }
}

/// Answers a challenge with a licence, a request to renew or release one with its answer, and a certificate request
/// with the certificate.
///
/// The order is the specification's: body, token, account and back end, address, message, identity, device,
/// signature, content, keys, streams, balance, licence; then the books.
///
/// # Errors
/// Every row of widevine.md, section 8, and of token-api.md, section 10.
pub async fn redeem(
    app: &App,
    redemption: &Redemption<'_>,
    facts: &mut Facts,
    body: &[u8],
) -> Result<Licence, Refusal> {
    let (wrapping, challenge) = body::unwrap(body)?;
    let request = Request::parse(&challenge);
    let began = match &request {
        // It is public: no token, no price, no record.
        Ok(Request::ServiceCertificate) => {
            let bare = certificate::certificate(app, redemption.environment).await?;
            return Ok(answer(wrapping, widevine::service_certificate_answer(&bare), None));
        }
        Err(cause @ widevine::Refusal::Body(_)) => return Err(refusal::of(cause)),
        Ok(Request::Session(session)) => {
            facts.kind = match session.kind() {
                SessionRequestKind::Renewal => RecordKind::Renewal,
                SessionRequestKind::Release => RecordKind::Release,
            };
            began(app, session, facts)
        }
        Ok(Request::Licence(_)) | Err(_) => facts.time,
    };
    let admitted = redemption.admit_at(app, Drm::Widevine, None, facts, began).await?;
    let backend = Backend::of(app, facts)?;
    redemption.check_address(&admitted)?;
    let entitled = (&admitted, terms(&admitted)?);
    let (body, not_granted) = match (request.map_err(|cause| refusal::of(&cause))?, backend) {
        (Request::Licence(challenge), Backend::Lab(issuer)) => {
            lab::licence::issue(app, facts, issuer, entitled, challenge).await?
        }
        (Request::Licence(parsed), Backend::Cloud(cloud)) => {
            cloud::licence::issue(app, facts, cloud, entitled, (&parsed, challenge.into_owned())).await?
        }
        (Request::Session(session), Backend::Lab(issuer)) => {
            (lab::session::go_on(app, facts, issuer, entitled, session).await?, None)
        }
        (Request::Session(session), Backend::Cloud(cloud)) => {
            let request = (&session, challenge.into_owned());
            (cloud::session::go_on(app, facts, cloud, entitled, request).await?, None)
        }
        (Request::ServiceCertificate, _) => return Err(defect("a certificate request came this far")),
    };
    Ok(answer(wrapping, body, not_granted))
}

/// Who makes licences.
enum Backend {
    Lab(Arc<Issuer>),
    Cloud(Arc<Cloud>),
}

impl Backend {
    fn of(app: &App, facts: &Facts) -> Result<Self, Refusal> {
        let issuers = app.issuers();
        let lab = issuers.widevine(facts.environment).map(|issuer| Self::Lab(Arc::clone(issuer)));
        let cloud = || issuers.widevine_cloud(facts.environment).map(|cloud| Self::Cloud(Arc::clone(cloud)));
        lab.or_else(cloud).ok_or_else(|| refusal::no_back_end(facts.environment))
    }
}

/// When a session began, at which the token had to be good: it may have expired since (section 6). What the client
/// claims is proven by the key of the session, which goes with its name. A licence service keeps its sessions to itself:
/// there it is the earliest time at which one may have begun.
fn began(app: &App, session: &SessionRequest, facts: &Facts) -> Timestamp {
    let now = facts.time;
    if app.issuers().widevine_cloud(facts.environment).is_some() {
        let longest = app.config().environment(facts.environment).widevine.max_session_seconds;
        return now.saturating_sub(SignedDuration::from_secs(longest.into())).unwrap_or(now);
    }
    let began = session.session_id().and_then(|id| Timestamp::from_second(id.issued_at().into()).ok());
    began.unwrap_or(now).min(now)
}

fn answer(wrapping: Wrapping, body: Vec<u8>, not_granted: Option<String>) -> Licence {
    let (body, content_type) = wrapping.wrap(body);
    Licence { body, content_type, not_granted }
}

fn terms(admitted: &Admitted) -> Result<&WidevineTerms, Refusal> {
    match &admitted.entitlement.terms {
        Terms::Widevine(terms) => Ok(terms),
        // The token's DRM was checked when it was opened.
        Terms::ClearKey(_) | Terms::FairPlay(_) | Terms::PlayReady(_) => {
            Err(defect("this is no Widevine token"))
        }
    }
}

fn defect(what: &str) -> Refusal {
    Refusal::new(Event::WidevineLicenseFailed, what).reason("internal").status(500)
}
