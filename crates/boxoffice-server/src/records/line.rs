//! A record as JSON: what `getrecord` shows to an account, and everything, a line of an archive or of
//! `boxoffice records --json`.

use boxoffice_core::entitlement::TokenId;
use boxoffice_core::{AccountId, Drm, Environment};
use boxoffice_storage::{Record, RecordId, RecordKind, StoredRecord};
use drm_primitives::{Kid, hex};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use thiserror::Error;

/// A line that is no record.
#[derive(Debug, Error)]
pub enum LineError {
    /// Not the JSON of a record.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A member that does not hold what it should.
    #[error("{member} is no {expected}")]
    Member {
        /// Which.
        member: &'static str,
        /// What it should be.
        expected: &'static str,
    },
}

/// The word for a kind.
#[must_use]
pub const fn kind_word(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Licence => "licence",
        RecordKind::Release => "release",
        RecordKind::Renewal => "renewal",
    }
}

/// An event of `getrecord`: exactly the members of token-api.md, section 11.
#[must_use]
pub fn event(stored: &StoredRecord) -> Value {
    let record = &stored.record;
    json!({
        "event_id": stored.id.0,
        "time": record.time.to_string(),
        "granted": record.granted,
        "error_code": record.code,
        "drm": record.drm.code(),
        "kids": record.kids.iter().map(Kid::to_hex).collect::<Vec<_>>(),
        "cookie": record.cookie,
        "token_id": record.token_id.map(|id| id.to_string()),
        "device_id": record.device_id,
        "device": record.device,
        "address": record.address.map(|address| address.to_string()),
        "attempts": record.attempts,
        "request_id": record.request_id,
    })
}

/// Everything: the members of an event, and what only the operator sees.
#[must_use]
pub fn whole(stored: &StoredRecord) -> Value {
    let record = &stored.record;
    let mut value = event(stored);
    if let Some(members) = value.as_object_mut() {
        members.insert("environment".to_owned(), record.environment.as_str().into());
        members.insert("account_id".to_owned(), record.account.map(|account| account.0).into());
        members.insert("kind".to_owned(), kind_word(record.kind).into());
        let detail = record.detail.as_deref().map(|text| serde_json::from_str(text).unwrap_or(text.into()));
        members.insert("detail".to_owned(), detail.unwrap_or(Value::Null));
    }
    value
}

/// Reads a line that [`whole`] has written.
///
/// # Errors
/// [`LineError`].
pub fn read(line: &[u8]) -> Result<StoredRecord, LineError> {
    let line: Line<'_> = serde_json::from_slice(line)?;
    let member = |member, expected| LineError::Member { member, expected };
    let kids = line.kids.iter().map(|kid| Kid::from_hex(kid.as_bytes()).ok());
    let token_id = line.token_id.map(|id| hex::decode(id.as_bytes()).map(TokenId::from_bytes));
    let detail = line.detail.filter(|detail| detail.get() != "null");
    Ok(StoredRecord {
        id: RecordId(line.event_id),
        record: Record {
            time: line.time.parse::<Timestamp>().map_err(|_| member("time", "time"))?,
            environment: line
                .environment
                .parse::<Environment>()
                .map_err(|_| member("environment", "environment"))?,
            account: line.account_id.map(AccountId),
            drm: Drm::ALL.into_iter().find(|drm| drm.code() == line.drm).ok_or(member("drm", "DRM"))?,
            kind: [RecordKind::Licence, RecordKind::Release, RecordKind::Renewal]
                .into_iter()
                .find(|kind| kind_word(*kind) == line.kind)
                .ok_or(member("kind", "kind"))?,
            granted: line.granted,
            code: line.error_code,
            kids: kids.collect::<Option<_>>().ok_or(member("kids", "list of KIDs"))?,
            cookie: line.cookie,
            token_id: token_id.transpose().map_err(|_| member("token_id", "token id"))?,
            device_id: line.device_id,
            device: line.device,
            address: line
                .address
                .map(|address| address.parse())
                .transpose()
                .map_err(|_| member("address", "address"))?,
            attempts: line.attempts,
            request_id: line.request_id,
            detail: detail.map(|detail| detail.get().to_owned()),
        },
    })
}

#[derive(Deserialize)]
struct Line<'a> {
    event_id: u64,
    time: String,
    granted: bool,
    error_code: i32,
    drm: String,
    kids: Vec<String>,
    cookie: Option<String>,
    token_id: Option<String>,
    device_id: Option<String>,
    device: Option<String>,
    address: Option<String>,
    attempts: u32,
    request_id: String,
    environment: String,
    account_id: Option<u32>,
    kind: String,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records() -> impl Strategy<Value = StoredRecord> {
        let text = || proptest::option::of("\\PC{0,20}");
        let place = (any::<u64>(), -62_135_596_800_000_000_i64..253_402_300_799_000_000, any::<bool>());
        let what = (0_usize..4, 0_usize..3, any::<bool>(), any::<i32>());
        let kids = proptest::collection::vec(any::<[u8; 16]>(), 0..3);
        let texts = (text(), text(), text(), proptest::option::of(any::<std::net::IpAddr>()));
        let further =
            (proptest::option::of(any::<u32>()), proptest::option::of(any::<[u8; 16]>()), any::<u32>());
        (place, what, kids, texts, further, any::<bool>()).prop_map(
            |((id, time, test), (drm, kind, granted, code), kids, texts, further, noted)| StoredRecord {
                id: RecordId(id),
                record: Record {
                    time: Timestamp::from_microsecond(time).unwrap(),
                    environment: if test { Environment::Test } else { Environment::Production },
                    account: further.0.map(AccountId),
                    drm: Drm::ALL[drm],
                    kind: [RecordKind::Licence, RecordKind::Release, RecordKind::Renewal][kind],
                    granted,
                    code,
                    kids: kids.into_iter().map(Kid::from_bytes).collect(),
                    cookie: texts.0,
                    token_id: further.1.map(TokenId::from_bytes),
                    device_id: texts.1,
                    device: texts.2,
                    address: texts.3,
                    attempts: further.2,
                    request_id: "01JG".to_owned(),
                    detail: noted.then(|| r#"{"notGranted":["00"],"webhook":true}"#.to_owned()),
                },
            },
        )
    }

    proptest! {
        #[test]
        fn a_line_gives_back_its_record(stored in records()) {
            let line = whole(&stored).to_string();
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(read(line.as_bytes()).unwrap(), stored);
        }

        #[test]
        fn no_line_panics(line: Vec<u8>) {
            let _ = read(&line);
        }
    }

    #[test]
    fn a_member_that_is_wrong_is_named() {
        let line = r#"{"event_id":1,"time":"2026-01-01T00:00:00Z","granted":true,"error_code":0,"drm":"xx","kids":[],
            "attempts":0,"request_id":"r","environment":"test","kind":"licence"}"#;
        assert_eq!(read(line.as_bytes()).unwrap_err().to_string(), "drm is no DRM");
    }
}
