//! A PlayReady lab device redeems a token, strictly: it checks all that playready.md, section 14.3, lists, and what
//! the token says.
//!
//! As with Widevine, what the token says is worked out here once more, and not taken from the server's own table.

mod device;
mod differences;
mod header;
mod policy;

use boxoffice_core::entitlement::{PlayReadyTerms, Terms};
use boxoffice_core::{Clock as _, SystemClock};
use drm_primitives::SystemRandom;
use playready::Guid;
use playready::lab_client::{self, ChallengeRequest, Granted, GrantedLicence, Verifier};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Map, Value};

use self::device::Device;
use super::report::{Comparison, KeyReport, Report};
use super::{AskedType, Redemption};
use crate::failure::Failure;
use crate::player::Answer;

/// `unknownOutputBehavior=Allow` (playready.md, section 8).
const ALLOW: Guid = Guid::from_u128(0x7866_27D8_C2A6_44BE_8F88_08AE_255B_01A7);

/// `unknownOutputBehavior=SDOnly`.
const SD_ONLY: Guid = Guid::from_u128(0xB621_D91F_EDCC_4035_8D4B_DC71_760D_43E9);

/// Redeems, and reports what came.
pub async fn redeem(redemption: &Redemption<'_>) -> Result<Report, Failure> {
    let granted = match redemption.granted.map(|granted| &granted.terms) {
        Some(Terms::PlayReady(terms)) => Some(terms),
        Some(_) | None => None,
    };
    let device = Device::choose(&redemption.lab.playready_material, redemption.device, granted)?;
    let header = header::Header::of(granted);
    let now = SystemClock.now().as_second();
    let request = ChallengeRequest::new(header.text, header.protocol_version, now, &SystemRandom);
    let server_key = redemption.lab.playready_material.server_public_key();
    let challenge = device.client.challenge(&request, server_key.as_bytes(), &SystemRandom);
    let challenge = challenge.ok_or_else(|| Failure::refused("the lab's server key is no point of P-256"))?;
    let answer = post(redemption, challenge).await?;

    let received = lab_client::Answer {
        status: answer.status,
        content_type: answer.header("content-type"),
        body: &answer.body,
    };
    if answer.status != 200 {
        return Err(refused(&answer, &received));
    }
    let root = redemption.lab.playready_material.root_public_key();
    let opened = Verifier::new(*root.as_bytes()).verify(
        &device.client,
        &request,
        &header.kids,
        &received,
        SystemClock.now().as_second(),
        None,
    );
    let opened =
        opened.map_err(|violation| Failure::refused(format!("the licence does not hold: {violation}")))?;
    report(&device, &opened, granted, redemption.licence_type)
}

async fn post(redemption: &Redemption<'_>, challenge: Vec<u8>) -> Result<Answer, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    let operation = "\"http://schemas.microsoft.com/DRM/2007/03/protocols/AcquireLicense\"";
    headers.insert("soapaction", HeaderValue::from_static(operation));
    redemption.player.ask(Method::POST, redemption.url, headers, challenge).await
}

/// What the server says in a fault, or in whatever else came.
fn refused(answer: &Answer, received: &lab_client::Answer<'_>) -> Failure {
    let Ok(fault) = Verifier::verify_fault(received) else {
        return Failure::refused(format!("the server refused: {} {}", answer.status, answer.said()));
    };
    let json: Option<Value> = serde_json::from_str(&fault.custom_data).ok();
    let status = json.and_then(|json| json.get("status")?.as_u64()).unwrap_or_else(|| answer.status.into());
    let inside =
        Answer { status: answer.status, headers: HeaderMap::new(), body: fault.custom_data.into_bytes() };
    Failure::refused(format!("the server refused: {status} {} (fault {})", inside.said(), fault.status_code))
}

fn report(
    device: &Device,
    opened: &Granted,
    granted: Option<&PlayReadyTerms>,
    asked: AskedType,
) -> Result<Report, Failure> {
    // The verifier lets no answer without a licence pass.
    let none = || Failure::refused("the answer has no licence");
    let policy = &opened.licences.first().ok_or_else(none)?.licence.policy;
    if asked == AskedType::Offline && !policy.persistent {
        return Err(Failure::refused(
            "the licence may not be stored: a PlayReady token says so itself, with generalFlags=00000001",
        ));
    }
    Ok(Report {
        drm: "pr",
        device: device.name.to_owned(),
        device_level: format!("level {}", device.level),
        licence_type: if policy.persistent { "offline" } else { "streaming" },
        verified: true,
        policy: policy::as_json(policy),
        policy_in_words: policy::in_words(policy),
        keys: opened.licences.iter().map(|licence| key_report(licence, granted)).collect(),
        differences: granted
            .map(|granted| differences::find(device.level, opened, granted))
            .unwrap_or_default(),
    })
}

fn key_report(opened: &GrantedLicence, granted: Option<&PlayReadyTerms>) -> KeyReport {
    let kid = opened.licence.kid;
    let expected = granted.map(|terms| terms.keys.iter().find(|expected| expected.kid == kid));
    let content_key = match expected {
        None => Comparison::NotCompared,
        Some(Some(expected)) if expected.key == opened.content_key => Comparison::Matches,
        Some(_) => Comparison::Differs,
    };
    let cipher = match opened.licence.key_type {
        1 => "AESCTR",
        5 => "AESCBC",
        _ => "unknown",
    };
    let level = opened.licence.policy.minimum_security_level;
    let mut conditions = Map::new();
    conditions.insert("algId".to_owned(), cipher.into());
    conditions.insert("minimumSecurityLevel".to_owned(), level.into());
    KeyReport {
        kid: Some(kid),
        content_key,
        conditions,
        in_words: format!("{cipher}, level {level} at least"),
    }
}
