//! Content keys.

use boxoffice_core::AccountId;
use boxoffice_core::key_ring::KeyId;
use drm_primitives::Kid;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

use super::account_keys::{self, Tally};
use crate::{
    CreatedKey, KekFilter, KeyFilter, KeyKind, Reseal, SealedPage, StorageError, StoredKey, UpdatedKey,
    column,
};

/// In the order in which [`read`] takes them.
macro_rules! columns {
    () => {
        "kid, kind, sealed, account_key, version, last_update, expiration, kek_id, info, content_id, scheme, \
         track, period, iv, only_one"
    };
}

pub(super) fn create(
    connection: &Connection,
    account: AccountId,
    keys: &[StoredKey],
) -> Result<Vec<CreatedKey>, StorageError> {
    let mut tally = Tally::default();
    let mut known = None;
    let mut outcomes = Vec::with_capacity(keys.len());
    for key in keys {
        if known != Some(key.account_key) {
            if !account_keys::exists(connection, account, key.account_key)? {
                outcomes.push(CreatedKey::AccountKeyGone);
                continue;
            }
            known = Some(key.account_key);
        }
        if insert(connection, account, key)? {
            tally.count(account, key.account_key, is_expired(key), 1);
            outcomes.push(CreatedKey::Created);
        } else {
            outcomes.push(CreatedKey::Existing(Box::new(in_the_way(connection, account, key)?)));
        }
    }
    tally.write(connection)?;
    Ok(outcomes)
}

fn insert(connection: &Connection, account: AccountId, key: &StoredKey) -> Result<bool, StorageError> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO content_keys (account, kid, kind, account_key, sealed, version, last_update, swept, \
             only_one, expiration, period, kek_id, content_id, info, scheme, track, iv) \
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16) \
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            account.0,
            key.kid.as_bytes(),
            column::from_kind(key.kind),
            key.account_key.0,
            key.sealed,
            column::from_time(key.last_update),
            is_expired(key),
            key.only_one,
            key.expiration.map(column::from_time),
            key.period,
            key.kek_id,
            key.content_id,
            key.info,
            key.scheme,
            key.track,
            key.iv,
        ])?;
    Ok(inserted == 1)
}

/// Whether a row goes in, or changes, as one that is not counted.
fn is_expired(key: &StoredKey) -> bool {
    key.expiration.is_some_and(|expiration| expiration <= key.last_update)
}

fn in_the_way(
    connection: &Connection,
    account: AccountId,
    key: &StoredKey,
) -> Result<StoredKey, StorageError> {
    if let Some(found) = find(connection, account, key.kid)? {
        return Ok(found);
    }
    let (content_id, track) = (key.content_id.as_deref().unwrap_or(""), key.track.as_deref().unwrap_or(""));
    of_track(connection, account, content_id, track, key.period)?.ok_or_else(|| {
        StorageError::Broken("a content key was refused, and nothing is in its way".to_owned())
    })
}

pub(super) fn find(
    connection: &Connection,
    account: AccountId,
    kid: Kid,
) -> Result<Option<StoredKey>, StorageError> {
    connection
        .prepare_cached(concat!("SELECT ", columns!(), " FROM content_keys WHERE account = ?1 AND kid = ?2"))?
        .query_row(params![account.0, kid.as_bytes()], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

pub(super) fn of_track(
    connection: &Connection,
    account: AccountId,
    content_id: &str,
    track: &str,
    period: Option<u32>,
) -> Result<Option<StoredKey>, StorageError> {
    connection
        .prepare_cached(concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys INDEXED BY content_keys_by_track WHERE account = ?1 AND content_id = ?2 \
             AND track = ?3 AND COALESCE(period, -1) = ?4 AND only_one = 1"
        ))?
        .query_row(params![account.0, content_id, track, period.map_or(-1, i64::from)], |row| Ok(read(row)))
        .optional()?
        .transpose()
}

fn read(row: &Row<'_>) -> Result<StoredKey, StorageError> {
    let expiration: Option<i64> = row.get(6)?;
    Ok(StoredKey {
        kid: Kid::from_bytes(row.get(0)?),
        kind: column::to_kind(row.get(1)?)?,
        sealed: row.get(2)?,
        account_key: KeyId(row.get(3)?),
        version: column::to_number("a version", row.get(4)?)?,
        last_update: column::to_time(row.get(5)?)?,
        expiration: expiration.map(column::to_time).transpose()?,
        kek_id: row.get(7)?,
        info: row.get(8)?,
        content_id: row.get(9)?,
        scheme: row.get(10)?,
        track: row.get(11)?,
        period: row.get(12)?,
        iv: row.get(13)?,
        only_one: row.get(14)?,
    })
}

pub(super) fn update(
    connection: &Connection,
    account: AccountId,
    old: &StoredKey,
    new: &StoredKey,
) -> Result<UpdatedKey, StorageError> {
    if !account_keys::exists(connection, account, new.account_key)? {
        return Ok(UpdatedKey::AccountKeyGone);
    }
    let swept: Option<bool> = connection
        .prepare_cached(
            "SELECT swept FROM content_keys WHERE account = ?1 AND kid = ?2 AND version = ?3 AND sealed = ?4",
        )?
        .query_row(
            params![account.0, old.kid.as_bytes(), i64::try_from(old.version).unwrap_or(-1), old.sealed],
            |row| row.get(0),
        )
        .optional()?;
    let Some(swept) = swept else { return Ok(UpdatedKey::Changed) };
    connection
        .prepare_cached(
            "UPDATE content_keys SET kind = ?3, account_key = ?4, sealed = ?5, version = version + 1, \
             last_update = ?6, swept = ?7, expiration = ?8, period = ?9, kek_id = ?10, content_id = ?11, \
             info = ?12, scheme = ?13, track = ?14, iv = ?15 WHERE account = ?1 AND kid = ?2",
        )?
        .execute(params![
            account.0,
            old.kid.as_bytes(),
            column::from_kind(new.kind),
            new.account_key.0,
            new.sealed,
            column::from_time(new.last_update),
            is_expired(new),
            new.expiration.map(column::from_time),
            new.period,
            new.kek_id,
            new.content_id,
            new.info,
            new.scheme,
            new.track,
            new.iv,
        ])?;
    let mut tally = Tally::default();
    tally.count(account, old.account_key, swept, -1);
    tally.count(account, new.account_key, is_expired(new), 1);
    tally.write(connection)?;
    Ok(UpdatedKey::Updated)
}

pub(super) fn delete(connection: &Connection, account: AccountId, kid: Kid) -> Result<bool, StorageError> {
    let deleted: Option<(u32, bool)> = connection
        .prepare_cached(
            "DELETE FROM content_keys WHERE account = ?1 AND kid = ?2 RETURNING account_key, swept",
        )?
        .query_row(params![account.0, kid.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((key, swept)) = deleted else { return Ok(false) };
    let mut tally = Tally::default();
    tally.count(account, KeyId(key), swept, -1);
    tally.write(connection)?;
    Ok(true)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &KeyFilter,
    after: Option<Kid>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<StoredKey>, StorageError> {
    // An empty blob sorts before every KID.
    let after = after.map_or_else(Vec::new, |kid| kid.as_bytes().to_vec());
    let (kind, kek_id) = match &filter.kek {
        None => (None, None),
        Some(KekFilter::Named(kek_id)) => (Some(column::from_kind(KeyKind::ClientKek)), Some(kek_id)),
        Some(KekFilter::ServiceHeld) => (Some(column::from_kind(KeyKind::ServiceHeld)), None),
    };
    // The index is named, so that no statistics can ever send a page over the whole table.
    let statement = match (&filter.content_id, kind) {
        (Some(_), _) => concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys INDEXED BY content_keys_by_content WHERE account = ?1 AND kid > ?2 \
             AND swept = 0 AND (expiration IS NULL OR expiration > ?4) AND content_id = ?5 \
             AND (?6 IS NULL OR (kind = ?6 AND kek_id IS ?7)) ORDER BY kid LIMIT ?3"
        ),
        (None, Some(_)) => concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys INDEXED BY content_keys_by_kek WHERE account = ?1 AND kid > ?2 \
             AND swept = 0 AND (expiration IS NULL OR expiration > ?4) AND ?5 IS NULL \
             AND kind = ?6 AND kek_id IS ?7 ORDER BY kid LIMIT ?3"
        ),
        (None, None) => concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys WHERE account = ?1 AND kid > ?2 AND swept = 0 \
             AND (expiration IS NULL OR expiration > ?4) AND ?5 IS NULL AND ?6 IS NULL AND ?7 IS NULL \
             ORDER BY kid LIMIT ?3"
        ),
    };
    rows(
        connection,
        statement,
        params![account.0, after, limit, column::from_time(now), filter.content_id, kind, kek_id],
    )
}

fn rows(
    connection: &Connection,
    statement: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<StoredKey>, StorageError> {
    let mut select = connection.prepare_cached(statement)?;
    let mut rows = select.query(parameters)?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?);
    }
    Ok(keys)
}

pub(super) fn count(connection: &Connection, account: AccountId) -> Result<u64, StorageError> {
    let count: i64 = connection
        .prepare_cached("SELECT COALESCE(SUM(live_keys), 0) FROM account_keys WHERE account = ?1")?
        .query_row([account.0], |row| row.get(0))?;
    column::to_number("a count of keys", count)
}

pub(super) fn sweep(connection: &Connection, now: Timestamp, limit: u32) -> Result<u32, StorageError> {
    let mut tally = Tally::default();
    let found = expired(connection, false, now, limit)?;
    let mut update =
        connection.prepare_cached("UPDATE content_keys SET swept = 1 WHERE account = ?1 AND kid = ?2")?;
    for (account, kid, key) in &found {
        update.execute(params![account.0, kid.as_bytes()])?;
        tally.count(*account, *key, false, -1);
        tally.count(*account, *key, true, 1);
    }
    tally.write(connection)?;
    Ok(u32::try_from(found.len()).unwrap_or(limit))
}

pub(super) fn purge(connection: &Connection, before: Timestamp, limit: u32) -> Result<u32, StorageError> {
    let mut tally = Tally::default();
    let found = expired(connection, true, before, limit)?;
    let mut delete = connection.prepare_cached("DELETE FROM content_keys WHERE account = ?1 AND kid = ?2")?;
    for (account, kid, key) in &found {
        delete.execute(params![account.0, kid.as_bytes()])?;
        tally.count(*account, *key, true, -1);
    }
    tally.write(connection)?;
    Ok(u32::try_from(found.len()).unwrap_or(limit))
}

fn expired(
    connection: &Connection,
    swept: bool,
    by: Timestamp,
    limit: u32,
) -> Result<Vec<(AccountId, Kid, KeyId)>, StorageError> {
    let mut select = connection.prepare_cached(
        "SELECT account, kid, account_key FROM content_keys INDEXED BY content_keys_by_expiration \
         WHERE swept = ?1 AND expiration <= ?2 AND expiration IS NOT NULL LIMIT ?3",
    )?;
    let found = select.query_map(params![swept, column::from_time(by), limit], |row| {
        Ok((AccountId(row.get(0)?), Kid::from_bytes(row.get(1)?), KeyId(row.get(2)?)))
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(super) fn sealed_under(
    connection: &Connection,
    account: AccountId,
    account_key: KeyId,
    after: Option<Kid>,
    limit: u32,
) -> Result<SealedPage, StorageError> {
    let after = after.map_or_else(Vec::new, |kid| kid.as_bytes().to_vec());
    // The limit counts the rows looked at and not those found, so that a page costs the same when few are left.
    let end: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT kid FROM content_keys WHERE account = ?1 AND kid > ?2 ORDER BY kid LIMIT 1 OFFSET ?3",
        )?
        .query_row(params![account.0, after, limit.saturating_sub(1)], |row| row.get(0))
        .optional()?;
    let keys = rows(
        connection,
        concat!(
            "SELECT ",
            columns!(),
            " FROM content_keys WHERE account = ?1 AND kid > ?2 AND (?4 IS NULL OR kid <= ?4) \
             AND account_key = ?3 ORDER BY kid"
        ),
        params![account.0, after, account_key.0, end],
    )?;
    Ok(SealedPage { keys, next: end.as_deref().map(column::to_kid).transpose()? })
}

pub(super) fn reseal(
    connection: &Connection,
    account: AccountId,
    reseals: &[Reseal],
) -> Result<u64, StorageError> {
    let mut tally = Tally::default();
    let mut replaced = 0;
    for reseal in reseals {
        if !account_keys::exists(connection, account, reseal.account_key)? {
            continue;
        }
        let old: Option<(u32, bool)> = connection
            .prepare_cached(
                "SELECT account_key, swept FROM content_keys WHERE account = ?1 AND kid = ?2 AND sealed = ?3",
            )?
            .query_row(params![account.0, reseal.kid.as_bytes(), reseal.expected], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let Some((key, swept)) = old else { continue };
        connection
            .prepare_cached(
                "UPDATE content_keys SET account_key = ?3, sealed = ?4 WHERE account = ?1 AND kid = ?2",
            )?
            .execute(params![account.0, reseal.kid.as_bytes(), reseal.account_key.0, reseal.sealed])?;
        tally.count(account, KeyId(key), swept, -1);
        tally.count(account, reseal.account_key, swept, 1);
        replaced += 1;
    }
    tally.write(connection)?;
    Ok(replaced)
}
