//! An opened token in words and in JSON.

use boxoffice_core::Account;
use boxoffice_core::entitlement::{ContentCipher, Entitlement, Extension, Rights, Terms, UnknownOutput};
use drm_primitives::{ContentKey, Kid, base64, hex};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::output_levels;
use crate::console::Console;
use crate::failure::Failure;
use crate::times;

/// A token that was opened, and what belongs to it.
pub struct Description<'a> {
    /// What it grants.
    pub entitlement: &'a Entitlement,
    /// Whose it is, if the account is still there.
    pub account: Option<&'a Account>,
    /// The present.
    pub now: Timestamp,
    /// Whether content keys are shown.
    pub reveal_keys: bool,
}

impl Description<'_> {
    /// As docs/cli.md has it.
    pub fn as_json(&self) -> Value {
        let Entitlement {
            environment,
            account,
            token_id,
            issued_at,
            expires_at,
            one_time,
            cookie,
            address,
            ..
        } = self.entitlement;
        let mut told = json!({
            "drm": self.entitlement.drm().code(),
            "environment": environment.as_str(),
            "account_id": account.0,
            "token_id": token_id.to_string(),
            "issued_at": times::text(*issued_at),
            "expires_at": times::text(*expires_at),
            "expired": self.entitlement.check_time(self.now).is_err(),
            "one_time": one_time,
            "cookie": cookie.as_ref().map(boxoffice_core::entitlement::Cookie::as_str),
            "ip_address": address.map(|network| network.to_string()),
        });
        if let (Value::Object(told), Value::Object(terms)) = (&mut told, self.terms_as_json()) {
            told.extend(terms);
        }
        told
    }

    fn terms_as_json(&self) -> Value {
        match &self.entitlement.terms {
            Terms::ClearKey(terms) => {
                json!({ "keys": terms.keys.iter().map(|key| self.key(Some(key.kid), &key.key, json!({}))).collect::<Vec<_>>() })
            }
            Terms::FairPlay(terms) => {
                let more = json!({ "iv": hex::encode(&terms.key.iv), "track_type": terms.key.track.label() });
                json!({
                    "rental_duration": terms.rental_duration,
                    "extensions": extensions(&terms.extensions),
                    "keys": [self.key(terms.key.kid, &terms.key.key, more)],
                })
            }
            Terms::PlayReady(terms) => {
                let key = |key: &boxoffice_core::entitlement::PlayReadyKey| {
                    let more = json!({
                        "alg_id": key.cipher.map(cipher_name),
                        "min_cert_security_level": key.min_security_level,
                    });
                    self.key(Some(key.kid), &key.key, more)
                };
                let (rights_type, end, play_duration) = match terms.rights {
                    Rights::BuyToOwn => ("BuyToOwn", None, None),
                    Rights::Rental { end, play_duration } => {
                        ("Rental", Some(times::text(end)), play_duration)
                    }
                };
                let levels = &terms.output_protection;
                json!({
                    "persistent": terms.persistent,
                    "rights_type": rights_type,
                    "rental_period_end_time": end,
                    "rental_play_duration": play_duration,
                    "analog_video_opl": levels.analog_video,
                    "compressed_digital_audio_opl": levels.compressed_digital_audio,
                    "compressed_digital_video_opl": levels.compressed_digital_video,
                    "uncompressed_digital_audio_opl": levels.uncompressed_digital_audio,
                    "uncompressed_digital_video_opl": levels.uncompressed_digital_video,
                    "unknown_output_behavior": unknown_output_name(terms.unknown_output),
                    "output_control_flags": format!("{:08x}", terms.output_control_flags),
                    "extensions": extensions(terms.extension.as_slice()),
                    "device_id": terms.device_id.map(|id| hex::encode(&id)),
                    "warnings": output_levels::warnings(levels),
                    "keys": terms.keys.iter().map(key).collect::<Vec<_>>(),
                })
            }
            Terms::Widevine(terms) => {
                let key = |key: &boxoffice_core::entitlement::WidevineKey| {
                    let more = json!({
                        "security_level": key.security_level.number(),
                        "hdcp_output_control": key.hdcp.number(),
                        "track_type": key.track.label(),
                    });
                    self.key(Some(key.kid), &key.key, more)
                };
                json!({
                    "persistent": terms.persistent,
                    "content_id": terms.content_id,
                    "license_duration": terms.licence_duration,
                    "rental_duration": terms.rental_duration,
                    "user_id": terms.stream.as_ref().map(|stream| &stream.user_id),
                    "max_streams": terms.stream.as_ref().and_then(|stream| stream.max),
                    "extensions": extensions(&terms.extensions),
                    "keys": terms.keys.iter().map(key).collect::<Vec<_>>(),
                })
            }
        }
    }

    fn key(&self, kid: Option<Kid>, key: &ContentKey, more: Value) -> Value {
        let mut told = Map::new();
        told.insert("kid".to_owned(), kid.map_or(Value::Null, |kid| kid.to_hex().into()));
        if let Value::Object(more) = more {
            told.extend(more);
        }
        if self.reveal_keys {
            told.insert("content_key".to_owned(), hex::encode(key.expose()).into());
        }
        Value::Object(told)
    }

    /// What it grants, until when, to whom.
    pub fn write(&self, console: Console<'_>) -> Result<(), Failure> {
        let Entitlement {
            environment,
            account,
            token_id,
            issued_at,
            expires_at,
            one_time,
            cookie,
            address,
            ..
        } = self.entitlement;
        let name = self.account.map_or("which is no longer there", |account| &account.name);
        let drm = self.entitlement.drm();
        writeln!(console, "a {drm} token of the {environment} environment, for account {account} ({name})")?;
        writeln!(console, "  number    {token_id}")?;
        writeln!(console, "  issued    {}", times::text(*issued_at))?;
        writeln!(console, "  good      {}", self.validity(*expires_at))?;
        writeln!(console, "  redeemed  {}", if *one_time { "once" } else { "any number of times" })?;
        if let Some(network) = address {
            writeln!(console, "  from      {network} alone")?;
        }
        if let Some(cookie) = cookie {
            writeln!(console, "  cookie    {}", cookie.as_str())?;
        }
        for line in self.terms() {
            writeln!(console, "  {line}")?;
        }
        Ok(())
    }

    fn validity(&self, expires_at: Timestamp) -> String {
        let left = expires_at.as_second() - self.now.as_second();
        let distance = times::duration(left.unsigned_abs());
        let until = times::text(expires_at);
        if left > 0 {
            format!("until {until}, for another {distance}")
        } else {
            format!("no more: expired at {until}, {distance} ago")
        }
    }

    fn terms(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match &self.entitlement.terms {
            Terms::ClearKey(terms) => {
                lines.extend(terms.keys.iter().map(|key| self.key_line(Some(key.kid), &key.key, "")));
            }
            Terms::FairPlay(terms) => {
                if terms.rental_duration > 0 {
                    lines.push(format!("lease     {}", times::duration(terms.rental_duration.into())));
                }
                lines.extend(extension_lines(&terms.extensions));
                let more = format!("{}, IV {}", terms.key.track.label(), hex::encode(&terms.key.iv));
                lines.push(self.key_line(terms.key.kid, &terms.key.key, &more));
            }
            Terms::PlayReady(terms) => {
                lines.push(format!("licence   {}", stored(terms.persistent)));
                match terms.rights {
                    Rights::BuyToOwn => lines.push("rights    BuyToOwn, without a limit of time".to_owned()),
                    Rights::Rental { end, play_duration } => {
                        let play = play_duration.map(|seconds| {
                            format!(", and {} after the first play", times::duration(seconds.into()))
                        });
                        lines.push(format!(
                            "rights    Rental until {}{}",
                            times::text(end),
                            play.unwrap_or_default()
                        ));
                    }
                }
                let levels = &terms.output_protection;
                lines.push(format!(
                    "outputs   analog video {}, compressed audio {} and video {}, uncompressed audio {} and video {}; unknown ones: {}",
                    levels.analog_video,
                    levels.compressed_digital_audio,
                    levels.compressed_digital_video,
                    levels.uncompressed_digital_audio,
                    levels.uncompressed_digital_video,
                    unknown_output_name(terms.unknown_output),
                ));
                let warnings = output_levels::warnings(levels).into_iter();
                lines.extend(warnings.map(|warning| format!("warning   {warning}")));
                if terms.output_control_flags != 0 {
                    lines.push(format!("flags     outputControlFlags {:08x}", terms.output_control_flags));
                }
                lines.extend(terms.device_id.map(|id| format!("device    {} alone", hex::encode(&id))));
                lines.extend(extension_lines(terms.extension.as_slice()));
                for key in &terms.keys {
                    let cipher = key.cipher.map_or("as the challenge says", cipher_name);
                    let more = format!("level {} at least, cipher {cipher}", key.min_security_level);
                    lines.push(self.key_line(Some(key.kid), &key.key, &more));
                }
            }
            Terms::Widevine(terms) => {
                lines.push(format!("licence   {}", stored(terms.persistent)));
                let limit = |seconds: Option<u32>| seconds.map(|seconds| times::duration(seconds.into()));
                let playback =
                    limit(terms.licence_duration).map(|limit| format!("{limit} from the first play"));
                lines.push(format!(
                    "playback  {}",
                    playback.unwrap_or_else(|| "without a limit of time".to_owned())
                ));
                lines.extend(
                    limit(terms.rental_duration)
                        .map(|limit| format!("rental    {limit} to start playing in")),
                );
                lines.extend(terms.content_id.as_ref().map(|id| format!("content   {id}")));
                if let Some(stream) = &terms.stream {
                    let max = stream.max.map_or("as the account says".to_owned(), |max| max.to_string());
                    lines.push(format!("viewer    {}, streams at once: {max}", stream.user_id));
                }
                lines.extend(extension_lines(&terms.extensions));
                for key in &terms.keys {
                    let (level, hdcp) = (key.security_level, key.hdcp);
                    let more = format!("{}, {}, {}", key.track.label(), level.name(), hdcp.name());
                    lines.push(self.key_line(Some(key.kid), &key.key, &more));
                }
            }
        }
        lines
    }

    fn key_line(&self, kid: Option<Kid>, key: &ContentKey, more: &str) -> String {
        let kid = kid.map_or_else(|| "without a KID".to_owned(), |kid| kid.to_hex());
        let mut line = format!("key       {kid}");
        if !more.is_empty() {
            line = format!("{line}: {more}");
        }
        if self.reveal_keys {
            line = format!("{line}, content key {}", hex::encode(key.expose()));
        }
        line
    }
}

const fn stored(persistent: bool) -> &'static str {
    if persistent { "may be stored" } else { "for streaming, may not be stored" }
}

const fn cipher_name(cipher: ContentCipher) -> &'static str {
    match cipher {
        ContentCipher::AesCbc => "aescbc",
        ContentCipher::AesCtr => "aesctr",
    }
}

const fn unknown_output_name(behavior: UnknownOutput) -> &'static str {
    match behavior {
        UnknownOutput::Allow => "Allow",
        UnknownOutput::Disallow => "Disallow",
        UnknownOutput::SdOnly => "SDOnly",
    }
}

fn extensions(extensions: &[Extension]) -> Vec<Value> {
    let one = |extension: &Extension| json!({ "type": extension.kind, "payload": base64::encode(&extension.payload) });
    extensions.iter().map(one).collect()
}

fn extension_lines(extensions: &[Extension]) -> impl Iterator<Item = String> {
    extensions
        .iter()
        .map(|extension| format!("extension {}, {} bytes", extension.kind, extension.payload.len()))
}
