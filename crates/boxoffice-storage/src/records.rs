//! Records of redemptions, and how they are searched (token-api.md, sections 10 and 11).

use std::net::IpAddr;

use boxoffice_core::entitlement::TokenId;
use boxoffice_core::{AccountId, Drm, Environment};
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::{RememberedAnswer, StorageError};

/// The number of a record, `event_id`. A later commit of one database node has a greater one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RecordId(pub u64);

/// What was asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RecordKind {
    /// A licence.
    Licence,
    /// The end of a session.
    Release,
    /// More time for a session.
    Renewal,
}

/// One redemption, granted or refused. Has no key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// When.
    pub time: Timestamp,
    /// Where.
    pub environment: Environment,
    /// Whose; `None` for a token that no key opens, whose record is the operator's.
    pub account: Option<AccountId>,
    /// By which DRM.
    pub drm: Drm,
    /// What was asked for.
    pub kind: RecordKind,
    /// Whether it was granted.
    pub granted: bool,
    /// The event code; 0 where it was granted.
    pub code: i32,
    /// The KIDs that were granted, or asked for.
    pub kids: Vec<Kid>,
    /// The token's cookie.
    pub cookie: Option<String>,
    /// The token.
    pub token_id: Option<TokenId>,
    /// The device's own number, in its DRM's form.
    pub device_id: Option<String>,
    /// What the device says that it is.
    pub device: Option<String>,
    /// Where the client was.
    pub address: Option<IpAddr>,
    /// How often an upstream was asked.
    pub attempts: u32,
    /// The answer's `x-request-id`.
    pub request_id: String,
    /// What else there is to know, as one JSON object: KIDs that were not granted, what is playing.
    pub detail: Option<String>,
}

/// A record with its number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredRecord {
    /// Its number.
    pub id: RecordId,
    /// What it says.
    pub record: Record,
}

/// What `getrecord` asks for: records of one account, the newest first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewestRecords {
    /// Whose.
    pub account: AccountId,
    /// With exactly this cookie.
    pub cookie: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
    /// How many to pass over.
    pub start: u64,
    /// How many to return at most.
    pub length: u32,
}

/// What `boxoffice records` asks for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RecordFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// With exactly this cookie.
    pub cookie: Option<String>,
    /// That name this KID.
    pub kid: Option<Kid>,
    /// With this event code; 0 for what was granted.
    pub code: Option<i32>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl RecordFilter {
    /// Whether a record is one of those: for records that come from elsewhere, an archive.
    #[must_use]
    pub fn matches(&self, record: &Record) -> bool {
        self.account.is_none_or(|account| record.account == Some(account))
            && self.cookie.as_ref().is_none_or(|cookie| record.cookie.as_ref() == Some(cookie))
            && self.kid.is_none_or(|kid| record.kids.contains(&kid))
            && self.code.is_none_or(|code| record.code == code)
            && self.from.is_none_or(|from| record.time >= from)
            && self.to.is_none_or(|to| record.time < to)
    }
}

/// A place among the records, which are in the order of their times.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct RecordCursor {
    /// The last record's time.
    pub time: Timestamp,
    /// Its number.
    pub id: RecordId,
}

/// A part of the records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RecordPage {
    /// Those that match; there may be none where other parts follow.
    pub records: Vec<StoredRecord>,
    /// Where the next part begins; `None` behind the last.
    pub next: Option<RecordCursor>,
}

/// The records. Those of granted licences come from [`Redemptions::grant`](crate::Redemptions::grant).
#[async_trait::async_trait]
pub trait Records: Send + Sync {
    /// Adds the record of a refusal and, where asked for, remembers its answer unless one is remembered.
    async fn add_record(
        &self,
        record: Record,
        answer: Option<RememberedAnswer>,
    ) -> Result<RecordId, StorageError>;

    /// One record.
    async fn record(&self, id: RecordId) -> Result<Option<StoredRecord>, StorageError>;

    /// Records of one account, the newest first.
    async fn newest_records(&self, query: NewestRecords) -> Result<Vec<StoredRecord>, StorageError>;

    /// The next `limit` records in the order of their times, of which those that match are returned.
    async fn search_records(
        &self,
        filter: RecordFilter,
        after: Option<RecordCursor>,
        limit: u32,
    ) -> Result<RecordPage, StorageError>;

    /// Up to `limit` records of numbers greater than `after`, by number: what has come since. The first
    /// `after` comes from [`last_record`](Self::last_record).
    async fn records_after(&self, after: RecordId, limit: u32) -> Result<Vec<StoredRecord>, StorageError>;

    /// The greatest number so far; 0 where there is no record.
    async fn last_record(&self) -> Result<RecordId, StorageError>;

    /// Removes records, which have been archived, and says how many were still there.
    async fn delete_records(&self, ids: Vec<RecordId>) -> Result<u64, StorageError>;
}
