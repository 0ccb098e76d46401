//! Reading keys and recording that they were read, in one (key-storage.md, section 10).

use std::borrow::Cow;

use crate::{KeyAuditRecord, StoredKey};

/// The word `kind` of a record, for the rows that it is about.
pub type KindOfRows = fn(&[&StoredKey]) -> &'static str;

/// What [`read_keys`](crate::Storage::read_keys) found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReadKeys {
    /// The rows in the order asked, the expired ones too.
    pub rows: Vec<Option<StoredKey>>,
    /// Whether the record is durable; else there is none, as not every KID has a row that is not expired.
    pub recorded: bool,
}

/// The record of a read, complete with its kind; `None` where not every row is there and alive at its time.
pub(crate) fn record_of(
    rows: &[Option<StoredKey>],
    record: &KeyAuditRecord,
    kind: KindOfRows,
) -> Option<KeyAuditRecord> {
    let alive = |row: &&StoredKey| !row.is_expired(record.time);
    let rows: Option<Vec<_>> = rows.iter().map(|row| row.as_ref().filter(alive)).collect();
    let kind = Cow::Borrowed(kind(&rows?));
    Some(KeyAuditRecord { kind, ..record.clone() })
}
