//! What becomes known of a redemption on its way, and the record that it leaves (token-api.md, section 10).

use std::net::IpAddr;

use boxoffice_core::entitlement::{Entitlement, Extension, TokenId};
use boxoffice_core::{AccountId, Drm, Environment};
use boxoffice_storage::{Record, RecordKind};
use drm_primitives::Kid;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::request_id::RequestId;

/// How many values of a list are kept, and how many characters of a text: a record is no place for 64 KiB.
pub(crate) const MOST: usize = 64;

/// What is known so far. Holds no key: neither does the record that is made of it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// When it came: the one "now" of everything that is decided.
    pub time: Timestamp,
    /// The environment that its host belongs to.
    pub environment: Environment,
    /// By which DRM.
    pub drm: Drm,
    /// What was asked for.
    pub kind: RecordKind,
    /// The KIDs that were asked for; once it is granted, those that are.
    pub kids: Vec<Kid>,
    /// The device's own number, in its DRM's form.
    pub device_id: Option<String>,
    /// What the device is: see [`description`].
    pub device: Option<String>,
    /// How often an upstream was asked.
    pub attempts: u32,
    address: Option<IpAddr>,
    request_id: RequestId,
    token: Option<Token>,
    detail: Map<String, Value>,
}

/// What a record says of a token.
#[derive(Clone, Debug)]
struct Token {
    account: AccountId,
    id: TokenId,
    cookie: Option<String>,
}

impl Facts {
    /// What is known of any request for a licence.
    pub(crate) fn new(
        time: Timestamp,
        (environment, drm): (Environment, Drm),
        address: Option<IpAddr>,
        request_id: RequestId,
    ) -> Self {
        Self {
            time,
            environment,
            drm,
            kind: RecordKind::Licence,
            kids: Vec::new(),
            device_id: None,
            device: None,
            attempts: 0,
            address,
            request_id,
            token: None,
            detail: Map::new(),
        }
    }

    /// The token opened: from now on the record is its account's, whatever is refused.
    pub fn opened(&mut self, entitlement: &Entitlement) {
        self.token = Some(Token {
            account: entitlement.account,
            id: entitlement.token_id,
            cookie: entitlement.cookie.as_ref().map(|cookie| cookie.as_str().to_owned()),
        });
    }

    /// Whether the token opened.
    #[must_use]
    pub const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// The number of the request, as its answer shows it.
    pub(crate) fn request_id(&self) -> &str {
        self.request_id.as_str()
    }

    /// Adds a member to what else there is to know.
    pub fn note(&mut self, name: &str, value: impl Into<Value>) {
        self.detail.insert(name.to_owned(), value.into());
    }

    /// KIDs that were asked for, and that the token does not have.
    pub fn note_not_granted(&mut self, kids: impl IntoIterator<Item = Kid>) {
        let kids: Vec<_> = kids.into_iter().take(MOST).map(|kid| kid.to_hex()).collect();
        if !kids.is_empty() {
            self.note("notGranted", kids);
        }
    }

    /// Keys that the token has and this device may not have: KID, the level that it needs, the device's.
    pub fn note_withheld<L: std::fmt::Display>(&mut self, keys: impl IntoIterator<Item = (Kid, L, L)>) {
        let item = |(kid, required, device): (Kid, L, L)| json!({ "kid": kid.to_hex(), "required": required.to_string(), "device": device.to_string() });
        let items: Vec<_> = keys.into_iter().take(MOST).map(item).collect();
        if !items.is_empty() {
            self.note("withheld", items);
        }
    }

    /// The extensions of the token: their types and the sizes of their payloads, and what became of them.
    pub fn note_extensions(&mut self, extensions: &[Extension], fate: &str) {
        if extensions.is_empty() {
            return;
        }
        let item =
            |extension: &Extension| json!({ "type": extension.kind, "bytes": extension.payload.len() });
        let items: Vec<_> = extensions.iter().take(MOST).map(item).collect();
        self.note("extensions", items);
        self.note("extension", fate);
    }

    /// The record: of a licence for code 0, otherwise of a refusal.
    #[must_use]
    pub fn record(&self, code: i32) -> Record {
        let token = self.token.as_ref();
        Record {
            time: self.time,
            environment: self.environment,
            account: token.map(|token| token.account),
            drm: self.drm,
            kind: self.kind,
            granted: code == 0,
            code,
            kids: self.kids.iter().copied().take(MOST).collect(),
            cookie: token.and_then(|token| token.cookie.clone()),
            token_id: token.map(|token| token.id),
            device_id: self.device_id.clone(),
            device: self.device.clone(),
            address: self.address,
            attempts: self.attempts,
            request_id: self.request_id.as_str().to_owned(),
            detail: (!self.detail.is_empty()).then(|| Value::from(self.detail.clone()).to_string()),
        }
    }
}

/// A device in a few words, as far as it is known: maker, model and number, then what else there is to say:
/// `LabCo Lab Model L-1, SL2000, 3.1.0.1017`. `None` where nothing is.
#[must_use]
pub fn description<'a>(
    names: impl IntoIterator<Item = &'a str>,
    further: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let names: Vec<_> = names.into_iter().map(shown).filter(|name| !name.is_empty()).collect();
    let further = further.into_iter().map(shown).filter(|text| !text.is_empty());
    let parts: Vec<_> =
        (!names.is_empty()).then(|| names.join(" ")).into_iter().chain(further).take(MOST).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A foreign text as a record has it: without control characters, and not too long.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_described_by_what_is_known_of_it() {
        let number = "L-1".repeat(100);
        let names = ["LabCo", "Lab\n Model", &number];
        assert_eq!(
            description(names, ["SL2000", "3.1.0.1017"]).unwrap(),
            format!("LabCo Lab Model {}, SL2000, 3.1.0.1017", &"L-1".repeat(22)[..64])
        );
        assert_eq!(description([""], ["SL150"]).as_deref(), Some("SL150"));
        assert_eq!(description(["", "\n"], []), None);
    }
}
