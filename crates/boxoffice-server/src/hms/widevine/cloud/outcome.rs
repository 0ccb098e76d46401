//! What comes of a call: an answer to the client, or a refusal, and what the record says of it.

use boxoffice_core::{Account, Refusal};
use serde_json::{Map, Value};
use widevine::DeviceLevel;
use widevine::cloud::{CloudFault, CloudResponse};

use super::super::{identity, level};
use super::{Cloud, refusal};
use crate::app::App;
use crate::hms::redemption::{Facts, description};
use crate::upstream::Called;

/// Takes what was answered, and notes it: how often the service was asked, for how long, and who the device is.
pub(super) fn settle(
    cloud: &Cloud,
    called: Called<Result<CloudResponse, CloudFault>>,
    facts: &mut Facts,
) -> Result<CloudResponse, Refusal> {
    facts.attempts = called.attempts;
    let mut upstream = Map::new();
    let milliseconds = u64::try_from(called.duration.as_millis()).unwrap_or(u64::MAX);
    upstream.insert("milliseconds".to_owned(), milliseconds.into());
    let outcome = called.outcome.map_err(refusal::unreached).and_then(|answered| {
        upstream.insert("status".to_owned(), answered.as_ref().map_or_else(word, |_| "OK".into()));
        if let Err(fault) = &answered
            && let Some(number) = internal_status(fault)
        {
            upstream.insert("internalStatus".to_owned(), number.into());
        }
        answered.map_err(|fault| refusal::of_service(cloud, &fault))
    });
    if called.attempts > 0 {
        facts.note("upstream", upstream);
    }
    let response = outcome?;
    describe(&response, facts);
    Ok(response)
}

/// Whether the device may have what the service gave, by the revocation file, the settings and the account: what the
/// service knew, we know only now.
pub(super) fn check_device(
    app: &App,
    cloud: &Cloud,
    account: &Account,
    response: &CloudResponse,
) -> Result<(), Refusal> {
    let device = &response.device;
    identity::check_told(app, cloud.environment, device)?;
    if device.verification < cloud.min_vmp {
        let told = device.facts.get("platform_verification_status").and_then(Value::as_str);
        return Err(refusal::platform(cloud.min_vmp, told.unwrap_or("nothing")));
    }
    // A device that nobody calls better is the least.
    level::check(account, device.level.unwrap_or(DeviceLevel::L3))
}

/// The same at a renewal, of a device that the service names there: one that it does not name was looked at when its
/// session began.
pub(super) fn check_renewed(
    app: &App,
    cloud: &Cloud,
    account: &Account,
    response: &CloudResponse,
) -> Result<(), Refusal> {
    if response.device.facts.is_empty() { Ok(()) } else { check_device(app, cloud, account, response) }
}

fn describe(response: &CloudResponse, facts: &mut Facts) {
    let device = &response.device;
    if device.id.is_some() {
        facts.device_id.clone_from(&device.id);
    }
    let system = device.facts.get("system_id").and_then(Value::as_u64).map(|id| format!("system {id}"));
    let level = device.level.map(|level| level.to_string());
    let told = description(
        device.description.as_deref(),
        [system.as_deref(), level.as_deref()].into_iter().flatten(),
    );
    if told.is_some() {
        facts.device = told;
        facts.note("deviceVerified", true);
    }
    if !device.facts.is_empty() {
        facts.note("deviceFacts", device.facts.clone());
    }
}

fn word(fault: &CloudFault) -> Value {
    match fault {
        CloudFault::Challenge(status)
        | CloudFault::Internal(status)
        | CloudFault::Refused(status)
        | CloudFault::Rejected(status)
        | CloudFault::Revoked(status) => status.status.as_str().into(),
        CloudFault::NotUnderstood(_) => "not understood".into(),
        CloudFault::Overloaded { .. } => "HTTP 429".into(),
    }
}

fn internal_status(fault: &CloudFault) -> Option<i64> {
    match fault {
        CloudFault::Challenge(status)
        | CloudFault::Internal(status)
        | CloudFault::Refused(status)
        | CloudFault::Rejected(status)
        | CloudFault::Revoked(status) => status.internal_status,
        CloudFault::NotUnderstood(_) | CloudFault::Overloaded { .. } => None,
    }
}
