//! What a question is entitled to: the steps of a redemption that are the same with and without a challenge of our
//! own (playready.md, section 4, from the token on).

use std::net::{IpAddr, Ipv4Addr};

use boxoffice_core::entitlement::{PlayReadyTerms, Rights, Terms};
use boxoffice_core::{Drm, Environment, Event, Parameters, Refusal};
use drm_primitives::Kid;
use jiff::Timestamp;
use playready::challenge::token_in;
use playready::keys::{Choice, Withheld};
use playready::policy::{check_clock, check_rental_end};
use playready::{Asked, LicencePolicy};

use super::record::note_extension;
use super::request::{Client, RedeemRequest};
use crate::app::App;
use crate::hms::playready::policy::{self, OutputControls};
use crate::hms::playready::{Fault, rights};
use crate::hms::redemption::{Admitted, Facts, Redemption, shown};
use crate::hook::{self, Device, Question};

/// What is granted, unless the account, the token or another answer stands against it.
pub(super) struct Entitled {
    /// The token and its account.
    pub admitted: Admitted,
    /// One a licence, in the order asked.
    pub policies: Vec<LicencePolicy>,
    /// Keys that this device may not have.
    pub withheld: Vec<Withheld>,
    /// KIDs that the token does not have.
    pub not_granted: Vec<Kid>,
}

/// Opens the token and applies its rules.
///
/// # Errors
/// The rows of playready.md, section 6, that do not need a challenge.
pub(super) async fn entitle(
    app: &App,
    environment: Environment,
    asked: &RedeemRequest,
    facts: &mut Facts,
) -> Result<Entitled, Fault> {
    // Only what the handler passes on counts: its own request's query and headers carry no player's token.
    let redemption = Redemption {
        environment,
        parameters: &Parameters::default(),
        token_headers: Vec::new(),
        authorizations: Vec::new(),
        address: asked.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    };
    let token = token_in(&asked.token.0).map(str::as_bytes);
    let admitted = redemption.admit(app, Drm::PlayReady, token, facts).await?;
    note_extension(&admitted.entitlement, facts);
    if admitted.entitlement.address.is_some() && asked.address.is_none() {
        let hint = "this token is good from one address only, and the request has no clientAddress";
        return Err(Refusal::new(Event::IpAddress, hint).reason("address").status(403).into());
    }
    redemption.check_address(&admitted)?;
    let outputs = &app.config().environment(environment).playready.output_control_flags;
    let entitled = Entitled::choose(admitted, asked, outputs, facts.time)?;
    let question = Question {
        admitted: &entitled.admitted,
        device: known(&asked.client),
        content_id: None,
        licence_type: None,
    };
    match hook::ask(app, facts, &question).await?.terms {
        Some(Terms::PlayReady(terms)) => entitled.under(&terms, asked, outputs, facts.time),
        Some(_) | None => Ok(entitled),
    }
}

/// What the policy hook is told of the device.
fn known(client: &Client) -> Device {
    Device {
        system_id: None,
        level: Some(format!("SL{}", client.security_level)),
        make: client.manufacturer.as_deref().map(shown),
        model: client.model.as_deref().map(shown),
        serial: client.device_id.map(|id| drm_primitives::hex::encode(&id)),
    }
}

impl Entitled {
    /// What of an admitted token this device gets.
    pub fn choose(
        admitted: Admitted,
        asked: &RedeemRequest,
        outputs: &OutputControls,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let terms = rights::terms(&admitted.entitlement.terms)?;
        check_device(terms, &asked.client)?;
        check_rental(terms, &asked.client, now)?;
        let (choice, policies) = granted(terms, asked, outputs, now)?;
        let not_granted = choice.not_granted.iter().map(|missing| missing.kid).collect();
        Ok(Self { policies, withheld: choice.withheld, not_granted, admitted })
    }

    /// The same under terms that the operator has made tighter: the device may have fewer keys then.
    fn under(
        self,
        terms: &PlayReadyTerms,
        asked: &RedeemRequest,
        outputs: &OutputControls,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        let (choice, policies) = granted(terms, asked, outputs, now)?;
        Ok(Self { policies, withheld: choice.withheld, ..self })
    }
}

fn granted(
    terms: &PlayReadyTerms,
    asked: &RedeemRequest,
    outputs: &OutputControls,
    now: Timestamp,
) -> Result<(Choice, Vec<LicencePolicy>), Fault> {
    let question = Asked::new(asked.kids.iter().copied(), asked.algorithm);
    let choice = policy::choose(terms, &question, asked.client.security_level)?;
    let client_time = asked.client.time.map(Timestamp::as_second);
    let policies = policy::policies(terms, &choice, outputs, (now.as_second(), client_time));
    Ok((choice, policies))
}

fn check_device(terms: &PlayReadyTerms, client: &Client) -> Result<(), Fault> {
    match (&terms.device_id, &client.device_id) {
        (Some(bound), Some(device)) if bound == device => Ok(()),
        (None, _) => Ok(()),
        (Some(_), Some(device)) => Err(Fault::other_device(&drm_primitives::hex::encode(device))),
        (Some(_), None) => {
            let hint = "this token is good on one device only, and the request has no client.deviceId";
            Err(Refusal::new(Event::DeviceIdInvalid, hint).reason("device-binding").status(403).into())
        }
    }
}

fn check_rental(terms: &PlayReadyTerms, client: &Client, now: Timestamp) -> Result<(), Fault> {
    let Rights::Rental { end, .. } = terms.rights else { return Ok(()) };
    let (now, client_time) = (now.as_second(), client.time.map(Timestamp::as_second));
    check_rental_end(end.as_second(), now)
        .and_then(|()| check_clock(client.version.as_deref(), client_time, now))
        .map_err(|cause| Fault::from(&cause))
}
