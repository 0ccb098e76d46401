//! The PlayReady Object and its PSSH box (playready.md, section 10).

use drm_primitives::Kid;
use thiserror::Error;

use crate::header::WrmHeader;
use crate::reader::Reader;
use crate::refusal::HeaderError;

/// The system id of PlayReady's PSSH, `9a04f079-9840-4286-ab92-e65be0885f95`.
pub const SYSTEM_ID: [u8; 16] =
    [0x9a, 0x04, 0xf0, 0x79, 0x98, 0x40, 0x42, 0x86, 0xab, 0x92, 0xe6, 0x5b, 0xe0, 0x88, 0x5f, 0x95];

/// The longest object, in bytes.
pub const MAXIMUM_OBJECT: usize = 15 * 1024;

/// The type of a record with a WRMHEADER.
pub const RECORD_HEADER: u16 = 1;
/// The type of a record with an embedded licence store.
pub const RECORD_LICENCE_STORE: u16 = 3;

/// A PlayReady Object: records, little-endian.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PlayReadyObject {
    records: Vec<Record>,
}

/// A record of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// 1 header, 2 reserved, 3 embedded licence store.
    pub kind: u16,
    /// Its value.
    pub value: Vec<u8>,
}

/// A PSSH box.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pssh {
    /// The KIDs of a box of version 1; `None` for version 0.
    pub kids: Option<Vec<Kid>>,
    /// The object.
    pub object: PlayReadyObject,
}

/// Why bytes are no object, or no box.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ObjectError {
    /// Lengths that do not add up.
    #[error("the lengths of the {part} do not add up")]
    Length {
        /// Object or box.
        part: &'static str,
    },
    /// Longer than 15 KiB.
    #[error("got {got} bytes, at most {MAXIMUM_OBJECT} are allowed")]
    TooLong {
        /// How many.
        got: usize,
    },
    /// Another box, system or version.
    #[error("the bytes are no PSSH box of version 0 or 1 for PlayReady")]
    NotPlayReady,
    /// No record of type 1.
    #[error("the object has no header record")]
    NoHeader,
    /// The header record is no UTF-16LE.
    #[error("the header record is not UTF-16LE")]
    NotUtf16,
    /// The header record is no header.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

impl PlayReadyObject {
    /// An object with one record of type 1: the header text in UTF-16LE, without byte-order mark.
    ///
    /// # Errors
    /// [`ObjectError::TooLong`].
    pub fn from_header_text(header: &str) -> Result<Self, ObjectError> {
        let value = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Self::new(vec![Record { kind: RECORD_HEADER, value }])
    }

    /// An object of these records.
    ///
    /// # Errors
    /// [`ObjectError::TooLong`].
    pub fn new(records: Vec<Record>) -> Result<Self, ObjectError> {
        let object = Self { records };
        let got = object.length();
        if got > MAXIMUM_OBJECT { Err(ObjectError::TooLong { got }) } else { Ok(object) }
    }

    /// Reads the bytes, to the last one.
    ///
    /// # Errors
    /// [`ObjectError::TooLong`], [`ObjectError::Length`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ObjectError> {
        if bytes.len() > MAXIMUM_OBJECT {
            return Err(ObjectError::TooLong { got: bytes.len() });
        }
        let read = || {
            let mut reader = Reader::new(bytes);
            let total = u32::from_le_bytes(reader.array()?);
            let count = u16::from_le_bytes(reader.array()?);
            let mut records = Vec::new();
            for _ in 0..count {
                let kind = u16::from_le_bytes(reader.array()?);
                let length = u16::from_le_bytes(reader.array()?);
                records.push(Record { kind, value: reader.take(length.into())?.to_vec() });
            }
            (usize::try_from(total) == Ok(bytes.len()) && reader.is_empty()).then_some(Self { records })
        };
        read().ok_or(ObjectError::Length { part: "object" })
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        const SHORT: &str = "an object has at most 15 KiB";
        let mut bytes = u32::try_from(self.length()).expect(SHORT).to_le_bytes().to_vec();
        bytes.extend(u16::try_from(self.records.len()).expect(SHORT).to_le_bytes());
        for record in &self.records {
            bytes.extend(record.kind.to_le_bytes());
            bytes.extend(u16::try_from(record.value.len()).expect(SHORT).to_le_bytes());
            bytes.extend(&record.value);
        }
        bytes
    }

    /// Its records.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The text of its header record.
    ///
    /// # Errors
    /// [`ObjectError::NoHeader`], [`ObjectError::NotUtf16`].
    pub fn header_text(&self) -> Result<String, ObjectError> {
        let record =
            self.records.iter().find(|record| record.kind == RECORD_HEADER).ok_or(ObjectError::NoHeader)?;
        let (units, odd) = record.value.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(ObjectError::NotUtf16);
        }
        let units = units.iter().map(|&unit| u16::from_le_bytes(unit));
        let text: String =
            char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| ObjectError::NotUtf16)?;
        Ok(text.strip_prefix('\u{FEFF}').map_or_else(|| text.clone(), str::to_owned))
    }

    /// Its header.
    ///
    /// # Errors
    /// As [`PlayReadyObject::header_text`], and [`ObjectError::Header`].
    pub fn header(&self) -> Result<WrmHeader, ObjectError> {
        Ok(WrmHeader::parse(&self.header_text()?)?)
    }

    fn length(&self) -> usize {
        6 + self.records.iter().map(|record| 4 + record.value.len()).sum::<usize>()
    }
}

impl Pssh {
    /// Reads one box, to the last byte.
    ///
    /// # Errors
    /// [`ObjectError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ObjectError> {
        const PART: &str = "box";
        let length = || ObjectError::Length { part: PART };
        let mut reader = Reader::new(bytes);
        let size = reader.length().ok_or_else(length)?;
        let name: [u8; 4] = reader.array().ok_or_else(length)?;
        let version = reader.u32().ok_or_else(length)?;
        let system: [u8; 16] = reader.array().ok_or_else(length)?;
        if &name != b"pssh" || system != SYSTEM_ID {
            return Err(ObjectError::NotPlayReady);
        }
        if size != bytes.len() {
            return Err(length());
        }
        let kids = match version {
            0 => None,
            0x0100_0000 => {
                let mut kids = Vec::new();
                for _ in 0..reader.length().ok_or_else(length)? {
                    kids.push(Kid::from_bytes(reader.array().ok_or_else(length)?));
                }
                Some(kids)
            }
            _ => return Err(ObjectError::NotPlayReady),
        };
        let data_length = reader.length().ok_or_else(length)?;
        let data = reader.take(data_length).ok_or_else(length)?;
        if !reader.is_empty() {
            return Err(length());
        }
        Ok(Self { kids, object: PlayReadyObject::parse(data)? })
    }

    /// The box.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let number = |length: usize| {
            u32::try_from(length).expect("a box holds an object of 15 KiB and some KIDs").to_be_bytes()
        };
        let object = self.object.to_bytes();
        let mut rest = b"pssh".to_vec();
        rest.extend([u8::from(self.kids.is_some()), 0, 0, 0]);
        rest.extend(SYSTEM_ID);
        if let Some(kids) = &self.kids {
            rest.extend(number(kids.len()));
            rest.extend(kids.iter().flat_map(|kid| *kid.as_bytes()));
        }
        rest.extend(number(object.len()));
        rest.extend(object);
        [number(rest.len() + 4).as_slice(), &rest].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = "<WRMHEADER xmlns=\"http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader\" version=\"4.3.0.0\"><DATA></DATA></WRMHEADER>";

    #[test]
    fn an_object_and_its_box_have_the_lengths_that_they_say() {
        let object = PlayReadyObject::from_header_text(HEADER).unwrap();
        let bytes = object.to_bytes();
        let value = HEADER.len() * 2;
        assert_eq!(bytes[..4], u32::try_from(value + 10).unwrap().to_le_bytes());
        assert_eq!(bytes[4..10], [1, 0, 1, 0, u8::try_from(value).unwrap(), 0]);
        assert_eq!(bytes[10..14], [b'<', 0, b'W', 0]);
        assert_eq!(object.header_text().as_deref(), Ok(HEADER));
        assert!(object.header().unwrap().keys.is_empty());
        for kids in [None, Some(vec![]), Some(vec![Kid::from_bytes([7; 16])])] {
            let pssh = Pssh { kids, object: object.clone() };
            assert_eq!(Pssh::parse(&pssh.to_bytes()), Ok(pssh));
        }
    }

    #[test]
    fn the_lengths_of_the_published_object_add_up() {
        let object = PlayReadyObject::new(vec![Record { kind: 1, value: vec![b'<'; 850] }]).unwrap();
        assert_eq!(object.to_bytes().len(), 860);
    }

    #[test]
    fn truncated_and_longer_bytes_are_refused() {
        let pssh = Pssh {
            kids: Some(vec![Kid::from_bytes([7; 16])]),
            object: PlayReadyObject::from_header_text(HEADER).unwrap(),
        };
        let bytes = pssh.to_bytes();
        for end in 0..bytes.len() {
            assert!(Pssh::parse(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Pssh::parse(&[bytes.as_slice(), &[0]].concat()).is_err());
        let too_long = "x".repeat(MAXIMUM_OBJECT / 2);
        assert!(matches!(PlayReadyObject::from_header_text(&too_long), Err(ObjectError::TooLong { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic_and_written_back(bytes: Vec<u8>) {
            if let Ok(object) = PlayReadyObject::parse(&bytes) {
                let _ = object.header();
                prop_assert_eq!(object.to_bytes(), bytes.clone());
            }
            let _ = Pssh::parse(&bytes);
        }

        #[test]
        fn any_records_come_back(records in proptest::collection::vec((any::<u16>(), any::<Vec<u8>>()), 0..4)) {
            let records = records.into_iter().map(|(kind, value)| Record { kind, value }).collect();
            let object = PlayReadyObject::new(records).unwrap();
            prop_assert_eq!(PlayReadyObject::parse(&object.to_bytes()), Ok(object));
        }
    }
}
