//! Records of redemptions.
//!
//! Numbers are drawn from a sequence, so that no two nodes wait for each other's commits; a number that was drawn
//! earlier may therefore become visible later. Whoever follows must not pass such a one over. So a part of the
//! records ends in front of a number that is missing, unless the row behind it was stored so long ago that every
//! transaction of that time has ended, or the missing one was deleted. Numbers are missing for ever only where a
//! transaction failed behind its last statement but one, or where an engine hands them out in blocks; then those who
//! follow wait for [`SETTLED`] and go on.

use boxoffice_core::AccountId;
use boxoffice_core::entitlement::TokenId;
use deadpool_postgres::{GenericClient, Transaction};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::Fault;
use super::row;
use crate::{NewestRecords, Record, RecordCursor, RecordFilter, RecordId, RecordPage, StoredRecord, column};

/// A transaction ends within this: three times what [`CALL`](super::settings::CALL) allows.
const SETTLED: &str = "interval '30 seconds'";

/// In the order in which [`read`] takes them, of the table `r`.
macro_rules! columns {
    () => {
        "r.id, r.time, r.environment, r.account, r.drm, r.kind, r.granted, r.code, r.attempts, r.kids, r.token_id, \
         r.address, r.cookie, r.device_id, r.device, r.request_id, r.detail"
    };
}

/// Inserts records and returns their numbers, in their order.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    records: &[&Record],
) -> Result<Vec<RecordId>, Fault> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let times = all(records, |record| column::from_time(record.time));
    let environments = all(records, |record| i64::from(record.environment.number()));
    let accounts = all(records, |record| record.account.map(|account| i64::from(account.0)));
    let drms = all(records, |record| i64::from(record.drm.number()));
    let record_kinds = all(records, |record| column::from_record_kind(record.kind));
    let granted = all(records, |record| record.granted);
    let codes = all(records, |record| i64::from(record.code));
    let attempts = all(records, |record| i64::from(record.attempts));
    let kids = all(records, |record| column::from_kids(&record.kids));
    let tokens = all(records, |record| record.token_id.as_ref().map(|token| token.as_bytes().as_slice()));
    let addresses = all(records, |record| record.address.map(column::from_address));
    let cookies = all(records, |record| record.cookie.as_deref().map(str::as_bytes));
    let device_ids = all(records, |record| record.device_id.as_deref().map(str::as_bytes));
    let devices = all(records, |record| record.device.as_deref().map(str::as_bytes));
    let requests = all(records, |record| record.request_id.as_bytes());
    let details = all(records, |record| record.detail.as_deref().map(str::as_bytes));
    let insert = transaction
        .prepare_cached(
            "INSERT INTO records (time, environment, account, drm, kind, granted, code, attempts, kids, token_id, \
             address, cookie, device_id, device, request_id, detail) \
             SELECT n.time, n.environment, n.account, n.drm, n.kind, n.granted, n.code, n.attempts, n.kids, \
             n.token_id, n.address, n.cookie, n.device_id, n.device, n.request_id, n.detail \
             FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::bool[], $7::int8[], \
             $8::int8[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[], \
             $15::bytea[], $16::bytea[]) WITH ORDINALITY AS n (time, environment, account, drm, kind, granted, \
             code, attempts, kids, token_id, address, cookie, device_id, device, request_id, detail, position) \
             ORDER BY n.position RETURNING id",
        )
        .await?;
    let parameters: [&(dyn ToSql + Sync); 16] = [
        &times,
        &environments,
        &accounts,
        &drms,
        &record_kinds,
        &granted,
        &codes,
        &attempts,
        &kids,
        &tokens,
        &addresses,
        &cookies,
        &device_ids,
        &devices,
        &requests,
        &details,
    ];
    let mut numbers: Vec<RecordId> =
        transaction.query(&insert, &parameters).await?.iter().map(record_id).collect::<Result<_, _>>()?;
    // An INSERT … SELECT … ORDER BY draws numbers in that order; how its rows come back is not said.
    numbers.sort_unstable();
    Ok(numbers)
}

/// A column of all records.
fn all<'a, T>(records: &[&'a Record], of: impl Fn(&'a Record) -> T) -> Vec<T> {
    records.iter().map(|record| of(record)).collect()
}

pub(super) async fn find(client: &impl GenericClient, id: RecordId) -> Result<Option<StoredRecord>, Fault> {
    let Ok(number) = i64::try_from(id.0) else { return Ok(None) };
    let select =
        client.prepare_cached(concat!("SELECT ", columns!(), " FROM records r WHERE r.id = $1")).await?;
    client.query_opt(&select, &[&number]).await?.as_ref().map(read).transpose()
}

pub(super) async fn newest(
    client: &impl GenericClient,
    query: &NewestRecords,
) -> Result<Vec<StoredRecord>, Fault> {
    // The index holds what is passed over, so that only what is returned is read.
    let select = match query.cookie {
        None => concat!(
            "SELECT ",
            columns!(),
            " FROM (SELECT id FROM records WHERE account = $1 AND time >= $2 AND time < $3 \
             ORDER BY time DESC, id DESC LIMIT $4 OFFSET $5) AS page JOIN records r ON r.id = page.id \
             ORDER BY r.time DESC, r.id DESC"
        ),
        Some(_) => concat!(
            "SELECT ",
            columns!(),
            " FROM (SELECT id FROM records WHERE account = $1 AND time >= $2 AND time < $3 AND cookie = $6 \
             ORDER BY time DESC, id DESC LIMIT $4 OFFSET $5) AS page JOIN records r ON r.id = page.id \
             ORDER BY r.time DESC, r.id DESC"
        ),
    };
    let select = client.prepare_cached(select).await?;
    let account = i64::from(query.account.0);
    let from = query.from.map_or(i64::MIN, column::from_time);
    let to = query.to.map_or(i64::MAX, column::from_time);
    let length = i64::from(query.length);
    let start = i64::try_from(query.start).unwrap_or(i64::MAX);
    let cookie = query.cookie.as_ref().map(String::as_bytes);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&account, &from, &to, &length, &start];
    if let Some(cookie) = &cookie {
        parameters.push(cookie);
    }
    client.query(&select, &parameters).await?.iter().map(read).collect()
}

pub(super) async fn search(
    client: &impl GenericClient,
    filter: &RecordFilter,
    after: Option<RecordCursor>,
    limit: u32,
) -> Result<RecordPage, Fault> {
    let (time, id) = match after {
        Some(after) => (column::from_time(after.time), i64::try_from(after.id.0).unwrap_or(i64::MAX)),
        // No record has number 0.
        None => (filter.from.map_or(i64::MIN, column::from_time), 0),
    };
    let to = filter.to.map_or(i64::MAX, column::from_time);
    let most = i64::from(limit);
    let account = filter.account.map(|account| i64::from(account.0));
    let cookie = filter.cookie.as_ref().map(String::as_bytes);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&time, &id, &to, &most];
    let condition = match (&account, &cookie) {
        (Some(account), Some(cookie)) => {
            parameters.extend([account as &(dyn ToSql + Sync), cookie]);
            "r.account = $5 AND r.cookie = $6 AND "
        }
        (Some(account), None) => {
            parameters.push(account);
            "r.account = $5 AND "
        }
        (None, _) => "",
    };
    let select = format!(
        concat!(
            "SELECT ",
            columns!(),
            " FROM records r WHERE {}(r.time, r.id) > ($1, $2) AND r.time < $3 ORDER BY r.time, r.id LIMIT $4"
        ),
        condition
    );
    let select = client.prepare_cached(&select).await?;
    let found = client.query(&select, &parameters).await?;
    let mut records: Vec<StoredRecord> = found.iter().map(read).collect::<Result<_, _>>()?;
    let full = records.len() >= limit as usize;
    let next =
        records.last().filter(|_| full).map(|last| RecordCursor { time: last.record.time, id: last.id });
    records.retain(|stored| filter.matches(&stored.record));
    Ok(RecordPage { records, next })
}

pub(super) async fn after(
    client: &impl GenericClient,
    after: RecordId,
    limit: u32,
) -> Result<Vec<StoredRecord>, Fault> {
    let select = format!(
        concat!(
            "SELECT ",
            columns!(),
            ", r.stored_at < clock_timestamp() - {} OR r.id - 1 <= d.up_to FROM records r, deleted_records d \
             WHERE r.id > $1 AND d.id = 1 ORDER BY r.id LIMIT $2"
        ),
        SETTLED
    );
    let select = client.prepare_cached(&select).await?;
    let number = i64::try_from(after.0).unwrap_or(i64::MAX);
    let mut records: Vec<StoredRecord> = Vec::new();
    let mut last = after.0;
    for from in client.query(&select, &[&number, &i64::from(limit)]).await? {
        let stored = read(&from)?;
        let is_settled: bool = row::get(&from, 17)?;
        if stored.id.0 > last.saturating_add(1) && !is_settled {
            break;
        }
        last = stored.id.0;
        records.push(stored);
    }
    Ok(records)
}

/// The greatest number in front of the first one that may still be on its way. Of those that are younger than
/// [`SETTLED`] only the newest are looked at; a node would have to hold one back behind more than so many others.
pub(super) async fn last(client: &impl GenericClient) -> Result<RecordId, Fault> {
    let select = format!(
        "WITH newest AS (SELECT id, stored_at FROM records ORDER BY id DESC LIMIT 65536), \
         gap AS (SELECT MIN(n.id) AS id FROM newest n, deleted_records d \
             WHERE d.id = 1 AND n.stored_at >= clock_timestamp() - {SETTLED} AND n.id - 1 > d.up_to \
             AND n.id > 1 AND NOT EXISTS (SELECT 1 FROM records r WHERE r.id = n.id - 1)) \
         SELECT GREATEST(d.up_to, COALESCE((SELECT MAX(r.id) FROM records r, gap \
             WHERE gap.id IS NULL OR r.id < gap.id), 0)) FROM deleted_records d WHERE d.id = 1"
    );
    let select = client.prepare_cached(&select).await?;
    record_id(&client.query_one(&select, &[]).await?)
}

pub(super) async fn delete(client: &impl GenericClient, ids: &[RecordId]) -> Result<u64, Fault> {
    let ids: Vec<i64> = ids.iter().filter_map(|id| i64::try_from(id.0).ok()).collect();
    let delete = client.prepare_cached("DELETE FROM records WHERE id = ANY($1)").await?;
    let deleted = client.execute(&delete, &[&ids]).await?;
    let update =
        client.prepare_cached("UPDATE deleted_records SET up_to = GREATEST(up_to, $1) WHERE id = 1").await?;
    client.execute(&update, &[&ids.iter().max().copied().unwrap_or(0)]).await?;
    Ok(deleted)
}

fn read(from: &Row) -> Result<StoredRecord, Fault> {
    let account: Option<i64> = row::get(from, 3)?;
    let token_id: Option<&[u8]> = row::get(from, 10)?;
    let address: Option<&[u8]> = row::get(from, 11)?;
    Ok(StoredRecord {
        id: record_id(from)?,
        record: Record {
            time: column::to_time(row::get(from, 1)?)?,
            environment: column::to_environment(row::get(from, 2)?)?,
            account: account
                .map(|account| column::to_number("an account's number", account).map(AccountId))
                .transpose()?,
            drm: column::to_drm(row::get(from, 4)?)?,
            kind: column::to_record_kind(row::get(from, 5)?)?,
            granted: row::get(from, 6)?,
            code: row::number(from, 7, "an event code")?,
            attempts: row::number(from, 8, "a count of attempts")?,
            kids: column::to_kids(row::get(from, 9)?)?,
            token_id: token_id
                .map(|token| row::to_array(token, "a token's number").map(TokenId::from_bytes))
                .transpose()?,
            address: address.map(column::to_address).transpose()?,
            cookie: row::optional_text(from, 12)?,
            device_id: row::optional_text(from, 13)?,
            device: row::optional_text(from, 14)?,
            request_id: row::text(from, 15)?,
            detail: row::optional_text(from, 16)?,
        },
    })
}

fn record_id(from: &Row) -> Result<RecordId, Fault> {
    row::number(from, 0, "a record's number").map(RecordId)
}
