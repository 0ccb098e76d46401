//! The request (widevine.md, section 9.1).

use drm_primitives::base64;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::extras::CloudExtras;
use super::names;
use super::signer::RequestSigner;
use crate::content::Content;
use crate::grant::{ANY_CONTENT, Grant, KeyGrant, LicenceType, Terms};
use crate::policy::{RenewalTerms, policy};

/// More than all members but the variable ones take, in bytes.
const ENVELOPE_BYTES: usize = 1_024;

/// More than one key takes, in bytes.
const KEY_BYTES: usize = 256;

/// The whole inner request for the service certificate: nothing of the provider's is in it.
const CERTIFICATE_REQUEST: &[u8] = br#"{"payload":"CAQ="}"#;

/// A request for a licence, its renewal or its release.
#[derive(Debug)]
pub struct CloudRequest<'a> {
    /// The challenge exactly as it came.
    pub payload: &'a [u8],
    /// Whose agreement with the service it is.
    pub provider: &'a str,
    /// What the service calls the content: see [`CloudRequest::content_id`].
    pub content_id: &'a [u8],
    /// Every key of the token: a track without one would stop playing after some seconds.
    pub keys: &'a [KeyGrant],
    /// What may be done with them.
    pub terms: &'a Terms,
    /// The kind of licence.
    pub licence_type: LicenceType,
    /// How it is renewed; none: not at all.
    pub renewal: Option<&'a RenewalTerms>,
    /// What the operator's policy adds.
    pub extras: &'a CloudExtras,
}

#[derive(Serialize)]
struct Inner<'a> {
    payload: &'a str,
    provider: &'a str,
    content_id: &'a str,
    content_key_specs: Vec<KeySpec<'a>>,
    policy_overrides: PolicyOverrides,
    use_policy_overrides_exclusively: bool,
    #[serde(flatten)]
    extras: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct KeySpec<'a> {
    key_id: String,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    track_type: Option<&'static str>,
    security_level: u8,
    required_output_protection: OutputProtection<'a>,
}

#[derive(Serialize)]
struct OutputProtection<'a> {
    hdcp: &'static str,
    #[serde(flatten)]
    extras: &'a Map<String, Value>,
}

/// The numbers of the lab issuer's own policy, under the names of the interface.
#[derive(Serialize)]
struct PolicyOverrides {
    #[serde(skip_serializing_if = "Option::is_none")]
    can_play: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_persist: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_renew: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rental_duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    playback_duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal_recovery_duration_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal_delay_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal_retry_interval_seconds: Option<i64>,
}

#[derive(Serialize)]
struct Outer<'a> {
    request: &'a str,
    signature: &'a str,
    signer: &'a str,
}

impl CloudRequest<'_> {
    /// What the service calls the content: the token's content id, else that of the init data, else the token's first
    /// KID. A renewal has no init data.
    #[must_use]
    pub fn content_id(grant: &Grant, content: Option<&Content>) -> Vec<u8> {
        let of_init_data = content.and_then(|content| content.content_id.clone());
        let of_init_data = of_init_data.filter(|id| id != ANY_CONTENT);
        let first = || grant.keys.first().map(|key| key.kid.as_bytes().to_vec()).unwrap_or_default();
        grant.content_id.clone().or(of_init_data).unwrap_or_else(first)
    }

    /// The body, `application/json`. It holds content keys, so it is wiped when dropped.
    #[must_use]
    pub fn write(&self, signer: &RequestSigner) -> Zeroizing<Vec<u8>> {
        let keys: Vec<_> =
            self.keys.iter().map(|key| Zeroizing::new(base64::encode(key.key.expose()))).collect();
        let specs = self.keys.iter().zip(&keys).map(|(grant, key)| self.key_spec(grant, key));
        let policy = policy(self.terms, self.licence_type, self.renewal);
        let payload = base64::encode(self.payload);
        let inner = Inner {
            payload: &payload,
            provider: self.provider,
            content_id: &base64::encode(self.content_id),
            content_key_specs: specs.collect(),
            policy_overrides: PolicyOverrides {
                can_play: policy.can_play,
                can_persist: policy.can_persist,
                can_renew: policy.can_renew,
                rental_duration_seconds: policy.rental_duration_seconds,
                playback_duration_seconds: policy.playback_duration_seconds,
                license_duration_seconds: policy.license_duration_seconds,
                renewal_recovery_duration_seconds: policy.renewal_recovery_duration_seconds,
                renewal_delay_seconds: policy.renewal_delay_seconds,
                renewal_retry_interval_seconds: policy.renewal_retry_interval_seconds,
            },
            use_policy_overrides_exclusively: true,
            extras: &self.extras.members,
        };
        write(&inner, self.capacity(payload.len()), signer)
    }

    fn key_spec<'a>(&'a self, grant: &KeyGrant, key: &'a str) -> KeySpec<'a> {
        KeySpec {
            key_id: base64::encode(grant.kid.as_bytes()),
            key,
            track_type: grant.track.map(crate::TrackLabel::label),
            security_level: grant.level.number(),
            required_output_protection: OutputProtection {
                hdcp: names::hdcp(grant.hdcp),
                extras: &self.extras.output_protection,
            },
        }
    }

    /// Of the full size at once, as a buffer that grows leaves copies of keys behind.
    fn capacity(&self, payload: usize) -> usize {
        let added =
            |members: &Map<String, Value>| serde_json::to_string(members).map_or(0, |text| text.len());
        let of_a_key = KEY_BYTES + added(&self.extras.output_protection);
        // A character may take six in JSON, and base64 takes a third more.
        let names = self.provider.len() * 6 + self.content_id.len() * 2;
        ENVELOPE_BYTES + payload + names + self.keys.len() * of_a_key + added(&self.extras.members)
    }
}

/// The body of a request for the service certificate.
#[must_use]
pub fn service_certificate_request(signer: &RequestSigner) -> Vec<u8> {
    sign(CERTIFICATE_REQUEST, signer).to_vec()
}

fn write(inner: &impl Serialize, capacity: usize, signer: &RequestSigner) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(Vec::with_capacity(capacity));
    serde_json::to_writer(&mut *message, inner).expect("texts and numbers are JSON, and memory takes them");
    debug_assert!(message.len() <= capacity, "{} bytes did not fit into {capacity}", message.len());
    sign(&message, signer)
}

fn sign(message: &[u8], signer: &RequestSigner) -> Zeroizing<Vec<u8>> {
    let request = Zeroizing::new(base64::encode(message));
    let signature = base64::encode(&signer.sign(message));
    let mut body =
        Zeroizing::new(Vec::with_capacity(request.len() + signature.len() + signer.name().len() * 6 + 64));
    let outer = Outer { request: &request, signature: &signature, signer: signer.name() };
    serde_json::to_writer(&mut *body, &outer).expect("texts are JSON, and memory takes them");
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::{AskedType, ProtectionScheme};
    use crate::grant::{Hdcp, SecurityLevel, TrackLabel};
    use crate::policy::RenewalPolicy;
    use drm_primitives::{ContentKey, Kid, SequenceRandom};
    use proptest::prelude::*;
    use serde_json::json;

    fn signer() -> RequestSigner {
        RequestSigner::aes("acme-signer", &[0x11; 32], [0x22; 16])
    }

    fn key(number: u8, level: u64, hdcp: Hdcp, track: TrackLabel) -> KeyGrant {
        KeyGrant {
            kid: Kid::from_bytes([number; 16]),
            key: ContentKey::from_bytes([number + 0x10; 16]),
            level: SecurityLevel::from_number(level).unwrap(),
            hdcp,
            track: Some(track),
        }
    }

    fn keys() -> Vec<KeyGrant> {
        vec![key(0xA1, 1, Hdcp::None, TrackLabel::Sd), key(0xA2, 5, Hdcp::NoDigitalOutput, TrackLabel::Uhd2)]
    }

    /// The exact text of J, out of the base64 of the outer request.
    fn inner(body: &[u8]) -> String {
        let outer: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(outer["signer"], "acme-signer");
        let message = base64::decode(outer["request"].as_str().unwrap().as_bytes()).unwrap();
        let signature = base64::decode(outer["signature"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(signature, signer().sign(&message));
        String::from_utf8(message).unwrap()
    }

    #[test]
    fn the_request_for_the_certificate_is_that_of_the_specification() {
        assert_eq!(inner(&service_certificate_request(&signer())), r#"{"payload":"CAQ="}"#);
    }

    #[test]
    fn a_request_says_all_that_the_token_says_member_by_member() {
        let random = SequenceRandom::new(1);
        let renewal = RenewalPolicy { delay_seconds: 5, retry_interval_seconds: 10, recovery_seconds: 120 };
        let terms = Terms { persistent: false, playback_duration: Some(3600), rental_duration: Some(0) };
        let request = CloudRequest {
            payload: b"challenge",
            provider: "acme",
            content_id: b"film",
            keys: &keys(),
            terms: &terms,
            licence_type: LicenceType::Streaming,
            renewal: Some(&renewal.draw(&random)),
            extras: &CloudExtras::default(),
        };
        let expected = concat!(
            r#"{"payload":"Y2hhbGxlbmdl","provider":"acme","content_id":"ZmlsbQ==","content_key_specs":["#,
            r#"{"key_id":"oaGhoaGhoaGhoaGhoaGhoQ==","key":"sbGxsbGxsbGxsbGxsbGxsQ==","track_type":"SD","#,
            r#""security_level":1,"required_output_protection":{"hdcp":"HDCP_NONE"}},"#,
            r#"{"key_id":"oqKioqKioqKioqKioqKiog==","key":"srKysrKysrKysrKysrKysg==","track_type":"UHD2","#,
            r#""security_level":5,"required_output_protection":{"hdcp":"HDCP_NO_DIGITAL_OUTPUT"}}],"#,
            r#""policy_overrides":{"can_play":true,"can_persist":false,"can_renew":true,"#,
            r#""playback_duration_seconds":3600,"license_duration_seconds":125,"#,
            r#""renewal_recovery_duration_seconds":120,"renewal_delay_seconds":5,"#,
            r#""renewal_retry_interval_seconds":10},"use_policy_overrides_exclusively":true}"#,
        );
        assert_eq!(inner(&request.write(&signer())), expected);
    }

    #[test]
    fn what_the_operator_adds_stands_behind_and_with_every_key() {
        let upstream = json!({
            "session_init": { "provider_session_token": "t" },
            "required_output_protection": { "disable_analog_output": true },
        });
        let (extras, _) = CloudExtras::read(upstream.as_object().unwrap());
        let request = CloudRequest {
            payload: b"",
            provider: "acme",
            content_id: b"",
            keys: &keys(),
            terms: &Terms { persistent: true, ..Terms::default() },
            licence_type: LicenceType::Offline,
            renewal: None,
            extras: &extras,
        };
        let inner: Value = serde_json::from_str(&inner(&request.write(&signer()))).unwrap();
        for spec in inner["content_key_specs"].as_array().unwrap() {
            assert_eq!(spec["required_output_protection"]["disable_analog_output"], true);
        }
        assert_eq!(inner["session_init"], json!({ "provider_session_token": "t" }));
        let policy = json!({ "can_play": true, "can_persist": true, "can_renew": false });
        assert_eq!(inner["policy_overrides"], policy);
    }

    #[test]
    fn the_content_is_named_by_the_token_else_the_init_data_else_the_first_kid() {
        let named = |token: Option<&[u8]>, init_data: Option<&[u8]>| {
            let grant =
                Grant { keys: keys(), content_id: token.map(<[u8]>::to_vec), terms: Terms::default() };
            let content = Content {
                kids: vec![],
                content_id: init_data.map(<[u8]>::to_vec),
                protection_scheme: ProtectionScheme::CENC,
                asked_type: AskedType::Streaming,
            };
            CloudRequest::content_id(&grant, Some(&content))
        };
        assert_eq!(named(Some(b"film"), Some(b"other")), b"film");
        assert_eq!(named(None, Some(b"other")), b"other");
        assert_eq!(named(None, Some(b"*")), [0xA1; 16]);
        assert_eq!(named(None, None), [0xA1; 16]);
    }

    proptest! {
        #[test]
        fn any_request_fits_its_buffer_and_comes_back(
            payload: Vec<u8>, provider: String, content_id: Vec<u8>, count in 0..20_u8, token: String,
            seconds: Option<u32>, persistent: bool,
        ) {
            let keys: Vec<_> =
                (0..count).map(|number| key(number, 5, Hdcp::NoDigitalOutput, TrackLabel::Audio)).collect();
            let upstream = json!({
                "session_init": { "provider_client_token": token },
                "required_output_protection": { "hdcp_srm_rule": token },
            });
            let (extras, _) = CloudExtras::read(upstream.as_object().unwrap());
            let terms = Terms { persistent, playback_duration: seconds, rental_duration: seconds };
            let request = CloudRequest {
                payload: &payload,
                provider: &provider,
                content_id: &content_id,
                keys: &keys,
                terms: &terms,
                licence_type: LicenceType::Streaming,
                renewal: None,
                extras: &extras,
            };
            let inner: Value = serde_json::from_str(&inner(&request.write(&signer()))).unwrap();
            let bytes = |name: &str| base64::decode(inner[name].as_str().unwrap().as_bytes()).unwrap();
            prop_assert_eq!(bytes("payload"), payload);
            prop_assert_eq!(bytes("content_id"), content_id);
            prop_assert_eq!(inner["provider"].as_str().unwrap(), provider);
            prop_assert_eq!(inner["content_key_specs"].as_array().unwrap().len(), usize::from(count));
        }
    }
}
