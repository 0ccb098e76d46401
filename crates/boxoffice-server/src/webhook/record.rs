//! What the record of a redemption over the webhook says beside what every record says (token-api.md, section 10).

use boxoffice_core::entitlement::Entitlement;
use drm_primitives::{base64, hex};

use super::request::{Client, RedeemRequest};
use crate::hms::redemption::{Facts, MOST, description, shown};

/// The device, and what else the handler said.
pub(super) fn describe(asked: &RedeemRequest, facts: &mut Facts) {
    let client = &asked.client;
    facts.kids.clone_from(&asked.kids);
    facts.device_id = client.device_id.map(|id| hex::encode(&id));
    facts.device = device(client);
    facts.note("webhook", true);
    if let Some(version) = &asked.header_version {
        facts.note("headerVersion", shown(version));
    }
    if let Some(version) = asked.protocol_version {
        facts.note("protocolVersion", version);
    }
    if let Some(time) = client.time {
        facts.note("clientTime", time.to_string());
    }
    if !client.certificate_digests.is_empty() {
        let digests = client.certificate_digests.iter().take(MOST).map(|digest| base64::encode(digest));
        facts.note("certificateDigests", digests.collect::<Vec<_>>());
    }
    if !client.features.is_empty() {
        let features = client.features.iter().take(MOST).map(|feature| shown(feature));
        facts.note("features", features.collect::<Vec<_>>());
    }
}

/// The extension is handed on verbatim; whether the handler makes anything of it is not known here
/// (playready.md, section 8).
pub(super) fn note_extension(entitlement: &Entitlement, facts: &mut Facts) {
    use boxoffice_core::entitlement::Terms;
    if matches!(&entitlement.terms, Terms::PlayReady(terms) if terms.extension.is_some()) {
        facts.note("extension", "passed-on");
    }
}

fn device(client: &Client) -> Option<String> {
    let names = [&client.manufacturer, &client.model, &client.model_number];
    let level = format!("SL{}", client.security_level);
    let further = [Some(level.as_str()), client.version.as_deref()];
    description(names.into_iter().flatten().map(String::as_str), further.into_iter().flatten())
}
