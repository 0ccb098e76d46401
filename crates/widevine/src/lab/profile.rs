//! The three lab devices: the table of widevine.md, section 4.

use aws_lc_rs::digest::{SHA512, digest};
use prost::Message as _;

use crate::device::DeviceLevel;
use crate::messages::{
    ClientCapabilities, ClientIdentification, FileHash, FileHashes, MaxHdcpVersion, NameValue, TokenType,
};

/// The kind of a device, by the numbers of device files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DeviceType {
    /// 1: a browser.
    Chrome,
    /// 2: a phone, a box, a television.
    Android,
}

impl DeviceType {
    /// Its number in device files.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Chrome => 1,
            Self::Android => 2,
        }
    }
}

/// What is fixed about a lab device.
#[derive(Debug)]
pub struct Profile {
    pub name: &'static str,
    pub device_type: DeviceType,
    pub level: DeviceLevel,
    pub system_id: u32,
    max_hdcp: MaxHdcpVersion,
    /// `client_info`, in this order. Tools that make device files insist on the first two.
    client_info: [(&'static str, &'static str); 7],
    /// The program whose hash is sent as verified-media-path data.
    player_file: Option<&'static str>,
}

pub static PROFILES: [Profile; 3] = [
    Profile {
        name: "android-l1",
        device_type: DeviceType::Android,
        level: DeviceLevel::L1,
        system_id: 31001,
        max_hdcp: MaxHdcpVersion::V2_2,
        client_info: [
            ("company_name", "LabCo"),
            ("model_name", "Lab Box"),
            ("architecture_name", "arm64-v8a"),
            ("device_name", "labbox"),
            ("product_name", "lab_box"),
            ("build_info", "labco/lab_box/labbox:16/LAB1/1:user/test-keys"),
            ("widevine_cdm_version", "18.0.0-lab"),
        ],
        player_file: None,
    },
    Profile {
        name: "android-l3",
        device_type: DeviceType::Android,
        level: DeviceLevel::L3,
        system_id: 31003,
        max_hdcp: MaxHdcpVersion::None,
        client_info: [
            ("company_name", "LabCo"),
            ("model_name", "Lab Phone"),
            ("architecture_name", "arm64-v8a"),
            ("device_name", "labphone"),
            ("product_name", "lab_phone"),
            ("build_info", "labco/lab_phone/labphone:16/LAB1/1:user/test-keys"),
            ("widevine_cdm_version", "18.0.0-lab"),
        ],
        player_file: None,
    },
    Profile {
        name: "chrome-l3",
        device_type: DeviceType::Chrome,
        level: DeviceLevel::L3,
        system_id: 31103,
        max_hdcp: MaxHdcpVersion::V1,
        client_info: [
            ("company_name", "LabCo"),
            ("model_name", "Lab Browser"),
            ("architecture_name", "x86-64"),
            ("device_name", "desktop"),
            ("product_name", "lab_browser"),
            ("build_info", "lab_browser 1.0 linux"),
            ("widevine_cdm_version", "4.10.0-lab"),
        ],
        player_file: Some("lab_browser"),
    },
];

impl Profile {
    /// The device called `name`.
    pub fn named(name: &[u8]) -> Option<&'static Self> {
        PROFILES.iter().find(|profile| profile.name.as_bytes() == name)
    }

    /// `ClientIdentification` of the device with this certificate.
    pub fn client_id(&self, token: Vec<u8>) -> Vec<u8> {
        let line = |(name, value): &(&str, &str)| NameValue {
            name: Some(name.as_bytes().to_vec()),
            value: Some(value.as_bytes().to_vec()),
        };
        let identity = ClientIdentification {
            token_type: Some(TokenType::DrmDeviceCertificate.into()),
            token: Some(token),
            client_info: self.client_info.iter().map(line).collect(),
            client_capabilities: Some(ClientCapabilities {
                client_token: Some(true),
                session_token: Some(true),
                max_hdcp_version: Some(self.max_hdcp.into()),
                oem_crypto_api_version: Some(17),
                anti_rollback_usage_table: Some(true),
                ..ClientCapabilities::default()
            }),
            vmp_data: self.player_file.map(|name| file_hashes(name).encode_to_vec()),
        };
        identity.encode_to_vec()
    }
}

/// One test-signed entry. There is no such file, so what is hashed is its name.
fn file_hashes(name: &str) -> FileHashes {
    let entry = FileHash {
        filename: Some(name.as_bytes().to_vec()),
        test_signing: Some(true),
        sha512_hash: Some(digest(&SHA512, name.as_bytes()).as_ref().to_vec()),
        main_exe: Some(true),
        ..FileHash::default()
    };
    FileHashes { signatures: vec![entry], ..FileHashes::default() }
}
