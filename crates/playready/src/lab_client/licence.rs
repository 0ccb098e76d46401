//! Reads a licence, strictly, and writes it anew: what comes out has to be what came in.

use drm_primitives::Kid;

use super::cursor::Cursor;
use crate::guid::Guid;
use crate::policy::{ExplicitOutput, LicencePolicy, OutputKind};
use crate::xmr::{CIPHER_ECC_256, ObjectKind};

/// What a licence says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadLicence {
    /// `RightsID`.
    pub rights_id: [u8; 16],
    /// Its terms.
    pub policy: ReadPolicy,
    /// When it was issued, unix seconds.
    pub issued: u32,
    /// Which key.
    pub kid: Kid,
    /// 1 AES-CTR, 5 AES-CBC.
    pub key_type: u16,
    /// C1‖C2.
    pub encrypted_key: [u8; 128],
    /// The device's key, X‖Y.
    pub device_key: [u8; 64],
    /// CMAC.
    pub signature: [u8; 16],
}

/// The terms of a licence, as they are on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadPolicy {
    /// Whether it may be stored: no 0D.
    pub persistent: bool,
    /// 12: begin and end, unix seconds.
    pub dates: Option<(u32, u32)>,
    /// 30: seconds.
    pub expiration_after_first_play: Option<u32>,
    /// 2C.
    pub metadata: Vec<(Guid, Vec<u8>)>,
    /// 34.
    pub minimum_security_level: u16,
    /// 05, in the order of the wire.
    pub output_protection: [u16; 5],
    /// 08, 31 and 59, in this order.
    pub explicit_outputs: Vec<ExplicitOutput>,
    /// 39.
    pub play_enablers: Vec<Guid>,
}

const EXPLICIT: [(OutputKind, ObjectKind, ObjectKind); 3] = [
    (OutputKind::AnalogVideo, ObjectKind::ExplicitAnalogVideo, ObjectKind::AnalogVideoOutput),
    (OutputKind::DigitalAudio, ObjectKind::ExplicitDigitalAudio, ObjectKind::DigitalAudioOutput),
    (OutputKind::DigitalVideo, ObjectKind::ExplicitDigitalVideo, ObjectKind::DigitalVideoOutput),
];

impl ReadPolicy {
    /// What section 8 demands for a policy.
    #[must_use]
    pub fn demanded_by(policy: &LicencePolicy) -> Self {
        let wire = |time: i64| u32::try_from(time.clamp(0, u32::MAX.into())).unwrap_or_default();
        let dates = match (policy.begin_date, policy.expiration_date) {
            (None, None) => None,
            (begin, end) => Some((begin.map_or(0, wire), end.map_or(u32::MAX, wire))),
        };
        let levels = &policy.output_protection;
        let mut explicit_outputs = policy.explicit_outputs.clone();
        explicit_outputs.sort_by_key(|explicit| EXPLICIT.iter().position(|row| row.0 == explicit.output));
        Self {
            persistent: policy.persistent,
            dates,
            expiration_after_first_play: policy.expiration_after_first_play,
            metadata: policy.extension.iter().map(|own| (own.guid(), own.payload.clone())).collect(),
            minimum_security_level: policy.minimum_security_level.number(),
            output_protection: [
                levels.compressed_digital_video,
                levels.uncompressed_digital_video,
                levels.analog_video,
                levels.compressed_digital_audio,
                levels.uncompressed_digital_audio,
            ],
            explicit_outputs,
            play_enablers: policy.play_enablers.clone(),
        }
    }
}

/// The bytes that the CMAC covers.
pub(super) fn signed_part(licence: &[u8]) -> &[u8] {
    licence.get(..licence.len().saturating_sub(28)).unwrap_or_default()
}

impl ReadLicence {
    /// Reads a licence; `None` for any object, order, flag or length that section 7 does not have.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        if cursor.bytes(8)? != b"XMR\0\0\0\0\x03" {
            return None;
        }
        let rights_id = cursor.fixed()?;
        let mut outer = Cursor(object(&mut cursor, ObjectKind::Outer)?);
        let mut global = Cursor(object(&mut outer, ObjectKind::GlobalPolicy)?);
        let mut play = Cursor(object(&mut outer, ObjectKind::PlayPolicy)?);
        let mut keys = Cursor(object(&mut outer, ObjectKind::KeyMaterial)?);
        let mut signature = Cursor(object(&mut outer, ObjectKind::Signature)?);

        let rights_settings = optional(&mut global, ObjectKind::RightsSettings)?;
        let dates = optional(&mut global, ObjectKind::Expiration)?;
        let first_play = optional(&mut global, ObjectKind::ExpirationAfterFirstPlay)?;
        let issued = object(&mut global, ObjectKind::IssueDate)?;
        let mut metadata = Vec::new();
        while let Some(body) = optional(&mut global, ObjectKind::PolicyMetadata)? {
            let (guid, payload) = body.split_first_chunk()?;
            metadata.push((Guid::from_wire(*guid), payload.to_vec()));
        }
        let level = object(&mut global, ObjectKind::SecurityLevel)?;
        let embedding = object(&mut global, ObjectKind::Embedding)?;

        let mut levels = Cursor(object(&mut play, ObjectKind::OutputProtection)?);
        let output_protection =
            [levels.short()?, levels.short()?, levels.short()?, levels.short()?, levels.short()?];
        let mut explicit_outputs = Vec::new();
        for (output, container, member) in EXPLICIT {
            for body in members(&mut play, container, member)? {
                let (guid, data) = body.split_first_chunk()?;
                explicit_outputs.push(ExplicitOutput {
                    output,
                    guid: Guid::from_wire(*guid),
                    data: data.to_vec(),
                });
            }
        }
        let play_enablers = members(&mut play, ObjectKind::PlayEnablers, ObjectKind::PlayEnabler)?
            .into_iter()
            .map(|body| body.try_into().ok().map(Guid::from_wire))
            .collect::<Option<_>>()?;

        let mut content = Cursor(object(&mut keys, ObjectKind::ContentKey)?);
        let mut device = Cursor(object(&mut keys, ObjectKind::DeviceKey)?);
        let (kid, key_type) = (Kid::from_guid_bytes(content.fixed()?), content.short()?);
        let fixed = [content.short()?, content.short()?, device.short()?, device.short()?];
        let fixed = (fixed, signature.short()?, signature.short()?, rights_settings, embedding);
        let right = rights_settings.is_none_or(|body| body == [0, 1]);
        if !right || fixed != ([CIPHER_ECC_256, 128, 1, 64], 1, 16, rights_settings, &[0, 1]) {
            return None;
        }
        let licence = Self {
            rights_id,
            policy: ReadPolicy {
                persistent: rights_settings.is_none(),
                dates: match dates {
                    Some(body) => Some((number(body.get(..4)?)?, number(body.get(4..)?)?)),
                    None => None,
                },
                expiration_after_first_play: match first_play {
                    Some(body) => Some(number(body)?),
                    None => None,
                },
                metadata,
                minimum_security_level: u16::from_be_bytes(level.try_into().ok()?),
                output_protection,
                explicit_outputs,
                play_enablers,
            },
            issued: number(issued)?,
            kid,
            key_type,
            encrypted_key: content.fixed()?,
            device_key: device.fixed()?,
            signature: signature.fixed()?,
        };
        let all = [cursor, outer, global, play, keys, signature, levels, content, device];
        (all.iter().all(Cursor::done) && licence.write() == bytes).then_some(licence)
    }

    /// The licence written anew.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let policy = &self.policy;
        let mut global = Vec::new();
        if !policy.persistent {
            global.push(wrap(ObjectKind::RightsSettings, &[&[0, 1]]));
        }
        if let Some((begin, end)) = policy.dates {
            global.push(wrap(ObjectKind::Expiration, &[&begin.to_be_bytes(), &end.to_be_bytes()]));
        }
        if let Some(seconds) = policy.expiration_after_first_play {
            global.push(wrap(ObjectKind::ExpirationAfterFirstPlay, &[&seconds.to_be_bytes()]));
        }
        global.push(wrap(ObjectKind::IssueDate, &[&self.issued.to_be_bytes()]));
        for (guid, payload) in &policy.metadata {
            global.push(wrap(ObjectKind::PolicyMetadata, &[&guid.wire_bytes(), payload]));
        }
        global.push(wrap(ObjectKind::SecurityLevel, &[&policy.minimum_security_level.to_be_bytes()]));
        global.push(wrap(ObjectKind::Embedding, &[&[0, 1]]));

        let levels = policy.output_protection.map(u16::to_be_bytes).concat();
        let mut play = vec![wrap(ObjectKind::OutputProtection, &[&levels])];
        for (output, container, member) in EXPLICIT {
            let outputs = policy.explicit_outputs.iter().filter(|explicit| explicit.output == output);
            let inside: Vec<_> = outputs
                .map(|explicit| wrap(member, &[&explicit.guid.wire_bytes(), &explicit.data]))
                .collect();
            if !inside.is_empty() {
                play.push(wrap(container, &[&inside.concat()]));
            }
        }
        let enablers = policy.play_enablers.iter();
        let inside: Vec<_> =
            enablers.map(|guid| wrap(ObjectKind::PlayEnabler, &[&guid.wire_bytes()])).collect();
        if !inside.is_empty() {
            play.push(wrap(ObjectKind::PlayEnablers, &[&inside.concat()]));
        }

        let cipher = [self.key_type, CIPHER_ECC_256, 128].map(u16::to_be_bytes).concat();
        let keys = [
            wrap(ObjectKind::ContentKey, &[&self.kid.guid_bytes(), &cipher, &self.encrypted_key]),
            wrap(ObjectKind::DeviceKey, &[&[0, 1, 0, 64], &self.device_key]),
        ];
        let outer = wrap(
            ObjectKind::Outer,
            &[
                &wrap(ObjectKind::GlobalPolicy, &[&global.concat()]),
                &wrap(ObjectKind::PlayPolicy, &[&play.concat()]),
                &wrap(ObjectKind::KeyMaterial, &[&keys.concat()]),
                &wrap(ObjectKind::Signature, &[&[0, 1, 0, 16], &self.signature]),
            ],
        );
        [b"XMR\0\0\0\0\x03".as_slice(), &self.rights_id, &outer].concat()
    }
}

fn number(body: &[u8]) -> Option<u32> {
    body.try_into().ok().map(u32::from_be_bytes)
}

/// The body of the object that has to come next.
fn object<'a>(cursor: &mut Cursor<'a>, kind: ObjectKind) -> Option<&'a [u8]> {
    if (cursor.short()?, cursor.short()?) != (kind.flags(), kind.code()) {
        return None;
    }
    let length = cursor.size()?.checked_sub(8)?;
    cursor.bytes(length)
}

/// The same, if it comes next at all. The outer `None` is a broken object.
#[expect(clippy::option_option, reason = "broken, absent and present are three things")]
fn optional<'a>(cursor: &mut Cursor<'a>, kind: ObjectKind) -> Option<Option<&'a [u8]>> {
    let next = cursor.0.get(2..4).map(|code| [code.first().copied(), code.last().copied()]);
    let [high, low] = kind.code().to_be_bytes();
    if next == Some([Some(high), Some(low)]) { object(cursor, kind).map(Some) } else { Some(None) }
}

/// The members of a container that may be absent but not empty.
fn members<'a>(cursor: &mut Cursor<'a>, container: ObjectKind, member: ObjectKind) -> Option<Vec<&'a [u8]>> {
    let Some(body) = optional(cursor, container)? else { return Some(Vec::new()) };
    let mut inside = Cursor(body);
    let mut bodies = vec![object(&mut inside, member)?];
    while !inside.done() {
        bodies.push(object(&mut inside, member)?);
    }
    Some(bodies)
}

fn wrap(kind: ObjectKind, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u32::try_from(body.len() + 8).expect("a licence is short");
    [kind.flags().to_be_bytes().as_slice(), &kind.code().to_be_bytes(), &length.to_be_bytes(), &body].concat()
}
