//! Records of redemptions.

use boxoffice_core::AccountId;
use boxoffice_core::entitlement::TokenId;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use crate::{
    NewestRecords, Record, RecordCursor, RecordFilter, RecordId, RecordPage, StorageError, StoredRecord,
    column,
};

/// In the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "id, time, environment, account, drm, kind, granted, code, attempts, kids, token_id, address, cookie, \
         device_id, device, request_id, detail"
    };
}

pub(super) fn insert(connection: &Connection, record: &Record) -> Result<RecordId, StorageError> {
    let address = record.address.map(column::from_address);
    connection
        .prepare_cached(
            "INSERT INTO records (time, environment, account, drm, kind, granted, code, attempts, kids, token_id, \
             address, cookie, device_id, device, request_id, detail) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(params![
            column::from_time(record.time),
            record.environment.number(),
            record.account.map(|account| account.0),
            record.drm.number(),
            column::from_record_kind(record.kind),
            record.granted,
            record.code,
            record.attempts,
            column::from_kids(&record.kids),
            record.token_id.as_ref().map(TokenId::as_bytes),
            address,
            record.cookie,
            record.device_id,
            record.device,
            record.request_id,
            record.detail,
        ])?;
    record_id(connection.last_insert_rowid())
}

pub(super) fn find(connection: &Connection, id: RecordId) -> Result<Option<StoredRecord>, StorageError> {
    let Ok(number) = i64::try_from(id.0) else { return Ok(None) };
    connection
        .prepare_cached(concat!("SELECT ", columns!(), " FROM records WHERE id = ?1"))?
        .query_row([number], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

pub(super) fn newest(
    connection: &Connection,
    query: &NewestRecords,
) -> Result<Vec<StoredRecord>, StorageError> {
    // The index holds what is passed over, so that only what is returned is read.
    let statement = match query.cookie {
        None => concat!(
            "SELECT ",
            columns!(),
            " FROM records WHERE id IN (SELECT id FROM records INDEXED BY records_by_account \
             WHERE account = ?1 AND ?2 IS NULL AND time >= ?3 AND time < ?4 \
             ORDER BY time DESC, id DESC LIMIT ?5 OFFSET ?6) ORDER BY time DESC, id DESC"
        ),
        Some(_) => concat!(
            "SELECT ",
            columns!(),
            " FROM records WHERE id IN (SELECT id FROM records INDEXED BY records_by_cookie \
             WHERE account = ?1 AND cookie = ?2 AND time >= ?3 AND time < ?4 \
             ORDER BY time DESC, id DESC LIMIT ?5 OFFSET ?6) ORDER BY time DESC, id DESC"
        ),
    };
    rows(
        connection,
        statement,
        params![
            query.account.0,
            query.cookie,
            query.from.map_or(i64::MIN, column::from_time),
            query.to.map_or(i64::MAX, column::from_time),
            query.length,
            i64::try_from(query.start).unwrap_or(i64::MAX),
        ],
    )
}

pub(super) fn search(
    connection: &Connection,
    filter: &RecordFilter,
    after: Option<RecordCursor>,
    limit: u32,
) -> Result<RecordPage, StorageError> {
    let statement = match (filter.account, &filter.cookie) {
        (Some(_), Some(_)) => concat!(
            "SELECT ",
            columns!(),
            " FROM records INDEXED BY records_by_cookie WHERE account = ?1 AND cookie = ?2 \
             AND (time, id) > (?3, ?4) AND time < ?5 ORDER BY time, id LIMIT ?6"
        ),
        (Some(_), None) => concat!(
            "SELECT ",
            columns!(),
            " FROM records INDEXED BY records_by_account WHERE account = ?1 AND ?2 IS NULL \
             AND (time, id) > (?3, ?4) AND time < ?5 ORDER BY time, id LIMIT ?6"
        ),
        (None, _) => concat!(
            "SELECT ",
            columns!(),
            " FROM records INDEXED BY records_by_time WHERE ?1 IS NULL AND (?2 IS NULL OR ?2 IS NOT NULL) \
             AND (time, id) > (?3, ?4) AND time < ?5 ORDER BY time, id LIMIT ?6"
        ),
    };
    let (time, id) = match after {
        Some(after) => (column::from_time(after.time), i64::try_from(after.id.0).unwrap_or(i64::MAX)),
        // No record has number 0.
        None => (filter.from.map_or(i64::MIN, column::from_time), 0),
    };
    let mut records = rows(
        connection,
        statement,
        params![
            filter.account.map(|account| account.0),
            filter.cookie,
            time,
            id,
            filter.to.map_or(i64::MAX, column::from_time),
            limit
        ],
    )?;
    let full = records.len() >= limit as usize;
    let next =
        records.last().filter(|_| full).map(|last| RecordCursor { time: last.record.time, id: last.id });
    records.retain(|stored| filter.matches(&stored.record));
    Ok(RecordPage { records, next })
}

pub(super) fn after(
    connection: &Connection,
    after: RecordId,
    limit: u32,
) -> Result<Vec<StoredRecord>, StorageError> {
    rows(
        connection,
        concat!("SELECT ", columns!(), " FROM records WHERE id > ?1 ORDER BY id LIMIT ?2"),
        params![i64::try_from(after.0).unwrap_or(i64::MAX), limit],
    )
}

pub(super) fn last(connection: &Connection) -> Result<RecordId, StorageError> {
    let last: Option<i64> = connection
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'records'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    record_id(last.unwrap_or(0))
}

pub(super) fn delete(connection: &Connection, ids: &[RecordId]) -> Result<u64, StorageError> {
    let mut delete = connection.prepare_cached("DELETE FROM records WHERE id = ?1")?;
    let mut deleted = 0;
    for id in ids {
        deleted += delete.execute([i64::try_from(id.0).unwrap_or(-1)])?;
    }
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

fn rows(
    connection: &Connection,
    statement: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<StoredRecord>, StorageError> {
    let mut select = connection.prepare_cached(statement)?;
    let mut rows = select.query(parameters)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read(row)?);
    }
    Ok(records)
}

fn read(row: &Row<'_>) -> Result<StoredRecord, StorageError> {
    let account: Option<u32> = row.get(3)?;
    let kids: Vec<u8> = row.get(9)?;
    let token_id: Option<[u8; 16]> = row.get(10)?;
    let address: Option<Vec<u8>> = row.get(11)?;
    Ok(StoredRecord {
        id: record_id(row.get(0)?)?,
        record: Record {
            time: column::to_time(row.get(1)?)?,
            environment: column::to_environment(row.get(2)?)?,
            account: account.map(AccountId),
            drm: column::to_drm(row.get(4)?)?,
            kind: column::to_record_kind(row.get(5)?)?,
            granted: row.get(6)?,
            code: row.get(7)?,
            attempts: row.get(8)?,
            kids: column::to_kids(&kids)?,
            token_id: token_id.map(TokenId::from_bytes),
            address: address.as_deref().map(column::to_address).transpose()?,
            cookie: row.get(12)?,
            device_id: row.get(13)?,
            device: row.get(14)?,
            request_id: row.get(15)?,
            detail: row.get(16)?,
        },
    })
}

fn record_id(number: i64) -> Result<RecordId, StorageError> {
    column::to_number("a record's number", number).map(RecordId)
}
