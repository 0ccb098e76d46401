//! What the service tells about a device (widevine.md, section 9.2).

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::device::{DeviceLevel, Serial};

/// The longest text of a fact that is kept, in characters.
const LONGEST_FACT: usize = 200;

/// The most texts of `client_info` that are kept.
const MOST_FACTS: usize = 32;

/// What the service tells about a device. A member of another kind than expected counts as not there.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CloudDevice {
    /// `make` and `model`.
    pub description: Option<String>,
    /// `drm_cert_serial_number` in hex, else `system_id`.
    pub id: Option<String>,
    /// `system_id`.
    pub system_id: Option<u32>,
    /// `drm_cert_serial_number`, where it is one.
    pub serial: Option<Serial>,
    /// `security_level`.
    pub level: Option<DeviceLevel>,
    /// `platform_verification_status`.
    pub verification: PlatformVerification,
    /// All that is told, under its own names: for the record.
    pub facts: Map<String, Value>,
}

/// How far the service trusts the platform of a device.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum PlatformVerification {
    /// Not at all, or it was tampered with, or nobody has looked.
    #[default]
    None,
    /// Verified in software.
    Software,
    /// Verified in hardware.
    Hardware,
}

/// The members of the response that are about the device.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct DeviceMembers {
    #[serde(deserialize_with = "lenient")]
    make: Option<String>,
    #[serde(deserialize_with = "lenient")]
    model: Option<String>,
    #[serde(deserialize_with = "lenient")]
    security_level: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    system_id: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    platform: Option<String>,
    #[serde(deserialize_with = "lenient")]
    oem_crypto_api_version: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    client_max_hdcp_version: Option<String>,
    #[serde(deserialize_with = "lenient")]
    client_info: Option<Vec<ClientInfo>>,
    #[serde(deserialize_with = "lenient")]
    drm_cert_serial_number: Option<String>,
    #[serde(deserialize_with = "lenient")]
    device_whitelist_state: Option<String>,
    #[serde(deserialize_with = "lenient")]
    device_state: Option<String>,
    #[serde(deserialize_with = "lenient")]
    resource_rating_tier: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    platform_verification_status: Option<String>,
}

#[derive(Deserialize)]
struct ClientInfo {
    name: String,
    value: String,
}

/// A member of another kind counts as not there: the list of members is open, and a licence is not lost for one.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).ok())
}

impl DeviceMembers {
    pub(super) fn into_device(self) -> CloudDevice {
        let serial =
            self.drm_cert_serial_number.as_deref().filter(|serial| !serial.is_empty()).map(|serial| {
                // Base64 of bytes, by which nobody searches: certificates and revocation lists have hex.
                match drm_primitives::base64::decode(serial.as_bytes()) {
                    Ok(bytes) if bytes.len() == 16 => drm_primitives::hex::encode(&bytes),
                    Ok(_) | Err(_) => bounded(serial),
                }
            });
        let words = [&self.make, &self.model].into_iter().flatten().filter(|word| !word.is_empty());
        let description = words.map(|word| bounded(word)).collect::<Vec<_>>().join(" ");
        let verification = self.platform_verification_status.as_deref();
        let mut facts = Map::new();
        for (name, text) in [
            ("make", &self.make),
            ("model", &self.model),
            ("platform", &self.platform),
            ("client_max_hdcp_version", &self.client_max_hdcp_version),
            ("drm_cert_serial_number", &serial),
            ("device_whitelist_state", &self.device_whitelist_state),
            ("device_state", &self.device_state),
            ("platform_verification_status", &self.platform_verification_status),
        ] {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                facts.insert(name.to_owned(), bounded(text).into());
            }
        }
        for (name, number) in [
            ("security_level", self.security_level),
            ("system_id", self.system_id),
            ("oem_crypto_api_version", self.oem_crypto_api_version),
            ("resource_rating_tier", self.resource_rating_tier),
        ] {
            if let Some(number) = number {
                facts.insert(name.to_owned(), number.into());
            }
        }
        let info: Map<String, Value> = self
            .client_info
            .into_iter()
            .flatten()
            .take(MOST_FACTS)
            .map(|info| (bounded(&info.name), bounded(&info.value).into()))
            .collect();
        if !info.is_empty() {
            facts.insert("client_info".to_owned(), info.into());
        }
        CloudDevice {
            description: (!description.is_empty()).then_some(description),
            system_id: self.system_id.and_then(|id| id.try_into().ok()),
            serial: serial.as_deref().and_then(|serial| Serial::from_hex(serial.as_bytes()).ok()),
            id: serial.or_else(|| self.system_id.map(|id| id.to_string())),
            level: self.security_level.and_then(DeviceLevel::from_number),
            verification: verification.map(PlatformVerification::of_status).unwrap_or_default(),
            facts,
        }
    }
}

impl PlatformVerification {
    /// By the name of a status; one that nobody knows verifies nothing.
    fn of_status(name: &str) -> Self {
        match name.strip_prefix("PLATFORM_").unwrap_or(name) {
            "SOFTWARE_VERIFIED" | "SECURE_STORAGE_SOFTWARE_VERIFIED" => Self::Software,
            "HARDWARE_VERIFIED" => Self::Hardware,
            _ => Self::None,
        }
    }
}

/// A text of somebody else's, no longer than is useful.
pub(super) fn bounded(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(LONGEST_FACT).collect()
}
