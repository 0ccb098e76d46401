//! The response (widevine.md, section 9.2).

use std::borrow::Cow;

use drm_primitives::base64;
use serde_json::{Map, Value, json};
use widevine::messages::MaxHdcpVersion;
use widevine::{Content, Decision, Device, DeviceLevel, LicenceType, SessionId};

/// What stands where the real service puts the session's signing key: a test that finds this text anywhere
/// but in a response has found a leak.
pub const SIGNING_KEY_MARK: &str = "BOXOFFICE LAB SESSION SIGNING KEY";

/// A status other than `OK`.
pub(super) struct Refused {
    pub status: Cow<'static, str>,
    pub message: Cow<'static, str>,
    pub internal_status: Option<i64>,
}

/// What a licence belongs to.
pub(super) struct Session<'a> {
    pub request_id: &'a [u8],
    pub id: SessionId,
    pub request_type: &'static str,
    /// As it came.
    pub content_id: Option<&'a str>,
}

impl Refused {
    pub(super) fn new(status: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status: status.into(), message: message.into(), internal_status: None }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut answer = json!({ "status": self.status, "status_message": self.message });
        if let (Some(status), Some(members)) = (self.internal_status, answer.as_object_mut()) {
            members.insert("internal_status".to_owned(), status.into());
        }
        answer
    }
}

/// The answer to `CAQ=`.
pub(super) fn service_certificate(message: &[u8]) -> Value {
    json!({
        "status": "OK",
        "license": base64::encode(message),
        "message_type": "SERVICE_CERTIFICATE",
        "service_version_info": service_version(),
    })
}

/// The answer to `parse_only`.
pub(super) fn parsed(content: &Content, device: &Device) -> Value {
    let mut answer = Map::new();
    answer.insert("status".to_owned(), "OK".into());
    describe(&mut answer, device);
    describe_content(&mut answer, content);
    Value::Object(answer)
}

/// The answer to a request for a new licence.
pub(super) fn licence(
    licence: &[u8],
    content: &Content,
    device: &Device,
    decision: &Decision,
    session: &Session<'_>,
) -> Value {
    let licence_type = match decision.licence_type {
        LicenceType::Streaming => "STREAMING",
        LicenceType::Offline => "OFFLINE",
    };
    let tracks: Vec<Value> = decision
        .keys
        .iter()
        .map(|key| {
            let label = key.track.map_or("", widevine::TrackLabel::label);
            json!({ "type": label, "key_id": base64::encode(key.kid.as_bytes()) })
        })
        .collect();
    let mut answer = granted(licence, session, licence_type);
    answer.insert("supported_tracks".to_owned(), tracks.into());
    describe(&mut answer, device);
    describe_content(&mut answer, content);
    Value::Object(answer)
}

/// The answer to a renewal or a release, which names the device where that has shown itself.
pub(super) fn session(licence: &[u8], session: &Session<'_>, device: Option<&Device>) -> Value {
    let mut answer = granted(licence, session, "STREAMING");
    if let Some(device) = device {
        describe(&mut answer, device);
    }
    Value::Object(answer)
}

fn granted(licence: &[u8], session: &Session<'_>, licence_type: &str) -> Map<String, Value> {
    let members = json!({
        "status": "OK",
        "license": base64::encode(licence),
        "license_metadata": {
            "content_id": session.content_id.unwrap_or_default(),
            "license_type": licence_type,
            "request_type": session.request_type,
        },
        "message_type": "LICENSE",
        "session_state": {
            "license_id": {
                "request_id": base64::encode(session.request_id),
                "session_id": base64::encode(session.id.as_bytes()),
                "purchase_id": "",
                "type": licence_type,
                "version": 0,
            },
            "signing_key": base64::encode(SIGNING_KEY_MARK.as_bytes()),
            "keybox_system_id": 0,
            "license_counter": 0,
        },
        "signature_expiration_secs": 0,
        "content_owner": "boxoffice-lab",
        "content_provider": "boxoffice-lab",
        "service_version_info": service_version(),
    });
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn describe_content(answer: &mut Map<String, Value>, content: &Content) {
    let kids: Vec<String> = content.kids.iter().map(|kid| base64::encode(kid.as_bytes())).collect();
    let content_id = base64::encode(content.content_id.as_deref().unwrap_or_default());
    answer.insert("pssh_data".to_owned(), json!({ "key_id": kids, "content_id": content_id }));
}

fn describe(answer: &mut Map<String, Value>, device: &Device) {
    let info = |name: &str| device.info(name).unwrap_or_default();
    let client_info: Vec<Value> =
        device.client_info.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    let capabilities = device.capabilities.clone().unwrap_or_default();
    let members = json!({
        "make": info("company_name"),
        "model": info("model_name"),
        "security_level": device.level.number(),
        "system_id": device.system_id,
        "platform": info("architecture_name"),
        "oem_crypto_api_version": capabilities.oem_crypto_api_version(),
        "client_max_hdcp_version": hdcp_name(capabilities.max_hdcp_version()),
        "client_info": client_info,
        "drm_cert_serial_number": base64::encode(device.serial.as_bytes()),
        "device_whitelist_state": "DEVICE_NOT_WHITELISTED",
        "device_state": "RELEASED",
        "platform_verification_status": platform(device),
    });
    if let Value::Object(members) = members {
        answer.extend(members);
    }
}

/// As the licence service would judge the three lab devices: one in hardware, one with verified files, and
/// one with neither.
fn platform(device: &Device) -> &'static str {
    match (device.level, device.has_vmp_data) {
        (DeviceLevel::L1, _) => "PLATFORM_HARDWARE_VERIFIED",
        (_, true) => "PLATFORM_SOFTWARE_VERIFIED",
        (_, false) => "PLATFORM_NO_VERIFICATION",
    }
}

const fn hdcp_name(version: MaxHdcpVersion) -> &'static str {
    match version {
        MaxHdcpVersion::None => "HDCP_NONE",
        MaxHdcpVersion::V1
        | MaxHdcpVersion::V1_0
        | MaxHdcpVersion::V1_1
        | MaxHdcpVersion::V1_2
        | MaxHdcpVersion::V1_3
        | MaxHdcpVersion::V1_4 => "HDCP_V1",
        MaxHdcpVersion::V2 => "HDCP_V2",
        MaxHdcpVersion::V2_1 => "HDCP_V2_1",
        MaxHdcpVersion::V2_2 => "HDCP_V2_2",
        MaxHdcpVersion::V2_3 => "HDCP_V2_3",
        MaxHdcpVersion::NoDigitalOutput => "HDCP_NO_DIGITAL_OUTPUT",
    }
}

fn service_version() -> Value {
    json!({ "license_sdk_version": "boxoffice-lab", "license_service_version": env!("CARGO_PKG_VERSION") })
}
