//! The response (widevine.md, section 9.2).

use drm_primitives::{Kid, base64};
use prost::Message as _;
use serde::Deserialize;
use thiserror::Error;

use super::device::{CloudDevice, DeviceMembers, bounded, lenient};
use super::names::{REJECTIONS, REVOKED};
use crate::messages::{License, MessageType, SignedMessage};
use crate::session::session_name;

/// The longest response that is read, in bytes.
pub const RESPONSE_LIMIT: usize = 256 * 1024;

/// An answer for the client, and what is told about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CloudResponse {
    /// What the client gets, unchanged.
    pub licence: CloudLicence,
    /// What the service took the request for, where it says.
    pub request_type: Option<CloudRequestType>,
    /// The KIDs of the keys that are in the licence, where it says.
    pub supported: Option<Vec<Kid>>,
    /// Who asked.
    pub device: CloudDevice,
}

/// A `SignedMessage` for the client.
#[derive(Clone, Eq, PartialEq)]
pub struct CloudLicence(Vec<u8>);

/// What the service took a request for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CloudRequestType {
    /// A new licence.
    New,
    /// More time for one.
    Renewal,
    /// The end of one.
    Release,
}

/// Why there is no answer for the client.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum CloudFault {
    /// The service refuses the challenge.
    #[error("the licence service refuses the challenge: {0}")]
    Challenge(CloudStatus),
    /// The service fails inside; worth another attempt.
    #[error("the licence service fails: {0}")]
    Internal(CloudStatus),
    /// The service answers, and not as a licence service does.
    #[error("the answer of the licence service is not understood: {0}")]
    NotUnderstood(&'static str),
    /// Too many requests, says the service.
    #[error("the licence service has too many requests of this provider")]
    Overloaded {
        /// When to try again, if it says.
        retry_after_seconds: Option<u32>,
    },
    /// Any other refusal.
    #[error("the licence service refuses: {0}")]
    Refused(CloudStatus),
    /// The service rejects whoever calls it.
    #[error("the licence service rejects this service's request: {0}")]
    Rejected(CloudStatus),
    /// The device is revoked, or on the list of those that are not verified.
    #[error("the licence service calls the device revoked: {0}")]
    Revoked(CloudStatus),
}

/// What the service says of its refusal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CloudStatus {
    /// `status`, or the HTTP status.
    pub status: String,
    /// `status_message`.
    pub message: Option<String>,
    /// `internal_status`.
    pub internal_status: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Members {
    #[serde(deserialize_with = "lenient")]
    status: Option<String>,
    #[serde(deserialize_with = "lenient")]
    status_message: Option<String>,
    #[serde(deserialize_with = "lenient")]
    internal_status: Option<i64>,
    #[serde(deserialize_with = "lenient")]
    license: Option<String>,
    #[serde(deserialize_with = "lenient")]
    license_metadata: Option<Metadata>,
    #[serde(deserialize_with = "lenient")]
    supported_tracks: Option<Vec<Track>>,
}

#[derive(Deserialize)]
struct Metadata {
    request_type: Option<String>,
}

#[derive(Deserialize)]
struct Track {
    key_id: String,
}

impl CloudResponse {
    /// Reads a whole response of a status below 500.
    ///
    /// # Errors
    /// [`CloudFault`].
    pub fn read(status: u16, retry_after: Option<&str>, body: &[u8]) -> Result<Self, CloudFault> {
        match status {
            200 => {}
            429 => {
                let retry_after_seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok());
                return Err(CloudFault::Overloaded { retry_after_seconds });
            }
            400..500 => return Err(CloudFault::Rejected(CloudStatus::http(status))),
            _ => return Err(CloudFault::NotUnderstood("an HTTP status that is neither 200 nor an error")),
        }
        let members: Members =
            serde_json::from_slice(body).map_err(|_| CloudFault::NotUnderstood("it is not JSON"))?;
        let status = members.status.clone().ok_or(CloudFault::NotUnderstood("it has no status"))?;
        if status != "OK" {
            return Err(CloudFault::of_status(CloudStatus {
                status: bounded(&status),
                message: members.status_message.as_deref().map(bounded).filter(|text| !text.is_empty()),
                internal_status: members.internal_status,
            }));
        }
        let licence = members.license.filter(|licence| !licence.is_empty());
        let licence = licence.ok_or(CloudFault::NotUnderstood("it is OK, without a license"))?;
        let licence = base64::decode(licence.as_bytes())
            .map_err(|_| CloudFault::NotUnderstood("its license is not base64"))?;
        // By itself: to read both at once would mean to keep every unknown member, the signing key among them.
        let device: DeviceMembers = serde_json::from_slice(body).unwrap_or_default();
        let request_type = members.license_metadata.and_then(|metadata| metadata.request_type);
        Ok(Self {
            licence: CloudLicence(licence),
            request_type: request_type.as_deref().and_then(CloudRequestType::of_name),
            supported: members.supported_tracks.map(|tracks| tracks.iter().filter_map(Track::kid).collect()),
            device: device.into_device(),
        })
    }
}

/// The bare service certificate, `SignedDrmCertificate`, of a message of type 5; also one that comes bare already.
#[must_use]
pub fn service_certificate(bytes: &[u8]) -> Option<Vec<u8>> {
    let of_message = SignedMessage::decode(bytes).ok().and_then(|message| {
        let is_certificate = message.message_type == Some(MessageType::ServiceCertificate.into());
        message.msg.filter(|_| is_certificate)
    });
    let bare = of_message.unwrap_or_else(|| bytes.to_vec());
    crate::certificate::is_service_certificate(&bare).then_some(bare)
}

impl CloudLicence {
    /// What the client gets.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The `SignedMessage`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name of the session that the licence begins or goes on with, in 16 bytes; nothing where it has none.
    #[must_use]
    pub fn session(&self) -> Option<[u8; 16]> {
        let message = SignedMessage::decode(self.0.as_slice()).ok()?;
        let licence = License::decode(message.msg?.as_slice()).ok()?;
        session_name(&licence.id?.session_id?)
    }
}

impl CloudRequestType {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "NEW" => Self::New,
            "RENEWAL" => Self::Renewal,
            "RELEASE" => Self::Release,
            _ => return None,
        })
    }
}

impl CloudFault {
    fn of_status(status: CloudStatus) -> Self {
        match status.status.as_str() {
            "INTERNAL_ERROR" => Self::Internal(status),
            "INVALID_LICENSE_CHALLENGE" => match status.internal_status {
                Some(number) if REVOKED.contains(&number) => Self::Revoked(status),
                Some(_) | None => Self::Challenge(status),
            },
            name if REJECTIONS.contains(&name) => Self::Rejected(status),
            _ => Self::Refused(status),
        }
    }
}

impl CloudStatus {
    fn http(status: u16) -> Self {
        Self { status: format!("HTTP {status}"), message: None, internal_status: None }
    }
}

impl Track {
    fn kid(&self) -> Option<Kid> {
        let bytes = base64::decode(self.key_id.as_bytes()).ok()?;
        bytes.try_into().ok().map(Kid::from_bytes)
    }
}

impl std::fmt::Display for CloudStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.status)?;
        if let Some(internal) = self.internal_status {
            write!(f, " (internal status {internal})")?;
        }
        if let Some(message) = &self.message {
            write!(f, ", {message}")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for CloudLicence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CloudLicence({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceLevel;
    use crate::cloud::PlatformVerification;
    use crate::messages::LicenseIdentification;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<CloudResponse, CloudFault> {
        CloudResponse::read(200, None, body.to_string().as_bytes())
    }

    fn ok() -> Value {
        json!({ "status": "OK", "license": "AAEC" })
    }

    #[test]
    fn a_licence_comes_out_unchanged_with_all_that_is_told_about_it() {
        let mut body = ok();
        body["license_metadata"] =
            json!({ "content_id": "ZmlsbQ==", "license_type": "STREAMING", "request_type": "RENEWAL" });
        body["supported_tracks"] = json!([{ "type": "HD", "key_id": "oaGhoaGhoaGhoaGhoaGhoQ==" }]);
        body["make"] = "LabCo".into();
        body["model"] = "One".into();
        body["security_level"] = 1.into();
        body["system_id"] = 31_001.into();
        body["drm_cert_serial_number"] = "sLGys7S1tre4ubq7vL2+vw==".into();
        body["platform_verification_status"] = "PLATFORM_HARDWARE_VERIFIED".into();
        body["client_info"] = json!([{ "name": "company_name", "value": "LabCo" }]);
        body["session_state"] = json!({ "signing_key": "c2VjcmV0" });
        let response = read(&body).unwrap();
        assert_eq!(response.licence.as_bytes(), [0, 1, 2]);
        assert_eq!(response.request_type, Some(CloudRequestType::Renewal));
        assert_eq!(response.supported, Some(vec![Kid::from_bytes([0xA1; 16])]));
        let device = response.device;
        assert_eq!(device.description.as_deref(), Some("LabCo One"));
        assert_eq!(device.id.as_deref(), Some("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"));
        assert_eq!(
            (device.level, device.verification),
            (Some(DeviceLevel::L1), PlatformVerification::Hardware)
        );
        assert_eq!(device.facts["client_info"], json!({ "company_name": "LabCo" }));
        assert!(!format!("{:?}", device.facts).contains("c2VjcmV0"));
    }

    #[test]
    fn members_of_another_kind_do_not_lose_a_licence() {
        let mut body = ok();
        for name in ["license_metadata", "supported_tracks", "make", "system_id", "client_info"] {
            body[name] = json!({ "another": ["kind"] });
        }
        let response = read(&body).unwrap();
        assert_eq!((response.request_type, response.supported), (None, None));
        assert_eq!(response.device, CloudDevice::default());
    }

    #[test]
    fn every_status_has_its_meaning() {
        let of = |status: &str, internal: Value| {
            let body = json!({ "status": status, "status_message": "why", "internal_status": internal });
            read(&body).unwrap_err()
        };
        for status in ["MALFORMED_REQUEST", "INVALID_REQUEST", "SIGNATURE_FAILED", "ACCESS_DENIED"] {
            assert!(matches!(of(status, Value::Null), CloudFault::Rejected(_)), "{status}");
        }
        assert!(matches!(of("INTERNAL_ERROR", Value::Null), CloudFault::Internal(_)));
        assert!(matches!(of("INVALID_LICENSE_CHALLENGE", Value::Null), CloudFault::Challenge(_)));
        assert!(matches!(of("INVALID_LICENSE_CHALLENGE", 101.into()), CloudFault::Challenge(_)));
        for internal in [127, 175] {
            assert!(matches!(of("INVALID_LICENSE_CHALLENGE", internal.into()), CloudFault::Revoked(_)));
        }
        let other = of("DRM_DEVICE_CERTIFICATE_REVOKED", 5.into());
        assert_eq!(
            other.to_string(),
            "the licence service refuses: DRM_DEVICE_CERTIFICATE_REVOKED (internal status 5), why"
        );
    }

    #[test]
    fn what_is_not_an_answer_of_a_licence_service_is_told() {
        let not_understood = |fault: Result<CloudResponse, CloudFault>| {
            assert!(matches!(fault, Err(CloudFault::NotUnderstood(_))), "{fault:?}");
        };
        not_understood(read(&json!({ "status": "OK" })));
        not_understood(read(&json!({ "status": "OK", "license": "" })));
        not_understood(read(&json!({ "status": "OK", "license": "*" })));
        not_understood(read(&json!({ "license": "AAEC" })));
        not_understood(read(&json!([])));
        not_understood(CloudResponse::read(200, None, b"<html>"));
        not_understood(CloudResponse::read(204, None, b""));
    }

    #[test]
    fn statuses_of_http_count_before_the_body() {
        let body = ok().to_string();
        let read =
            |status, retry_after| CloudResponse::read(status, retry_after, body.as_bytes()).unwrap_err();
        assert_eq!(read(429, Some("7")), CloudFault::Overloaded { retry_after_seconds: Some(7) });
        assert_eq!(read(429, Some("soon")), CloudFault::Overloaded { retry_after_seconds: None });
        assert_eq!(
            read(403, None).to_string(),
            "the licence service rejects this service's request: HTTP 403"
        );
    }

    #[test]
    fn long_texts_of_the_service_are_cut() {
        let fault =
            read(&json!({ "status": "X".repeat(900), "status_message": "y\n".repeat(900) })).unwrap_err();
        let CloudFault::Refused(status) = fault else { panic!("{fault:?}") };
        assert_eq!((status.status.len(), status.message.unwrap()), (200, "y".repeat(200)));
    }

    #[test]
    fn a_session_is_named_by_the_licence_itself() {
        let named = |session_id: Option<Vec<u8>>| {
            let id = LicenseIdentification { session_id, ..LicenseIdentification::default() };
            let licence = License { id: Some(id), ..License::default() };
            let message = SignedMessage {
                message_type: Some(MessageType::License.into()),
                msg: Some(licence.encode_to_vec()),
                ..SignedMessage::default()
            };
            CloudLicence(message.encode_to_vec()).session()
        };
        assert_eq!(named(Some(vec![7; 16])), Some([7; 16]));
        assert_eq!(named(Some(vec![])), None);
        assert_eq!(named(None), None);
        let long = named(Some(vec![7; 20])).unwrap();
        assert_ne!(long, named(Some(vec![7; 21])).unwrap());
        assert_eq!(CloudLicence(b"rubbish".to_vec()).session(), None);
    }

    proptest! {
        #[test]
        fn no_body_panics(status: u16, retry_after: Option<String>, body: Vec<u8>) {
            let _ = CloudResponse::read(status, retry_after.as_deref(), &body);
            let _ = CloudResponse::read(200, None, &body);
            let _ = service_certificate(&body);
            let _ = CloudLicence(body).session();
        }

        #[test]
        fn no_text_in_any_member_panics(status: String, message: String, license: String, serial: String) {
            let body = json!({
                "status": status, "status_message": message, "license": license,
                "drm_cert_serial_number": serial,
            });
            let _ = read(&body);
        }
    }
}
