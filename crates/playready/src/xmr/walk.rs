//! Reads any XMR version 3 as a tree of objects, to the last byte, and writes the tree back.

use thiserror::Error;

use super::{CONTAINER, MAGIC, OBJECT_HEADER, ObjectKind, VERSION};
use crate::reader::Reader;

/// Deeper than any licence: 01 ⊃ 04 ⊃ 36 ⊃ 39 are four.
const MAXIMUM_DEPTH: usize = 8;

/// A licence as a tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Licence {
    /// `RightsID`.
    pub rights_id: [u8; 16],
    /// The outer container.
    pub outer: Object,
}

/// An object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object {
    /// 1 must understand, 2 container.
    pub flags: u16,
    /// The type's number.
    pub code: u16,
    /// What is in it.
    pub body: Body,
}

/// What is in an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// Objects.
    Container(Vec<Object>),
    /// Bytes.
    Leaf(Vec<u8>),
}

/// Why bytes are no licence.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum XmrError {
    /// Another magic, version, or outer object.
    #[error("the bytes are no XMR of version 3")]
    NotXmr,
    /// Lengths that do not add up.
    #[error("a length reaches past the end, or leaves bytes over")]
    Length,
    /// Nested too deeply.
    #[error("objects are nested deeper than {MAXIMUM_DEPTH}")]
    Depth,
}

impl Licence {
    /// Reads a licence.
    ///
    /// # Errors
    /// [`XmrError`]. No signature is checked.
    pub fn parse(bytes: &[u8]) -> Result<Self, XmrError> {
        let mut reader = Reader::new(bytes);
        let magic: [u8; 4] = reader.array().ok_or(XmrError::Length)?;
        let version = reader.u32().ok_or(XmrError::Length)?;
        let rights_id = reader.array().ok_or(XmrError::Length)?;
        if magic != MAGIC || version != VERSION {
            return Err(XmrError::NotXmr);
        }
        let mut objects = objects(reader.rest(), 1)?;
        match (objects.pop(), objects.is_empty()) {
            (Some(outer), true) if outer.code == ObjectKind::Outer.code() => Ok(Self { rights_id, outer }),
            _ => Err(XmrError::NotXmr),
        }
    }

    /// The bytes of the tree.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend(self.rights_id);
        self.outer.append(&mut bytes);
        bytes
    }

    /// The object at the end of a path of kinds below the outer container.
    #[must_use]
    pub fn find(&self, path: &[ObjectKind]) -> Option<&Object> {
        path.iter().try_fold(&self.outer, |object, kind| {
            object.children().iter().find(|child| child.code == kind.code())
        })
    }
}

impl Object {
    /// The objects in it; none in a leaf.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.body {
            Body::Container(objects) => objects,
            Body::Leaf(_) => &[],
        }
    }

    /// The bytes of a leaf; none in a container.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Container(_) => &[],
            Body::Leaf(bytes) => bytes,
        }
    }

    fn append(&self, bytes: &mut Vec<u8>) {
        let mut body = Vec::new();
        match &self.body {
            Body::Container(objects) => {
                for object in objects {
                    object.append(&mut body);
                }
            }
            Body::Leaf(leaf) => body.extend(leaf),
        }
        bytes.extend(self.flags.to_be_bytes());
        bytes.extend(self.code.to_be_bytes());
        let length = u32::try_from(OBJECT_HEADER + body.len()).expect("a licence fits into 4 GiB");
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
    }
}

fn objects(bytes: &[u8], depth: usize) -> Result<Vec<Object>, XmrError> {
    if depth > MAXIMUM_DEPTH {
        return Err(XmrError::Depth);
    }
    let mut reader = Reader::new(bytes);
    let mut objects = Vec::new();
    while !reader.is_empty() {
        let flags = reader.u16().ok_or(XmrError::Length)?;
        let code = reader.u16().ok_or(XmrError::Length)?;
        let length = reader.length().ok_or(XmrError::Length)?;
        let body = length
            .checked_sub(OBJECT_HEADER)
            .and_then(|length| reader.take(length))
            .ok_or(XmrError::Length)?;
        let body = if flags & CONTAINER != 0 {
            Body::Container(self::objects(body, depth + 1)?)
        } else {
            Body::Leaf(body.to_vec())
        };
        objects.push(Object { flags, code, body });
    }
    Ok(objects)
}
