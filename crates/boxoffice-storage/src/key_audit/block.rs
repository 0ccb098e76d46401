//! How audit records stand in a block: one row of the database for all that were written together.
//!
//! A record is, with integers big-endian: time in microseconds (i64), account (u32, 0 none), authenticator (u64,
//! 0 none), address (u8 length 0, 4 or 16, and the bytes), KIDs (u16 count, and 16 bytes each), then call, kind,
//! outcome and request id (u16 length and UTF-8 bytes each).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use boxoffice_core::AccountId;
use drm_primitives::Kid;

use super::KeyAuditRecord;
use crate::{StorageError, column};

/// Records on their way into a block.
#[derive(Debug, Default)]
pub(crate) struct EncodedRecords {
    pub(crate) first_time: i64,
    pub(crate) last_time: i64,
    pub(crate) records: i64,
    pub(crate) body: Vec<u8>,
}

impl EncodedRecords {
    pub(crate) fn new(records: &[KeyAuditRecord]) -> Self {
        let mut encoded = Self::default();
        for record in records {
            let time = column::from_time(record.time);
            let mut body = Vec::with_capacity(96);
            write(&mut body, time, record);
            encoded.append(&Self { first_time: time, last_time: time, records: 1, body });
        }
        encoded
    }

    /// Takes the others into the same block.
    pub(crate) fn append(&mut self, others: &Self) {
        if others.records == 0 {
            return;
        }
        if self.records == 0 {
            (self.first_time, self.last_time) = (others.first_time, others.last_time);
        }
        self.first_time = self.first_time.min(others.first_time);
        self.last_time = self.last_time.max(others.last_time);
        self.records += others.records;
        self.body.extend_from_slice(&others.body);
    }
}

fn write(body: &mut Vec<u8>, time: i64, record: &KeyAuditRecord) {
    body.extend_from_slice(&time.to_be_bytes());
    body.extend_from_slice(&record.account.map_or(0, |account| account.0).to_be_bytes());
    body.extend_from_slice(&record.authenticator.unwrap_or(0).to_be_bytes());
    match record.address {
        None => body.push(0),
        Some(IpAddr::V4(address)) => {
            body.push(4);
            body.extend_from_slice(&address.octets());
        }
        Some(IpAddr::V6(address)) => {
            body.push(16);
            body.extend_from_slice(&address.octets());
        }
    }
    // No call names more than 256 KIDs; an import records each of its keys.
    let kids = record.kids.iter().take(usize::from(u16::MAX));
    body.extend_from_slice(&u16::try_from(kids.len()).unwrap_or(u16::MAX).to_be_bytes());
    for kid in kids {
        body.extend_from_slice(kid.as_bytes());
    }
    for text in [&*record.call, &*record.kind, &*record.outcome, &*record.request_id] {
        let text = &text[..text.floor_char_boundary(usize::from(u16::MAX))];
        body.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
        body.extend_from_slice(text.as_bytes());
    }
}

/// Reads a block.
pub(crate) struct Block<'a>(pub(crate) &'a [u8]);

impl Iterator for Block<'_> {
    type Item = Result<KeyAuditRecord, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let left = self.0.len();
        let record = self.read();
        if record.is_none() {
            self.0 = &[];
        }
        Some(record.ok_or_else(|| {
            StorageError::Broken(format!("an audit block ends in {left} bytes that are no record"))
        }))
    }
}

impl<'a> Block<'a> {
    fn read(&mut self) -> Option<KeyAuditRecord> {
        let time = column::to_time(i64::from_be_bytes(self.take()?)).ok()?;
        let account = Some(u32::from_be_bytes(self.take()?)).filter(|&id| id != 0).map(AccountId);
        let authenticator = Some(u64::from_be_bytes(self.take()?)).filter(|&id| id != 0);
        let address = match self.take()? {
            [0] => None,
            [4] => Some(IpAddr::V4(Ipv4Addr::from(self.take::<4>()?))),
            [16] => Some(IpAddr::V6(Ipv6Addr::from(self.take::<16>()?))),
            [_] => return None,
        };
        let count = u16::from_be_bytes(self.take()?);
        let mut kids = Vec::new();
        for _ in 0..count {
            kids.push(Kid::from_bytes(self.take()?));
        }
        Some(KeyAuditRecord {
            time,
            account,
            authenticator,
            address,
            kids,
            call: self.text().map(Cow::Owned)?,
            kind: self.text().map(Cow::Owned)?,
            outcome: self.text().map(Cow::Owned)?,
            request_id: self.text()?,
        })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::from(u16::from_be_bytes(self.take()?));
        let (text, rest): (&'a [u8], _) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn record() -> impl Strategy<Value = KeyAuditRecord> {
        (
            0..4_000_000_000_000_000_i64,
            any::<Option<u32>>(),
            any::<Option<u64>>(),
            prop::collection::vec(any::<[u8; 16]>(), 0..4),
            any::<Option<IpAddr>>(),
            (".*", ".*", ".*", ".*"),
        )
            .prop_map(|(time, account, authenticator, kids, address, texts)| KeyAuditRecord {
                time: Timestamp::from_microsecond(time).unwrap(),
                account: account.filter(|&id| id != 0).map(AccountId),
                authenticator: authenticator.filter(|&id| id != 0),
                call: texts.0.into(),
                kids: kids.into_iter().map(Kid::from_bytes).collect(),
                kind: texts.1.into(),
                outcome: texts.2.into(),
                address,
                request_id: texts.3,
            })
    }

    proptest! {
        #[test]
        fn records_read_back_as_they_were(records in prop::collection::vec(record(), 0..5)) {
            let encoded = EncodedRecords::new(&records);
            let read: Vec<_> = Block(&encoded.body).map(Result::unwrap).collect();
            prop_assert_eq!(read, records);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            prop_assert!(Block(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_record_is_these_bytes() {
        let record = KeyAuditRecord {
            time: Timestamp::from_microsecond(1).unwrap(),
            account: Some(AccountId(100_001)),
            authenticator: Some(2),
            call: "get".into(),
            kids: vec![Kid::from_bytes([7; 16])],
            kind: "service".into(),
            outcome: "200".into(),
            address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            request_id: "r".to_owned(),
        };
        let mut expected = vec![0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0x86, 0xa1, 0, 0, 0, 0, 0, 0, 0, 2];
        expected.extend([4, 127, 0, 0, 1, 0, 1]);
        expected.extend([7; 16]);
        expected.extend(b"\0\x03get\0\x07service\0\x03200\0\x01r");
        assert_eq!(EncodedRecords::new(&[record]).body, expected);
    }
}
