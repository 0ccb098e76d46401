//! Audit records of key calls, a block a commit.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::key_audit::{Block, EncodedRecords};
use crate::{KeyAuditCursor, KeyAuditFilter, KeyAuditPage, StorageError, column};

/// How many blocks, and how many bytes of them, one part of a search reads at most.
const PAGE_BLOCKS: i64 = 256;
const PAGE_BYTES: usize = 4 << 20;

pub(super) fn append(connection: &Connection, records: &EncodedRecords) -> Result<(), StorageError> {
    connection
        .prepare_cached(
            "INSERT INTO key_audit_blocks (first_time, last_time, records, body) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![records.first_time, records.last_time, records.records, records.body])?;
    Ok(())
}

pub(super) fn search(
    connection: &Connection,
    filter: &KeyAuditFilter,
    after: Option<KeyAuditCursor>,
) -> Result<KeyAuditPage, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT id, body FROM key_audit_blocks WHERE id > ?1 AND last_time >= ?2 AND first_time < ?3 \
         ORDER BY id LIMIT ?4",
    )?;
    let mut rows = select.query(params![
        after.map_or(0, |after| after.block),
        filter.from.map_or(i64::MIN, column::from_time),
        filter.to.map_or(i64::MAX, column::from_time),
        PAGE_BLOCKS,
    ])?;
    let mut page = KeyAuditPage { records: Vec::new(), next: None };
    let (mut blocks, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        let block = row.get(0)?;
        let body = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        for record in Block(body) {
            let record = record?;
            if filter.matches(&record) {
                page.records.push(record);
            }
        }
        blocks += 1;
        bytes += body.len();
        if blocks == PAGE_BLOCKS || bytes >= PAGE_BYTES {
            page.next = Some(KeyAuditCursor { block });
            break;
        }
    }
    Ok(page)
}

pub(super) fn purge(connection: &Connection, before: Timestamp) -> Result<u64, StorageError> {
    let mut delete =
        connection.prepare_cached("DELETE FROM key_audit_blocks WHERE last_time < ?1 RETURNING records")?;
    let purged: i64 =
        delete.query_map([column::from_time(before)], |row| row.get::<_, i64>(0))?.sum::<Result<_, _>>()?;
    column::to_number("a count of records", purged)
}
