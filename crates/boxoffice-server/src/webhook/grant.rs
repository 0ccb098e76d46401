//! A grant as the handler reads it (playready.md, section 9.2).

use std::borrow::Cow;

use boxoffice_core::entitlement::Entitlement;
use drm_primitives::{Kek, Kid, base64};
use jiff::Timestamp;
use playready::LicencePolicy;
use playready::policy::{ExplicitOutput, Extension};
use serde::{Serialize, Serializer};
use zeroize::Zeroizing;

use super::entitled::Entitled;
use crate::request_id::RequestId;

/// A grant in its two halves, each a JSON object. Between them stands the number of its record, which is known only
/// once the record is durable.
#[derive(Eq, PartialEq)]
pub(super) struct GrantText {
    /// Up to `tokenId`.
    pub head: Zeroizing<Vec<u8>>,
    /// From `account` on, with the keys.
    pub tail: Zeroizing<Vec<u8>>,
}

impl GrantText {
    /// Writes everything but the number of the record.
    pub fn new(entitled: &Entitled, wrap_key: Option<&Kek>, request_id: RequestId) -> Self {
        let Entitlement { token_id, account, cookie, .. } = &entitled.admitted.entitlement;
        let head =
            Head { decision: "grant", request_id: request_id.as_str(), token_id: token_id.to_string() };
        let tail = Tail {
            account: account.0,
            cookie: cookie.as_ref().map(boxoffice_core::entitlement::Cookie::as_str),
            // From SDK 4.7 on; before, licences that are stored are signed anyway (section 5).
            force_signature: true,
            licenses: entitled.policies.iter().map(|policy| License::new(policy, wrap_key)).collect(),
            withheld: withheld(entitled),
        };
        let payload =
            |policy: &LicencePolicy| policy.extension.as_ref().map_or(0, |extension| extension.payload.len());
        let room: usize = entitled.policies.iter().map(|policy| 2_048 + 2 * payload(policy)).sum();
        Self { head: json(&head, 256), tail: json(&tail, 4_096 + room) }
    }

    /// The body of the answer.
    pub fn with_record(&self, number: u64) -> Zeroizing<Vec<u8>> {
        let mut body = Zeroizing::new(Vec::with_capacity(self.head.len() + self.tail.len() + 32));
        body.extend_from_slice(self.head.strip_suffix(b"}").unwrap_or(&self.head));
        body.extend_from_slice(format!(",\"recordId\":{number},").as_bytes());
        body.extend_from_slice(self.tail.strip_prefix(b"{").unwrap_or(&self.tail));
        body
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    decision: &'a str,
    request_id: &'a str,
    token_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tail<'a> {
    account: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    cookie: Option<&'a str>,
    force_signature: bool,
    licenses: Vec<License<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    withheld: Vec<WithheldKey>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct License<'a> {
    kid: String,
    kid_guid: String,
    #[serde(flatten)]
    key: Key,
    alg_id: &'a str,
    minimum_security_level: u16,
    persistent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    begin_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_after_first_play: Option<u32>,
    opl: Levels,
    play_enablers: Vec<String>,
    explicit_outputs: Vec<Output<'a>>,
    output_control_flags: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<ExtensionText<'a>>,
}

/// One member, by one of two names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Key {
    ContentKey(KeyText),
    WrappedKey(String),
}

/// A content key in base64.
struct KeyText(Zeroizing<String>);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Levels {
    compressed_digital_video: u16,
    uncompressed_digital_video: u16,
    analog_video: u16,
    compressed_digital_audio: u16,
    uncompressed_digital_audio: u16,
}

#[derive(Serialize)]
struct Output<'a> {
    #[serde(rename = "output")]
    kind: &'a str,
    guid: String,
    data: String,
}

#[derive(Serialize)]
struct ExtensionText<'a> {
    r#type: Cow<'a, str>,
    id: u32,
    guid: String,
    payload: String,
}

#[derive(Serialize)]
struct WithheldKey {
    kid: String,
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<u32>,
}

impl Serialize for KeyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'a> License<'a> {
    fn new(policy: &'a LicencePolicy, wrap_key: Option<&Kek>) -> Self {
        let levels = &policy.output_protection;
        Self {
            kid: policy.kid.to_hex(),
            kid_guid: policy.kid.to_guid_text(),
            key: match wrap_key {
                None => Key::ContentKey(KeyText(Zeroizing::new(base64::encode(policy.content_key.expose())))),
                Some(kek) => Key::WrappedKey(base64::encode(kek.wrap(&policy.content_key).as_bytes())),
            },
            alg_id: policy.algorithm.name(),
            minimum_security_level: policy.minimum_security_level.number(),
            persistent: policy.persistent,
            begin_date: policy.begin_date.map(time),
            expiration_date: policy.expiration_date.map(time),
            expiration_after_first_play: policy.expiration_after_first_play,
            opl: Levels {
                compressed_digital_video: levels.compressed_digital_video,
                uncompressed_digital_video: levels.uncompressed_digital_video,
                analog_video: levels.analog_video,
                compressed_digital_audio: levels.compressed_digital_audio,
                uncompressed_digital_audio: levels.uncompressed_digital_audio,
            },
            play_enablers: policy.play_enablers.iter().map(ToString::to_string).collect(),
            explicit_outputs: policy.explicit_outputs.iter().map(Output::new).collect(),
            output_control_flags: format!("{:08x}", policy.output_control_flags),
            extension: policy.extension.as_ref().map(ExtensionText::new),
        }
    }
}

impl<'a> Output<'a> {
    fn new(output: &'a ExplicitOutput) -> Self {
        Self { kind: output.output.name(), guid: output.guid.to_string(), data: base64::encode(&output.data) }
    }
}

impl<'a> ExtensionText<'a> {
    fn new(extension: &'a Extension) -> Self {
        Self {
            r#type: String::from_utf8_lossy(&extension.kind),
            id: extension.id(),
            guid: extension.guid().to_string(),
            payload: base64::encode(&extension.payload),
        }
    }
}

/// Keys that need a better device, and KIDs that the token does not have.
fn withheld(entitled: &Entitled) -> Vec<WithheldKey> {
    let levels = entitled.withheld.iter().map(|withheld| WithheldKey {
        kid: withheld.kid.to_hex(),
        reason: "security-level",
        required: Some(withheld.required.number()),
        device: Some(withheld.device),
    });
    let missing = |kid: &Kid| WithheldKey {
        kid: kid.to_hex(),
        reason: "kid-not-granted",
        required: None,
        device: None,
    };
    levels.chain(entitled.not_granted.iter().map(missing)).collect()
}

/// Whole seconds, in `Z`.
fn time(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds);
    time.expect("a rental's times were times when the token and the question were read").to_string()
}

/// JSON in a buffer with room enough: one that grows leaves keys behind where it was.
fn json(value: &impl Serialize, room: usize) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer(&mut *text, value).expect("texts and numbers make JSON");
    text
}
