//! What a request asks for.

use drm_primitives::Kid;

use crate::messages::{ContentIdentification, InitDataType, LicenseType};
use crate::pssh::Pssh;
use crate::refusal::{InitDataFault, MessageFault};

/// What a request asks for. Stands in clear in every request, also in privacy mode.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    /// The keys, each once.
    pub kids: Vec<Kid>,
    /// The packager's name of the content; never empty.
    pub content_id: Option<Vec<u8>>,
    /// The scheme of the content.
    pub protection_scheme: ProtectionScheme,
    /// The kind of licence.
    pub asked_type: AskedType,
}

/// The kind of licence that a request asks for; streaming if it does not say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AskedType {
    /// For this session.
    Streaming,
    /// To be stored.
    Offline,
    /// As the service decides.
    Automatic,
}

/// How content is encrypted, as a 4CC; `cenc` if the init data does not say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProtectionScheme(pub u32);

impl ProtectionScheme {
    /// AES-CTR over whole samples: the usual one.
    pub const CENC: Self = Self(0x6365_6E63);
    /// AES-CBC with a pattern.
    pub const CBCS: Self = Self(0x6362_6373);
}

impl AskedType {
    fn from_message(asked: LicenseType) -> Self {
        match asked {
            LicenseType::Streaming => Self::Streaming,
            LicenseType::Offline => Self::Offline,
            LicenseType::Automatic => Self::Automatic,
        }
    }
}

/// The content part of a request for a new licence, of which only the form has been looked at.
#[derive(Clone, Debug)]
pub(crate) struct ContentRequest {
    pub request_id: Vec<u8>,
    asked_type: AskedType,
    init_data: AskedInitData,
}

#[derive(Clone, Debug)]
enum AskedInitData {
    Missing,
    Cenc(Vec<u8>),
    KeyId(Vec<u8>),
}

impl ContentRequest {
    /// Takes the one variant that is there.
    pub fn from_message(message: ContentIdentification) -> Result<Self, MessageFault> {
        let ways = [
            message.widevine_pssh_data.is_some(),
            message.webm_key_id.is_some(),
            message.existing_license.is_some(),
            message.init_data.is_some(),
        ];
        let got = ways.into_iter().filter(|way| *way).count();
        if got != 1 {
            return Err(MessageFault::ContentCount { got });
        }
        let (license_type, request_id, init_data) = if let Some(asked) = message.widevine_pssh_data {
            let license_type = asked.license_type();
            let first = asked.pssh_data.into_iter().next();
            (license_type, asked.request_id, first.map_or(AskedInitData::Missing, AskedInitData::Cenc))
        } else if let Some(asked) = message.webm_key_id {
            let license_type = asked.license_type();
            (
                license_type,
                asked.request_id,
                asked.header.map_or(AskedInitData::Missing, AskedInitData::KeyId),
            )
        } else if let Some(asked) = message.init_data {
            let license_type = asked.license_type();
            let of_type = match asked.init_data_type() {
                InitDataType::Cenc => AskedInitData::Cenc,
                InitDataType::Webm => AskedInitData::KeyId,
            };
            (license_type, asked.request_id, asked.init_data.map_or(AskedInitData::Missing, of_type))
        } else {
            return Err(MessageFault::ContentForAnotherType);
        };
        let request_id = request_id.filter(|id| !id.is_empty()).ok_or(MessageFault::NoRequestId)?;
        Ok(Self { request_id, asked_type: AskedType::from_message(license_type), init_data })
    }

    /// Reads the init data.
    pub fn read(&self) -> Result<Content, InitDataFault> {
        let pssh = match &self.init_data {
            AskedInitData::Missing => return Err(InitDataFault::Missing),
            AskedInitData::Cenc(init_data) => Pssh::parse(init_data)?,
            AskedInitData::KeyId(kid) => {
                let got = kid.len();
                let kid =
                    <[u8; 16]>::try_from(kid.as_slice()).map_err(|_| InitDataFault::KeyIdLength { got })?;
                Pssh { kids: vec![Kid::from_bytes(kid)], ..Pssh::default() }
            }
        };
        Ok(Content {
            kids: pssh.kids,
            content_id: pssh.content_id,
            protection_scheme: pssh.protection_scheme.map_or(ProtectionScheme::CENC, ProtectionScheme),
            asked_type: self.asked_type,
        })
    }
}
