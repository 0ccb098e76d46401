//! The JSON of a key object, before its members mean anything.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::key_storage::{KeyProblem, KeyRefusal};

/// The members that are read, in whatever type they came. Texts may be keys: they stay in the body, which its
/// owner wipes, or are wiped here.
#[derive(Default)]
pub(super) struct RawObject<'a> {
    pub(super) kid: Member<'a>,
    pub(super) k: Member<'a>,
    pub(super) ek: Member<'a>,
    pub(super) kek_id: Member<'a>,
    pub(super) info: Member<'a>,
    pub(super) content_id: Member<'a>,
    pub(super) expiration: Member<'a>,
}

#[derive(Default)]
pub(super) enum Member<'a> {
    #[default]
    Absent,
    Null,
    /// Of a type that no member has.
    Other(&'static str),
    Text(Text<'a>),
}

pub(super) enum Text<'a> {
    Borrowed(&'a str),
    /// It had escapes.
    Owned(Zeroizing<String>),
}

impl<'a> RawObject<'a> {
    /// Reads a body; an empty one is an empty object.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, KeyRefusal> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        // The reader's own messages may quote the body, so only the place is told.
        let no_json = |place: String| KeyRefusal::new(KeyProblem::InvalidJson, place);
        let text = std::str::from_utf8(body).map_err(|error| {
            no_json(format!("the body is not UTF-8 from byte {} on", error.valid_up_to()))
        })?;
        serde_json::from_str(text).map_err(|error| {
            // What is no object may be no JSON either.
            let error =
                if error.is_data() { serde_json::from_str::<IgnoredAny>(text).err() } else { Some(error) };
            match error {
                Some(error) => {
                    let (line, column) = (error.line(), error.column());
                    no_json(format!("the body is no JSON from line {line}, column {column} on"))
                }
                None => KeyRefusal::new(KeyProblem::InvalidKeyObject, "the body is JSON, and no object"),
            }
        })
    }
}

impl Member<'_> {
    /// The text, which has to be one.
    pub(super) fn text(&self, name: &'static str) -> Result<&str, KeyRefusal> {
        let got = match self {
            Self::Text(Text::Borrowed(text)) => return Ok(text),
            Self::Text(Text::Owned(text)) => return Ok(text),
            Self::Absent => "nothing",
            Self::Null => "null",
            Self::Other(kind) => kind,
        };
        let hint = format!("{name} is {got}, expected a string");
        Err(KeyRefusal::new(KeyProblem::InvalidKeyObject, hint).parameter(name))
    }
}

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = RawObject<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = RawObject::default();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let member = match &*name {
                "kid" => &mut object.kid,
                "k" => &mut object.k,
                "ek" => &mut object.ek,
                "kekId" => &mut object.kek_id,
                "info" => &mut object.info,
                "contentId" => &mut object.content_id,
                "expiration" => &mut object.expiration,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *member = map.next_value()?;
        }
        Ok(object)
    }
}

impl<'de> Deserialize<'de> for Member<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Member::Text(Text::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Member::Text(Text::Owned(Zeroizing::new(text.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Member::Other("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Member::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Member::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Member::Other("a number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other("an object"))
    }
}
