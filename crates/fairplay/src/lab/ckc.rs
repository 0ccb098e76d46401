//! The lab CKC: says which SPC it answers, and shows what the key server was told.

use aws_lc_rs::digest;
use serde_json::Value;
use thiserror::Error;
use zeroize::Zeroizing;

use super::asset::{LabAsset, LabAssetError};
use super::spc::LabSpc;

/// The text that it starts with.
const MARK: &[u8; 17] = b"BOXOFFICE LAB CKC";

/// A lab CKC.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LabCkc {
    /// What the key server was told. A real CKC holds this encrypted; this one is for the lab alone.
    pub asset: LabAsset,
}

/// Why a CKC is not the answer of a lab key server to an SPC.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CkcFault {
    /// Behind the mark and the hash stands no `asset-info`.
    #[error("the asset-info in this lab CKC: {0}")]
    Asset(LabAssetError),
    /// No lab CKC: a real one, perhaps, which cannot be opened here.
    #[error("this is not a lab CKC but {bytes} bytes of another key server, which cannot be opened here")]
    Foreign {
        /// How many.
        bytes: usize,
    },
    /// What stands behind the hash is not JSON.
    #[error("the asset-info in this lab CKC is not JSON")]
    NotJson,
    /// It answers another SPC.
    #[error("this lab CKC answers another SPC")]
    OtherSpc,
}

impl LabCkc {
    /// Writes the CKC for an SPC, as a lab key server: the mark, SHA-256 of the SPC, and the `asset-info`
    /// that came, as JSON.
    #[must_use]
    pub fn write(spc: &LabSpc, asset_info: &Value) -> Zeroizing<Vec<u8>> {
        let asset_info = Zeroizing::new(asset_info.to_string());
        let hash = hash(spc);
        let mut bytes = Zeroizing::new(Vec::with_capacity(MARK.len() + hash.len() + asset_info.len()));
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&hash);
        bytes.extend_from_slice(asset_info.as_bytes());
        bytes
    }

    /// Reads the CKC that answers an SPC, as a lab player.
    ///
    /// # Errors
    /// [`CkcFault`].
    pub fn read(ckc: &[u8], spc: &LabSpc) -> Result<Self, CkcFault> {
        let foreign = CkcFault::Foreign { bytes: ckc.len() };
        let rest = ckc.strip_prefix(MARK).ok_or(foreign)?;
        let (answered, asset_info) = rest.split_first_chunk::<32>().ok_or(foreign)?;
        if *answered != hash(spc) {
            return Err(CkcFault::OtherSpc);
        }
        let asset_info: Value = serde_json::from_slice(asset_info).map_err(|_| CkcFault::NotJson)?;
        Ok(Self { asset: LabAsset::read(&asset_info).map_err(CkcFault::Asset)? })
    }
}

fn hash(spc: &LabSpc) -> [u8; 32] {
    let hash = digest::digest(&digest::SHA256, &spc.to_bytes());
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;
    use serde_json::json;

    fn asset_info() -> Value {
        json!([{
            "content-key": "00112233445566778899aabbccddeeff",
            "content-iv": "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
            "content-type": "audio",
            "hdcp-type": -1,
            "encryption-scheme": "cbcs",
        }])
    }

    #[test]
    fn a_ckc_shows_its_spc_what_the_key_server_was_told() {
        let spc = LabSpc::draw(&SequenceRandom::new(1));
        let ckc = LabCkc::write(&spc, &asset_info());
        assert!(ckc.starts_with(b"BOXOFFICE LAB CKC"));
        assert!(ckc.ends_with(b"\"encryption-scheme\":\"cbcs\"}]"));
        assert_eq!(LabCkc::read(&ckc, &spc).unwrap().asset, LabAsset::read(&asset_info()).unwrap());
    }

    #[test]
    fn other_answers_are_told_apart() {
        let spc = LabSpc::draw(&SequenceRandom::new(1));
        let another = LabSpc::draw(&SequenceRandom::new(2));
        let ckc = LabCkc::write(&spc, &asset_info());
        assert_eq!(LabCkc::read(&ckc, &another), Err(CkcFault::OtherSpc));
        assert_eq!(LabCkc::read(&[0, 0, 0, 1], &spc), Err(CkcFault::Foreign { bytes: 4 }));
        assert_eq!(LabCkc::read(&ckc[..20], &spc), Err(CkcFault::Foreign { bytes: 20 }));
        assert_eq!(LabCkc::read(&ckc[..ckc.len() - 1], &spc), Err(CkcFault::NotJson));
        let empty = LabCkc::write(&spc, &json!([]));
        let fault = CkcFault::Asset(LabAssetError::Count { got: 0 });
        assert_eq!(LabCkc::read(&empty, &spc), Err(fault));
    }
}
