//! The audit records of the key storage (key-storage.md, section 10).

mod block;

use std::borrow::Cow;
use std::net::IpAddr;

use boxoffice_core::AccountId;
use drm_primitives::Kid;
use jiff::Timestamp;

use crate::StorageError;

pub(crate) use block::{Block, EncodedRecords};

/// One call that concerned keys, refused ones too. Has no key, KEK or `ek`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyAuditRecord {
    /// When.
    pub time: Timestamp,
    /// Whose keys; `None` where the caller was not known.
    pub account: Option<AccountId>,
    /// The authenticator's number.
    pub authenticator: Option<u64>,
    /// Which call, in a stable word.
    pub call: Cow<'static, str>,
    /// The KIDs that it named or made.
    pub kids: Vec<Kid>,
    /// The kind of key, in a stable word; empty where there was none.
    pub kind: Cow<'static, str>,
    /// What came of it: a status and a code, in a stable form.
    pub outcome: Cow<'static, str>,
    /// Where the caller was.
    pub address: Option<IpAddr>,
    /// The answer's `x-request-id`.
    pub request_id: String,
}

/// Which audit records a search returns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeyAuditFilter {
    /// Of this account.
    pub account: Option<AccountId>,
    /// That name this KID.
    pub kid: Option<Kid>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl KeyAuditFilter {
    pub(crate) fn matches(&self, record: &KeyAuditRecord) -> bool {
        self.account.is_none_or(|account| record.account == Some(account))
            && self.kid.is_none_or(|kid| record.kids.contains(&kid))
            && self.from.is_none_or(|from| record.time >= from)
            && self.to.is_none_or(|to| record.time < to)
    }
}

/// A place in the log. Only good for the database that gave it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct KeyAuditCursor {
    /// The block behind which to go on.
    pub(crate) block: i64,
}

/// A part of the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyAuditPage {
    /// In the order in which they were written; there may be none where other parts follow.
    pub records: Vec<KeyAuditRecord>,
    /// Where the next part begins; `None` at the end of the log.
    pub next: Option<KeyAuditCursor>,
}

/// The log of key calls: records are added and, once old, removed, and never changed.
#[async_trait::async_trait]
pub trait KeyAudit: Send + Sync {
    /// Adds records, which are durable when this returns; calls that wait together share one commit.
    async fn append_key_audit(&self, records: Vec<KeyAuditRecord>) -> Result<(), StorageError>;

    /// The next part of the log with the records that match.
    async fn key_audit(
        &self,
        filter: KeyAuditFilter,
        after: Option<KeyAuditCursor>,
    ) -> Result<KeyAuditPage, StorageError>;

    /// Removes what was written together and is all older than `before`; says how many records that were.
    async fn purge_key_audit(&self, before: Timestamp) -> Result<u64, StorageError>;
}
