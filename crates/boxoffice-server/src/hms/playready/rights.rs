//! `POST /hms/pr/rights/`, `/playready/RightsManager.asmx`: licences for a SOAP challenge and a token.

use std::sync::Arc;

use boxoffice_core::entitlement::{PlayReadyTerms, Rights, Terms};
use boxoffice_core::{Drm, Event, Refusal};
use playready::keys::Withheld;
use playready::policy::check_rental_end;
use playready::{Asked, Challenge, Device, Issuer};

use super::policy;
use super::refusal::Fault;
use crate::app::App;
use crate::hms::redemption::{Facts, Licence, MOST, Redemption, books, description, shown};
use crate::hook::{self, Question};

/// Answers a challenge with one licence for each KID of its header that the token has.
///
/// The order is the specification's (playready.md, section 4): message, version, token, account, back end,
/// signature, identity, bindings, rental, clock, header, keys, policy hook, balance, licence.
///
/// # Errors
/// Every row of playready.md, section 6.
pub async fn redeem(
    app: &App,
    redemption: &Redemption<'_>,
    facts: &mut Facts,
    body: &[u8],
) -> Result<Licence, Fault> {
    let challenge = Challenge::parse(body).map_err(|cause| Fault::from(&cause))?;
    challenge.check_version().map_err(|cause| Fault::from(&cause))?;
    let token = token_in_challenge(redemption, &challenge);
    let admitted = redemption.admit(app, Drm::PlayReady, token, facts).await?;
    let config = &app.config().environment(redemption.environment).playready;
    let elsewhere = config.license_acquisition_url.as_ref();
    let issuer = app.issuers().playready(redemption.environment);
    let issuer = issuer.ok_or_else(|| Fault::no_back_end(redemption.environment, elsewhere))?;

    let now = facts.time.as_second();
    let admitted = Arc::new(admitted);
    let (issuer_there, revocations) =
        (Arc::clone(issuer), app.issuers().of(redemption.environment).playready_revocations.current());
    let identified = app.compute(move || {
        let device = issuer_there.identify(&challenge, now, &revocations);
        device.map(|device| (challenge, device))
    });
    let (challenge, device) = identified.await?.map_err(|cause| Fault::from(&cause))?;
    describe(&device, facts);
    redemption.check_address(&admitted)?;
    let terms = terms(&admitted.entitlement.terms)?;
    check_device(terms, &device)?;
    check_rental(terms, &challenge, now)?;
    let header = challenge.header().map_err(|cause| Fault::from(&cause))?;
    let asked = Asked::from(&header);
    facts.kids = asked.kids().collect();
    let mut choice = policy::choose(terms, &asked, device.security_level())?;
    let question =
        Question { admitted: &admitted, device: known(&device), content_id: None, licence_type: None };
    let ruling = hook::ask(app, facts, &question).await?;
    let terms = ruling.terms.as_ref().map_or(Ok(terms), self::terms)?;
    if ruling.terms.is_some() {
        // Under tighter terms this device may have fewer keys.
        choice = policy::choose(terms, &asked, device.security_level())?;
    }
    admitted.check_balance()?;
    let times = (now, challenge.client_time());
    let policies = policy::policies(terms, &choice, &config.output_control_flags, times);
    facts.kids = policies.iter().map(|policy| policy.kid).collect();
    facts.note_not_granted(choice.not_granted.iter().map(|missing| missing.kid));
    let level = |withheld: &Withheld| (withheld.kid, u32::from(withheld.required.number()), withheld.device);
    facts.note_withheld(choice.withheld.iter().map(level));
    let body = issue(app, issuer, device, challenge, policies, now).await?;
    books::grant(app, &admitted, facts, None).await?;
    let not_granted = policy::not_granted_header(&choice);
    Ok(Licence { body, content_type: "text/xml; charset=utf-8", not_granted })
}

/// What the record says of a device that has proven who it is.
fn describe(device: &Device, facts: &mut Facts) {
    facts.device_id = Some(device.device_id());
    let names = [device.maker(), device.model(), device.model_number()];
    let level = format!("SL{}", device.security_level());
    let further = [Some(level.as_str()), device.client_version()];
    facts.device = description(names.iter().map(String::as_str), further.into_iter().flatten());
    let features = device.features().into_iter().chain(device.feature_names().iter().cloned());
    facts.note("features", features.take(MOST).map(|name| shown(&name)).collect::<Vec<_>>());
}

/// What the policy hook is told of it.
fn known(device: &Device) -> hook::Device {
    let text = |text: &str| (!text.is_empty()).then(|| shown(text));
    hook::Device {
        system_id: None,
        level: Some(format!("SL{}", device.security_level())),
        make: text(&device.maker()),
        model: text(&device.model()),
        serial: Some(device.device_id()),
    }
}

/// The token in `CustomData`. Applications have things of their own to say there: what cannot be a token does not
/// contradict one that came by another way, and is refused as one where there is no other.
fn token_in_challenge<'a>(redemption: &Redemption<'_>, challenge: &'a Challenge) -> Option<&'a [u8]> {
    let text = challenge.token()?.as_bytes();
    let is_base64url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let says_nothing = !text.iter().all(is_base64url) && redemption.token(None).is_ok();
    (!says_nothing).then_some(text)
}

async fn issue(
    app: &App,
    issuer: &Arc<Issuer>,
    device: Device,
    challenge: Challenge,
    policies: Vec<playready::LicencePolicy>,
    now: i64,
) -> Result<Vec<u8>, Fault> {
    let (issuer, random) = (Arc::clone(issuer), Arc::clone(app.random()));
    let licences = app.compute(move || issuer.issue(&device, &policies, challenge.nonce(), now, &*random));
    licences.await?.map_err(|error| Fault::from(&playready::Refusal::from(error)))
}

/// PlayReady's part of what was granted.
///
/// # Errors
/// -2030, 500, where the token is another DRM's: a defect, for that was checked when it was opened.
pub(crate) fn terms(terms: &Terms) -> Result<&PlayReadyTerms, Refusal> {
    match terms {
        Terms::PlayReady(terms) => Ok(terms),
        // The token's DRM was checked when it was opened.
        Terms::ClearKey(_) | Terms::FairPlay(_) | Terms::Widevine(_) => {
            Err(Refusal::new(Event::AdminError, "this is no PlayReady token").reason("internal").status(500))
        }
    }
}

fn check_device(terms: &PlayReadyTerms, device: &Device) -> Result<(), Fault> {
    match &terms.device_id {
        Some(bound) if bound != device.client_id() => Err(Fault::other_device(&device.device_id())),
        Some(_) | None => Ok(()),
    }
}

fn check_rental(terms: &PlayReadyTerms, challenge: &Challenge, now: i64) -> Result<(), Fault> {
    let Rights::Rental { end, .. } = terms.rights else { return Ok(()) };
    check_rental_end(end.as_second(), now).map_err(|cause| Fault::from(&cause))?;
    challenge.check_clock(now).map_err(|cause| Fault::from(&cause))
}
