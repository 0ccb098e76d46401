//! The keys that a token request names: one, or several by index (token-api.md, sections 4 and 11).

use std::borrow::Cow;

use drm_primitives::{ContentKey, ContentKeyError, Kek, Kid, KidError, WrappedKey};

use super::value::{one, quote};
use crate::{Drm, Event, Parameters, Refusal};

/// The most keys that one token carries; indices go from 0 to one below.
const MOST: u8 = 16;

/// Every parameter that may have an index.
const INDEXED: [&str; 10] = [
    "kid",
    "contentKey",
    "kek",
    "ek",
    "iv",
    "algId",
    "securityLevel",
    "hdcpOutputControl",
    "trackType",
    "minCertSecurityLevel",
];

/// One of the keys that a token request names.
#[derive(Debug)]
pub struct KeyRequest {
    /// Its index, `None` where the plain names are used.
    pub index: Option<u8>,
    /// Its name; only FairPlay does without.
    pub kid: Option<Kid>,
    /// Where the key comes from, or why there is none. It is a refusal to be reported in the order of the
    /// indices, among the refusals of the key storage.
    pub source: Result<KeySource, Refusal>,
}

/// Where a key comes from.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// The request itself.
    Given(ContentKey),
    /// The key storage, under the KID.
    Stored {
        /// Whose key.
        kid: Kid,
        /// What opens it; `None`: the service itself holds the key.
        kek: Option<Kek>,
    },
}

/// A key that was asked for, with what was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RequestedKey {
    /// Its index, `None` where the plain names are used.
    pub index: Option<u8>,
    /// Its name.
    pub kid: Option<Kid>,
    /// The key.
    pub key: ContentKey,
}

/// The keys of one token, each KID once, by index.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keys(Vec<RequestedKey>);

impl KeyRequest {
    /// Reads the keys that a request names: first every KID, then the material of each.
    ///
    /// # Errors
    /// -4018, -4020, -4021, -4022 for KIDs; -6005 (PlayReady -2005) for an index over 15, and for a FairPlay
    /// index over 0. What is wrong with the material is in [`KeyRequest::source`].
    pub fn parse_all(parameters: &Parameters, drm: Drm) -> Result<Vec<Self>, Refusal> {
        let of = |index, kid| Self { index, kid, source: source(parameters, drm, index, kid) };
        let indices = indices(parameters, drm)?;
        if indices.is_empty() {
            // The plain names are a key of their own.
            return Ok(vec![of(None, kid(parameters, drm, None)?)]);
        }
        let mut requests = Vec::with_capacity(indices.len());
        for &index in &indices {
            requests.push((Some(index), kid(parameters, drm, Some(index))?));
        }
        Ok(requests.into_iter().map(|(index, kid)| of(index, kid)).collect())
    }

    /// The name of a parameter of this key for an error: with the index, where it has one.
    #[must_use]
    pub fn name(&self, parameter: &'static str) -> Cow<'static, str> {
        indexed_name(parameter, self.index)
    }
}

impl Keys {
    /// Takes the keys as they were found, by index.
    ///
    /// # Errors
    /// -4022 where one KID is given under two indices with different keys; the same key twice is one.
    pub fn collect(found: Vec<RequestedKey>) -> Result<Self, Refusal> {
        let mut keys: Vec<RequestedKey> = Vec::with_capacity(found.len());
        for key in found {
            match keys.iter().find(|other| key.kid.is_some() && other.kid == key.kid) {
                None => keys.push(key),
                Some(other) if other.key == key.key => {}
                Some(other) => {
                    let name = indexed_name("kid", key.index);
                    let first = indexed_name("kid", other.index);
                    let hint = format!("{name} is the KID of {first} with another key; a KID has one key");
                    return Err(Refusal::new(Event::KidInvalid, hint).parameter(name));
                }
            }
        }
        Ok(Self(keys))
    }

    /// The keys, by index.
    #[must_use]
    pub fn as_slice(&self) -> &[RequestedKey] {
        &self.0
    }
}

/// `kid`, or `kid.3`.
pub(super) fn indexed_name(parameter: &'static str, index: Option<u8>) -> Cow<'static, str> {
    index.map_or(Cow::Borrowed(parameter), |index| Cow::Owned(format!("{parameter}.{index}")))
}

/// A parameter of one index: its own, or else the plain one, which is the default for every index. With the
/// name under which it came, or would have.
pub(super) fn of_index<'a>(
    parameters: &'a Parameters,
    parameter: &'static str,
    index: Option<u8>,
    invalid: Event,
) -> Result<(Cow<'static, str>, Option<&'a [u8]>), Refusal> {
    let name = indexed_name(parameter, index);
    if let Some(value) = one(parameters, &name, invalid)? {
        return Ok((name, Some(value)));
    }
    match index {
        None => Ok((name, None)),
        Some(_) => Ok(match one(parameters, parameter, invalid)? {
            Some(value) => (Cow::Borrowed(parameter), Some(value)),
            None => (name, None),
        }),
    }
}

/// The indices that any indexed parameter names, ascending.
fn indices(parameters: &Parameters, drm: Drm) -> Result<Vec<u8>, Refusal> {
    let (event, most) = match drm {
        Drm::PlayReady => (Event::ContentKey, MOST),
        Drm::FairPlay => (Event::KeyData, 1),
        Drm::ClearKey | Drm::Widevine => (Event::KeyData, MOST),
    };
    let mut indices = Vec::new();
    for name in parameters.names() {
        let Some(index) = index_of(name) else { continue };
        match u8::try_from(index) {
            Ok(index) if index < most => indices.push(index),
            _ => {
                let name = String::from_utf8_lossy(name).into_owned();
                let hint =
                    format!("{name} has index {index}, and the highest of a {drm} token is {}", most - 1);
                return Err(Refusal::new(event, hint).parameter(name));
            }
        }
    }
    indices.sort_unstable();
    indices.dedup();
    Ok(indices)
}

/// The index in `kid.3`. Leading zeros make it an unknown parameter.
fn index_of(name: &[u8]) -> Option<u64> {
    if !name.contains(&b'.') {
        return None;
    }
    let (name, index) = std::str::from_utf8(name).ok()?.split_once('.')?;
    if !INDEXED.contains(&name) || index.len() > 1 && index.starts_with('0') {
        return None;
    }
    // An index of more digits than a number takes is over the limit all the same.
    let digits = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| index.parse().unwrap_or(u64::MAX))
}

fn kid(parameters: &Parameters, drm: Drm, index: Option<u8>) -> Result<Option<Kid>, Refusal> {
    let (name, value) = of_index(parameters, "kid", index, Event::KidInvalid)?;
    let Some(value) = value else {
        if drm == Drm::FairPlay {
            return Ok(None);
        }
        let hint = format!("{name} is missing: give 32 hex digits, or ^ and a name");
        return Err(Refusal::new(Event::KidMissing, hint).parameter(name));
    };
    Kid::parse(value).map(Some).map_err(|error| {
        let event = match error {
            KidError::Length { .. } => Event::KidLength,
            KidError::NameTooLong { .. } => Event::KidNameTooLong,
            KidError::EmptyName | KidError::NameNotUtf8 | KidError::NotHex { .. } => Event::KidInvalid,
        };
        Refusal::new(event, format!("{name} is {}: {error}", quote(value))).parameter(name)
    })
}

fn source(
    parameters: &Parameters,
    drm: Drm,
    index: Option<u8>,
    kid: Option<Kid>,
) -> Result<KeySource, Refusal> {
    let (content_key_name, content_key) = of_index(parameters, "contentKey", index, Event::ContentKey)?;
    let (kek_name, kek) = of_index(parameters, "kek", index, Event::EncryptedKeyOrKek)?;
    let (ek_name, ek) = of_index(parameters, "ek", index, Event::EncryptedKeyOrKek)?;
    let refuse =
        |event, name: &str, hint: String| Err::<KeySource, _>(Refusal::new(event, hint).parameter(name));
    match (content_key, kek, ek) {
        (Some(_), Some(_), _) => {
            let event = if drm == Drm::PlayReady { Event::KekAndContentKey } else { Event::KeyData };
            refuse(
                event,
                &content_key_name,
                format!("{content_key_name} and {kek_name} are both given; give one of them"),
            )
        }
        (_, None, Some(_)) => {
            let event = if drm == Drm::FairPlay { Event::KeyData } else { Event::EncryptedKeyOrKek };
            refuse(
                event,
                &ek_name,
                format!("{ek_name} needs the kek that opens it, and {kek_name} is missing"),
            )
        }
        (Some(content_key), None, None) => given(&content_key_name, content_key).map(KeySource::Given),
        (None, Some(_), Some(_)) if drm == Drm::FairPlay && kid.is_some() => refuse(
            Event::KeyData,
            &ek_name,
            "kek comes with exactly one of kid and ek, and both are given".to_owned(),
        ),
        (None, Some(kek), Some(ek)) => {
            let kek = parse_kek(&kek_name, kek)?;
            let refuse_ek = |hint: String| {
                Refusal::new(Event::EncryptedKeyOrKek, format!("{ek_name}: {hint}")).parameter(&*ek_name)
            };
            let wrapped = WrappedKey::from_hex(ek).map_err(|error| refuse_ek(error.to_string()))?;
            let opened = kek.unwrap(&wrapped).map_err(|error| refuse_ek(error.to_string()))?;
            Ok(KeySource::Given(opened))
        }
        (None, kek, None) => {
            let Some(kid) = kid else {
                let hint =
                    "no key: give contentKey, kek and ek, or a kid that the key storage has".to_owned();
                return refuse(Event::KeyData, &content_key_name, hint);
            };
            let kek = kek.map(|kek| parse_kek(&kek_name, kek)).transpose()?;
            Ok(KeySource::Stored { kid, kek })
        }
    }
}

fn parse_kek(name: &str, value: &[u8]) -> Result<Kek, Refusal> {
    let refuse = |error| Refusal::new(Event::EncryptedKeyOrKek, format!("{name}: {error}")).parameter(name);
    Kek::from_hex(value).map_err(refuse)
}

fn given(name: &str, value: &[u8]) -> Result<ContentKey, Refusal> {
    ContentKey::from_hex(value).map_err(|error| {
        let event = match error {
            ContentKeyError::Length { .. } => Event::ContentKeyLength,
            ContentKeyError::NotHex { .. } => Event::ContentKey,
        };
        Refusal::new(event, format!("{name}: {error}")).parameter(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KID: &str = "0123456789abcdef0123456789abcdef";
    const KEY: &str = "00112233445566778899aabbccddeeff";
    const KEK: &str = "000102030405060708090a0b0c0d0e0f";
    const EK: &str = "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5";

    fn requests(drm: Drm, query: &str) -> Result<Vec<KeyRequest>, Refusal> {
        let query = query.replace("KID", KID).replace("KEY", KEY).replace("KEK", KEK).replace("EK", EK);
        KeyRequest::parse_all(&Parameters::parse(query.as_bytes(), b"").unwrap(), drm)
    }

    fn source(drm: Drm, query: &str) -> Result<KeySource, Refusal> {
        requests(drm, query)?.pop().unwrap().source
    }

    fn code(drm: Drm, query: &str) -> (i32, Option<String>) {
        let refusal = source(drm, query).unwrap_err();
        (refusal.code_number(), refusal.parameter_name().map(ToOwned::to_owned))
    }

    #[test]
    fn a_key_comes_from_the_request_or_from_the_storage() {
        let key = ContentKey::from_hex(KEY.as_bytes()).unwrap();
        for query in ["kid=KID&contentKey=KEY", "kid=KID&kek=KEK&ek=EK"] {
            assert!(
                matches!(source(Drm::Widevine, query), Ok(KeySource::Given(given)) if given == key),
                "{query}"
            );
        }
        assert!(matches!(source(Drm::Widevine, "kid=KID").unwrap(), KeySource::Stored { kek: None, .. }));
        assert!(matches!(
            source(Drm::Widevine, "kid=KID&kek=KEK").unwrap(),
            KeySource::Stored { kek: Some(_), .. }
        ));
    }

    #[test]
    fn every_wrong_combination_has_its_code() {
        use Drm::{FairPlay, PlayReady, Widevine};
        for (drm, query, expected, parameter) in [
            (Widevine, "kid=KID&kek=KEK&contentKey=KEY", -6005, "contentKey"),
            (PlayReady, "kid=KID&kek=KEK&contentKey=KEY", -5007, "contentKey"),
            (Widevine, "kid=KID&ek=EK", -4024, "ek"),
            (FairPlay, "ek=EK", -6005, "ek"),
            (FairPlay, "kid=KID&kek=KEK&ek=EK", -6005, "ek"),
            (FairPlay, "kek=KEK", -6005, "contentKey"),
            (FairPlay, "", -6005, "contentKey"),
            (Widevine, "kid=KID&kek=KEK&ek=00", -4024, "ek"),
            (Widevine, "kid=KID&kek=11111111111111111111111111111111&ek=EK", -4024, "ek"),
            (Widevine, "kid=KID&kek=00", -4024, "kek"),
            (Widevine, "kid=KID&contentKey=00", -2027, "contentKey"),
            (Widevine, "kid=KID&contentKey=0011223344556677889900112233445g", -2005, "contentKey"),
            (Widevine, "contentKey=KEY", -4018, "kid"),
            (Widevine, "kid=&contentKey=KEY", -4018, "kid"),
            (Widevine, "kid=12", -4020, "kid"),
            (Widevine, "kid=%5E", -4022, "kid"),
            (Widevine, "kid=KID&kid=%5Ea", -4022, "kid"),
            (Widevine, "kid.0=KID&contentKey.1=KEY", -4018, "kid.1"),
            (Widevine, "kid.16=KID", -6005, "kid.16"),
            (PlayReady, "kid.99999999999999999999=KID", -2005, "kid.99999999999999999999"),
            (FairPlay, "kid.1=KID", -6005, "kid.1"),
        ] {
            assert_eq!(code(drm, query), (expected, Some(parameter.to_owned())), "{drm} {query}");
        }
    }

    #[test]
    fn the_plain_name_is_the_default_of_every_index() {
        let requests =
            requests(Drm::Widevine, "kid.2=%5Eb&kid.0=%5Ea&contentKey=KEY&kid.00=zz&other.1=x").unwrap();
        assert_eq!(requests.iter().map(|request| request.index).collect::<Vec<_>>(), [Some(0), Some(2)]);
        assert!(requests.iter().all(|request| request.source.is_ok()));
        assert_eq!(requests[1].name("kid"), "kid.2");
    }

    #[test]
    fn one_kid_has_one_key() {
        let key = |index, byte| RequestedKey {
            index: Some(index),
            kid: Some(Kid::from_bytes([1; 16])),
            key: ContentKey::from_bytes([byte; 16]),
        };
        assert_eq!(Keys::collect(vec![key(0, 1), key(1, 1)]).unwrap().as_slice().len(), 1);
        let refusal = Keys::collect(vec![key(0, 1), key(1, 2)]).unwrap_err();
        assert_eq!((refusal.code_number(), refusal.parameter_name()), (-4022, Some("kid.1")));
    }
}
