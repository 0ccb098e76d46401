//! What the record says of a device.

use boxoffice_core::{Environment, Refusal};
use widevine::cloud::CloudDevice;
use widevine::{ClaimedDevice, Device};

use super::refusal;
use crate::app::App;
use crate::hms::redemption::{Facts, description, shown};
use crate::hook;

/// What a device says of itself that names it, in this order.
const NAMES: [&str; 2] = ["company_name", "model_name"];

/// Of a device that has proven who it is.
pub(super) fn describe(device: &Device, facts: &mut Facts) {
    facts.device_id = Some(device.serial.to_string());
    let (system, level) = (format!("system {}", device.system_id), device.level.to_string());
    facts.device = description(names(&device.client_info), [system.as_str(), level.as_str()]);
    if device.has_vmp_data {
        facts.note("vmpData", true);
    }
}

/// Of one that has not: as it says, which the record says too.
pub(super) fn describe_claimed(claimed: Option<&ClaimedDevice>, facts: &mut Facts) {
    let Some(claimed) = claimed else { return };
    facts.device_id = claimed.serials.first().map(ToString::to_string);
    let system = format!("system {}", claimed.system_id);
    facts.device = description(names(&claimed.client_info), [system.as_str()]);
    facts.note("deviceVerified", false);
}

/// Whether what a device claims to be is on the list of those that get nothing. In privacy mode nothing is claimed.
///
/// # Errors
/// -4001 `device-revoked`.
pub(super) fn check_revocation(
    app: &App,
    environment: Environment,
    claimed: &ClaimedDevice,
) -> Result<(), Refusal> {
    let revocations = app.issuers().of(environment).widevine_revocations.current();
    let checked = revocations.check(claimed.system_id, &claimed.serials);
    checked.map_err(|revoked| refusal::of(&widevine::Refusal::DeviceRevoked(revoked)))
}

/// The same of what the licence service tells of a device, which it knows in privacy mode too.
///
/// # Errors
/// -4001 `device-revoked`.
pub(super) fn check_told(app: &App, environment: Environment, told: &CloudDevice) -> Result<(), Refusal> {
    let revocations = app.issuers().of(environment).widevine_revocations.current();
    let checked = revocations.check_told(told.system_id, told.serial);
    checked.map_err(|revoked| refusal::of(&widevine::Refusal::DeviceRevoked(revoked)))
}

/// What the policy hook is told of a device that has proven who it is.
pub(super) fn known(device: &Device) -> hook::Device {
    hook::Device {
        system_id: Some(device.system_id),
        level: Some(device.level.to_string()),
        make: named(&device.client_info, "company_name"),
        model: named(&device.client_info, "model_name"),
        serial: Some(device.serial.to_string()),
    }
}

/// The same of one that has not: as it says.
pub(super) fn claimed(claimed: Option<&ClaimedDevice>) -> hook::Device {
    claimed.map_or_else(hook::Device::default, |claimed| hook::Device {
        system_id: Some(claimed.system_id),
        level: None,
        make: named(&claimed.client_info, "company_name"),
        model: named(&claimed.client_info, "model_name"),
        serial: claimed.serials.first().map(ToString::to_string),
    })
}

fn named(client_info: &[(String, String)], name: &str) -> Option<String> {
    let value = client_info.iter().find(|(given, _)| given == name);
    value.map(|(_, value)| shown(value)).filter(|value| !value.is_empty())
}

fn names(client_info: &[(String, String)]) -> impl Iterator<Item = &str> {
    NAMES.iter().filter_map(|name| {
        client_info.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    })
}
