//! What the operator is asked: who, what, and on which terms; never a key.

use boxoffice_core::entitlement::{Extension, PlayReadyTerms, Rights, Terms};
use boxoffice_storage::RecordKind;
use drm_primitives::{Kid, base64};
use fairplay::Track;
use jiff::Timestamp;
use serde::Serialize;

use crate::hms::redemption::{Admitted, Facts};

/// A question, as far as the redemption's facts do not have it already.
pub(crate) struct Question<'a> {
    /// The token and its account.
    pub admitted: &'a Admitted,
    /// The device, as far as it is known before the licence is made.
    pub device: Device,
    /// What the player says the content is, where it says so.
    pub content_id: Option<String>,
    /// What kind of licence the player asks for: `streaming`, `offline`, `automatic`.
    pub licence_type: Option<&'static str>,
}

/// A device, as far as it is known.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Device {
    /// Widevine's number of its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_id: Option<u32>,
    /// How well it guards keys, in its DRM's words: `L1`, `SL2000`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make: Option<String>,
    /// Its model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    request_id: &'a str,
    environment: &'static str,
    account: u32,
    drm: &'static str,
    request: &'static str,
    token_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookie: Option<&'a str>,
    device: &'a Device,
    content: Content<'a>,
    keys: Vec<Key>,
    policy: Policy,
    extensions: Vec<ExtensionText<'a>>,
}

#[derive(Serialize)]
struct Content<'a> {
    kids: Vec<String>,
    #[serde(rename = "content_id", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    licence_type: Option<&'static str>,
}

/// A key of the token, without the key.
#[derive(Default, Serialize)]
struct Key {
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    security_level: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hdcp: Option<i16>,
}

/// What the token grants; a duration that is `null` has no limit.
#[derive(Serialize)]
struct Policy {
    can_persist: bool,
    rental_duration_seconds: Option<u32>,
    playback_duration_seconds: Option<u32>,
}

#[derive(Serialize)]
struct ExtensionText<'a> {
    r#type: &'a str,
    payload: String,
}

impl Question<'_> {
    /// The terms of the token.
    pub const fn terms(&self) -> &Terms {
        &self.admitted.entitlement.terms
    }

    /// The body of the request.
    pub(super) fn write(&self, facts: &Facts) -> Vec<u8> {
        let entitlement = &self.admitted.entitlement;
        let terms = self.terms();
        let content_id = match terms {
            Terms::Widevine(terms) => terms.content_id.as_deref(),
            Terms::ClearKey(_) | Terms::FairPlay(_) | Terms::PlayReady(_) => None,
        };
        let body = Body {
            request_id: facts.request_id(),
            environment: facts.environment.as_str(),
            account: entitlement.account.0,
            drm: drm_name(terms),
            request: match facts.kind {
                RecordKind::Renewal => "renewal",
                RecordKind::Licence | RecordKind::Release => "licence",
            },
            token_id: entitlement.token_id.to_string(),
            cookie: entitlement.cookie.as_ref().map(boxoffice_core::entitlement::Cookie::as_str),
            device: &self.device,
            content: Content {
                kids: facts.kids.iter().map(Kid::to_hex).collect(),
                id: content_id.or(self.content_id.as_deref()),
                licence_type: self.licence_type,
            },
            keys: keys(terms),
            policy: policy(terms, facts.time),
            extensions: extensions(terms).iter().map(ExtensionText::new).collect(),
        };
        serde_json::to_vec(&body).expect("texts and numbers make JSON")
    }
}

const fn drm_name(terms: &Terms) -> &'static str {
    match terms {
        Terms::ClearKey(_) => "clearkey",
        Terms::FairPlay(_) => "fairplay",
        Terms::PlayReady(_) => "playready",
        Terms::Widevine(_) => "widevine",
    }
}

fn keys(terms: &Terms) -> Vec<Key> {
    let named = |kid: Kid| Key { kid: Some(kid.to_hex()), ..Key::default() };
    match terms {
        Terms::ClearKey(terms) => terms.keys.iter().map(|key| named(key.kid)).collect(),
        Terms::FairPlay(terms) => {
            let track = terms.key.track.number();
            let hdcp = Track::from_number(track.into()).map(|track| track.hdcp_type().number().into());
            vec![Key {
                kid: terms.key.kid.map(|kid| kid.to_hex()),
                track_type: Some(track),
                security_level: None,
                hdcp,
            }]
        }
        Terms::PlayReady(terms) => {
            let key = |key: &boxoffice_core::entitlement::PlayReadyKey| Key {
                security_level: Some(key.min_security_level),
                ..named(key.kid)
            };
            terms.keys.iter().map(key).collect()
        }
        Terms::Widevine(terms) => {
            let key = |key: &boxoffice_core::entitlement::WidevineKey| Key {
                track_type: Some(key.track.number()),
                security_level: Some(key.security_level.number().into()),
                hdcp: Some(key.hdcp.number().into()),
                ..named(key.kid)
            };
            terms.keys.iter().map(key).collect()
        }
    }
}

fn policy(terms: &Terms, now: Timestamp) -> Policy {
    let limit = |seconds: u32| (seconds > 0).then_some(seconds);
    match terms {
        Terms::ClearKey(_) => {
            Policy { can_persist: false, rental_duration_seconds: None, playback_duration_seconds: None }
        }
        Terms::FairPlay(terms) => Policy {
            can_persist: false,
            rental_duration_seconds: limit(terms.rental_duration),
            playback_duration_seconds: None,
        },
        Terms::PlayReady(terms) => Policy {
            can_persist: terms.persistent,
            rental_duration_seconds: seconds_left(terms, now),
            playback_duration_seconds: match terms.rights {
                Rights::BuyToOwn => None,
                Rights::Rental { play_duration, .. } => play_duration,
            },
        },
        Terms::Widevine(terms) => Policy {
            can_persist: terms.persistent,
            rental_duration_seconds: terms.rental_duration,
            playback_duration_seconds: terms.licence_duration,
        },
    }
}

/// How long a PlayReady rental still lasts.
pub(super) fn seconds_left(terms: &PlayReadyTerms, now: Timestamp) -> Option<u32> {
    match terms.rights {
        Rights::BuyToOwn => None,
        Rights::Rental { end, .. } => {
            let left = end.as_second().saturating_sub(now.as_second()).max(0);
            Some(u32::try_from(left).unwrap_or(u32::MAX))
        }
    }
}

fn extensions(terms: &Terms) -> &[Extension] {
    match terms {
        Terms::ClearKey(_) => &[],
        Terms::FairPlay(terms) => &terms.extensions,
        Terms::PlayReady(terms) => terms.extension.as_slice(),
        Terms::Widevine(terms) => &terms.extensions,
    }
}

impl<'a> ExtensionText<'a> {
    fn new(extension: &'a Extension) -> Self {
        Self { r#type: &extension.kind, payload: base64::encode(&extension.payload) }
    }
}
