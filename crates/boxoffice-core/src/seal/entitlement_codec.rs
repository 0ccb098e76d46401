//! An entitlement as bytes. The environment is not among them: it is bound to the token by the seal.

use drm_primitives::{ContentKey, Kid};
use ipnet::IpNet;
use jiff::Timestamp;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use zeroize::Zeroizing;

use super::codec::{CodecError, Reader, Writer};
use crate::entitlement::{
    ClearKeyKey, ClearKeyTerms, ContentCipher, Cookie, Entitlement, Extension, FairPlayKey, FairPlayTerms,
    Hdcp, OutputProtectionLevels, PlayReadyKey, PlayReadyTerms, Rights, SecurityLevel, Stream, Terms,
    TokenId, TrackType, UnknownOutput, WidevineKey, WidevineTerms,
};
use crate::{AccountId, Drm, Environment};

// Bits of the flags byte that every entitlement has.
const ONE_TIME: u8 = 1;
const COOKIE: u8 = 2;
const ADDRESS: u8 = 4;

// Bits of Widevine's.
const PERSISTENT: u8 = 1;
const CONTENT_ID: u8 = 2;
const LICENCE_DURATION: u8 = 4;
const RENTAL_DURATION: u8 = 8;
const EXTENSIONS: u8 = 16;
const STREAM: u8 = 32;
const STREAM_MAX: u8 = 64;

// Bits of PlayReady's, beside PERSISTENT.
const RENTAL: u8 = 2;
const PLAY_DURATION: u8 = 4;
const EXTENSION: u8 = 8;
const DEVICE_ID: u8 = 16;

pub(super) fn encode(entitlement: &Entitlement) -> Zeroizing<Vec<u8>> {
    let mut out = Writer::new();
    out.byte(entitlement.drm().number());
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    out.byte(
        flag(entitlement.one_time, ONE_TIME)
            | flag(entitlement.cookie.is_some(), COOKIE)
            | flag(entitlement.address.is_some(), ADDRESS),
    );
    out.integer(u64::from(entitlement.account.0));
    out.bytes(entitlement.token_id.as_bytes());
    write_time(&mut out, entitlement.issued_at);
    let lifetime = entitlement.expires_at.as_second() - entitlement.issued_at.as_second();
    out.integer(lifetime.unsigned_abs());
    if let Some(cookie) = &entitlement.cookie {
        out.counted(cookie.as_str().as_bytes());
    }
    if let Some(network) = &entitlement.address {
        match network.addr() {
            IpAddr::V4(address) => out.counted(&address.octets()),
            IpAddr::V6(address) => out.counted(&address.octets()),
        }
        out.byte(network.prefix_len());
    }
    match &entitlement.terms {
        Terms::ClearKey(terms) => write_clearkey(&mut out, terms),
        Terms::FairPlay(terms) => write_fairplay(&mut out, terms),
        Terms::PlayReady(terms) => write_playready(&mut out, terms),
        Terms::Widevine(terms) => write_widevine(&mut out, terms),
    }
    out.finish()
}

pub(super) fn decode(environment: Environment, body: &[u8]) -> Result<Entitlement, CodecError> {
    let mut body = Reader::new(body);
    let drm = body.byte()?;
    let flags = body.byte()?;
    let account = AccountId(body.number()?);
    let token_id = TokenId::from_bytes(body.array()?);
    let issued = read_time(&mut body)?;
    let lifetime: i64 = body.number()?;
    let expires_at = issued.as_second().checked_add(lifetime).and_then(|at| Timestamp::from_second(at).ok());
    let expires_at = expires_at.ok_or_else(|| body.error())?;
    let cookie = if flags & COOKIE == 0 {
        None
    } else {
        let text = body.text()?;
        Some(Cookie::new(text).ok_or_else(|| body.error())?)
    };
    let address = if flags & ADDRESS == 0 { None } else { Some(read_network(&mut body)?) };
    let terms = match Drm::ALL.into_iter().find(|known| known.number() == drm) {
        Some(Drm::ClearKey) => Terms::ClearKey(read_clearkey(&mut body)?),
        Some(Drm::FairPlay) => Terms::FairPlay(read_fairplay(&mut body)?),
        Some(Drm::PlayReady) => Terms::PlayReady(read_playready(&mut body)?),
        Some(Drm::Widevine) => Terms::Widevine(read_widevine(&mut body)?),
        None => return Err(body.error()),
    };
    body.finish()?;
    Ok(Entitlement {
        environment,
        account,
        token_id,
        issued_at: issued,
        expires_at,
        one_time: flags & ONE_TIME != 0,
        cookie,
        address,
        terms,
    })
}

fn write_time(out: &mut Writer, time: Timestamp) {
    out.integer(u64::try_from(time.as_second()).unwrap_or(0));
}

fn read_time(body: &mut Reader<'_>) -> Result<Timestamp, CodecError> {
    let seconds = body.number()?;
    Timestamp::from_second(seconds).map_err(|_| body.error())
}

fn read_network(body: &mut Reader<'_>) -> Result<IpNet, CodecError> {
    let octets = body.counted()?;
    let address = if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        IpAddr::V4(Ipv4Addr::from(octets))
    } else {
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(octets).map_err(|_| body.error())?))
    };
    let prefix = body.byte()?;
    IpNet::new(address, prefix).map_err(|_| body.error())
}

fn write_key(out: &mut Writer, kid: Kid, key: &ContentKey) {
    out.bytes(kid.as_bytes());
    out.bytes(key.expose());
}

fn read_key(body: &mut Reader<'_>) -> Result<(Kid, ContentKey), CodecError> {
    Ok((Kid::from_bytes(body.array()?), ContentKey::from_bytes(body.array()?)))
}

fn write_extensions(out: &mut Writer, extensions: &[Extension]) {
    out.integer(extensions.len() as u64);
    for extension in extensions {
        write_extension(out, extension);
    }
}

fn write_extension(out: &mut Writer, extension: &Extension) {
    out.counted(extension.kind.as_bytes());
    out.counted(&extension.payload);
}

fn read_extension(body: &mut Reader<'_>) -> Result<Extension, CodecError> {
    Ok(Extension { kind: body.text()?, payload: body.counted()?.to_vec() })
}

fn read_extensions(body: &mut Reader<'_>) -> Result<Vec<Extension>, CodecError> {
    (0..body.integer()?).map(|_| read_extension(body)).collect()
}

fn read_track(number: u8, body: &Reader<'_>) -> Result<TrackType, CodecError> {
    TrackType::from_number(number.into()).ok_or_else(|| body.error())
}

fn write_clearkey(out: &mut Writer, terms: &ClearKeyTerms) {
    out.integer(terms.keys.len() as u64);
    for key in &terms.keys {
        write_key(out, key.kid, &key.key);
    }
}

fn read_clearkey(body: &mut Reader<'_>) -> Result<ClearKeyTerms, CodecError> {
    let keys = (0..body.integer()?).map(|_| read_key(body).map(|(kid, key)| ClearKeyKey { kid, key }));
    Ok(ClearKeyTerms { keys: keys.collect::<Result<_, _>>()? })
}

fn write_fairplay(out: &mut Writer, terms: &FairPlayTerms) {
    out.counted(terms.key.kid.as_ref().map_or(&[][..], |kid| kid.as_bytes()));
    out.bytes(terms.key.key.expose());
    out.bytes(&terms.key.iv);
    out.byte(terms.key.track.number());
    out.integer(terms.rental_duration.into());
    write_extensions(out, &terms.extensions);
}

fn read_fairplay(body: &mut Reader<'_>) -> Result<FairPlayTerms, CodecError> {
    let kid = match body.counted()? {
        [] => None,
        bytes => Some(Kid::from_bytes(bytes.try_into().map_err(|_| body.error())?)),
    };
    let key = ContentKey::from_bytes(body.array()?);
    let iv = body.array()?;
    let track = body.byte()?;
    let track = read_track(track, body)?;
    let rental_duration = body.number()?;
    let extensions = read_extensions(body)?;
    Ok(FairPlayTerms { key: FairPlayKey { kid, key, iv, track }, rental_duration, extensions })
}

fn write_widevine(out: &mut Writer, terms: &WidevineTerms) {
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    let stream_max = terms.stream.as_ref().and_then(|stream| stream.max);
    out.byte(
        flag(terms.persistent, PERSISTENT)
            | flag(terms.content_id.is_some(), CONTENT_ID)
            | flag(terms.licence_duration.is_some(), LICENCE_DURATION)
            | flag(terms.rental_duration.is_some(), RENTAL_DURATION)
            | flag(!terms.extensions.is_empty(), EXTENSIONS)
            | flag(terms.stream.is_some(), STREAM)
            | flag(stream_max.is_some(), STREAM_MAX),
    );
    out.integer(terms.keys.len() as u64);
    for key in &terms.keys {
        write_key(out, key.kid, &key.key);
        out.byte(key.security_level.number() << 4 | key.track.number());
        out.byte(key.hdcp.number());
    }
    if let Some(content_id) = &terms.content_id {
        out.counted(content_id.as_bytes());
    }
    for duration in [terms.licence_duration, terms.rental_duration].into_iter().flatten() {
        out.integer(duration.into());
    }
    if !terms.extensions.is_empty() {
        write_extensions(out, &terms.extensions);
    }
    if let Some(stream) = &terms.stream {
        out.counted(stream.user_id.as_bytes());
        if let Some(max) = stream.max {
            out.byte(max);
        }
    }
}

fn read_widevine(body: &mut Reader<'_>) -> Result<WidevineTerms, CodecError> {
    let flags = body.byte()?;
    let keys = (0..body.integer()?).map(|_| {
        let (kid, key) = read_key(body)?;
        let level_and_track = body.byte()?;
        let hdcp = body.byte()?;
        Ok(WidevineKey {
            kid,
            key,
            security_level: SecurityLevel::from_number(u64::from(level_and_track >> 4))
                .ok_or_else(|| body.error())?,
            hdcp: Hdcp::from_number(hdcp.into()).ok_or_else(|| body.error())?,
            track: read_track(level_and_track & 0x0F, body)?,
        })
    });
    let keys = keys.collect::<Result<_, _>>()?;
    let content_id = if flags & CONTENT_ID == 0 { None } else { Some(body.text()?) };
    let licence_duration = if flags & LICENCE_DURATION == 0 { None } else { Some(body.number()?) };
    let rental_duration = if flags & RENTAL_DURATION == 0 { None } else { Some(body.number()?) };
    let extensions = if flags & EXTENSIONS == 0 { Vec::new() } else { read_extensions(body)? };
    let stream = if flags & STREAM == 0 {
        None
    } else {
        let user_id = body.text()?;
        let max = if flags & STREAM_MAX == 0 { None } else { Some(body.byte()?) };
        Some(Stream { user_id, max })
    };
    Ok(WidevineTerms {
        keys,
        content_id,
        licence_duration,
        rental_duration,
        persistent: flags & PERSISTENT != 0,
        extensions,
        stream,
    })
}

fn write_playready(out: &mut Writer, terms: &PlayReadyTerms) {
    let flag = |on: bool, bit: u8| if on { bit } else { 0 };
    let (end, play_duration) = match terms.rights {
        Rights::BuyToOwn => (None, None),
        Rights::Rental { end, play_duration } => (Some(end), play_duration),
    };
    out.byte(
        flag(terms.persistent, PERSISTENT)
            | flag(end.is_some(), RENTAL)
            | flag(play_duration.is_some(), PLAY_DURATION)
            | flag(terms.extension.is_some(), EXTENSION)
            | flag(terms.device_id.is_some(), DEVICE_ID),
    );
    out.integer(terms.keys.len() as u64);
    for key in &terms.keys {
        write_key(out, key.kid, &key.key);
        out.byte(match key.cipher {
            None => 0,
            Some(ContentCipher::AesCtr) => 1,
            Some(ContentCipher::AesCbc) => 2,
        });
        out.integer(key.min_security_level.into());
    }
    if let Some(end) = end {
        write_time(out, end);
    }
    if let Some(play_duration) = play_duration {
        out.integer(play_duration.into());
    }
    let levels = &terms.output_protection;
    for level in [
        levels.analog_video,
        levels.compressed_digital_audio,
        levels.compressed_digital_video,
        levels.uncompressed_digital_audio,
        levels.uncompressed_digital_video,
    ] {
        out.integer(level.into());
    }
    out.byte(match terms.unknown_output {
        UnknownOutput::Allow => 0,
        UnknownOutput::Disallow => 1,
        UnknownOutput::SdOnly => 2,
    });
    out.bytes(&terms.output_control_flags.to_be_bytes());
    if let Some(extension) = &terms.extension {
        write_extension(out, extension);
    }
    if let Some(device_id) = &terms.device_id {
        out.bytes(device_id);
    }
}

fn read_playready(body: &mut Reader<'_>) -> Result<PlayReadyTerms, CodecError> {
    let flags = body.byte()?;
    let keys = (0..body.integer()?).map(|_| {
        let (kid, key) = read_key(body)?;
        let cipher = match body.byte()? {
            0 => None,
            1 => Some(ContentCipher::AesCtr),
            2 => Some(ContentCipher::AesCbc),
            _ => return Err(body.error()),
        };
        Ok(PlayReadyKey { kid, key, cipher, min_security_level: body.number()? })
    });
    let keys = keys.collect::<Result<_, _>>()?;
    let end = if flags & RENTAL == 0 { None } else { Some(read_time(body)?) };
    let play_duration = if flags & PLAY_DURATION == 0 { None } else { Some(body.number()?) };
    let output_protection = OutputProtectionLevels {
        analog_video: body.number()?,
        compressed_digital_audio: body.number()?,
        compressed_digital_video: body.number()?,
        uncompressed_digital_audio: body.number()?,
        uncompressed_digital_video: body.number()?,
    };
    let unknown_output = match body.byte()? {
        0 => UnknownOutput::Allow,
        1 => UnknownOutput::Disallow,
        2 => UnknownOutput::SdOnly,
        _ => return Err(body.error()),
    };
    let output_control_flags = u32::from_be_bytes(body.array()?);
    let extension = if flags & EXTENSION == 0 { None } else { Some(read_extension(body)?) };
    let device_id = if flags & DEVICE_ID == 0 { None } else { Some(body.array()?) };
    Ok(PlayReadyTerms {
        keys,
        persistent: flags & PERSISTENT != 0,
        rights: end.map_or(Rights::BuyToOwn, |end| Rights::Rental { end, play_duration }),
        output_protection,
        unknown_output,
        output_control_flags,
        extension,
        device_id,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(seconds: u32) -> Timestamp {
        Timestamp::from_second(seconds.into()).unwrap()
    }

    fn extension() -> impl Strategy<Value = Extension> {
        ("[a-z]{4}", any::<Vec<u8>>()).prop_map(|(kind, payload)| Extension { kind, payload })
    }

    fn key() -> impl Strategy<Value = (Kid, ContentKey)> {
        any::<([u8; 16], [u8; 16])>()
            .prop_map(|(kid, key)| (Kid::from_bytes(kid), ContentKey::from_bytes(key)))
    }

    fn widevine() -> impl Strategy<Value = Terms> {
        let key = (key(), 1_u64..=5, 0_u64..=5, 0_u64..=4).prop_map(|((kid, key), level, hdcp, track)| {
            WidevineKey {
                kid,
                key,
                security_level: SecurityLevel::from_number(level).unwrap(),
                hdcp: Hdcp::from_number(hdcp).unwrap(),
                track: TrackType::from_number(track).unwrap(),
            }
        });
        let stream = ("[a-z]{1,64}", any::<Option<u8>>()).prop_map(|(user_id, max)| Stream { user_id, max });
        (
            prop::collection::vec(key, 1..4),
            prop::option::of(".{1,16}"),
            any::<(Option<u32>, Option<u32>, bool)>(),
            prop::collection::vec(extension(), 0..3),
            prop::option::of(stream),
        )
            .prop_map(
                |(keys, content_id, (licence_duration, rental_duration, persistent), extensions, stream)| {
                    Terms::Widevine(WidevineTerms {
                        keys,
                        content_id,
                        licence_duration,
                        rental_duration,
                        persistent,
                        extensions,
                        stream,
                    })
                },
            )
    }

    fn playready() -> impl Strategy<Value = Terms> {
        let cipher =
            prop::sample::select(vec![None, Some(ContentCipher::AesCtr), Some(ContentCipher::AesCbc)]);
        let key = (key(), cipher, prop::sample::select(vec![150, 2000, 3000])).prop_map(
            |((kid, key), cipher, min_security_level)| PlayReadyKey { kid, key, cipher, min_security_level },
        );
        let rental = any::<(u32, Option<u32>)>()
            .prop_map(|(end, play_duration)| Rights::Rental { end: time(end), play_duration });
        (
            prop::collection::vec(key, 1..4),
            prop_oneof![Just(Rights::BuyToOwn), rental],
            any::<(bool, [u16; 5], u32, Option<[u8; 16]>)>(),
            prop::option::of(extension()),
        )
            .prop_map(
                |(keys, rights, (persistent, levels, output_control_flags, device_id), extension)| {
                    Terms::PlayReady(PlayReadyTerms {
                        keys,
                        persistent,
                        rights,
                        output_protection: OutputProtectionLevels {
                            analog_video: levels[0],
                            compressed_digital_audio: levels[1],
                            compressed_digital_video: levels[2],
                            uncompressed_digital_audio: levels[3],
                            uncompressed_digital_video: levels[4],
                        },
                        unknown_output: UnknownOutput::SdOnly,
                        output_control_flags,
                        extension,
                        device_id,
                    })
                },
            )
    }

    fn fairplay() -> impl Strategy<Value = Terms> {
        (key(), any::<(bool, [u8; 16], u32)>(), prop::collection::vec(extension(), 0..3)).prop_map(
            |((kid, key), (named, iv, rental_duration), extensions)| {
                let key = FairPlayKey { kid: named.then_some(kid), key, iv, track: TrackType::Audio };
                Terms::FairPlay(FairPlayTerms { key, rental_duration, extensions })
            },
        )
    }

    fn clearkey() -> impl Strategy<Value = Terms> {
        let key = key().prop_map(|(kid, key)| ClearKeyKey { kid, key });
        prop::collection::vec(key, 1..17).prop_map(|keys| Terms::ClearKey(ClearKeyTerms { keys }))
    }

    pub(in crate::seal) fn entitlement() -> impl Strategy<Value = Entitlement> {
        (
            any::<(u32, [u8; 16], u32, u16, bool)>(),
            prop::option::of("[a-z ]{1,32}"),
            prop::option::of(any::<IpAddr>()),
            prop_oneof![widevine(), playready(), fairplay(), clearkey()],
        )
            .prop_map(|((account, token_id, issued, lifetime, one_time), cookie, address, terms)| {
                Entitlement {
                    environment: Environment::Test,
                    account: AccountId(account),
                    token_id: TokenId::from_bytes(token_id),
                    issued_at: time(issued),
                    expires_at: Timestamp::from_second(i64::from(issued) + i64::from(lifetime)).unwrap(),
                    one_time,
                    cookie: cookie.and_then(Cookie::new),
                    address: address.map(IpNet::from),
                    terms,
                }
            })
    }

    proptest! {
        #[test]
        fn every_entitlement_reads_back(entitlement in entitlement()) {
            prop_assert_eq!(decode(Environment::Test, &encode(&entitlement)), Ok(entitlement));
        }

        #[test]
        fn a_tail_or_a_missing_byte_is_refused(entitlement in entitlement()) {
            let mut body = encode(&entitlement).to_vec();
            prop_assert!(decode(Environment::Test, &body[..body.len() - 1]).is_err());
            body.push(0);
            prop_assert!(decode(Environment::Test, &body).is_err());
        }

        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = decode(Environment::Test, &body);
        }
    }
}
