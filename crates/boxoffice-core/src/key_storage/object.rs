//! Key objects in request bodies (key-storage.md, sections 1 and 3).

mod raw;

use drm_primitives::{ContentKey, Kid, WrappedKey};
use jiff::Timestamp;

use super::{KekId, KeyProblem, KeyRefusal, expiration, parse_kid};
use raw::{Member, RawObject};

/// The key that a body gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum GivenMaterial {
    /// `k`.
    Key(ContentKey),
    /// Neither `k` nor `ek`.
    Nothing,
    /// `ek`.
    Wrapped(WrappedKey),
}

/// What a body does to a member.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Change<T> {
    /// Takes its value away.
    Clear,
    /// Nothing.
    #[default]
    Keep,
    /// Gives it this value.
    Set(T),
}

/// The body of `POST /keystore/keys`: any part of a key object. What is missing is made.
#[derive(Debug)]
pub struct NewKey {
    /// Its name.
    pub kid: Option<Kid>,
    /// The key.
    pub material: GivenMaterial,
    /// Which KEK.
    pub kek_id: Option<KekId>,
    /// Free text of up to 4096 bytes.
    pub info: Option<String>,
    /// Free text of up to 1024 bytes.
    pub content_id: Option<String>,
    /// When it ends.
    pub expiration: Option<Timestamp>,
}

/// The body of `PUT /keystore/keys/{kid}`; it changes something.
#[derive(Debug)]
pub struct KeyChange {
    /// The key.
    pub material: GivenMaterial,
    /// Which KEK.
    pub kek_id: Option<KekId>,
    /// Free text of up to 4096 bytes.
    pub info: Change<String>,
    /// Free text of up to 1024 bytes.
    pub content_id: Change<String>,
    /// When it ends.
    pub expiration: Change<Timestamp>,
}

impl NewKey {
    /// Reads a body, which may be empty; unknown and read-only members are ignored.
    ///
    /// # Errors
    /// [`KeyRefusal`]: no JSON, a member of a wrong type or length, a KID that is none, an `expiration` not after
    /// `now`, or `k` and `ek` at once.
    pub fn parse(body: &[u8], now: Timestamp) -> Result<Self, KeyRefusal> {
        let raw = RawObject::parse(body)?;
        let kid = match &raw.kid {
            Member::Absent => None,
            member => Some(parse_kid(member.text("kid")?.as_bytes())?),
        };
        let expiration = expiration_change(&raw.expiration)?;
        if matches!(expiration, Change::Set(time) if time <= now) {
            let hint = "expiration is in the past: a key cannot begin when it has ended";
            return Err(invalid("expiration", hint.to_owned()));
        }
        Ok(Self {
            kid,
            material: material(&raw)?,
            kek_id: kek_id(&raw)?,
            info: text_change(&raw.info, "info", INFO)?.set(),
            content_id: text_change(&raw.content_id, "contentId", CONTENT_ID)?.set(),
            expiration: expiration.set(),
        })
    }
}

impl NewKey {
    /// A key as a line of an imported file gives it (key-storage.md, section 11). An empty content id is none.
    ///
    /// # Errors
    /// [`KeyRefusal`]: as for [`NewKey::parse`].
    pub fn of_fields(kid: &str, key: &str, content_id: Option<&str>) -> Result<Self, KeyRefusal> {
        let wrong = |error: String| {
            KeyRefusal::new(KeyProblem::InvalidKeyObject, format!("k: {error}")).parameter("k")
        };
        let content_id = content_id.filter(|text| !text.is_empty());
        if let Some(text) = content_id.filter(|text| text.len() > CONTENT_ID) {
            let hint = format!("contentId has {} bytes, expected at most {CONTENT_ID}", text.len());
            return Err(invalid("contentId", hint));
        }
        Ok(Self {
            kid: Some(parse_kid(kid.as_bytes())?),
            material: GivenMaterial::Key(
                ContentKey::from_hex(key.as_bytes()).map_err(|error| wrong(error.to_string()))?,
            ),
            kek_id: None,
            info: None,
            content_id: content_id.map(ToOwned::to_owned),
            expiration: None,
        })
    }
}

impl KeyChange {
    /// Reads a body; `kid`, unknown and read-only members are ignored.
    ///
    /// # Errors
    /// [`KeyRefusal`]: as for [`NewKey::parse`], and where there is nothing to change.
    pub fn parse(body: &[u8]) -> Result<Self, KeyRefusal> {
        let raw = RawObject::parse(body)?;
        let change = Self {
            expiration: expiration_change(&raw.expiration)?,
            material: material(&raw)?,
            kek_id: kek_id(&raw)?,
            info: text_change(&raw.info, "info", INFO)?,
            content_id: text_change(&raw.content_id, "contentId", CONTENT_ID)?,
        };
        let changes = change.material != GivenMaterial::Nothing
            || change.kek_id.is_some()
            || change.info != Change::Keep
            || change.content_id != Change::Keep
            || change.expiration != Change::Keep;
        if changes {
            return Ok(change);
        }
        let hint = "nothing to change: give k, ek, kekId, info, contentId or expiration";
        Err(KeyRefusal::new(KeyProblem::InvalidParameters, hint))
    }
}

impl<T> Change<T> {
    fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Clear | Self::Keep => None,
        }
    }

    /// The value behind the change.
    #[must_use]
    pub fn apply(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Clear => None,
            Self::Keep => present,
            Self::Set(value) => Some(value),
        }
    }
}

/// The most bytes of `info` and of `contentId`.
const INFO: usize = 4_096;
const CONTENT_ID: usize = 1_024;

fn material(raw: &RawObject<'_>) -> Result<GivenMaterial, KeyRefusal> {
    let wrong = |name, error: String| {
        KeyRefusal::new(KeyProblem::InvalidKeyObject, format!("{name}: {error}")).parameter(name)
    };
    let key = match &raw.k {
        Member::Absent => None,
        member => Some(
            ContentKey::from_hex(member.text("k")?.as_bytes())
                .map_err(|error| wrong("k", error.to_string()))?,
        ),
    };
    let wrapped = match &raw.ek {
        Member::Absent => None,
        member => Some(
            WrappedKey::from_hex(member.text("ek")?.as_bytes())
                .map_err(|error| wrong("ek", error.to_string()))?,
        ),
    };
    match (key, wrapped) {
        (None, None) => Ok(GivenMaterial::Nothing),
        (Some(key), None) => Ok(GivenMaterial::Key(key)),
        (None, Some(wrapped)) => Ok(GivenMaterial::Wrapped(wrapped)),
        (Some(_), Some(_)) => Err(invalid("ek", "k and ek are both given; give one of them".to_owned())),
    }
}

fn kek_id(raw: &RawObject<'_>) -> Result<Option<KekId>, KeyRefusal> {
    let Member::Text(_) = &raw.kek_id else {
        return if matches!(raw.kek_id, Member::Absent) {
            Ok(None)
        } else {
            raw.kek_id.text("kekId").map(|_| None)
        };
    };
    match raw.kek_id.text("kekId")? {
        // Without a value it is as if it were not there.
        "" => Ok(None),
        text => KekId::parse(text).map(Some).map_err(|error| invalid("kekId", format!("kekId: {error}"))),
    }
}

fn text_change(member: &Member<'_>, name: &'static str, most: usize) -> Result<Change<String>, KeyRefusal> {
    match member {
        Member::Absent => Ok(Change::Keep),
        Member::Null => Ok(Change::Clear),
        member => match member.text(name)? {
            // Without a value it is left out of answers, as one that was never given.
            "" => Ok(Change::Clear),
            text if text.len() > most => {
                Err(invalid(name, format!("{name} has {} bytes, expected at most {most}", text.len())))
            }
            text => Ok(Change::Set(text.to_owned())),
        },
    }
}

fn expiration_change(member: &Member<'_>) -> Result<Change<Timestamp>, KeyRefusal> {
    match member {
        Member::Absent => Ok(Change::Keep),
        Member::Null => Ok(Change::Clear),
        member => expiration::parse(member.text("expiration")?)
            .map(Change::Set)
            .map_err(|error| invalid("expiration", format!("expiration: {error}"))),
    }
}

fn invalid(name: &'static str, hint: String) -> KeyRefusal {
    KeyRefusal::new(KeyProblem::InvalidParameters, hint).parameter(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "a9b9033df0b9ca5447839e3d074817a0";
    const EK: &str = "5dbd06c0056b42fe0b8cf406679620c31bd619732730433d";

    fn now() -> Timestamp {
        "2026-11-21T02:00:00Z".parse().unwrap()
    }

    fn new(body: &str) -> Result<NewKey, (KeyProblem, Option<&'static str>)> {
        NewKey::parse(body.as_bytes(), now()).map_err(|refusal| (refusal.problem, refusal.parameter))
    }

    fn change(body: &str) -> Result<KeyChange, (KeyProblem, Option<&'static str>)> {
        KeyChange::parse(body.as_bytes()).map_err(|refusal| (refusal.problem, refusal.parameter))
    }

    #[test]
    fn any_part_of_a_key_object_is_read_and_the_rest_ignored() {
        for body in ["", "{}", r#"{"x":[1,{"k":2}],"lastUpdate":5,"scheme":1,"info":null,"contentId":""}"#] {
            let key = new(body).unwrap();
            assert_eq!(key.kid, None, "{body}");
            assert_eq!(key.material, GivenMaterial::Nothing);
            assert_eq!((key.info, key.content_id, key.expiration), (None, None, None));
        }
        let body = format!(
            r#"{{"kid":"^kid1","k":"{}","kekId":"mine","info":"\u0041\n","contentId":"movie-1","expiration":"2026-11-22"}}"#,
            KEY.to_uppercase()
        );
        let key = new(&body).unwrap();
        assert_eq!(key.kid.unwrap().to_hex(), "80ea8bc8a58f990ad1f76bc665b30bfa");
        assert_eq!(key.material, GivenMaterial::Key(ContentKey::from_hex(KEY.as_bytes()).unwrap()));
        assert_eq!(key.kek_id.unwrap().into_string(), "mine");
        assert_eq!(key.info.as_deref(), Some("A\n"));
        assert_eq!(key.expiration.unwrap().to_string(), "2026-11-22T00:00:00Z");
        // The last one of a name counts, as in every common reader.
        assert!(new(&format!(r#"{{"ek":7,"ek":"{EK}"}}"#)).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_body_has_its_problem_and_its_member() {
        use KeyProblem::{InvalidJson, InvalidKeyObject, InvalidKid, InvalidParameters};
        let long = |bytes| "x".repeat(bytes);
        for (body, problem, member) in [
            ("{".to_owned(), InvalidJson, None),
            ("kid=1".to_owned(), InvalidJson, None),
            ("[1".to_owned(), InvalidJson, None),
            (r#"{"k":5"#.to_owned(), InvalidJson, None),
            (r#"{"info":"\ud800"}"#.to_owned(), InvalidJson, None),
            ("{} {}".to_owned(), InvalidJson, None),
            ("[".repeat(10_000), InvalidJson, None),
            ("[]".to_owned(), InvalidKeyObject, None),
            ("null".to_owned(), InvalidKeyObject, None),
            (r#"{"k":5}"#.to_owned(), InvalidKeyObject, Some("k")),
            (r#"{"k":null}"#.to_owned(), InvalidKeyObject, Some("k")),
            (r#"{"k":""}"#.to_owned(), InvalidKeyObject, Some("k")),
            (format!(r#"{{"k":"{KEY}00"}}"#), InvalidKeyObject, Some("k")),
            (format!(r#"{{"k":"{}"}}"#, KEY.replace('a', "g")), InvalidKeyObject, Some("k")),
            (format!(r#"{{"ek":"{KEY}"}}"#), InvalidKeyObject, Some("ek")),
            (r#"{"kid":5}"#.to_owned(), InvalidKeyObject, Some("kid")),
            (r#"{"kekId":[]}"#.to_owned(), InvalidKeyObject, Some("kekId")),
            (r#"{"info":{}}"#.to_owned(), InvalidKeyObject, Some("info")),
            (r#"{"expiration":1800000000}"#.to_owned(), InvalidKeyObject, Some("expiration")),
            (r#"{"kid":""}"#.to_owned(), InvalidKid, Some("kid")),
            (r#"{"kid":"^","k":5}"#.to_owned(), InvalidKid, Some("kid")),
            (format!(r#"{{"k":"{KEY}","ek":"{EK}"}}"#), InvalidParameters, Some("ek")),
            (r##"{"kekId":"#service"}"##.to_owned(), InvalidParameters, Some("kekId")),
            (format!(r#"{{"kekId":"{}"}}"#, long(257)), InvalidParameters, Some("kekId")),
            (format!(r#"{{"info":"{}"}}"#, long(4_097)), InvalidParameters, Some("info")),
            (format!(r#"{{"contentId":"{}"}}"#, long(1_025)), InvalidParameters, Some("contentId")),
            (r#"{"expiration":"tomorrow"}"#.to_owned(), InvalidParameters, Some("expiration")),
            (r#"{"expiration":"2026-11-21T02:00:00Z"}"#.to_owned(), InvalidParameters, Some("expiration")),
        ] {
            assert_eq!(new(&body).unwrap_err(), (problem, member), "{body:.80}");
        }
        assert_eq!(
            NewKey::parse(b"{\"x\":\"\xFF\"}", now()).unwrap_err().problem,
            KeyProblem::InvalidJson,
            "not UTF-8"
        );
        assert!(new(&format!(r#"{{"info":"{}","contentId":"{}"}}"#, long(4_096), long(1_024))).is_ok());
    }

    #[test]
    fn a_change_has_to_change_something() {
        for body in ["", "{}", r#"{"kid":"nonsense","lastUpdate":"x","scheme":"cenc"}"#, r#"{"kekId":""}"#] {
            assert_eq!(change(body).unwrap_err(), (KeyProblem::InvalidParameters, None), "{body}");
        }
        let read = change(r#"{"info":null,"contentId":"","expiration":"2000-01-01"}"#).unwrap();
        assert_eq!((read.info, read.content_id), (Change::Clear, Change::Clear));
        assert!(matches!(read.expiration, Change::Set(_)));
        assert_eq!(read.material, GivenMaterial::Nothing);
    }

    proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = NewKey::parse(&body, now());
            let _ = KeyChange::parse(&body);
        }

        #[test]
        fn any_text_reads_back_from_a_body(text in ".{1,200}") {
            let body = serde_json::json!({ "info": text }).to_string();
            prop_assert_eq!(NewKey::parse(body.as_bytes(), now()).unwrap().info, Some(text));
        }
    }
}
