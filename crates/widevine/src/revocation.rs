//! The list of devices that get nothing (widevine.md, section 10).

use std::collections::{HashMap, HashSet};
use std::fmt;

use drm_primitives::hex::HexError;
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use thiserror::Error;

use crate::device::{DeviceLevel, Serial};
use crate::refusal::Revoked;

/// Revoked models and certificates, and levels that differ from the table's.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RevocationList {
    version: u64,
    /// Whether models that are not listed count as revoked: then the active ones are an allow list.
    refuses_unlisted: bool,
    systems: HashMap<u32, System>,
    serials: HashSet<Serial>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct System {
    revoked: bool,
    level: Option<DeviceLevel>,
}

/// Why a file is no revocation list, or none that may be taken.
#[derive(Debug, Error)]
pub enum RevocationListError {
    /// Not JSON, or not of this form.
    #[error("not a revocation list: {0}")]
    Json(#[from] serde_json::Error),
    /// A system id that cannot be one.
    #[error("{got:?} is no system id; expected a number from 1 to 4294967295")]
    SystemId {
        /// What stands in its place.
        got: Box<str>,
    },
    /// A system id that comes twice.
    #[error("system id {got} comes twice")]
    SystemTwice {
        /// The id.
        got: u32,
    },
    /// A level that is none.
    #[error("system id {system_id} has level {got}; expected 1 to 3")]
    Level {
        /// Whose.
        system_id: u32,
        /// What stands in its place.
        got: u64,
    },
    /// A serial number that cannot be one.
    #[error("serial number {position}: {error}")]
    Serial {
        /// Which, from 1.
        position: usize,
        /// What is wrong with it.
        error: HexError,
    },
    /// Older than the one in force.
    #[error("the list has version {got}, the one in force has {in_force}: an older list is not taken")]
    Older {
        /// The version of the list.
        got: u64,
        /// The version in force.
        in_force: u64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u64,
    #[serde(default)]
    unlisted: Status,
    #[serde(default)]
    systems: Systems,
    #[serde(default)]
    serials: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemEntry {
    status: Status,
    level: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    #[default]
    Active,
    Revoked,
}

/// All members of an object in their order, also those that come twice.
#[derive(Default)]
struct Systems(Vec<(String, SystemEntry)>);

impl<'de> Deserialize<'de> for Systems {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Systems;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of system ids")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Systems, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Systems(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl RevocationList {
    /// Reads the JSON of section 10.
    ///
    /// # Errors
    /// [`RevocationListError`]; a list is taken whole or not at all.
    pub fn parse(json: &[u8]) -> Result<Self, RevocationListError> {
        let document: Document = serde_json::from_slice(json)?;
        let mut systems = HashMap::new();
        for (id, entry) in document.systems.0 {
            let got = match id.parse() {
                Ok(got) if got != 0 => got,
                _ => return Err(RevocationListError::SystemId { got: id.into() }),
            };
            let level = match entry.level {
                None => None,
                Some(number) => Some(
                    DeviceLevel::from_number(number)
                        .ok_or(RevocationListError::Level { system_id: got, got: number })?,
                ),
            };
            let system = System { revoked: matches!(entry.status, Status::Revoked), level };
            if systems.insert(got, system).is_some() {
                return Err(RevocationListError::SystemTwice { got });
            }
        }
        let serials = document.serials.iter().enumerate().map(|(index, serial)| {
            Serial::from_hex(serial.as_bytes())
                .map_err(|error| RevocationListError::Serial { position: index + 1, error })
        });
        Ok(Self {
            version: document.version,
            refuses_unlisted: matches!(document.unlisted, Status::Revoked),
            systems,
            serials: serials.collect::<Result<_, _>>()?,
        })
    }

    /// Reads a list that is to replace this one.
    ///
    /// # Errors
    /// Those of [`Self::parse`], and [`RevocationListError::Older`].
    pub fn parse_successor(&self, json: &[u8]) -> Result<Self, RevocationListError> {
        let successor = Self::parse(json)?;
        if successor.version < self.version {
            return Err(RevocationListError::Older { got: successor.version, in_force: self.version });
        }
        Ok(successor)
    }

    /// Its number; the empty list has 0.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Whether a device with this system id and these certificates may have something.
    ///
    /// # Errors
    /// [`Revoked`], with the first that is on the list.
    pub fn check(&self, system_id: u32, serials: &[Serial]) -> Result<(), Revoked> {
        match self.systems.get(&system_id) {
            Some(System { revoked: true, .. }) => return Err(Revoked::System(system_id)),
            None if self.refuses_unlisted => return Err(Revoked::Unlisted(system_id)),
            Some(_) | None => {}
        }
        self.check_serials(serials)
    }

    /// The same of a device of which somebody else tells what he knows.
    ///
    /// # Errors
    /// [`Revoked`]; where the list allows some models alone, one that is not told is none of them.
    pub fn check_told(&self, system_id: Option<u32>, serial: Option<Serial>) -> Result<(), Revoked> {
        match system_id {
            Some(system_id) => self.check(system_id, serial.as_slice()),
            None if self.refuses_unlisted => Err(Revoked::Unnamed),
            None => self.check_serials(serial.as_slice()),
        }
    }

    fn check_serials(&self, serials: &[Serial]) -> Result<(), Revoked> {
        match serials.iter().find(|serial| self.serials.contains(serial)) {
            Some(serial) => Err(Revoked::Serial(*serial)),
            None => Ok(()),
        }
    }

    /// The level that overrides the table's.
    #[must_use]
    pub fn level(&self, system_id: u32) -> Option<DeviceLevel> {
        self.systems.get(&system_id)?.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The file of the specification.
    const FILE: &str = r#"{"version": 7,
        "systems": {"31003": {"status": "revoked"}, "31001": {"status": "active", "level": 2}},
        "serials": ["b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"]}"#;

    fn serial(text: &str) -> Serial {
        Serial::from_hex(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_file_of_the_specification_revokes_a_model_and_a_certificate_and_lowers_a_level() {
        let list = RevocationList::parse(FILE.as_bytes()).unwrap();
        assert_eq!(list.version(), 7);
        assert_eq!(list.check(31003, &[]), Err(Revoked::System(31003)));
        let revoked = serial("B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF");
        assert_eq!(list.check(31001, &[serial(&"0".repeat(32)), revoked]), Err(Revoked::Serial(revoked)));
        assert_eq!(list.check(31001, &[serial(&"0".repeat(32))]), Ok(()));
        assert_eq!(list.level(31001), Some(DeviceLevel::L2));
        assert_eq!(list.level(31103), None);
    }

    #[test]
    fn a_list_that_refuses_what_it_does_not_name_is_an_allow_list() {
        let json = r#"{"version": 1, "unlisted": "revoked",
            "systems": {"31003": {"status": "revoked"}, "31001": {"status": "active", "level": 2}},
            "serials": ["b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"]}"#;
        let list = RevocationList::parse(json.as_bytes()).unwrap();
        let (good, bad) = (serial(&"0".repeat(32)), serial("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf"));
        assert_eq!(list.check(31001, &[good]), Ok(()));
        assert_eq!(list.check(31001, &[bad]), Err(Revoked::Serial(bad)));
        assert_eq!(list.check(31003, &[]), Err(Revoked::System(31003)));
        assert_eq!(list.check(31103, &[]), Err(Revoked::Unlisted(31103)));
        assert_eq!(list.check_told(Some(31001), Some(good)), Ok(()));
        assert_eq!(list.check_told(Some(31103), None), Err(Revoked::Unlisted(31103)));
        assert_eq!(list.check_told(None, Some(good)), Err(Revoked::Unnamed));
        // Nothing allowed is a list too: it shuts everybody out.
        let nobody = RevocationList::parse(br#"{"version": 1, "unlisted": "revoked"}"#).unwrap();
        assert_eq!(nobody.check(31001, &[]), Err(Revoked::Unlisted(31001)));
        let everybody = RevocationList::parse(br#"{"version": 1, "unlisted": "active"}"#).unwrap();
        assert_eq!((everybody.check(31103, &[]), everybody.check_told(None, None)), (Ok(()), Ok(())));
    }

    #[test]
    fn of_a_device_that_somebody_tells_of_what_is_told_is_checked() {
        let list = RevocationList::parse(FILE.as_bytes()).unwrap();
        let bad = serial("b0b1b2b3b4b5b6b7b8b9babbbcbdbebf");
        assert_eq!(list.check_told(None, None), Ok(()));
        assert_eq!(list.check_told(None, Some(bad)), Err(Revoked::Serial(bad)));
        assert_eq!(list.check_told(Some(31003), None), Err(Revoked::System(31003)));
    }

    #[test]
    fn an_older_list_is_not_taken_and_the_same_version_is() {
        let list = RevocationList::parse(FILE.as_bytes()).unwrap();
        let error = list.parse_successor(br#"{"version": 6}"#).unwrap_err();
        assert!(matches!(error, RevocationListError::Older { got: 6, in_force: 7 }));
        assert_eq!(list.parse_successor(br#"{"version": 7}"#).unwrap().version(), 7);
    }

    #[test]
    fn a_bad_file_says_what_is_wrong() {
        let error = |json: &str| RevocationList::parse(json.as_bytes()).unwrap_err().to_string();
        assert!(error("").starts_with("not a revocation list: EOF"));
        assert!(error("{}").contains("missing field `version`"));
        assert!(error(r#"{"version":1,"serial":[]}"#).contains("unknown field `serial`"));
        assert!(
            error(r#"{"version":1,"systems":{"1":{"status":"gone"}}}"#).contains("unknown variant `gone`")
        );
        assert!(error(r#"{"version":1,"unlisted":"refused"}"#).contains("unknown variant `refused`"));
        assert!(error(r#"{"version":1,"systems":{"1":{}}}"#).contains("missing field `status`"));
        assert_eq!(
            error(r#"{"version":1,"systems":{"x":{"status":"active"}}}"#),
            "\"x\" is no system id; expected a number from 1 to 4294967295"
        );
        assert_eq!(
            error(r#"{"version":1,"systems":{"2":{"status":"revoked"},"2":{"status":"active"}}}"#),
            "system id 2 comes twice"
        );
        assert_eq!(
            error(r#"{"version":1,"systems":{"2":{"status":"active","level":4}}}"#),
            "system id 2 has level 4; expected 1 to 3"
        );
        assert_eq!(
            error(r#"{"version":1,"serials":["b0"]}"#),
            "serial number 1: got 2 characters, expected 32 hex digits"
        );
    }

    proptest! {
        #[test]
        fn no_file_panics(json: Vec<u8>) {
            let _ = RevocationList::parse(&json);
        }

        #[test]
        fn no_damaged_file_panics(at in 0..FILE.len(), byte: u8) {
            let mut json = FILE.as_bytes().to_vec();
            json[at] = byte;
            let _ = RevocationList::parse(&json);
        }
    }
}
