//! The request, read as strictly as it is documented. Shares nothing with its writer but types.

use drm_primitives::base64;
use fairplay::lab::{LabAsset, LabSpc};
use serde::Deserialize;
use serde_json::Value;

/// The item status that blames the parameters.
const PARAMETERS: i64 = -42_585;

/// The item status that blames the SPC.
const SPC: i64 = -42_580;

/// A request that is right in every member.
pub(super) struct Request<'a> {
    /// The item's number.
    pub id: u64,
    /// The SPC.
    pub spc: LabSpc,
    /// What the CKC shows.
    pub asset_info: &'a Value,
}

/// A request that gets an item status.
pub(super) struct Refused {
    /// The item's number, 1 if it could not be read.
    pub id: u64,
    /// The status.
    pub status: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    #[serde(rename = "fairplay-streaming-request")]
    request: Operations,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operations {
    version: u64,
    #[serde(rename = "create-ckc")]
    create_ckc: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    id: u64,
    spc: &'a str,
    #[serde(rename = "asset-info")]
    asset_info: Value,
}

impl<'a> Request<'a> {
    pub(super) fn read(body: &'a Value) -> Result<Self, Refused> {
        let item = body.pointer("/fairplay-streaming-request/create-ckc/0").unwrap_or(&Value::Null);
        let id = item.get("id").and_then(Value::as_u64).unwrap_or(1);
        let refused = |status| Refused { id, status };
        let envelope = Envelope::deserialize(body).map_err(|_| refused(PARAMETERS))?;
        if envelope.request.version != 1 || envelope.request.create_ckc.len() != 1 {
            return Err(refused(PARAMETERS));
        }
        let members = Item::deserialize(item).map_err(|_| refused(PARAMETERS))?;
        LabAsset::read(&members.asset_info).map_err(|_| refused(PARAMETERS))?;
        let spc = base64::decode(members.spc.as_bytes()).map_err(|_| refused(PARAMETERS))?;
        let spc = LabSpc::read(&spc).ok_or_else(|| refused(SPC))?;
        let asset_info = item.get("asset-info").unwrap_or(&Value::Null);
        Ok(Self { id: members.id, spc, asset_info })
    }
}
