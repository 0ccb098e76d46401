//! A device that has proven who it is.

use std::fmt;

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey};
use drm_primitives::hex::{self, HexError};

use crate::messages::{ClientCapabilities, ClientIdentification};

/// The system ids of the lab's models, and their levels (widevine.md, section 4).
const LAB_LEVELS: [(u32, DeviceLevel); 3] =
    [(31001, DeviceLevel::L1), (31003, DeviceLevel::L3), (31103, DeviceLevel::L3)];

/// The serial number of a certificate: 16 bytes.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Serial([u8; 16]);

/// How well a device guards keys. `L1` guards best.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum DeviceLevel {
    /// Keys and pictures stay in hardware.
    L1,
    /// Keys stay in hardware.
    L2,
    /// Software only.
    L3,
}

/// A device that has proven who it is: its certificates lead to the root, are not revoked, and its key
/// signed the request.
pub struct Device {
    /// The model.
    pub system_id: u32,
    /// Of the device's own certificate.
    pub serial: Serial,
    /// Of its model's certificate.
    pub model_serial: Serial,
    /// How well it guards keys.
    pub level: DeviceLevel,
    /// What it says about itself, in its order: `company_name`, `model_name` and so on.
    pub client_info: Vec<(String, String)>,
    /// What it says that it can do.
    pub capabilities: Option<ClientCapabilities>,
    /// Whether it came with verified-media-path data.
    pub has_vmp_data: bool,
    key: OaepPublicEncryptingKey,
}

/// A clear identity of which nothing has been verified (section 10: defence in depth before an upstream call).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClaimedDevice {
    /// The model.
    pub system_id: u32,
    /// The serials of its own and its model's certificate, as far as they can be read.
    pub serials: Vec<Serial>,
    /// What it says about itself.
    pub client_info: Vec<(String, String)>,
}

impl Serial {
    /// Takes 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hex digits.
    ///
    /// # Errors
    /// [`HexError`], with length or position.
    pub fn from_hex(text: &[u8]) -> Result<Self, HexError> {
        hex::decode(text).map(Self)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

impl DeviceLevel {
    /// By its number, 1 to 3.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        match number {
            1 => Some(Self::L1),
            2 => Some(Self::L2),
            3 => Some(Self::L3),
            _ => None,
        }
    }

    /// Its number: 1 guards best, 3 least.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::L1 => 1,
            Self::L2 => 2,
            Self::L3 => 3,
        }
    }

    /// Whether a device of this level guards at least as well as one of `required`.
    #[must_use]
    pub const fn meets(self, required: Self) -> bool {
        self.number() <= required.number()
    }

    /// The level of a model: the lab's table; a model that is not in it guards nothing in hardware
    /// (section 7.3).
    pub(crate) fn of_system(system_id: u32) -> Self {
        LAB_LEVELS.iter().find(|(known, _)| *known == system_id).map_or(Self::L3, |(_, level)| *level)
    }
}

impl fmt::Display for DeviceLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.number())
    }
}

/// What the certificates say about a device.
pub(crate) struct Certified {
    pub system_id: u32,
    pub serial: Serial,
    pub model_serial: Serial,
    pub level: DeviceLevel,
}

impl Device {
    pub(crate) fn new(
        certified: &Certified,
        identity: ClientIdentification,
        key: OaepPublicEncryptingKey,
    ) -> Self {
        Self {
            system_id: certified.system_id,
            serial: certified.serial,
            model_serial: certified.model_serial,
            level: certified.level,
            client_info: client_info(&identity),
            has_vmp_data: identity.vmp_data.is_some(),
            capabilities: identity.client_capabilities,
            key,
        }
    }

    /// What it says about `name`, such as `company_name`.
    #[must_use]
    pub fn info(&self, name: &str) -> Option<&str> {
        self.client_info.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Encrypts a session key so that only this device can read it: RSA-OAEP with SHA-1, no label.
    pub(crate) fn wrap_session_key(&self, session_key: &[u8; 16]) -> Vec<u8> {
        let mut wrapped = vec![0; self.key.ciphertext_size()];
        self.key
            .encrypt(&OAEP_SHA1_MGF1SHA1, session_key, &mut wrapped, None)
            .expect("16 bytes fit into OAEP under a key of 2048 bits or more");
        wrapped
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("system_id", &self.system_id)
            .field("serial", &self.serial)
            .field("level", &self.level)
            .field("client_info", &self.client_info)
            .finish_non_exhaustive()
    }
}

/// `client_info` as text; bytes that are no UTF-8 are shown as such.
pub(crate) fn client_info(identity: &ClientIdentification) -> Vec<(String, String)> {
    let text =
        |bytes: &Option<Vec<u8>>| String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned();
    identity.client_info.iter().map(|line| (text(&line.name), text(&line.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_better_level_meets_a_lesser_one() {
        let levels = [DeviceLevel::L1, DeviceLevel::L2, DeviceLevel::L3];
        let table = levels.map(|device| levels.map(|required| device.meets(required)));
        assert_eq!(table, [[true, true, true], [false, true, true], [false, false, true]]);
    }

    #[test]
    fn the_lab_has_one_hardware_model_and_strangers_are_software() {
        let levels = [31001, 31003, 31103, 4711].map(DeviceLevel::of_system);
        assert_eq!(levels, [DeviceLevel::L1, DeviceLevel::L3, DeviceLevel::L3, DeviceLevel::L3]);
    }
}
