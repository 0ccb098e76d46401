//! A Widevine lab device redeems a token, strictly: it checks all that a device checks, and what the token says.
//!
//! What the token says is worked out here once more, and not taken from the server's own table, so that a
//! mistake there cannot hide itself.

use std::sync::Arc;

use boxoffice_core::entitlement::{Hdcp, SecurityLevel, Terms, WidevineTerms};
use boxoffice_core::{Clock as _, SystemClock};
use drm_primitives::{Kid, SystemRandom};
use serde_json::{Map, Value, json};
use widevine::DeviceLevel;
use widevine::lab::LabDevice;
use widevine::lab_client::{
    AskedInitData, ClientDevice, LicenceKey, OpenedLicence, Plan, SERVICE_CERTIFICATE_REQUEST,
    ServiceCertificate,
};
use widevine::messages::{LicenseType, Policy};

use super::report::{Comparison, KeyReport, Report};
use super::{AskedType, Redemption};
use crate::failure::Failure;
use crate::times;

/// The provider of the lab's service certificates (widevine.md, section 4).
const PROVIDER: &str = "lab.boxoffice";

const CONTENT_TYPE: &str = "application/octet-stream";

/// Redeems, and reports what came.
pub async fn redeem(redemption: &Redemption<'_>) -> Result<Report, Failure> {
    let granted = match redemption.granted.map(|granted| &granted.terms) {
        Some(Terms::Widevine(terms)) => Some(terms),
        Some(_) | None => None,
    };
    let device = choose(redemption, granted)?;
    let file = device.device_file();
    let client = ClientDevice::from_device_file(&file);
    let client = Arc::new(client.map_err(|error| Failure::refused(format!("the lab device: {error}")))?);
    let service = if redemption.privacy { Some(service_certificate(redemption).await?) } else { None };

    let kids: Vec<Kid> = granted.iter().flat_map(|terms| &terms.keys).map(|key| key.kid).collect();
    let now = SystemClock.now().as_second();
    let plan = Plan::streaming(AskedInitData::kids(&kids), now, &SystemRandom).with_type(
        match redemption.licence_type {
            AskedType::Streaming => LicenseType::Streaming,
            AskedType::Offline => LicenseType::Offline,
            AskedType::Automatic => LicenseType::Automatic,
        },
    );
    let mut challenge = client.challenge(&plan, service.as_ref(), &SystemRandom);
    let answer = redemption.player.post(redemption.url, CONTENT_TYPE, challenge.body).await?;
    let licence = challenge.session.open(&answer.success()?, None);
    let licence = licence.map_err(|fault| Failure::refused(format!("the licence does not hold: {fault}")))?;
    Ok(report(device, &licence, granted))
}

/// The device that was named, or the first whose level fits every key.
fn choose<'a>(
    redemption: &'a Redemption<'_>,
    granted: Option<&WidevineTerms>,
) -> Result<&'a LabDevice, Failure> {
    let devices = redemption.lab.widevine_root.devices();
    let names = || devices.iter().map(LabDevice::name).collect::<Vec<_>>().join(", ");
    if let Some(name) = redemption.device {
        let unknown = || Failure::refused(format!("there is no lab device {name:?}; there are {}", names()));
        return redemption.lab.widevine_root.device(name).ok_or_else(unknown);
    }
    let fits = |device: &&LabDevice| {
        granted.iter().flat_map(|terms| &terms.keys).all(|key| may_have(device.level(), key.security_level))
    };
    let none = || Failure::refused("the lab has no device");
    devices.iter().find(fits).or_else(|| devices.first()).ok_or_else(none)
}

/// Widevine.md, section 7.3.
const fn may_have(device: DeviceLevel, level: SecurityLevel) -> bool {
    match level {
        SecurityLevel::SoftwareCrypto | SecurityLevel::SoftwareDecode => true,
        SecurityLevel::HardwareCrypto => matches!(device, DeviceLevel::L1 | DeviceLevel::L2),
        SecurityLevel::HardwareDecode | SecurityLevel::HardwareAll => matches!(device, DeviceLevel::L1),
    }
}

async fn service_certificate(redemption: &Redemption<'_>) -> Result<ServiceCertificate, Failure> {
    let request = SERVICE_CERTIFICATE_REQUEST.to_vec();
    let answer = redemption.player.post(redemption.url, CONTENT_TYPE, request).await?.success()?;
    let root = redemption.lab.widevine_root.root().certificate();
    ServiceCertificate::from_answer(&answer, root, PROVIDER)
        .map_err(|fault| Failure::refused(format!("the service certificate does not hold: {fault}")))
}

fn report(device: &LabDevice, licence: &OpenedLicence, granted: Option<&WidevineTerms>) -> Report {
    let offline = licence.id.license_type == Some(LicenseType::Offline.into());
    let keys: Vec<_> = licence.keys.iter().map(|key| key_report(key, granted)).collect();
    let differences =
        granted.map(|granted| differences(device.level(), licence, granted)).unwrap_or_default();
    Report {
        drm: "wv",
        device: device.name().to_owned(),
        device_level: device.level().to_string(),
        licence_type: if offline { "offline" } else { "streaming" },
        verified: true,
        policy: policy_as_json(&licence.policy),
        policy_in_words: policy_in_words(&licence.policy),
        keys,
        differences,
    }
}

fn key_report(key: &LicenceKey, granted: Option<&WidevineTerms>) -> KeyReport {
    let expected = granted.map(|terms| terms.keys.iter().find(|expected| expected.kid == key.kid));
    let content_key = match expected {
        None => Comparison::NotCompared,
        Some(Some(expected)) if expected.key == key.key => Comparison::Matches,
        Some(_) => Comparison::Differs,
    };
    let level = SecurityLevel::from_number(key.level.into()).map_or("unknown", SecurityLevel::name);
    let hdcp = Hdcp::from_number(key.hdcp.into()).map_or("unknown", Hdcp::name);
    let label = key.track_label.as_deref().unwrap_or("no track");
    let mut conditions = Map::new();
    conditions.insert("security_level".to_owned(), key.level.into());
    conditions.insert("hdcp_output_control".to_owned(), key.hdcp.into());
    conditions.insert("track_type".to_owned(), json!(key.track_label));
    KeyReport { kid: Some(key.kid), content_key, conditions, in_words: format!("{label}, {level}, {hdcp}") }
}

/// What the licence says otherwise than the token. Whether it is to be renewed is the server's affair.
fn differences(device: DeviceLevel, licence: &OpenedLicence, granted: &WidevineTerms) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, got: &dyn std::fmt::Debug, expected: &dyn std::fmt::Debug, same: bool| {
        if !same {
            found.push(format!("{what} is {got:?}, expected {expected:?}"));
        }
    };
    let due: Vec<_> = granted.keys.iter().filter(|key| may_have(device, key.security_level)).collect();
    let (got, expected): (Vec<_>, Vec<_>) =
        (licence.keys.iter().map(|key| key.kid).collect(), due.iter().map(|key| key.kid).collect());
    compare("the list of KIDs", &got, &expected, got == expected);
    for key in &licence.keys {
        let Some(expected) = due.iter().find(|expected| expected.kid == key.kid) else { continue };
        // Neither key is named.
        compare(
            &format!("the content key of {}", key.kid),
            &"another",
            &"the token's",
            expected.key == key.key,
        );
        let level = expected.security_level.number();
        compare("the level of a key", &key.level, &level, key.level == level);
        let hdcp = expected.hdcp.number();
        compare("the HDCP of a key", &key.hdcp, &hdcp, key.hdcp == hdcp);
        let (label, track) = (key.track_label.as_deref(), expected.track.label());
        compare("the label of a key", &label, &track, label == Some(track));
    }
    let policy = &licence.policy;
    compare(
        "can_persist",
        &policy.can_persist,
        &granted.persistent,
        policy.can_persist == Some(granted.persistent),
    );
    let (got, expected) = (policy.playback_duration_seconds, granted.licence_duration.map(i64::from));
    compare("playback_duration_seconds", &got, &expected, got == expected);
    let (got, expected) = (policy.rental_duration_seconds, granted.rental_duration.map(i64::from));
    compare("rental_duration_seconds", &got, &expected, got == expected);
    found
}

fn policy_as_json(policy: &Policy) -> Map<String, Value> {
    let told = json!({
        "can_play": policy.can_play,
        "can_persist": policy.can_persist,
        "can_renew": policy.can_renew,
        "rental_duration_seconds": policy.rental_duration_seconds,
        "playback_duration_seconds": policy.playback_duration_seconds,
        "license_duration_seconds": policy.license_duration_seconds,
        "renewal_delay_seconds": policy.renewal_delay_seconds,
        "renewal_retry_interval_seconds": policy.renewal_retry_interval_seconds,
        "renewal_recovery_duration_seconds": policy.renewal_recovery_duration_seconds,
    });
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

fn policy_in_words(policy: &Policy) -> Vec<String> {
    let seconds = |seconds: i64| times::duration(u64::try_from(seconds).unwrap_or_default());
    let stored = if policy.can_persist == Some(true) { "may be stored" } else { "may not be stored" };
    let mut lines = vec![format!("may be played, {stored}")];
    lines.push(match policy.playback_duration_seconds {
        Some(limit) => format!("plays for {} from the first play", seconds(limit)),
        None => "plays without a limit of time".to_owned(),
    });
    lines.extend(
        policy.rental_duration_seconds.map(|limit| format!("has to be started within {}", seconds(limit))),
    );
    if policy.can_renew == Some(true) {
        let delay = policy.renewal_delay_seconds.unwrap_or_default();
        lines.push(format!("is renewed after {}", seconds(delay)));
    }
    lines
}
