//! What to ask for.

use drm_primitives::{Kid, Random, hex};
use prost::Message as _;

use crate::messages::{
    ContentIdentification, InitData, InitDataType, LicenseType, WebmKeyId, WidevinePssh, WidevinePsshData,
};

/// Widevine's system id.
const SYSTEM_ID: &[u8; 16] = b"\xed\xef\x8b\xa9\x79\xd6\x4a\xce\xa3\xc8\x27\xdc\xd5\x1d\x21\xed";
/// `cenc`, what content is encrypted with if its init data does not say.
const CENC: u32 = 0x6365_6E63;

/// What to ask for. [`Plan::streaming`] is the usual one; every field may be changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// The content.
    pub init_data: AskedInitData,
    /// The kind of licence; none: not said, which means streaming.
    pub licence_type: Option<LicenseType>,
    /// The client's name for the request.
    pub request_id: Vec<u8>,
    /// The client's clock, unix seconds; none: not said.
    pub request_time: Option<i64>,
    /// 20, 21 or 22; none: not said, which means 20.
    pub protocol_version: Option<i32>,
}

/// The content, in one of the ways of the protocol.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AskedInitData {
    /// `pssh` boxes, or the data of one, as Widevine's own variant.
    WidevinePssh(Vec<u8>),
    /// The same as generic init data.
    Cenc(Vec<u8>),
    /// A KID as generic init data of the WEBM kind.
    Webm(Vec<u8>),
    /// A KID as a variant of its own.
    WebmKeyId(Vec<u8>),
}

impl Plan {
    /// A streaming licence, protocol 2.1, at `now` (unix seconds), with a random name of 32 hex digits.
    #[must_use]
    pub fn streaming(init_data: AskedInitData, now: i64, random: &dyn Random) -> Self {
        Self {
            init_data,
            licence_type: Some(LicenseType::Streaming),
            request_id: hex::encode(&random.array::<16>()).to_uppercase().into_bytes(),
            request_time: Some(now),
            protocol_version: Some(21),
        }
    }

    /// The same, of another kind.
    #[must_use]
    pub fn with_type(self, licence_type: LicenseType) -> Self {
        Self { licence_type: Some(licence_type), ..self }
    }

    pub(super) fn content_identification(&self) -> ContentIdentification {
        let license_type = self.licence_type.map(i32::from);
        let request_id = Some(self.request_id.clone());
        let none = ContentIdentification::default();
        let init_data = |init_data_type: InitDataType, bytes: &[u8]| ContentIdentification {
            init_data: Some(InitData {
                init_data_type: Some(init_data_type.into()),
                init_data: Some(bytes.to_vec()),
                license_type,
                request_id: request_id.clone(),
            }),
            ..ContentIdentification::default()
        };
        match &self.init_data {
            AskedInitData::WidevinePssh(bytes) => ContentIdentification {
                widevine_pssh_data: Some(WidevinePssh {
                    pssh_data: vec![bytes.clone()],
                    license_type,
                    request_id,
                }),
                ..none
            },
            AskedInitData::WebmKeyId(kid) => ContentIdentification {
                webm_key_id: Some(WebmKeyId { header: Some(kid.clone()), license_type, request_id }),
                ..none
            },
            AskedInitData::Cenc(bytes) => init_data(InitDataType::Cenc, bytes),
            AskedInitData::Webm(bytes) => init_data(InitDataType::Webm, bytes),
        }
    }

    /// The scheme that the licence has to name.
    pub(super) fn protection_scheme(&self) -> u32 {
        match &self.init_data {
            AskedInitData::WidevinePssh(bytes) | AskedInitData::Cenc(bytes) => {
                let data = data_of_box(bytes).unwrap_or(bytes);
                let scheme = WidevinePsshData::decode(data).ok().and_then(|data| data.protection_scheme);
                scheme.filter(|scheme| *scheme != 0).unwrap_or(CENC)
            }
            AskedInitData::Webm(_) | AskedInitData::WebmKeyId(_) => CENC,
        }
    }
}

impl AskedInitData {
    /// A box of version 0 that asks for these KIDs.
    #[must_use]
    pub fn kids(kids: &[Kid]) -> Self {
        Self::WidevinePssh(pssh_box(&pssh_data(kids, None, Some(CENC))))
    }
}

/// `WidevinePsshData`, with the scheme as a 4CC.
#[must_use]
pub fn pssh_data(kids: &[Kid], content_id: Option<&[u8]>, protection_scheme: Option<u32>) -> Vec<u8> {
    let data = WidevinePsshData {
        key_ids: kids.iter().map(|kid| kid.as_bytes().to_vec()).collect(),
        content_id: content_id.map(<[u8]>::to_vec),
        protection_scheme,
        ..WidevinePsshData::default()
    };
    data.encode_to_vec()
}

/// A `pssh` box of version 0 with Widevine's system id around `data`.
#[must_use]
pub fn pssh_box(data: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).expect("init data is below 4 GiB").to_be_bytes();
    let parts: [&[u8]; 6] =
        [&length(data.len() + 32), b"pssh", &[0; 4], SYSTEM_ID, &length(data.len()), data];
    parts.concat()
}

/// The data of the first box with Widevine's system id, found by looking for that id.
fn data_of_box(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(SYSTEM_ID.len()).position(|window| window == SYSTEM_ID)?;
    let version = *bytes.get(at.checked_sub(4)?)?;
    let mut rest = bytes.get(at + SYSTEM_ID.len()..)?;
    let number = |rest: &mut &[u8]| {
        let (number, tail) = rest.split_first_chunk()?;
        *rest = tail;
        usize::try_from(u32::from_be_bytes(*number)).ok()
    };
    if version > 0 {
        let kids = number(&mut rest)?.checked_mul(16)?;
        rest = rest.get(kids..)?;
    }
    let length = number(&mut rest)?;
    rest.get(..length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_is_the_golden_one() {
        // widevine.md, section 13.1.
        let kid = Kid::from_hex(b"0123456789abcdef0123456789abcdef").unwrap();
        let data = pssh_data(&[kid], None, Some(CENC));
        assert_eq!(hex::encode(&data), "12100123456789abcdef0123456789abcdef48e3dc959b06");
        assert_eq!(
            hex::encode(&pssh_box(&data)),
            "000000387073736800000000edef8ba979d64acea3c827dcd51d21ed00000018\
             12100123456789abcdef0123456789abcdef48e3dc959b06"
        );
        assert_eq!(data_of_box(&pssh_box(&data)), Some(&data[..]));
    }
}
