//! A Clear Key player redeems a token: no device, no certificate, and the keys in clear.

use boxoffice_core::entitlement::{ClearKeyTerms, Terms};
use clearkey::lab_client;
use serde_json::Map;

use super::report::{Comparison, KeyReport, Report};
use super::{AskedType, Redemption};
use crate::failure::Failure;

/// Redeems, and reports what came.
pub async fn redeem(redemption: &Redemption<'_>) -> Result<Report, Failure> {
    if redemption.device.is_some() || redemption.privacy || redemption.licence_type != AskedType::Streaming {
        return Err(Failure::refused("Clear Key has no devices, no privacy mode and no licences to store"));
    }
    let granted = granted(redemption)?;
    // A player knows the KIDs from the content; here they come from the token.
    let asked: Vec<_> = granted.keys.iter().map(|key| key.kid).collect();
    let answer = redemption
        .player
        .post(redemption.url, "application/json", lab_client::request(&asked))
        .await?
        .success()?;
    let keys = lab_client::accept(&answer, &asked);
    let keys = keys.map_err(|fault| Failure::refused(format!("the licence does not hold: {fault}")))?;
    let mut differences = Vec::new();
    let mut reports = Vec::with_capacity(keys.len());
    for (kid, key) in keys {
        let same = granted.keys.iter().any(|granted| granted.kid == kid && granted.key == key);
        if !same {
            differences.push(format!("the content key of {kid} is another than the token's"));
        }
        reports.push(KeyReport {
            kid: Some(kid),
            content_key: if same { Comparison::Matches } else { Comparison::Differs },
            conditions: Map::new(),
            in_words: "in clear".to_owned(),
        });
    }
    if reports.len() != granted.keys.len() {
        differences.push(format!("got {} keys, expected {}", reports.len(), granted.keys.len()));
    }
    Ok(Report {
        drm: "ck",
        device: "a Clear Key player".to_owned(),
        device_level: "no protection".to_owned(),
        licence_type: "streaming",
        verified: true,
        policy: Map::new(),
        policy_in_words: vec!["none: Clear Key protects nothing".to_owned()],
        keys: reports,
        differences,
    })
}

fn granted<'a>(redemption: &'a Redemption<'_>) -> Result<&'a ClearKeyTerms, Failure> {
    match redemption.granted.map(|granted| &granted.terms) {
        Some(Terms::ClearKey(terms)) => Ok(terms),
        Some(_) => Err(Failure::refused("this is no Clear Key token")),
        None => Err(Failure::refused(
            "a Clear Key player asks for KIDs, and this data directory cannot open the token to name them",
        )),
    }
}
