//! The record of a redemption over the webhook (token-api.md, section 10).

use boxoffice_core::entitlement::Entitlement;
use boxoffice_core::{Drm, Environment};
use boxoffice_storage::{Record, RecordKind};
use drm_primitives::{Kid, base64, hex};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::request::{Client, RedeemRequest};
use crate::request_id::RequestId;

/// What happened, when, and to whom.
pub(super) struct Happened<'a> {
    pub now: Timestamp,
    pub environment: Environment,
    pub request_id: RequestId,
    /// The token, as far as it opened.
    pub entitlement: Option<&'a Entitlement>,
    /// The event code; 0 where it was granted.
    pub code: i32,
    /// The KIDs that were granted, or asked for.
    pub kids: Vec<Kid>,
    /// KIDs that were asked for, and not granted.
    pub not_granted: Vec<Kid>,
}

impl Happened<'_> {
    /// The record.
    pub fn record(self, asked: &RedeemRequest) -> Record {
        let client = &asked.client;
        Record {
            time: self.now,
            environment: self.environment,
            account: self.entitlement.map(|entitlement| entitlement.account),
            drm: Drm::PlayReady,
            kind: RecordKind::Licence,
            granted: self.code == 0,
            code: self.code,
            kids: self.kids,
            cookie: self
                .entitlement
                .and_then(|entitlement| Some(entitlement.cookie.as_ref()?.as_str().to_owned())),
            token_id: self.entitlement.map(|entitlement| entitlement.token_id),
            device_id: client.device_id.map(|id| hex::encode(&id)),
            device: Some(description(client)),
            address: asked.address,
            attempts: 0,
            request_id: self.request_id.as_str().to_owned(),
            detail: Some(detail(asked, &self.not_granted, self.entitlement)),
        }
    }
}

/// Maker, model and number as far as they are known, level and version: `LabCo Lab Model L-1, SL2000, 3.1.0.1017`.
fn description(client: &Client) -> String {
    let names = [&client.manufacturer, &client.model, &client.model_number];
    let names: Vec<_> = names.into_iter().flatten().map(|name| shown(name)).collect();
    let level = format!("SL{}", client.security_level);
    let version = client.version.as_deref().map(shown);
    let parts = [(!names.is_empty()).then(|| names.join(" ")), Some(level), version];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What else the handler said.
fn detail(asked: &RedeemRequest, not_granted: &[Kid], entitlement: Option<&Entitlement>) -> String {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("webhook", true.into());
    if let Some(version) = &asked.header_version {
        put("headerVersion", shown(version).into());
    }
    if let Some(version) = asked.protocol_version {
        put("protocolVersion", version.into());
    }
    if let Some(time) = asked.client.time {
        put("clientTime", time.to_string().into());
    }
    let digests = &asked.client.certificate_digests;
    if !digests.is_empty() {
        put("certificateDigests", digests.iter().take(MOST).map(|digest| base64::encode(digest)).collect());
    }
    let features = &asked.client.features;
    if !features.is_empty() {
        put("features", features.iter().take(MOST).map(|feature| shown(feature)).collect());
    }
    if !not_granted.is_empty() {
        put("notGranted", not_granted.iter().take(MOST).map(Kid::to_hex).collect());
    }
    if entitlement.is_some_and(has_extension) {
        // Handed on verbatim; whether the handler makes anything of it is not known here (section 8).
        put("extension", "passed-on".into());
    }
    Value::Object(members).to_string()
}

/// How many values of a list are kept, and how many characters of a text: a record is no place for 64 KiB.
const MOST: usize = 64;

fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MOST).collect()
}

fn has_extension(entitlement: &Entitlement) -> bool {
    use boxoffice_core::entitlement::Terms;
    matches!(&entitlement.terms, Terms::PlayReady(terms) if terms.extension.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_described_by_what_is_known_of_it() {
        let known = Client {
            security_level: 2000,
            version: Some("3.1.0.1017".to_owned()),
            manufacturer: Some("LabCo".to_owned()),
            model: Some("Lab\n Model".to_owned()),
            model_number: Some("L-1".repeat(100)),
            ..Client::default()
        };
        assert_eq!(
            description(&known),
            format!("LabCo Lab Model {}, SL2000, 3.1.0.1017", &"L-1".repeat(22)[..64])
        );
        assert_eq!(description(&Client::default()), "SL0");
    }
}
