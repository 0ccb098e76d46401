//! The one table from policy to XMR (sections 7 and 8), in the order of section 7.

use aws_lc_rs::cmac;
use zeroize::Zeroizing;

use super::{CIPHER_ECC_256, MAGIC, ObjectKind, SIGNATURE_LENGTH, VERSION, device_key, signature};
use crate::curve::PublicKey;
use crate::elgamal::CIPHERTEXT_LENGTH;
use crate::policy::{LicencePolicy, OutputKind};

/// An end or a begin that is open.
const OPEN_BEGIN: u32 = 0;
const OPEN_END: u32 = u32::MAX;

/// What a licence has beside its policy.
pub(crate) struct Content<'a> {
    /// `RightsID`.
    pub(crate) rights_id: [u8; 16],
    /// Unix seconds.
    pub(crate) issued: i64,
    /// CI ‖ CK as a point, encrypted to `device_key`.
    pub(crate) encrypted_key: [u8; CIPHERTEXT_LENGTH],
    /// The leaf's `ENCRYPT_KEY`.
    pub(crate) device_key: &'a PublicKey,
    /// CI.
    pub(crate) integrity_key: &'a [u8; 16],
}

/// Writes a licence.
pub(crate) fn write(policy: &LicencePolicy, content: &Content<'_>) -> Vec<u8> {
    let mut writer = Writer { bytes: Vec::with_capacity(512) };
    writer.bytes.extend(MAGIC);
    writer.bytes.extend(VERSION.to_be_bytes());
    writer.bytes.extend(content.rights_id);
    writer.object(ObjectKind::Outer, |outer| {
        outer.object(ObjectKind::GlobalPolicy, |global| global_policy(global, policy, content.issued));
        // There even when nothing is in it: without it there is no right to play.
        outer.object(ObjectKind::PlayPolicy, |play| play_policy(play, policy));
        outer.object(ObjectKind::KeyMaterial, |keys| key_material(keys, policy, content));
        outer.object(ObjectKind::Signature, |object| {
            object.numbers(&[signature::CMAC, signature::LENGTH]);
            object.bytes.extend([0; signature::LENGTH as usize]);
        });
    });
    // The outer length counts the signature already, so the CMAC can only come now.
    let mut bytes = writer.bytes;
    let signed = bytes.len().saturating_sub(SIGNATURE_LENGTH);
    let tag = {
        let covered = bytes.get(..signed).unwrap_or_default();
        let key = Zeroizing::new(*content.integrity_key);
        cmac::Key::new(cmac::AES_128, key.as_slice())
            .and_then(|key| cmac::sign(&key, covered))
            .expect("a key of 16 bytes signs any message")
    };
    let place = bytes.len().saturating_sub(signature::LENGTH.into());
    for (byte, signed) in bytes.iter_mut().skip(place).zip(tag.as_ref()) {
        *byte = *signed;
    }
    bytes
}

fn global_policy(global: &mut Writer, policy: &LicencePolicy, issued: i64) {
    if !policy.persistent {
        global.object(ObjectKind::RightsSettings, |object| object.numbers(&[1]));
    }
    if policy.begin_date.is_some() || policy.expiration_date.is_some() {
        global.object(ObjectKind::Expiration, |object| {
            object.time(policy.begin_date.unwrap_or(OPEN_BEGIN.into()));
            object.time(policy.expiration_date.unwrap_or(OPEN_END.into()));
        });
    }
    if let Some(seconds) = policy.expiration_after_first_play {
        global.object(ObjectKind::ExpirationAfterFirstPlay, |object| {
            object.bytes.extend(seconds.to_be_bytes());
        });
    }
    global.object(ObjectKind::IssueDate, |object| object.time(issued));
    if let Some(extension) = &policy.extension {
        global.object(ObjectKind::PolicyMetadata, |object| {
            object.bytes.extend(extension.guid().wire_bytes());
            object.bytes.extend(&extension.payload);
        });
    }
    global.object(ObjectKind::SecurityLevel, |object| {
        object.numbers(&[policy.minimum_security_level.number()]);
    });
    global.object(ObjectKind::Embedding, |object| object.numbers(&[1]));
}

fn play_policy(play: &mut Writer, policy: &LicencePolicy) {
    let levels = &policy.output_protection;
    play.object(ObjectKind::OutputProtection, |object| {
        object.numbers(&[
            levels.compressed_digital_video,
            levels.uncompressed_digital_video,
            levels.analog_video,
            levels.compressed_digital_audio,
            levels.uncompressed_digital_audio,
        ]);
    });
    for output in OutputKind::ALL {
        let (container, member) = match output {
            OutputKind::AnalogVideo => (ObjectKind::ExplicitAnalogVideo, ObjectKind::AnalogVideoOutput),
            OutputKind::DigitalAudio => (ObjectKind::ExplicitDigitalAudio, ObjectKind::DigitalAudioOutput),
            OutputKind::DigitalVideo => (ObjectKind::ExplicitDigitalVideo, ObjectKind::DigitalVideoOutput),
        };
        let protections = || policy.explicit_outputs.iter().filter(|explicit| explicit.output == output);
        // Several parsers lose their place at an empty container.
        if protections().next().is_none() {
            continue;
        }
        play.object(container, |container| {
            for protection in protections() {
                container.object(member, |object| {
                    object.bytes.extend(protection.guid.wire_bytes());
                    object.bytes.extend(&protection.data);
                });
            }
        });
    }
    if !policy.play_enablers.is_empty() {
        play.object(ObjectKind::PlayEnablers, |container| {
            for enabler in &policy.play_enablers {
                container.object(ObjectKind::PlayEnabler, |object| object.bytes.extend(enabler.wire_bytes()));
            }
        });
    }
}

fn key_material(keys: &mut Writer, policy: &LicencePolicy, content: &Content<'_>) {
    keys.object(ObjectKind::ContentKey, |object| {
        object.bytes.extend(policy.kid.guid_bytes());
        // 128 as the number it is on the wire.
        object.numbers(&[policy.algorithm.key_type(), CIPHER_ECC_256, 128]);
        object.bytes.extend(content.encrypted_key);
    });
    keys.object(ObjectKind::DeviceKey, |object| {
        object.numbers(&[device_key::CURVE, device_key::LENGTH]);
        object.bytes.extend(content.device_key.as_bytes());
    });
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Writes an object around what `body` writes.
    fn object(&mut self, kind: ObjectKind, body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.numbers(&[kind.flags(), kind.code(), 0, 0]);
        body(self);
        let length = u32::try_from(self.bytes.len() - start).expect("a licence is a few hundred bytes long");
        for (byte, patched) in self.bytes.iter_mut().skip(start + 4).zip(length.to_be_bytes()) {
            *byte = patched;
        }
    }

    fn numbers(&mut self, numbers: &[u16]) {
        for number in numbers {
            self.bytes.extend(number.to_be_bytes());
        }
    }

    /// Unix seconds in 32 bits: what is before 1970 is open, what is after 2106 too.
    fn time(&mut self, time: i64) {
        let time = u32::try_from(time).unwrap_or(if time < 0 { OPEN_BEGIN } else { OPEN_END });
        self.bytes.extend(time.to_be_bytes());
    }
}
