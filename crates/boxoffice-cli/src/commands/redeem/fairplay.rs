//! A FairPlay player with a lab SPC, which no key server of Apple's takes: it redeems through the test kit's mock, and
//! says of anything else that it cannot open it (fairplay.md, section 6).

use boxoffice_core::entitlement::{FairPlayTerms, Terms};
use drm_primitives::SystemRandom;
use fairplay::Track;
use fairplay::lab::{CkcFault, LabAsset, LabCkc, LabSpc};
use serde_json::{Map, Value, json};

use super::report::{Comparison, KeyReport, Report};
use super::{AskedType, Redemption};
use crate::failure::Failure;
use crate::times;

/// Redeems, and reports what came.
pub async fn redeem(redemption: &Redemption<'_>) -> Result<Report, Failure> {
    if redemption.device.is_some() || redemption.privacy || redemption.licence_type != AskedType::Streaming {
        return Err(Failure::refused(
            "FairPlay has no lab devices, no privacy mode and no licences to store",
        ));
    }
    let granted = match redemption.granted.map(|granted| &granted.terms) {
        Some(Terms::FairPlay(terms)) => Some(terms),
        Some(_) | None => None,
    };
    let spc = LabSpc::draw(&SystemRandom);
    let answer = redemption.player.post(redemption.url, "application/octet-stream", spc.to_bytes()).await?;
    let ckc = answer.success()?;
    match LabCkc::read(&ckc, &spc) {
        Ok(ckc) => Ok(report(&ckc.asset, granted)),
        Err(CkcFault::Foreign { bytes }) => Ok(foreign(bytes, granted)),
        Err(fault) => Err(Failure::refused(format!("the licence does not hold: {fault}"))),
    }
}

fn report(asset: &LabAsset, granted: Option<&FairPlayTerms>) -> Report {
    let content_key = match granted {
        None => Comparison::NotCompared,
        Some(granted) if granted.key.key == asset.key => Comparison::Matches,
        Some(_) => Comparison::Differs,
    };
    let hdcp = asset.hdcp_type.number();
    let mut conditions = Map::new();
    conditions.insert("content_type".to_owned(), asset.content_type.as_str().into());
    conditions.insert("hdcp_type".to_owned(), hdcp.into());
    Report {
        policy: policy(json!({ "lease_duration": asset.lease_seconds })),
        policy_in_words: vec![match asset.lease_seconds {
            Some(seconds) => format!("plays for {}", times::duration(seconds.into())),
            None => "plays without a limit of time".to_owned(),
        }],
        keys: vec![KeyReport {
            kid: granted.and_then(|granted| granted.key.kid),
            content_key,
            conditions,
            in_words: format!("{}, HDCP type {hdcp}", asset.content_type),
        }],
        differences: granted.map(|granted| differences(asset, granted)).unwrap_or_default(),
        ..empty(true)
    }
}

/// A licence of a key server that is no mock. What is in it, only the device that asked can tell.
fn foreign(bytes: usize, granted: Option<&FairPlayTerms>) -> Report {
    Report {
        policy_in_words: vec![format!(
            "unknown: the CKC has {bytes} bytes of a key server that is no mock, and cannot be opened here"
        )],
        keys: vec![KeyReport {
            kid: granted.and_then(|granted| granted.key.kid),
            content_key: Comparison::Closed,
            conditions: Map::new(),
            in_words: "unknown".to_owned(),
        }],
        ..empty(false)
    }
}

fn empty(verified: bool) -> Report {
    Report {
        drm: "fp",
        device: "a FairPlay player with a lab SPC".to_owned(),
        device_level: "no device of Apple's".to_owned(),
        licence_type: "streaming",
        verified,
        policy: Map::new(),
        policy_in_words: Vec::new(),
        keys: Vec::new(),
        differences: Vec::new(),
    }
}

fn policy(told: Value) -> Map<String, Value> {
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

/// What the key server was told otherwise than the token says. The HDCP type and the lease may be tighter: by a setting,
/// or by the operator's policy.
fn differences(asset: &LabAsset, granted: &FairPlayTerms) -> Vec<String> {
    let mut found = Vec::new();
    if asset.key != granted.key.key {
        found.push("the content key is another than the token's".to_owned());
    }
    if asset.iv != granted.key.iv {
        found.push("the IV is another than the token's".to_owned());
    }
    if let Some(track) = Track::from_number(granted.key.track.number().into()) {
        if asset.content_type != track.content_type() {
            found.push(format!(
                "the content type is {}, expected {}",
                asset.content_type,
                track.content_type()
            ));
        }
        if asset.hdcp_type < track.hdcp_type() {
            let (got, least) = (asset.hdcp_type.number(), track.hdcp_type().number());
            found.push(format!("the HDCP type is {got}, expected {least} at least"));
        }
    }
    let lease = (granted.rental_duration > 0).then_some(granted.rental_duration);
    if asset.lease_seconds.unwrap_or(u32::MAX) > lease.unwrap_or(u32::MAX) {
        found.push(format!("the lease is {:?}, expected {lease:?}", asset.lease_seconds));
    }
    found
}
